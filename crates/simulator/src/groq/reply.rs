//! A chat reply in one piece, and what it has in common with a streamed one.

use super::request::{ChatRequest, Shows};
use super::{refusal, request_id};
use crate::answer::Answer;
use crate::author::{self, Composed};
use crate::openai::CREATED;
use crate::openai::reply_parts::{finish_reason, tool_call};
use crate::{Call, digest};
use serde_json::{Map, Value, json};

pub(super) fn write(request: &ChatRequest, model: &str, call: &Call<'_>) -> Answer {
    if call.faults.error_at.is_some() {
        return refusal::into_answer(refusal::of_status(500, call.faults.code.as_deref(), call.faults.retry_after));
    }
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let finish = (!call.faults.no_finish).then(|| finish_reason(&composed.finish));
    let choice = json!({ "index": 0, "message": message(&composed, request, call.digest), "logprobs": null, "finish_reason": finish });
    let mut reply = json!({
        "id": completion_id(call.digest), "object": "chat.completion", "created": CREATED, "model": model, "choices": [choice],
        "usage": usage(request, &composed), "usage_breakdown": null, "system_fingerprint": fingerprint(call.digest),
        "x_groq": { "id": request_id(call.digest), "seed": seed(call.digest) }, "service_tier": request.service_tier
    });
    if let Some(members) = reply.as_object_mut().filter(|_| call.faults.no_usage) {
        members.shift_remove("usage");
    }
    Answer::json(200, &reply)
}

/// `content` is absent where there are only tool calls.
fn message(composed: &Composed, request: &ChatRequest, digest: u64) -> Map<String, Value> {
    let mut message = Map::new();
    message.insert("role".to_owned(), Value::from("assistant"));
    if composed.calls.is_empty() {
        message.insert("content".to_owned(), Value::from(content(composed, request)));
    }
    if request.shows == Shows::Parsed && !composed.reasoning.is_empty() {
        message.insert("reasoning".to_owned(), Value::from(composed.reasoning.as_str()));
    }
    if !composed.calls.is_empty() {
        let calls = composed.calls.iter().enumerate().map(|(at, made)| tool_call(made, &call_id(digest, at))).collect();
        message.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    message
}

fn content(composed: &Composed, request: &ChatRequest) -> String {
    let text = composed.refusal.as_deref().unwrap_or(composed.text.as_str());
    match request.shows {
        Shows::Raw if !composed.reasoning.is_empty() => format!("<think>\n{}\n</think>\n\n{text}", composed.reasoning.as_str()),
        _ => text.to_owned(),
    }
}

pub(super) fn completion_id(digest: u64) -> String {
    let hex = digest::hex(digest, "chat", 32);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("chatcmpl-{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

pub(super) fn call_id(digest: u64, at: usize) -> String {
    digest::name(digest, "call", at as u64, 9).to_lowercase()
}

pub(super) fn fingerprint(digest: u64) -> String {
    format!("fp_{}", digest::hex(digest, "fingerprint", 10))
}

pub(super) fn seed(digest: u64) -> u64 {
    digest::derive(digest, "seed", 0) % 2_000_000_000
}

/// Details are there only where they are not zero; times are made up from the counts.
pub(super) fn usage(request: &ChatRequest, composed: &Composed) -> Value {
    let (input, output) = (request.input_tokens, composed.output_tokens);
    let (prompt_time, completion_time) = (input as f64 / 20_000.0, output as f64 / 400.0);
    let mut usage = json!({
        "queue_time": 0.012, "prompt_tokens": input, "prompt_time": prompt_time, "completion_tokens": output, "completion_time": completion_time,
        "total_tokens": input + output, "total_time": prompt_time + completion_time
    });
    if let Some(members) = usage.as_object_mut().filter(|_| composed.reasoning_tokens > 0) {
        members.insert("completion_tokens_details".to_owned(), json!({ "reasoning_tokens": composed.reasoning_tokens }));
    }
    usage
}
