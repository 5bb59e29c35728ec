//! Groq's API: OpenAI's shapes with rules of its own.

mod messages;
mod models;
mod refusal;
mod reply;
mod request;
mod stream;

use crate::answer::Answer;
use crate::openai::{bearer, named_model, parse, refusal::Refusal, refuse_if_asked};
use crate::{Call, digest};
use http::{HeaderMap, Method};

pub(crate) fn answer(call: &mut Call<'_>) -> Answer {
    let answer = serve(call).unwrap_or_else(refusal::into_answer);
    with_headers(answer, call.digest)
}

pub(crate) fn refuse_fault_word(digest: u64, message: &str) -> Answer {
    with_headers(refusal::into_answer(Refusal::new(400, message.to_owned())), digest)
}

/// The request's id, in headers and in `x_groq`.
fn request_id(digest: u64) -> String {
    format!("req_01k{}", digest::hex(digest, "request", 23))
}

fn serve(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    authenticate(call.headers())?;
    let path = call.path.strip_prefix("/openai/v1").or(call.path.strip_prefix("/v1")).unwrap_or(call.path);
    match (&call.parts.method, path) {
        (&Method::POST, "/chat/completions") => chat(call),
        (&Method::GET, "/models") => asked(call).map(|()| models::list()),
        (&Method::GET, _) if path.starts_with("/models/") => {
            asked(call)?;
            models::retrieve(path.trim_start_matches("/models/"))
        }
        (method, _) => {
            let message = format!(
                "Unknown request URL: {method} {}. Please check the URL for typos, or see the docs at https://console.groq.com/docs/",
                call.parts.uri.path()
            );
            Err(Refusal::new(404, message).code("unknown_url"))
        }
    }
}

fn asked(call: &Call<'_>) -> Result<(), Refusal> {
    refuse_if_asked(call).map_err(|asked| refusal::of_status(asked.status, call.faults.code.as_deref(), asked.retry_after))
}

fn chat(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let body = parse(call.body)?;
    let name = named_model(call, &body)?;
    asked(call)?;
    let model = models::find(&name)?;
    let request = request::read(&body, model)?;
    if call.body.len() > models::LARGEST_INLINE && request.has_inline_media {
        return Err(Refusal::new(413, "Request Entity Too Large".to_owned()).code("request_too_large"));
    }
    Ok(if request.stream { stream::write(&request, &name, call) } else { reply::write(&request, &name, call) })
}

fn authenticate(headers: &HeaderMap) -> Result<(), Refusal> {
    match bearer(headers) {
        Some(key) if key.starts_with("sim-") => Ok(()),
        _ => Err(Refusal::new(401, "Invalid API Key".to_owned()).code("invalid_api_key")),
    }
}

fn with_headers(answer: Answer, digest: u64) -> Answer {
    answer
        .fixed_headers(&[
            ("x-ratelimit-limit-requests", "14400"),
            ("x-ratelimit-limit-tokens", "18000"),
            ("x-ratelimit-remaining-requests", "14399"),
            ("x-ratelimit-remaining-tokens", "17900"),
            ("x-ratelimit-reset-requests", "6s"),
            ("x-ratelimit-reset-tokens", "1.57s"),
        ])
        .header("x-request-id", &request_id(digest))
}

#[cfg(test)]
mod tests;
