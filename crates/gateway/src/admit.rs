//! What is checked of a body before anything is looked up: the contract's list and no more. The rest is the provider's to judge.

use crate::authenticate::Caller;
use crate::caller_headers::CallerHeaders;
use crate::route::Call;
use chat::{DialectId, Fault, FaultKind, Operation, Origin, Step};
use wire::json::{Kind, Object, ScanError, ScanErrorKind};

/// A request that may be resolved: its body is sound and its key may use the model.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    pub(crate) operation: Operation,
    /// The caller's.
    pub(crate) dialect: DialectId,
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// The caller gets usage in the stream: it asked for it, or its dialect always has it.
    pub(crate) include_usage: bool,
    /// The body has members of [`ROUTING`]: only a provider that keeps them may get it.
    pub(crate) routing_members: bool,
    /// Headers of the caller that belong to its dialect.
    pub(crate) headers: Option<Box<CallerHeaders>>,
}

/// Conduit's own and not built: refused, because a routing wish that is ignored is a wrong answer.
const NOT_BUILT: &str = "routing";
/// The same, unless the provider itself takes them and its owner says so.
pub(crate) const ROUTING: [&str; 2] = ["models", "provider"];

/// Reads the body's top level; says where it is broken.
pub(crate) fn scan(body: &[u8]) -> Result<Object<'_>, Fault> {
    if body.is_empty() {
        return Err(Fault::invalid("body", "the body is empty: send a JSON object"));
    }
    wire::json::scan(body, &wire::json::Limits::default()).map_err(|error| malformed(&error))
}

fn malformed(error: &ScanError) -> Fault {
    let fault = Fault::new(FaultKind::InvalidRequest, Origin::Caller, Step::Receive, format!("the body is no valid JSON object: {error}"));
    match &error.kind {
        ScanErrorKind::DuplicateKey(key) => fault.with_param(key),
        _ => fault,
    }
}

/// The name that the request asks for, as far as the body can be read.
pub(crate) fn model(body: &Object<'_>) -> Option<String> {
    body.get("model").and_then(|member| member.as_str()).map(std::borrow::Cow::into_owned)
}

pub(crate) fn admit(caller: Caller, call: Call, headers: Option<Box<CallerHeaders>>, body: &Object<'_>) -> Result<Admitted, Fault> {
    let Call { operation, dialect } = call;
    if !caller.key.allows_operation(operation) {
        let message = format!("the key may not use the operation {}", operation.name());
        return Err(Fault::new(FaultKind::OperationNotAllowed, Origin::Caller, Step::Admit, message));
    }
    let model = match body.get("model") {
        Some(member) => member.as_str().ok_or_else(|| Fault::invalid("model", "`model` must be a string"))?.into_owned(),
        None => return Err(Fault::invalid("model", "`model` is missing: send the name of a model mapping")),
    };
    if body.get(NOT_BUILT).is_some() {
        return Err(Fault::unsupported(NOT_BUILT, format!("`{NOT_BUILT}` is not built in this version of Conduit: remove it")));
    }
    let routing_members = ROUTING.iter().any(|name| body.get(name).is_some());
    refuse_cache_options(body)?;
    let stream = match operation {
        Operation::Chat => chat_shape(body)?,
        Operation::Completions => completions_shape(body)?,
        Operation::CountTokens => chat_shape(body).map(|_| false)?,
        Operation::Embeddings => embeddings_shape(body)?,
        Operation::Models => false,
    };
    if !caller.key.allows(&model) {
        let message = format!("the key may not use the model `{model}`");
        return Err(Fault::new(FaultKind::ModelNotAllowed, Origin::Caller, Step::Admit, message).with_param("model"));
    }
    let include_usage = match dialect {
        DialectId::AnthropicMessages => true,
        DialectId::OpenaiChat | DialectId::OpenaiCompletions => stream && asks_usage(body)?,
    };
    Ok(Admitted { caller, operation, dialect, model, stream, include_usage, routing_members, headers })
}

/// `cache_control` without `type` is Conduit's response cache; with `type` it is the provider's prompt cache and none of our business.
fn refuse_cache_options(body: &Object<'_>) -> Result<(), Fault> {
    let Some(member) = body.get("cache_control").filter(|member| member.kind == Kind::Object) else { return Ok(()) };
    let inner = wire::json::scan(member.value.as_bytes(), &wire::json::Limits::default()).map_err(|error| malformed(&error))?;
    match inner.get("type") {
        Some(_) => Ok(()),
        None => {
            Err(Fault::unsupported("cache_control", "the response cache is not built in this version of Conduit: remove `cache_control`"))
        }
    }
}

fn chat_shape(body: &Object<'_>) -> Result<bool, Fault> {
    match body.get("messages") {
        Some(member) if member.kind != Kind::Array => Err(Fault::invalid("messages", "`messages` must be a list")),
        Some(member) if member.is_empty_array() => Err(Fault::invalid("messages", "`messages` must not be empty")),
        Some(_) => flag(body, "stream"),
        None => Err(Fault::invalid("messages", "`messages` is missing")),
    }
}

fn completions_shape(body: &Object<'_>) -> Result<bool, Fault> {
    match body.get("prompt") {
        Some(member) if matches!(member.kind, Kind::String | Kind::Array) => flag(body, "stream"),
        Some(_) => Err(Fault::invalid("prompt", "`prompt` must be a string or a list")),
        None => Err(Fault::invalid("prompt", "`prompt` is missing")),
    }
}

fn embeddings_shape(body: &Object<'_>) -> Result<bool, Fault> {
    match body.get("input") {
        Some(member) if matches!(member.kind, Kind::String | Kind::Array) => Ok(false),
        Some(_) => Err(Fault::invalid("input", "`input` must be a string or a list")),
        None => Err(Fault::invalid("input", "`input` is missing")),
    }
}

fn flag(body: &Object<'_>, name: &str) -> Result<bool, Fault> {
    match body.get(name) {
        None => Ok(false),
        Some(member) if member.kind == Kind::Null => Ok(false),
        Some(member) => member.as_bool().ok_or_else(|| Fault::invalid(name, format!("`{name}` must be true or false"))),
    }
}

/// `stream_options.include_usage`.
fn asks_usage(body: &Object<'_>) -> Result<bool, Fault> {
    match body.get("stream_options") {
        None => Ok(false),
        Some(member) if member.kind == Kind::Null => Ok(false),
        Some(member) if member.kind == Kind::Object => {
            let options = wire::json::scan(member.value.as_bytes(), &wire::json::Limits::default()).map_err(|error| malformed(&error))?;
            flag(&options, "include_usage").map_err(|fault| fault.with_param("stream_options.include_usage"))
        }
        Some(_) => Err(Fault::invalid("stream_options", "`stream_options` must be an object")),
    }
}

#[cfg(test)]
mod tests;
