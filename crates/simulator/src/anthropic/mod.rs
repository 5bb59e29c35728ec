//! Anthropic's Messages API.

mod cache;
mod check;
mod messages;
mod models;
mod refusal;
mod reply;
mod request;
mod rules;
mod schema;
mod signature;
mod stream;
mod tools;

use crate::answer::Answer;
use crate::{Call, digest};
use check::Object;
use http::{HeaderMap, Method};
use refusal::Refusal;
use serde_json::Value;

/// Values of `anthropic-version` in use. The newer one takes no sampling parameters at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V2023,
    V2026,
}

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let request_id = request_id(call.digest);
    let answer = serve(call).unwrap_or_else(|refusal| refusal.into_answer(&request_id));
    with_headers(answer, &request_id)
}

pub(crate) fn refuse_fault_word(digest: u64, message: &str) -> Answer {
    let request_id = request_id(digest);
    with_headers(Refusal::invalid(message).into_answer(&request_id), &request_id)
}

fn request_id(digest: u64) -> String {
    format!("req_01{}", digest::name(digest, "request", 0, 22))
}

fn serve(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    authenticate(call.headers())?;
    let version = version(call.headers())?;
    match (&call.parts.method, call.path) {
        (&Method::POST, "/v1/messages") => messages(call, version),
        (&Method::POST, "/v1/messages/count_tokens") => count_tokens(call, version),
        (&Method::GET, "/v1/models") => refuse_if_asked(call).and_then(|()| models::list(call.parts.uri.query().unwrap_or_default())),
        (&Method::GET, path) if path.starts_with("/v1/models/") => {
            refuse_if_asked(call)?;
            models::retrieve(path.trim_start_matches("/v1/models/"))
        }
        _ => Err(Refusal::new(404, "not_found_error", "Not Found".to_owned())),
    }
}

fn messages(call: &mut Call<'_>, version: Version) -> Result<Answer, Refusal> {
    let body = parse(call.body)?;
    let name = check::required_text(&body, "model", "")?;
    let name = call.faults.read_model(name).map_err(|problem| Refusal::invalid(&problem))?.to_owned();
    refuse_if_asked(call)?;
    let model = models::find(&name).ok_or_else(|| Refusal::new(404, "not_found_error", format!("model: {name}")))?;
    let request = request::read(&body, &name, model, version)?;
    Ok(if request.stream { stream::write(&request, call) } else { reply::write(&request, call) })
}

/// Members of a message request that say nothing about its input.
const OF_OUTPUT: &[&str] = &["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences", "metadata", "service_tier"];

fn count_tokens(call: &mut Call<'_>, version: Version) -> Result<Answer, Refusal> {
    let mut body = parse(call.body)?;
    if let Some(name) = OF_OUTPUT.iter().find(|name| body.contains_key(**name)) {
        return Err(Refusal::field(name, "Extra inputs are not permitted"));
    }
    let name = check::required_text(&body, "model", "")?;
    let name = call.faults.read_model(name).map_err(|problem| Refusal::invalid(&problem))?.to_owned();
    refuse_if_asked(call)?;
    let model = models::find(&name).ok_or_else(|| Refusal::new(404, "not_found_error", format!("model: {name}")))?;
    // A message needs a limit above its budget for thinking; counting does not.
    let budget = body.get("thinking").and_then(|thinking| thinking.get("budget_tokens")).and_then(Value::as_u64).unwrap_or(0);
    body.insert("max_tokens".to_owned(), Value::from(budget + 1));
    let request = request::read(&body, &name, model, version)?;
    let count = request.input_tokens + request.cache_write + request.cache_read;
    Ok(Answer::json(200, &serde_json::json!({ "input_tokens": count })))
}

fn parse(body: &[u8]) -> Result<Object, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::invalid("Input should be a valid dictionary")),
        Err(error) => Err(Refusal::invalid(&format!("The request body is not valid JSON: {error}"))),
    }
}

fn refuse_if_asked(call: &Call<'_>) -> Result<(), Refusal> {
    match call.faults.status {
        Some(status) if status != 200 => Err(Refusal::of_status(status, call.faults.code.as_deref(), call.faults.retry_after)),
        _ => Ok(()),
    }
}

/// Exactly one of `x-api-key` and a bearer token.
fn authenticate(headers: &HeaderMap) -> Result<(), Refusal> {
    let unauthenticated = |message: &str| Err(Refusal::new(401, "authentication_error", message.to_owned()));
    let key = headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default());
    let bearer = headers
        .get(http::header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default().strip_prefix("Bearer ").unwrap_or_default());
    match (key, bearer) {
        (None, None) => unauthenticated("x-api-key header is required"),
        (Some(_), Some(_)) => unauthenticated("Send exactly one of the headers x-api-key and Authorization"),
        (Some(key), None) if !key.starts_with("sim-") => unauthenticated("invalid x-api-key"),
        (None, Some(token)) if !token.starts_with("sim-") => unauthenticated("Invalid bearer token"),
        _ => Ok(()),
    }
}

fn version(headers: &HeaderMap) -> Result<Version, Refusal> {
    match headers.get("anthropic-version").map(|value| value.to_str().unwrap_or_default()) {
        Some("2023-06-01") => Ok(Version::V2023),
        Some("2026-10-21") => Ok(Version::V2026),
        Some(other) => Err(Refusal::invalid(&format!("anthropic-version: \"{other}\" is not a valid version"))),
        None => Err(Refusal::invalid("anthropic-version: header is required")),
    }
}

fn with_headers(answer: Answer, request_id: &str) -> Answer {
    answer
        .fixed_headers(&[
            ("anthropic-organization-id", "simulated"),
            ("anthropic-workspace-id", "wrkspc_simulated"),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-11-22T00:00:01Z"),
            ("anthropic-ratelimit-tokens-limit", "480000"),
            ("anthropic-ratelimit-tokens-remaining", "479000"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-22T00:00:01Z"),
            ("anthropic-ratelimit-input-tokens-limit", "400000"),
            ("anthropic-ratelimit-input-tokens-remaining", "399000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-22T00:00:01Z"),
            ("anthropic-ratelimit-output-tokens-limit", "80000"),
            ("anthropic-ratelimit-output-tokens-remaining", "80000"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-11-22T00:00:01Z"),
        ])
        .header("request-id", request_id)
}

#[cfg(test)]
mod tests;
