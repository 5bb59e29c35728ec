//! A whole reply in canonical form.

use crate::{Extras, Finish, Part, Usage};
use wire::Raw;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub id: String,
    /// The model as the provider names it.
    pub model: String,
    /// Seconds since 1970, where the provider says it.
    pub created: Option<i64>,
    pub choices: Vec<Choice>,
    pub usage: Option<Usage>,
    pub service_tier: Option<String>,
    pub extras: Extras,
    /// Members of the provider's usage object that [`Usage`] has no name for.
    pub usage_extras: Extras,
}

/// One alternative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    pub index: u32,
    pub parts: Vec<Part>,
    pub finish: Option<Finish>,
    pub logprobs: Option<Raw>,
    /// Members of the choice object.
    pub extras: Extras,
    /// Members of the message object inside it, where the dialect nests one.
    pub message_extras: Extras,
}
