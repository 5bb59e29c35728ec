//! What the owner of a provider may ask the readers to take for more than it says.
//!
//! Most of what servers leave out or spell differently is read from everyone. Only what changes the meaning of an answer stands here, and is
//! off unless the owner of the provider declares it.

use serde::{Deserialize, Serialize};

/// Declared for one provider; the default is that nothing is read otherwise than it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Leniency {
    pub think_tags: ThinkTags,
}

/// Whether thought stands in the text of an answer, between `<think>` and `</think>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkTags {
    /// Text is text.
    #[default]
    Text,
    /// An answer that begins with `<think>` begins with a thought.
    Tagged,
    /// The server's prompt has opened the tag already: all up to `</think>` is thought.
    Opened,
}

impl Leniency {
    /// The answer means something else than its bytes say, so they may not be passed on as they are.
    pub fn changes_answers(self) -> bool {
        self.think_tags != ThinkTags::Text
    }
}
