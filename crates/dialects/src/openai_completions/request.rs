//! What the gateway relies on in a request; the rest is the provider's to judge.

use chat::Fault;
use wire::json::{self, Kind, Limits};

/// `model` is text; `prompt` is text or a list of texts or tokens.
pub fn check_request(body: &[u8]) -> Result<(), Fault> {
    let object = json::scan(body, &Limits::default())
        .map_err(|error| Fault::new(chat::FaultKind::InvalidRequest, chat::Origin::Caller, chat::Step::Receive, error.to_string()))?;
    if object.get("model").and_then(|member| member.as_str()).is_none_or(|model| model.is_empty()) {
        return Err(Fault::invalid("model", "model: must be a non-empty string"));
    }
    match object.get("prompt") {
        None => Err(Fault::invalid("prompt", "prompt: is missing")),
        Some(prompt) if matches!(prompt.kind, Kind::String | Kind::Array) => Ok(()),
        Some(_) => Err(Fault::invalid("prompt", "prompt: must be a string or a list of strings or tokens")),
    }
}
