//! The servers' error bodies, each in its own shape.

use super::server::Server;
use crate::answer::Answer;
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    /// A server of some time ago.
    is_old: bool,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), is_old: false }
    }

    pub(super) fn of_old(mut self, is_old: bool) -> Self {
        self.is_old = is_old;
        self
    }

    pub(super) fn body(&self, server: Server) -> Value {
        let Self { status, message, is_old } = self;
        match server {
            Server::Vllm if *status == 401 => json!({ "error": message }),
            Server::Vllm if *is_old => {
                json!({ "object": "error", "message": message, "type": vllm_type(*status), "param": null, "code": status })
            }
            Server::Vllm => json!({ "error": { "message": message, "type": vllm_type(*status), "param": null, "code": status } }),
            Server::LlamaCpp => json!({ "error": { "code": status, "message": message, "type": llama_type(*status) } }),
            Server::LmStudio => json!({ "error": message }),
            Server::Tgi => json!({ "error": message, "error_type": tgi_type(*status) }),
        }
    }

    pub(super) fn into_answer(self, server: Server) -> Answer {
        Answer::json(self.status, &self.body(server))
    }
}

fn vllm_type(status: u16) -> &'static str {
    match status {
        404 => "NotFoundError",
        500.. => "InternalServerError",
        _ => "BadRequestError",
    }
}

fn llama_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        404 => "not_found_error",
        501 => "not_supported_error",
        503 => "unavailable_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

fn tgi_type(status: u16) -> &'static str {
    match status {
        424 => "generation",
        429 => "overloaded",
        500.. => "incomplete_generation",
        _ => "validation",
    }
}
