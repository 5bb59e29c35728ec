//! Anthropic's error bodies.

use crate::answer::Answer;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    kind: String,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: u16, kind: &str, message: String) -> Self {
        Self { status, kind: kind.to_owned(), message, retry_after: None }
    }

    /// A 400 with a message of its own.
    pub(super) fn invalid(message: &str) -> Self {
        Self::new(400, "invalid_request_error", message.to_owned())
    }

    /// A 400 about one field: `max_tokens: Field required`.
    pub(super) fn field(path: &str, problem: &str) -> Self {
        Self::invalid(&format!("{path}: {problem}"))
    }

    /// What the provider says for a status that a fault word asks for; `code` overrides the error's type.
    pub(super) fn of_status(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Self {
        let (kind, message) = match status {
            400 => ("invalid_request_error", "The request was refused because the simulator was asked to refuse it."),
            401 => ("authentication_error", "invalid x-api-key"),
            402 => (
                "billing_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
            ),
            403 => ("permission_error", "Your API key does not have permission to use the specified resource."),
            404 => ("not_found_error", "The requested resource could not be found."),
            409 => ("conflict_error", "The request conflicts with the current state of the resource."),
            413 => ("request_too_large", "Request exceeds the maximum size"),
            429 => ("rate_limit_error", "This request would exceed your organization's rate limit. Please try again later."),
            504 => ("timeout_error", "The request timed out while processing."),
            529 => ("overloaded_error", "Overloaded"),
            500.. => ("api_error", "Internal server error"),
            _ => ("invalid_request_error", "The request was refused."),
        };
        Self { retry_after, ..Self::new(status, code.unwrap_or(kind), message.to_owned()) }
    }

    pub(super) fn body(&self, request_id: Option<&str>) -> Value {
        let error = json!({ "type": self.kind, "message": self.message });
        match request_id {
            Some(id) => json!({ "type": "error", "error": error, "request_id": id }),
            None => json!({ "type": "error", "error": error }),
        }
    }

    pub(super) fn into_answer(self, request_id: &str) -> Answer {
        let answer = Answer::json(self.status, &self.body(Some(request_id)));
        match self.retry_after {
            Some(seconds) => answer.header("retry-after", &seconds.to_string()),
            None => answer,
        }
    }
}
