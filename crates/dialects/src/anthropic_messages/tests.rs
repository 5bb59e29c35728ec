//! Tests of the codec: requests by rule, replies, streams, errors; nothing lost; recorded traffic.

mod accounting;
mod answers;
mod errors;
mod from_openai;
mod grid;
mod inbound;
mod inbound_accounting;
mod recorded;
mod replies;
mod requests;
mod shape;
mod streams;
mod thinking;
mod tools;
mod written_streams;

use super::AnthropicMessages;
use crate::{Dialect, ModelFacts, OffSwitch, Target, Thinking, ThinkingMode, Written};
use chat::{
    CacheMarker, Chat, DialectId, Extras, Fault, LossKind, Part, PartKind, ReasoningPart, Role, Tool, ToolCall, ToolKind, ToolResult, Turn,
};
use serde_json::Value;
use wire::Raw;

/// Writes for a model of which nothing special is known.
fn write(chat: &Chat) -> Written {
    write_for(chat, &ModelFacts::default())
}

fn write_for(chat: &Chat, facts: &ModelFacts) -> Written {
    try_write(chat, facts, None).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn try_write(chat: &Chat, facts: &ModelFacts, version: Option<&str>) -> Result<Written, Fault> {
    AnthropicMessages.write_request(chat, &Target { model: "claude-test", facts, version })
}

fn refused(chat: &Chat) -> Fault {
    try_write(chat, &ModelFacts::default(), None).expect_err("the request was written")
}

fn json(written: &Written) -> Value {
    serde_json::from_slice(&written.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&written.body)))
}

/// The losses as `path` (dropped) and `~path` (approximated).
fn losses(written: &Written) -> Vec<String> {
    let mark = |kind| if kind == LossKind::Approximated { "~" } else { "" };
    written.losses.iter().map(|loss| format!("{}{}", mark(loss.kind), loss.path)).collect()
}

fn raw(text: &str) -> Raw {
    Raw::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    let listed = !matches!(parts.as_slice(), [Part { kind: PartKind::Text { .. }, .. }]);
    Turn { role, parts, name: None, listed, extras: Extras::default() }
}

fn says(role: Role, text: &str) -> Turn {
    turn(role, vec![Part::text(text)])
}

fn chat(turns: Vec<Turn>) -> Chat {
    Chat { model: "virtual".into(), turns, max_tokens: Some(100), ..Chat::default() }
}

fn hello() -> Chat {
    chat(vec![says(Role::User, "Hi")])
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    let (id, name, arguments) = (id.into(), name.into(), arguments.into());
    Part::new(PartKind::ToolCall(ToolCall { id, name, arguments, custom: false, inner_extras: Extras::default() }))
}

fn result(id: &str, text: &str) -> Turn {
    let result = ToolResult { call_id: id.into(), parts: vec![Part::text(text)], listed: false, is_error: None };
    turn(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
}

fn thought(text: &str, signature: &str) -> Part {
    let (text, signature) = (text.into(), Some(signature.into()));
    Part::new(PartKind::Reasoning(ReasoningPart { text, signature, encrypted: None, from: DialectId::AnthropicMessages }))
}

fn tool(name: &str) -> Tool {
    Tool {
        kind: ToolKind::Function,
        name: name.into(),
        description: None,
        parameters: Some(raw(r#"{"type":"object","properties":{"x":{"type":"integer"}}}"#)),
        strict: None,
        cache: None,
        extras: Extras::default(),
        inner_extras: Extras::default(),
    }
}

fn marked(mut part: Part, ttl: Option<&str>) -> Part {
    part.cache = Some(CacheMarker { ttl: ttl.map(str::to_owned) });
    part
}

fn openai(members: &[(&str, &str)]) -> Extras {
    Extras::new(DialectId::OpenaiChat, members.iter().map(|(name, value)| ((*name).to_owned(), raw(value))).collect())
}

fn thinks(mode: ThinkingMode, off: OffSwitch) -> ModelFacts {
    let efforts: &[&str] = if mode == ThinkingMode::Budget { &[] } else { &["low", "medium", "high", "xhigh", "max"] };
    ModelFacts { thinking: Thinking { mode, off, efforts, text_on_request: true }, ..ModelFacts::default() }
}

fn text_block(text: &str) -> Value {
    serde_json::json!({"type": "text", "text": text})
}
