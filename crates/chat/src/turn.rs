//! Turns of a conversation and the parts of a turn.

use crate::{DialectId, Extras};
use wire::Raw;

#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub role: Role,
    pub parts: Vec<Part>,
    /// The participant's name, where the dialect has one.
    pub name: Option<String>,
    /// True where the content came as a list of parts: a dialect that knows both forms writes the same one back.
    pub listed: bool,
    pub extras: Extras,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    /// Results of tool calls: one part a result.
    Tool,
}

/// One part of a turn or of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub kind: PartKind,
    /// The prompt up to and with this part may be cached.
    pub cache: Option<CacheMarker>,
    pub extras: Extras,
}

impl Part {
    pub fn new(kind: PartKind) -> Self {
        Self { kind, cache: None, extras: Extras::default() }
    }

    pub fn text(text: impl Into<String>) -> Self {
        Self::new(PartKind::Text { text: text.into() })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum PartKind {
    Text {
        text: String,
    },
    Image {
        source: Source,
        /** `auto`, `low`, `high`, ... */
        detail: Option<String>,
    },
    Audio {
        source: Source,
        /** `wav`, `mp3`, ... */
        format: Option<String>,
        /// What is said, where the provider tells.
        transcript: Option<String>,
    },
    File {
        source: Source,
        filename: Option<String>,
    },
    ToolCall(ToolCall),
    ToolResult(ToolResult),
    Reasoning(ReasoningPart),
    Refusal {
        text: String,
    },
    /// A source that the text before it rests on.
    Citation {
        raw: Raw,
        from: DialectId,
    },
    /// A block that one dialect alone knows: goes back to it whole, is a loss elsewhere.
    Native {
        raw: Raw,
        from: DialectId,
    },
}

/// Where the bytes of an image, a sound or a document are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Url {
        url: String,
    },
    /// Base64 in the standard alphabet; the media type as it was given.
    Base64 {
        media_type: Option<String>,
        data: String,
    },
    /// Plain text inline.
    Text {
        media_type: Option<String>,
        text: String,
    },
    /// A file that the provider holds.
    FileId {
        id: String,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// Text as the model wrote it: usually, not always, JSON.
    pub arguments: String,
    /// A custom tool's call: `arguments` is free text.
    pub custom: bool,
    /// Members inside the `function` or `custom` object, where the dialect nests one.
    pub inner_extras: Extras,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ToolResult {
    pub call_id: String,
    pub parts: Vec<Part>,
    /// True where the content came as a list of parts.
    pub listed: bool,
    pub is_error: Option<bool>,
}

/// Thought of a model. Signature and encrypted data are opaque: they go back only to the dialect that made them.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasoningPart {
    pub text: String,
    pub signature: Option<String>,
    /// The whole thought, encrypted (`redacted_thinking`); `text` is empty then.
    pub encrypted: Option<String>,
    /// The dialect that made the signature or the encrypted data.
    pub from: DialectId,
}

/// "The prompt up to here may be cached."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheMarker {
    /// `5m`, `1h`, ...; `None` is the provider's default.
    pub ttl: Option<String>,
}
