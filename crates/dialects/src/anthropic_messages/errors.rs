//! Errors: the provider's, read into faults, and ours, written for clients of this dialect.

use crate::ErrorAnswer;
use crate::retry_after::{retry_after, should_retry};
use chat::{Fault, FaultKind, Origin, Step, scrub};
use std::borrow::Cow;
use wire::object::{Fields, ObjectWriter};

/// What an error body says. Empty where it is not in the dialect.
#[derive(Debug, Default)]
struct Said {
    kind: String,
    message: String,
    /// `details.error_code`.
    code: Option<String>,
}

/// An answer with a status of 400 or more.
pub(super) fn read(answer: ErrorAnswer<'_>) -> Fault {
    let said = said(answer.body);
    let retry_after = retry_after(answer.headers);
    let mut fault = classify(answer.status, said, Step::FirstByte);
    fault.provider_status = Some(answer.status);
    fault.retry = should_retry(answer.headers);
    // A limit that passes names when; the monthly limit of a spend tier does not, and asking again cannot help.
    if fault.kind == FaultKind::ProviderRateLimited && retry_after.is_none() {
        fault.retry = fault.retry.or(Some(false));
    }
    fault.with_retry_after(retry_after)
}

/// An error body under a status of success.
pub(super) fn in_success(body: &[u8]) -> Fault {
    let said = said(body);
    classify(status_of(&said.kind), said, Step::FirstByte)
}

/// An `error` event after the head of a stream.
pub(super) fn in_stream(data: &str) -> Fault {
    let said = said(data.as_bytes());
    classify(status_of(&said.kind), said, Step::Relay)
}

fn said(body: &[u8]) -> Said {
    let Ok(mut fields) = Fields::parse_bytes(body) else { return Said::default() };
    let Ok(Some(mut error)) = fields.take_fields("error") else { return Said::default() };
    let mut text = |name: &str| error.take_as::<String>(name).ok().flatten();
    let (kind, message) = (text("type").unwrap_or_default(), text("message").unwrap_or_default());
    let details = error.take_fields("details").ok().flatten();
    let code = details.and_then(|mut details| details.take_as("error_code").ok().flatten());
    Said { kind, message, code }
}

/// The status that the provider gives this type of error, where the error comes without one.
fn status_of(kind: &str) -> u16 {
    match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}

/// The table of `providers/anthropic.md`, "Errors".
fn classify(status: u16, said: Said, step: Step) -> Fault {
    let message = scrub(&said.message);
    let kind = match status {
        400 if is_spent(&said.message) => FaultKind::ProviderQuotaExceeded,
        401 | 403 => FaultKind::ProviderAuthFailed,
        402 => FaultKind::ProviderQuotaExceeded,
        404 => FaultKind::ProviderModelNotFound,
        408 | 504 => FaultKind::ProviderTimeout,
        429 if is_spent(&said.message) => FaultKind::ProviderQuotaExceeded,
        429 => FaultKind::ProviderRateLimited,
        // A conflict passes by itself: the provider's own SDK asks again.
        409 => FaultKind::ProviderUnavailable,
        400..500 => FaultKind::ProviderRejected,
        _ => FaultKind::ProviderUnavailable,
    };
    let mut fault = Fault::new(kind, Origin::Provider, step, public(kind, status, &said.kind, &message));
    if kind == FaultKind::ProviderRejected {
        fault.provider_status = Some(status);
        fault.code = rejected_code(status, &said).map(|code| scrub(&code));
    }
    if said.kind.is_empty() { fault } else { fault.with_cause(format!("{status} {}: {message}", scrub(&said.kind))) }
}

/// What the caller reads. About its own request it reads the provider's words; what concerns the account is for the operator, in the log.
fn public(kind: FaultKind, status: u16, said_kind: &str, message: &str) -> String {
    let text = match kind {
        FaultKind::ProviderRejected if !message.is_empty() => return message.to_owned(),
        FaultKind::ProviderRejected => "The provider refuses the request",
        FaultKind::ProviderAuthFailed => "The provider rejects the configured credential",
        FaultKind::ProviderQuotaExceeded => "The provider's account is out of credit or over its own spend limit",
        FaultKind::ProviderModelNotFound if said_kind.is_empty() => "The provider has nothing at this address: check the base URL",
        FaultKind::ProviderModelNotFound => "The provider does not know the mapped model",
        FaultKind::ProviderRateLimited => "The provider limits our rate",
        FaultKind::ProviderTimeout => "The provider did not finish in time",
        _ if status == 529 => "The provider is overloaded",
        _ => "The provider failed",
    };
    format!("{text} (status {status}).")
}

/// Money ran out: prepaid credit, or the limit that the account's owner set.
fn is_spent(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["credit balance", "usage limit", "spend limit", "spending limit", "spend cap"].iter().any(|words| message.contains(words))
}

fn rejected_code(status: u16, said: &Said) -> Option<String> {
    let message = said.message.to_ascii_lowercase();
    if message.contains("prompt is too long") || message.contains("exceed context limit") {
        return Some("context_length_exceeded".to_owned());
    }
    if status == 413 { Some("request_too_large".to_owned()) } else { said.code.clone() }
}

/// `{"type":"error","error":{"type","message"},"request_id"}`.
pub(super) fn write(fault: &Fault, request_id: &str) -> Vec<u8> {
    let body = ObjectWriter::build(|body| {
        body.member("type", "error");
        body.object("error", |error| {
            error.member("type", error_type(fault)).member("message", message(fault).as_ref());
        });
        body.member("request_id", request_id);
    });
    // Texts alone are written, which cannot fail.
    body.unwrap_or_default()
}

fn error_type(fault: &Fault) -> &'static str {
    match fault.kind {
        FaultKind::ProviderRejected if fault.provider_status == Some(413) => "request_too_large",
        _ => fault.rule().anthropic_type,
    }
}

/// Clients of this dialect know by these words that a conversation must become shorter: there is no code for it.
fn message(fault: &Fault) -> Cow<'_, str> {
    const WORDS: &str = "prompt is too long";
    let known = fault.message.to_ascii_lowercase().contains(WORDS);
    match fault.code() == Some("context_length_exceeded") && !known {
        true => format!("{WORDS}: {}", fault.message).into(),
        false => fault.message.as_str().into(),
    }
}

pub(super) fn write_frame(fault: &Fault, request_id: &str) -> Vec<u8> {
    let mut frame = b"event: error\ndata: ".to_vec();
    frame.extend(write(fault, request_id));
    frame.extend_from_slice(b"\n\n");
    frame
}
