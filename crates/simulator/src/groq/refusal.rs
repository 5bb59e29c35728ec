//! Groq's error bodies: members without a value are left out.

use crate::answer::Answer;
use crate::openai::refusal::Refusal;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

pub(super) fn body(refusal: &Refusal) -> Map<String, Value> {
    let mut error = Map::new();
    error.insert("message".to_owned(), Value::from(refusal.message.as_str()));
    error.insert("type".to_owned(), Value::from(refusal.kind));
    for (name, value) in [("param", &refusal.param), ("code", &refusal.code)] {
        if let Some(value) = value {
            error.insert(name.to_owned(), Value::from(value.as_ref()));
        }
    }
    if matches!(refusal.code.as_deref(), Some("tool_use_failed" | "json_validate_failed")) {
        error.insert("failed_generation".to_owned(), Value::from("{\"name\": \"simulated\", \"arguments\": {"));
    }
    error
}

pub(super) fn into_answer(refusal: Refusal) -> Answer {
    let answer = Answer::json(refusal.status, &json!({ "error": body(&refusal) }));
    match refusal.retry_after {
        Some(seconds) => answer.header("retry-after", &seconds.to_string()),
        None => answer,
    }
}

/// A member that Groq does not take.
pub(super) fn unsupported(name: &str) -> Refusal {
    Refusal::new(400, format!("property '{name}' is unsupported"))
}

/// A message that is not as its role demands.
pub(super) fn message(index: usize, role: &str, problem: &str) -> Refusal {
    Refusal::new(400, format!("'messages.{index}' : for 'role:{role}' the following must be satisfied[('messages.{index}' : {problem})]"))
}

pub(super) fn of_status(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Refusal {
    let (kind, usual_code, message) = match (status, code) {
        (400, Some("tool_use_failed")) => (
            "invalid_request_error",
            code,
            "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
        ),
        (400, Some("json_validate_failed")) => {
            ("invalid_request_error", code, "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.")
        }
        (401, _) => ("invalid_request_error", Some("invalid_api_key"), "Invalid API Key"),
        (403, _) => ("permissions_error", None, "Your organization must be allowed to use this model."),
        (404, _) => ("invalid_request_error", Some("model_not_found"), "The model does not exist or you do not have access to it."),
        (413, _) => {
            ("tokens", Some("rate_limit_exceeded"), "Request too large for the model in the organization on tokens per minute (TPM).")
        }
        (429, _) => (
            "tokens",
            Some("rate_limit_exceeded"),
            "Rate limit reached for the model in the organization on tokens per minute (TPM). Please try again in 1.57s.",
        ),
        (498, _) => ("capacity_error", Some("capacity_exceeded"), "Flex tier capacity exceeded."),
        (503, _) => ("service_unavailable", None, "Service Unavailable"),
        (500.., _) => ("internal_server_error", None, "Internal Server Error"),
        _ => ("invalid_request_error", None, "The request was refused because the simulator was asked to refuse it."),
    };
    let code = code.or(usual_code).map(|code| Cow::Owned(code.to_owned()));
    // Only a 429 says when to come back.
    let retry_after = retry_after.filter(|_| status == 429);
    Refusal { status, message: message.to_owned(), kind, param: None, code, retry_after }
}
