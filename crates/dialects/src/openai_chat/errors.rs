//! Errors: a provider's, read into faults, and ours, written for clients.
//!
//! Sources: providers/openai.md §6, groq.md §5, custom.md §4 and §5.

use super::types::{loose_text, object_of};
use crate::ErrorAnswer;
use crate::retry_after::{retry_after, should_retry};
use chat::{Fault, FaultKind, Origin, Step, scrub};
use std::time::Duration;
use wire::RawRef;
use wire::json::Kind;
use wire::object::{Fields, ObjectWriter};

/// What an error body says, in whatever shape it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    message: String,
    kind: String,
    code: String,
    param: Option<String>,
    /// A status that stands in the body.
    status: Option<u16>,
    /// Members that explain more, such as Groq's `failed_generation`: for the log.
    more: Option<String>,
    /// Seconds until a model is loaded (HuggingFace).
    wait: Option<f64>,
}

impl Said {
    /// An answer that the server broke off, by its own word.
    pub(super) fn broken_off(word: &str) -> Self {
        Self { code: "server_error".to_owned(), ..Self::text(format!("the answer was broken off, with the finish reason `{word}`")) }
    }

    /// An error that is text alone.
    pub(super) fn text(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// An answer with a status of 400 or more.
pub(super) fn read(answer: ErrorAnswer<'_>) -> Fault {
    let said = said(answer.body);
    let mut fault = fault(Some(answer.status), &said, Step::FirstByte);
    fault.retry = should_retry(answer.headers);
    fault.with_retry_after(retry_after(answer.headers).or(said.wait.map(Duration::from_secs_f64)))
}

/// An error inside an answer whose status was 200.
pub(super) fn in_band(said: &Said, step: Step) -> Fault {
    fault(said.status, said, step)
}

/// The error that a JSON object stands for, if it stands for one: servers send them with status 200 and in streams.
pub(super) fn told(fields: &Fields<'_>) -> Option<Said> {
    if let Some(error) = fields.peek("error")
        && truthy(error)
    {
        return Some(of_error(error, fields));
    }
    let named = fields.peek("object").and_then(RawRef::as_str).is_some_and(|object| object == "error");
    let typed = fields.peek("type").and_then(RawRef::as_str).is_some_and(|kind| kind == "error");
    let lacks_answer = fields.peek("choices").is_none() && fields.peek("data").is_none();
    if named || (typed && lacks_answer) {
        return Some(of_members(fields.clone()));
    }
    let detail = fields.peek("detail").filter(|detail| truthy(*detail) && lacks_answer)?;
    Some(Said::text(detail_text(detail)))
}

/// What a body says that need not be JSON.
fn said(body: &[u8]) -> Said {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    match Fields::parse(text) {
        Ok(fields) => told(&fields).unwrap_or_else(|| of_members(fields)),
        Err(_) if text.is_empty() => Said::default(),
        Err(_) if text.starts_with('<') => Said::text(page_title(text).unwrap_or_default()),
        Err(_) => match RawRef::parse(text) {
            // A list with one error in it (Google's gateways).
            Ok(raw) => raw
                .items()
                .ok()
                .and_then(|items| items.first().and_then(|item| item.fields().ok()))
                .and_then(|fields| told(&fields))
                .or_else(|| Some(Said::text(raw.as_str()?)))
                .unwrap_or_default(),
            Err(_) => Said::text(text),
        },
    }
}

/// What stands between the title tags: all that is worth telling of a proxy's page.
fn page_title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = lower.get(start..)?.find("</title>")? + start;
    Some(page.get(start..end)?.trim().to_owned())
}

fn truthy(raw: RawRef<'_>) -> bool {
    !matches!(raw.text(), "null" | "false" | "\"\"" | "{}" | "0")
}

fn of_error(error: RawRef<'_>, around: &Fields<'_>) -> Said {
    match error.kind() {
        Kind::Object => error.fields().map(of_members).unwrap_or_default(),
        Kind::String => {
            let mut said = of_members(around.clone());
            let text = loose_text(Some(error)).unwrap_or_default();
            said.message = if said.message.is_empty() { text } else { format!("{text}: {}", said.message) };
            said
        }
        Kind::Array => error.items().ok().and_then(|items| Some(of_error(*items.first()?, around))).unwrap_or_default(),
        _ => Said::text(error.text()),
    }
}

/// An error object, by the names that servers use.
fn of_members(mut fields: Fields<'_>) -> Said {
    let message = ["message", "detail", "error_description", "msg"].iter().find_map(|name| {
        let found = fields.peek(name).filter(|found| truthy(*found))?;
        Some(if *name == "detail" { detail_text(found) } else { loose_text(Some(found)).unwrap_or_else(|| found.text().to_owned()) })
    });
    let code = loose_text(fields.take_ref("code")).unwrap_or_default();
    // TGI's name for it is the second.
    let kind = ["type", "error_type"].iter().find_map(|name| loose_text(fields.take_ref(name))).unwrap_or_default();
    let param = loose_text(fields.take_ref("param")).filter(|param| !param.is_empty());
    let stated = ["status_code", "status"].iter().find_map(|name| loose_text(fields.peek(name)));
    let status = stated.into_iter().chain([code.clone()]).find_map(|text| text.parse::<u16>().ok().filter(|n| (400..600).contains(n)));
    for name in ["message", "error", "object", "request_id"] {
        fields.take_ref(name);
    }
    let wait = fields.peek("estimated_time").and_then(|raw| raw.text().parse().ok()).filter(|seconds| (0.0..3600.0).contains(seconds));
    let more = object_of(&fields.rest()).map(|raw| raw.text().to_owned());
    Said { message: message.unwrap_or_default(), kind, code, param, status, more, wait }
}

/// FastAPI's `detail`: text, or a list of what is wrong where.
fn detail_text(detail: RawRef<'_>) -> String {
    let Ok(items) = detail.items() else { return loose_text(Some(detail)).unwrap_or_else(|| detail.text().to_owned()) };
    let entries = items.iter().map(|item| {
        let Ok(fields) = item.fields() else { return loose_text(Some(*item)).unwrap_or_else(|| item.text().to_owned()) };
        let place: Vec<String> = fields
            .peek("loc")
            .and_then(|loc| loc.items().ok())
            .unwrap_or_default()
            .iter()
            .filter_map(|step| loose_text(Some(*step)))
            .collect();
        let message = loose_text(fields.peek("msg")).unwrap_or_default();
        if place.is_empty() { message } else { format!("{}: {message}", place.join(".")) }
    });
    entries.collect::<Vec<_>>().join("; ")
}

fn fault(status: Option<u16>, said: &Said, step: Step) -> Fault {
    let kind = classify(status, said);
    let message = public_message(kind, status, said);
    let mut fault = Fault::new(kind, Origin::Provider, step, message);
    fault.provider_status = status;
    if kind == FaultKind::ProviderRejected {
        fault.param = said.param.as_deref().map(scrub);
        fault.code = rejected_code(said);
    }
    let cause = format!("{} {} {} {}", status.unwrap_or(200), said.kind, said.code, said.message);
    fault.with_cause(scrub(&match &said.more {
        Some(more) => format!("{cause} {more}"),
        None => cause,
    }))
}

/// Codes and types that say that the account is empty: asking again cannot help.
const QUOTA: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "quota_exceeded",
];
const NO_MODEL: &[&str] = &["model_not_found", "model_decommissioned", "model_not_available", "model_not_supported"];
const NO_KEY: &[&str] = &["invalid_api_key", "authentication_error", "invalid_authentication"];

