//! Which path is which operation.

use chat::{DialectId, Fault, FaultKind, Operation, Origin, Step};
use http::Method;
use percent_encoding::percent_decode_str;

/// What a request line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The process lives.
    Live,
    /// Storage and configuration are there.
    Ready,
    Inference(Operation),
    Models,
    /// One model; ids may hold slashes and colons.
    Model(String),
}

/// Data-plane paths of the contract that later versions build: refused by name, so that nobody takes the answer for a typing error.
const NOT_BUILT: &[&str] = &[
    "/completions",
    "/images/generations",
    "/images/edits",
    "/audio/transcriptions",
    "/audio/speech",
    "/moderations",
    "/rerank",
    "/responses",
    "/messages",
    "/messages/count_tokens",
    "/me",
];

/// Other paths of the contract that later versions build.
const NOT_BUILT_ELSEWHERE: &[&str] = &["/", "/metrics", "/openapi.json", "/docs"];
const NOT_BUILT_BELOW: &[&str] = &["/v1beta/", "/openai/deployments/", "/admin/v1/"];

/// The dialect that the callers of a path speak: errors are written in it, also for a route that is not built.
pub(crate) fn dialect(path: &str) -> DialectId {
    match operation_path(path) {
        "/messages" | "/messages/count_tokens" => DialectId::AnthropicMessages,
        _ => DialectId::OpenaiChat,
    }
}

/// The path without `/v1` and without a slash at its end.
fn operation_path(path: &str) -> &str {
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    trimmed.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(trimmed)
}

impl Route {
    /// Finds the route of a method and a path; the path may lack `/v1` and may end in a slash.
    pub(crate) fn find(method: &Method, path: &str) -> Result<Self, Fault> {
        let (route, allowed) = Self::of(path)?;
        if *method == allowed || (allowed == Method::GET && *method == Method::HEAD) {
            Ok(route)
        } else {
            let message = format!("{path} takes {allowed}, not {method}");
            Err(Fault::new(FaultKind::MethodNotAllowed, Origin::Caller, Step::Receive, message))
        }
    }

    /// The method that a path takes: the `allow` header of a 405.
    pub(crate) fn allowed(path: &str) -> Option<Method> {
        Self::of(path).ok().map(|(_, method)| method)
    }

    fn of(path: &str) -> Result<(Self, Method), Fault> {
        Ok(match operation_path(path) {
            "/chat/completions" => (Self::Inference(Operation::Chat), Method::POST),
            "/embeddings" => (Self::Inference(Operation::Embeddings), Method::POST),
            "/models" => (Self::Models, Method::GET),
            "/health/live" | "/livez" | "/healthz" => (Self::Live, Method::GET),
            "/health/ready" | "/readyz" => (Self::Ready, Method::GET),
            rest => match rest.strip_prefix("/models/") {
                Some(id) if !id.is_empty() => (Self::Model(model_id(id)?), Method::GET),
                _ => return Err(unknown(path, rest)),
            },
        })
    }
}

fn model_id(encoded: &str) -> Result<String, Fault> {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(id) => Ok(id.into_owned()),
        Err(_) => Err(Fault::invalid("model", "the model id in the path is not UTF-8")),
    }
}

fn unknown(path: &str, rest: &str) -> Fault {
    let not_built =
        NOT_BUILT.contains(&rest) || NOT_BUILT_ELSEWHERE.contains(&path) || NOT_BUILT_BELOW.iter().any(|prefix| path.starts_with(prefix));
    let message = match not_built {
        true => format!("{path} is not built in this version of Conduit"),
        false => format!("no route has the path {path}; did you mean /v1/chat/completions?"),
    };
    Fault::new(FaultKind::NoSuchRoute, Origin::Caller, Step::Receive, message)
}

#[cfg(test)]
mod tests;
