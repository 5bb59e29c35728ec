//! A message in one piece, and what it has in common with a streamed one.

use super::refusal::Refusal;
use super::request::MessagesRequest;
use super::{request_id, signature};
use crate::answer::Answer;
use crate::author::{self, Composed, Finish, ToolInput};
use crate::{Call, digest};
use serde_json::{Value, json};

/// A text with this word makes the thinking opaque.
const REDACT: &str = "redact-thinking";

pub(super) fn write(request: &MessagesRequest, call: &Call<'_>) -> Answer {
    if call.faults.error_at.is_some() {
        return Refusal::of_status(500, call.faults.code.as_deref(), call.faults.retry_after).into_answer(&request_id(call.digest));
    }
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let mut blocks: Vec<Value> = thinking(request, &composed).into_iter().collect();
    if !composed.text.is_empty() {
        blocks.push(json!({ "type": "text", "text": composed.text.as_str() }));
    }
    blocks.extend(composed.calls.iter().enumerate().map(|(at, made)| {
        let input = match &made.input {
            ToolInput::Arguments(value) => value.clone(),
            ToolInput::Text(text) => json!({ "input": text }),
        };
        json!({ "type": "tool_use", "id": tool_id(call.digest, at), "name": made.name, "input": input })
    }));
    let mut message = message(request, call.digest, blocks);
    if let Some(members) = message.as_object_mut() {
        if !call.faults.no_finish {
            members.extend(stop(&composed));
        }
        if !call.faults.no_usage {
            members.insert("usage".to_owned(), usage(request, &composed, composed.output_tokens));
        }
    }
    Answer::json(200, &message)
}

/// Everything but how it ended and what it cost.
pub(super) fn message(request: &MessagesRequest, digest: u64, blocks: Vec<Value>) -> Value {
    let id = format!("msg_01{}", digest::name(digest, "message", 0, 22));
    json!({
        "id": id, "type": "message", "role": "assistant", "model": request.model, "content": blocks,
        "stop_reason": null, "stop_sequence": null, "stop_details": null
    })
}

pub(super) fn tool_id(digest: u64, at: usize) -> String {
    format!("toolu_01{}", digest::name(digest, "tool", at as u64, 22))
}

/// The thinking block that the caller sees.
pub(super) fn thinking(request: &MessagesRequest, composed: &Composed) -> Option<Value> {
    let thought = composed.reasoning.as_str();
    if composed.reasoning.is_empty() {
        return None;
    }
    if request.prompt.text.contains(REDACT) {
        return Some(json!({ "type": "redacted_thinking", "data": signature::redact(thought) }));
    }
    let visible = if request.shows_thinking { thought } else { "" };
    Some(json!({ "type": "thinking", "thinking": visible, "signature": signature::sign(visible, request.signer.as_deref()) }))
}

/// `stop_reason`, `stop_sequence` and `stop_details`.
pub(super) fn stop(composed: &Composed) -> serde_json::Map<String, Value> {
    let (reason, sequence, details) = match &composed.finish {
        Finish::Stop => ("end_turn", Value::Null, Value::Null),
        Finish::StopSequence(sequence) => ("stop_sequence", Value::from(sequence.as_str()), Value::Null),
        Finish::Length => ("max_tokens", Value::Null, Value::Null),
        Finish::ToolCalls => ("tool_use", Value::Null, Value::Null),
        Finish::Refusal => ("refusal", Value::Null, json!({ "type": "refusal", "category": "general_harms", "explanation": null })),
    };
    let members = [("stop_reason", Value::from(reason)), ("stop_sequence", sequence), ("stop_details", details)];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn usage(request: &MessagesRequest, composed: &Composed, output_tokens: u64) -> Value {
    let (five_minutes, one_hour) = if request.one_hour { (0, request.cache_write) } else { (request.cache_write, 0) };
    json!({
        "input_tokens": request.input_tokens, "cache_creation_input_tokens": request.cache_write, "cache_read_input_tokens": request.cache_read,
        "cache_creation": { "ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": one_hour },
        "output_tokens": output_tokens, "output_tokens_details": { "thinking_tokens": composed.reasoning_tokens.min(output_tokens) },
        "service_tier": "standard"
    })
}
