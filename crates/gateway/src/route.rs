//! Which path is which operation.

use chat::{DialectId, Fault, FaultKind, Operation, Origin, Step};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// What a request line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The process lives.
    Live,
    /// Storage and configuration are there.
    Ready,
    Inference(Call),
    Models,
    /// One model; ids may hold slashes and colons.
    Model(String),
}

/// What a caller asks a model to do, and in which wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) dialect: DialectId,
}

/// The routes of inference: path, operation, the dialect that its callers speak.
const INFERENCE: &[(&str, Operation, DialectId)] = &[
    ("/chat/completions", Operation::Chat, DialectId::OpenaiChat),
    ("/messages", Operation::Chat, DialectId::AnthropicMessages),
    ("/messages/count_tokens", Operation::CountTokens, DialectId::AnthropicMessages),
    ("/completions", Operation::Completions, DialectId::OpenaiCompletions),
    ("/embeddings", Operation::Embeddings, DialectId::OpenaiChat),
];

/// Data-plane paths of the contract that later versions build: refused by name, so that nobody takes the answer for a typing error.
const NOT_BUILT: &[&str] =
    &["/images/generations", "/images/edits", "/audio/transcriptions", "/audio/speech", "/moderations", "/rerank", "/responses", "/me"];

/// Other paths of the contract that later versions build.
const NOT_BUILT_ELSEWHERE: &[&str] = &["/", "/metrics", "/openapi.json", "/docs"];
const NOT_BUILT_BELOW: &[&str] = &["/v1beta/", "/openai/deployments/", "/admin/v1/"];

/// The dialect that the callers of a path speak: errors are written in it, also for a route that is not built.
pub(crate) fn dialect(path: &str) -> DialectId {
    let rest = operation_path(path);
    match call(rest) {
        Some(call) => call.dialect,
        None if rest.starts_with("/messages/") => DialectId::AnthropicMessages,
        None => DialectId::OpenaiChat,
    }
}

/// The same; what paths have in common is told apart by the header that every client of Anthropic sends.
pub(crate) fn dialect_of(path: &str, headers: &HeaderMap) -> DialectId {
    let rest = operation_path(path);
    let is_shared = rest == "/models" || rest.starts_with("/models/");
    if is_shared && headers.contains_key("anthropic-version") { DialectId::AnthropicMessages } else { dialect(path) }
}

/// The route that asks for an operation: in this dialect where there is one, else in the operation's own.
pub(crate) fn call_of(operation: Operation, dialect: DialectId) -> Option<Call> {
    let asks = |route: &&(&str, Operation, DialectId)| route.1 == operation;
    let same = INFERENCE.iter().filter(asks).find(|route| route.2 == dialect);
    same.or_else(|| INFERENCE.iter().find(asks)).map(|&(_, operation, dialect)| Call { operation, dialect })
}

fn call(path: &str) -> Option<Call> {
    let &(_, operation, dialect) = INFERENCE.iter().find(|(known, ..)| *known == path)?;
    Some(Call { operation, dialect })
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
        let rest = operation_path(path);
        if let Some(call) = call(rest) {
            return Ok((Self::Inference(call), Method::POST));
        }
        Ok(match rest {
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