/// What happened. The code decides before the status, because OpenAI sends two different things as 429.
fn classify(status: Option<u16>, said: &Said) -> FaultKind {
    let says = |words: &[&str]| words.contains(&said.code.as_str()) || words.contains(&said.kind.as_str());
    if says(QUOTA) {
        return FaultKind::ProviderQuotaExceeded;
    }
    let status = status.or(said.status).or_else(|| status_of_word(said));
    let rejected = status.is_none_or(|status| (400..500).contains(&status) && status != 429);
    match status {
        _ if rejected && says(NO_KEY) => FaultKind::ProviderAuthFailed,
        _ if rejected && says(NO_MODEL) => FaultKind::ProviderModelNotFound,
        Some(401 | 403) => FaultKind::ProviderAuthFailed,
        Some(402) => FaultKind::ProviderQuotaExceeded,
        Some(404) if names_a_model(said) => FaultKind::ProviderModelNotFound,
        Some(404 | 405) => FaultKind::ProviderBadResponse,
        Some(408 | 504) => FaultKind::ProviderTimeout,
        Some(429) => FaultKind::ProviderRateLimited,
        // Groq: a failed dependency, a tier without capacity, a request cancelled on its side.
        Some(424 | 498 | 499) => FaultKind::ProviderUnavailable,
        Some(400..=499) => FaultKind::ProviderRejected,
        Some(500..=599) | None => FaultKind::ProviderUnavailable,
        Some(_) => FaultKind::ProviderBadResponse,
    }
}

