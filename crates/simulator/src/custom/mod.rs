//! Servers of one's own that imitate OpenAI's API: `/custom/vllm/v1`, `/custom/llama.cpp/v1`, `/custom/lm-studio/v1`, `/custom/tgi/v1`. Each
//! refuses what it refuses and answers in its own shapes.
//!
//! Model names that ask for more: `think` in a name makes it think, `old` makes vLLM and llama.cpp those of some time ago, `no-tools` is a vLLM
//! that was started without a tool parser.

mod refusal;
mod reply;
mod request;
mod server;
mod stream;

use crate::Call;
use crate::answer::Answer;
use crate::openai;
use http::Method;
use refusal::Refusal;
use serde_json::{Map, Value, json};
use server::Server;

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let path = call.path.strip_prefix('/').unwrap_or(call.path);
    let (name, below) = path.split_at(path.find('/').unwrap_or(path.len()));
    match Server::named(name) {
        Some(server) => serve(call, server, below).unwrap_or_else(|refusal| refusal.into_answer(server)),
        None => Answer::json(404, &json!({ "detail": "Not Found" })),
    }
}

pub(crate) fn refuse_fault_word(message: &str) -> Answer {
    Answer::json(400, &json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": null } }))
}

fn serve(call: &mut Call<'_>, server: Server, path: &str) -> Result<Answer, Refusal> {
    match (&call.parts.method, path) {
        (&Method::GET, "/health" | "/v1/health") if server != Server::LmStudio => Ok(health(server)),
        (method, path) => {
            authenticate(call, server)?;
            match (method, path) {
                (&Method::POST, "/v1/chat/completions") => chat(call, server),
                (&Method::GET, "/v1/models") => refuse_if_asked(call).map(|()| server.models()),
                // Status 200 for what it does not know.
                (method, path) if server == Server::LmStudio => {
                    Ok(Answer::json(200, &json!({ "error": format!("Unexpected endpoint or method. ({method} {path})") })))
                }
                _ => Err(Refusal::new(404, "Not Found")),
            }
        }
    }
}

fn health(server: Server) -> Answer {
    match server {
        Server::LlamaCpp => Answer::json(200, &json!({ "status": "ok" })),
        _ => Answer::text(200, ""),
    }
}

/// A key is asked for by the servers that were started with one, which these are but for LM Studio.
fn authenticate(call: &Call<'_>, server: Server) -> Result<(), Refusal> {
    match openai::bearer(call.headers()) {
        _ if server == Server::LmStudio => Ok(()),
        Some(key) if key.starts_with("sim-") => Ok(()),
        _ => Err(Refusal::new(401, if server == Server::LlamaCpp { "Invalid API Key" } else { "Unauthorized" })),
    }
}

fn chat(call: &mut Call<'_>, server: Server) -> Result<Answer, Refusal> {
    let body: Map<String, Value> = serde_json::from_slice(call.body).map_err(|error| Refusal::new(400, format!("parse error: {error}")))?;
    let name = match body.get("model") {
        Some(Value::String(name)) => call.faults.read_model(name).map_err(|problem| Refusal::new(400, problem))?.to_owned(),
        // One model is loaded: whatever is asked for, it answers.
        _ if server == Server::LlamaCpp => server.model().to_owned(),
        _ => return Err(Refusal::new(400, "the field `model` is missing")),
    };
    refuse_if_asked(call)?;
    let request = request::read(&body, &name, server)?;
    Ok(if request.stream { stream::write(&request, server, call) } else { reply::write(&request, server, call) })
}

fn refuse_if_asked(call: &Call<'_>) -> Result<(), Refusal> {
    match call.faults.status {
        Some(503) => Err(Refusal::new(503, "Loading model")),
        Some(status) if status != 200 => Err(Refusal::new(status, "the simulator was asked to refuse this")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
