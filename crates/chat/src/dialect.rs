//! The names of the wire formats.

use serde::{Deserialize, Serialize};

/// One wire format. A dialect is added here when its codec is written, never before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialectId {
    OpenaiChat,
    AnthropicMessages,
}

impl DialectId {
    pub const fn name(self) -> &'static str {
        match self {
            DialectId::OpenaiChat => "openai_chat",
            DialectId::AnthropicMessages => "anthropic_messages",
        }
    }
}