/// The status that a type or code stands for, where an error in a stream has none.
fn status_of_word(said: &Said) -> Option<u16> {
    let words = [said.code.as_str(), said.kind.as_str()];
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if has(&["rate_limit_exceeded", "rate_limit_error", "slow_down", "tokens", "requests", "overloaded", "Overloaded"]) {
        Some(429)
    } else if has(&["permission_error", "permission_denied"]) {
        Some(403)
    } else if has(&["server_error", "service_unavailable_error", "overloaded_error", "server_is_overloaded", "internal_error", "api_error"])
    {
        Some(503)
    } else if has(&["timeout", "timeout_error"]) {
        Some(504)
    } else if has(&["invalid_request_error", "BadRequestError", "exceed_context_size_error", "context_length_exceeded"]) {
        Some(400)
    } else if has(&["validation", "Validation", "template_error", "missing_template_variable", "tool_error", "Tokenizer", "Empty"]) {
        Some(422)
    } else if has(&["NotFoundError", "not_found_error"]) {
        Some(404)
    } else {
        None
    }
}

fn names_a_model(said: &Said) -> bool {
    said.param.as_deref() == Some("model") || said.message.to_ascii_lowercase().contains("model")
}

/// For the caller. Of an error about our own credential or account only its kind is told: providers echo keys.
fn public_message(kind: FaultKind, status: Option<u16>, said: &Said) -> String {
    let at = status.map_or_else(String::new, |status| format!(" (status {status})"));
    let told = scrub(&said.message);
    let with = |text: &str| if told.is_empty() { format!("{text}{at}.") } else { format!("{text}{at}: {told}") };
    match kind {
        FaultKind::ProviderRejected if told.is_empty() => format!("The provider refused the request{at} without saying why."),
        FaultKind::ProviderRejected => told,
        FaultKind::ProviderAuthFailed => {
            format!("The provider refused the configured credential{at}; check its key, project and permissions.")
        }
        FaultKind::ProviderQuotaExceeded => format!("The provider's account has no quota or credit left{at}."),
        FaultKind::ProviderModelNotFound => with("The provider does not know the mapped model"),
        FaultKind::ProviderRateLimited => with("The provider limits the rate of requests"),
        FaultKind::ProviderTimeout => with("The provider gave up waiting"),
        FaultKind::ProviderBadResponse => with("The provider has nothing under the path that was asked; check the base URL"),
        _ => with("The provider failed"),
    }
}

/// The code that the caller reads: the provider's, if it is a word. A number only repeats the status.
fn rejected_code(said: &Said) -> Option<String> {
    if is_context_overflow(said) {
        return Some("context_length_exceeded".to_owned());
    }
    let word = |text: &String| !text.is_empty() && text.parse::<i64>().is_err();
    Some(&said.code).filter(|code| word(code)).map(|code| scrub(code))
}

/// Servers say in many ways that the prompt is too long (providers/custom.md §5).
fn is_context_overflow(said: &Said) -> bool {
    const PHRASES: [&str; 7] = [
        "maximum context length",
        "exceeds the available context size",
        "context_length",
        "too many tokens",
        "context window",
        // LM Studio, TGI.
        "greater than the context length",
        "`max_new_tokens` must be <=",
    ];
    let message = said.message.to_ascii_lowercase();
    said.code == "context_length_exceeded"
        || said.kind == "exceed_context_size_error"
        || PHRASES.iter().any(|phrase| message.contains(phrase))
}

/// `{"error":{...}}`.
pub(super) fn write(fault: &Fault) -> Vec<u8> {
    let body = ObjectWriter::build(|out| {
        out.object("error", |out| {
            out.member("message", &fault.message);
            out.member("type", fault.rule().openai_type);
            out.member("param", &fault.param);
            out.member("code", &fault.code());
        });
    });
    // Text always serializes; the fallback is a constant all the same.
    body.unwrap_or_else(|_| {
        br#"{"error":{"message":"internal error","type":"server_error","param":null,"code":"internal_error"}}"#.to_vec()
    })
}

/// The same as a frame. No `[DONE]` follows: the stream did not end well.
pub(super) fn write_frame(fault: &Fault) -> Vec<u8> {
    [b"data: ".as_slice(), &write(fault), b"\n\n"].concat()
}

/// An object that is an error by its place: the data of an error event.
pub(super) fn of_any(fields: Fields<'_>) -> Said {
    of_members(fields)
}
