//! Error answers.

use super::{check, text};
use chat::FaultKind;
use dialects::openai_chat::OpenaiChat;
use dialects::{Dialect, ErrorAnswer};
use testkit::recorded::{Record, leaves};

/// R67: the kind follows the contract's table, and nothing that looks like a key is told.
fn is_understood(record: &Record) -> Result<(), String> {
    let headers = http::HeaderMap::new();
    let status = record.response.status;
    let fault = OpenaiChat.read_error(ErrorAnswer { status, headers: &headers, body: &record.response.body });
    let allowed: &[FaultKind] = match status {
        400 => &[FaultKind::ProviderRejected, FaultKind::ProviderModelNotFound],
        401 | 403 => &[FaultKind::ProviderAuthFailed],
        404 => &[FaultKind::ProviderModelNotFound, FaultKind::ProviderBadResponse],
        429 => &[FaultKind::ProviderRateLimited, FaultKind::ProviderQuotaExceeded],
        500..=599 => &[FaultKind::ProviderUnavailable],
        _ => &[],
    };
    if !allowed.contains(&fault.kind) {
        return Err(format!("status {status} was read as {:?}", fault.kind));
    }
    if fault.status() == 401 || fault.provider_status != Some(status) {
        return Err(format!("the caller gets status {}", fault.status()));
    }
    let said = leaves(text(record)?);
    let message = said.iter().find(|leaf| leaf.path.ends_with("message")).and_then(|leaf| serde_json::from_str::<String>(&leaf.value).ok());
    if fault.kind == FaultKind::ProviderRejected
        && let Some(message) = message
        && chat::scrub(&message) != fault.message
    {
        return Err(format!("the provider's message is not passed on: {}", fault.message));
    }
    let body = String::from_utf8(OpenaiChat.write_error(&fault, "req")).map_err(|error| error.to_string())?;
    let told = format!("{body}{}", fault.cause.unwrap_or_default());
    if told.contains("sk-") || told.contains("gsk_") {
        return Err("a key is told".to_owned());
    }
    let names: Vec<String> = leaves(&body).into_iter().map(|leaf| leaf.path).collect();
    if names == ["error.message", "error.type", "error.param", "error.code"] { Ok(()) } else { Err(format!("{names:?}")) }
}

fn is_ours(record: &Record) -> bool {
    record.is_error() && matches!(record.asked(), "chat" | "chat_stream" | "embeddings" | "models")
}

#[test]
fn errors_of_openai_and_groq_are_understood() {
    check("errors", &["openai", "groq"], 25, is_ours, is_understood);
}

#[test]
fn errors_of_imitators_are_understood() {
    check("errors", &["other_openai_compatible"], 20, is_ours, is_understood);
}
