//! Embeddings (`providers/openai.md` §7): bodies go through; only what the gateway relies on is looked at.

use crate::openai_chat::usage_of;
use chat::{Fault, Usage};
use wire::json::{self, Kind, Limits};

/// The request: `model` is text, `input` is there. (An empty text is the provider's to judge: OpenAI has taken it.)
pub fn check_request(body: &[u8]) -> Result<(), Fault> {
    let object = json::scan(body, &Limits::default())
        .map_err(|error| Fault::new(chat::FaultKind::InvalidRequest, chat::Origin::Caller, chat::Step::Receive, error.to_string()))?;
    if object.get("model").and_then(|member| member.as_str()).is_none_or(|model| model.is_empty()) {
        return Err(Fault::invalid("model", "model: must be a non-empty string"));
    }
    match object.get("input") {
        None => Err(Fault::invalid("input", "input: is missing")),
        Some(input) if input.kind == Kind::String => Ok(()),
        Some(input) if input.kind == Kind::Array && !input.is_empty_array() => Ok(()),
        Some(_) => Err(Fault::invalid("input", "input: must be a string or a non-empty list of strings or tokens")),
    }
}

/// The usage of an answer, by one scan over the top level.
pub fn read_usage(body: &[u8]) -> Option<Usage> {
    usage_of(body)
}

#[cfg(test)]
mod tests;
