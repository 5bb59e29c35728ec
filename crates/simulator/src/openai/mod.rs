//! OpenAI's API, and the provider type `simulated`, which speaks it without a key and takes any model name.

pub(crate) mod check;
mod completions;
mod embeddings;
pub(crate) mod messages;
mod models;
pub(crate) mod refusal;
mod reply;
pub(crate) mod reply_parts;
pub(crate) mod request;
mod stream;
pub(crate) mod tools;

use crate::answer::Answer;
use crate::{Call, digest};
use http::{HeaderMap, Method};
use refusal::Refusal;
use serde_json::{Map, Value};

/// 19 November 2026: answers are a function of the request, so there is no clock.
pub(crate) const CREATED: i64 = 1_795_046_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    OpenAi,
    Simulated,
}

pub(crate) fn answer(call: &mut Call<'_>, flavour: Flavour) -> Answer {
    let answer = serve(call, flavour).unwrap_or_else(|refusal| refusal.into_answer());
    with_headers(answer, call.digest)
}

pub(crate) fn refuse_fault_word(digest: u64, message: &str) -> Answer {
    with_headers(Refusal::new(400, message.to_owned()).into_answer(), digest)
}

fn serve(call: &mut Call<'_>, flavour: Flavour) -> Result<Answer, Refusal> {
    if flavour == Flavour::OpenAi {
        authenticate(call.headers())?;
    }
    let path = call.path.strip_prefix("/v1").unwrap_or(call.path);
    match (&call.parts.method, path) {
        (&Method::POST, "/chat/completions") => chat(call, flavour),
        (&Method::POST, "/completions") => complete(call, flavour),
        (&Method::POST, "/embeddings") => embed(call, flavour),
        (&Method::GET, "/models") => refuse_if_asked(call).map(|()| models::list(flavour)),
        (&Method::GET, _) if path.starts_with("/models/") => {
            refuse_if_asked(call)?;
            models::retrieve(path.trim_start_matches("/models/"), flavour)
        }
        (method, _) => Err(Refusal::unknown_url(method, call.parts.uri.path())),
    }
}

fn chat(call: &mut Call<'_>, flavour: Flavour) -> Result<Answer, Refusal> {
    let body = parse(call.body)?;
    let model = named_model(call, &body)?;
    refuse_if_asked(call)?;
    let model = models::find(&model, flavour).ok_or_else(|| Refusal::no_such_model(&model))?;
    let request = request::read(&body, &model)?;
    Ok(if request.stream { stream::write(&request, &model, call) } else { reply::write(&request, &model, call) })
}

fn complete(call: &mut Call<'_>, flavour: Flavour) -> Result<Answer, Refusal> {
    let body = parse(call.body)?;
    let model = named_model(call, &body)?;
    refuse_if_asked(call)?;
    completions::answer(&body, &model, flavour == Flavour::Simulated, call)
}

fn embed(call: &mut Call<'_>, flavour: Flavour) -> Result<Answer, Refusal> {
    let body = parse(call.body)?;
    let model = named_model(call, &body)?;
    refuse_if_asked(call)?;
    embeddings::answer(&body, &model, flavour)
}

pub(crate) fn parse(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::new(
            400,
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. \
             The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, \
             please contact us through our help center at help.openai.com.)"
                .to_owned(),
        )),
    }
}

/// The model's name without the fault words, which go to the call.
pub(crate) fn named_model(call: &mut Call<'_>, body: &Map<String, Value>) -> Result<String, Refusal> {
    match body.get("model") {
        Some(Value::String(name)) if !name.is_empty() => {
            call.faults.read_model(name).map(str::to_owned).map_err(|problem| Refusal::new(400, problem).param("model"))
        }
        Some(Value::Null) | None | Some(Value::String(_)) => Err(Refusal::new(400, "you must provide a model parameter".to_owned())),
        Some(other) => Err(Refusal::invalid_type("model", "a string", other)),
    }
}

/// The answer that the word `status` asks for.
pub(crate) fn refuse_if_asked(call: &Call<'_>) -> Result<(), Refusal> {
    match call.faults.status {
        Some(status) if status != 200 => Err(Refusal::of_status(status, call.faults.code.as_deref(), call.faults.retry_after)),
        _ => Ok(()),
    }
}

/// The token of an `Authorization: Bearer` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn authenticate(headers: &HeaderMap) -> Result<(), Refusal> {
    match bearer(headers) {
        Some(key) if key.starts_with("sim-") => Ok(()),
        Some(key) if !key.is_empty() => Err(Refusal::wrong_key(key)),
        _ => Err(Refusal::no_key()),
    }
}

fn with_headers(answer: Answer, digest: u64) -> Answer {
    answer
        .fixed_headers(&[
            ("openai-organization", "simulated"),
            ("openai-processing-ms", "1"),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-remaining-tokens", "1999000"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-reset-tokens", "30ms"),
        ])
        .header("x-request-id", &format!("req_{}", digest::hex(digest, "request", 32)))
}

#[cfg(test)]
mod tests;
