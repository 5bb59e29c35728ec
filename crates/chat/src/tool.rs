//! Tools that a model may call.

use crate::{CacheMarker, DialectId, Extras};
use wire::Raw;

#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub kind: ToolKind,
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments (function tools).
    pub parameters: Option<Raw>,
    pub strict: Option<bool>,
    pub cache: Option<CacheMarker>,
    /// Members of the tool object, beside its `function` or `custom` member.
    pub extras: Extras,
    /// Members inside the `function` or `custom` object, where the dialect nests one.
    pub inner_extras: Extras,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToolKind {
    Function,
    /// Free-text input; the raw value is its `format`.
    Custom {
        format: Option<Raw>,
    },
    /// A tool that one dialect alone knows (`web_search_20250305`, `browser_search`): the whole object, for that dialect only.
    Native {
        raw: Raw,
        from: DialectId,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum ToolChoice {
    Auto,
    None,
    /// At least one call.
    Required,
    /// This function.
    Function {
        name: String,
    },
    Custom {
        name: String,
    },
    /// A form of one dialect alone, such as OpenAI's `allowed_tools`.
    Native {
        from: DialectId,
        raw: Raw,
    },
}
