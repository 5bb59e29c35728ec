//! What a caller asks a provider to do.

use serde::{Deserialize, Serialize};

/// An operation of the data plane. One is added when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Chat,
    /// The older text completion: a prompt in, text out.
    Completions,
    /// How many tokens a chat request has; free of charge.
    CountTokens,
    Embeddings,
    Models,
}

impl Operation {
    /// Every operation, in the order of the documents.
    pub const ALL: [Operation; 5] =
        [Operation::Chat, Operation::Completions, Operation::CountTokens, Operation::Embeddings, Operation::Models];

    /// The operation of a name as [`Operation::name`] gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Completions => "completions",
            Operation::CountTokens => "count_tokens",
            Operation::Embeddings => "embeddings",
            Operation::Models => "models",
        }
    }
}
