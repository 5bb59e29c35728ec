//! A streamed reply in canonical form: parts open, grow and close; each choice finishes once; the terminal comes last.

use crate::{DialectId, Extras, Fault, Finish, Usage};
use wire::Raw;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// First of all, once.
    Start {
        id: String,
        model: String,
        created: Option<i64>,
        service_tier: Option<String>,
        extras: Extras,
    },
    /// A part begins; `part` counts within the choice, from 0, over parts of every kind.
    PartStart {
        choice: u32,
        part: u32,
        open: PartOpen,
    },
    PartDelta {
        choice: u32,
        part: u32,
        delta: Delta,
    },
    PartEnd {
        choice: u32,
        part: u32,
    },
    /// Log probabilities of the tokens just sent, as the dialect of `extras` spells them.
    Logprobs {
        choice: u32,
        raw: Raw,
        from: DialectId,
    },
    Finish {
        choice: u32,
        finish: Finish,
    },
    /// Cumulative: a later one overwrites what it names.
    Usage {
        usage: Usage,
        extras: Extras,
    },
    /// Members of a chunk that no other event carries (`system_fingerprint` of a later chunk, `x_groq`); of a choice, where one is named.
    Extras {
        choice: Option<u32>,
        extras: Extras,
    },
    /// Members of the message object inside a choice, or of the delta that stands for it in a stream.
    MessageExtras {
        choice: u32,
        extras: Extras,
    },
    /// The provider says that it failed; nothing comes after it.
    Error(Box<Fault>),
    /// The provider's own terminal marker: the stream is complete. Never made up.
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PartOpen {
    Text,
    Reasoning,
    Refusal,
    ToolCall {
        id: String,
        name: String,
        custom: bool,
    },
    Audio,
    /// A block of one dialect alone; its deltas are [`Delta::Native`].
    Native {
        raw: Raw,
        from: DialectId,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// More text of a text, reasoning or refusal part.
    Text(String),
    /// More of a tool call's arguments, as text.
    Arguments(String),
    /// The signature of a reasoning part.
    Signature(String),
    /// A thought that comes encrypted and whole.
    Encrypted(String),
    Citation {
        raw: Raw,
        from: DialectId,
    },
    /// More of an audio part; data is base64 on its own.
    Audio {
        data: Option<String>,
        transcript: Option<String>,
        extras: Extras,
    },
    Native {
        raw: Raw,
        from: DialectId,
    },
}
