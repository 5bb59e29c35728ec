//! The names of the wire formats.

use serde::{Deserialize, Serialize};

/// One wire format. A dialect is added here when its codec is written, never before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialectId {
    OpenaiChat,
    AnthropicMessages,
    /// Passes through alone: nothing is translated into or out of it.
    OpenaiCompletions,
}

impl DialectId {
    pub const fn name(self) -> &'static str {
        match self {
            DialectId::OpenaiChat => "openai_chat",
            DialectId::AnthropicMessages => "anthropic_messages",
            DialectId::OpenaiCompletions => "openai_completions",
        }
    }
}
