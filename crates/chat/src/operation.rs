//! What a caller asks a provider to do.

use serde::{Deserialize, Serialize};

/// An operation of the data plane. One is added when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Chat,
    Embeddings,
    Models,
}

impl Operation {
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Embeddings => "embeddings",
            Operation::Models => "models",
        }
    }
}
