//! What clients and SDKs sent.

use super::check;
use dialects::openai_chat::OpenaiChat;
use dialects::{Dialect, ModelFacts, Target};
use testkit::recorded::{Allowance, Leaf, Record, leaves, missing};

/// What a request may lose without being told: it says nothing.
const ALLOWED: &[Allowance] = &[
    Allowance { pattern: "response_format", value: Some("null"), reason: "null says \"not given\"" },
    Allowance { pattern: "messages[*].refusal", value: Some("null"), reason: "null says \"not given\"" },
    Allowance { pattern: "messages[*].content", value: Some("null"), reason: "null says \"not given\"" },
    Allowance { pattern: "messages[*].reasoning_content", value: Some("\"\""), reason: "an empty thought says nothing" },
    Allowance { pattern: "tools[*].function.description", value: Some("null"), reason: "null says \"not given\"" },
];

fn round_trips(record: &Record) -> Result<(), String> {
    let original = record.request.body.as_deref().ok_or("no request body")?;
    let chat = match OpenaiChat.read_request(original.as_bytes()) {
        Ok(chat) => chat,
        // What the provider refused may be refused here too, if the field is named.
        Err(fault) if record.is_error() && fault.param.is_some() => return Ok(()),
        Err(fault) => return Err(fault.to_string()),
    };
    let facts = ModelFacts::default();
    let target = Target { model: &chat.model, facts: &facts, version: None };
    let written = OpenaiChat.write_request(&chat, &target).map_err(|fault| fault.to_string())?;
    let body = String::from_utf8(written.body).map_err(|error| error.to_string())?;
    let lost: Vec<String> = written.losses.iter().map(|loss| loss.path.clone()).collect();
    let kept = leaves(&body);
    // The thought of an earlier turn goes out under the name that most servers read; one that reads another name has a quirk that says so.
    let moved = |leaf: &Leaf| kept.iter().any(|have| have.path == format!("{}_content", leaf.path) && have.value == leaf.value);
    let mut gone = missing(original, &body, ALLOWED, &lost);
    gone.retain(|leaf| !(leaf.path.ends_with("].reasoning") && moved(leaf)));
    if !gone.is_empty() {
        return Err(format!("lost without a word: {:?}", gone.iter().take(5).collect::<Vec<_>>()));
    }
    let again = OpenaiChat.read_request(body.as_bytes()).map_err(|fault| fault.to_string())?;
    if written.losses.is_empty() && again != chat {
        return Err(format!("read(write(read(x))) differs: {again:?}\nfrom {chat:?}"));
    }
    Ok(())
}

fn is_chat(record: &Record) -> bool {
    matches!(record.asked(), "chat" | "chat_stream")
}

#[test]
fn requests_to_openai_and_groq_round_trip() {
    check("requests", &["openai", "groq"], 215, is_chat, round_trips);
}

#[test]
fn requests_to_imitators_round_trip() {
    check("requests", &["other_openai_compatible"], 80, is_chat, round_trips);
}
