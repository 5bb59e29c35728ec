//! A chat reply in one piece.

use super::models::Model;
use super::reply_parts::{self, call_id, finish_reason, token_logprob, tool_call};
use super::request::ChatRequest;
use super::{CREATED, refusal::Refusal};
use crate::answer::Answer;
use crate::author::{self, Composed};
use crate::{Call, digest};
use serde_json::{Value, json};

pub(super) fn write(request: &ChatRequest, model: &Model, call: &Call<'_>) -> Answer {
    if call.faults.error_at.is_some() {
        return Refusal::of_status(500, call.faults.code.as_deref(), call.faults.retry_after).into_answer();
    }
    let composed: Vec<Composed> = (0..request.choices).map(|index| author::compose(&request.prompt, &call.faults, index)).collect();
    let choices: Vec<Value> = composed.iter().enumerate().map(|(index, composed)| choice(index, composed, request, call)).collect();
    let mut reply = json!({
        "id": format!("chatcmpl-{}", digest::name(call.digest, "chat", 0, 29)), "object": "chat.completion", "created": CREATED, "model": model.snapshot,
        "choices": choices, "usage": reply_parts::usage(request.input_tokens, request.cached_tokens, &composed), "service_tier": request.service_tier,
        "system_fingerprint": format!("fp_{}", digest::hex(call.digest, "fingerprint", 10))
    });
    if let Some(members) = reply.as_object_mut().filter(|_| call.faults.no_usage) {
        members.shift_remove("usage");
    }
    Answer::json(200, &reply)
}

fn choice(index: usize, composed: &Composed, request: &ChatRequest, call: &Call<'_>) -> Value {
    let calls: Vec<Value> = composed.calls.iter().enumerate().map(|(at, made)| tool_call(made, &call_id(call.digest, index, at))).collect();
    let content = if calls.is_empty() && composed.refusal.is_none() { Value::from(composed.text.as_str()) } else { Value::Null };
    let mut message = json!({ "role": "assistant", "content": content, "refusal": composed.refusal, "annotations": [] });
    if let Some(members) = message.as_object_mut().filter(|_| !calls.is_empty()) {
        members.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    let logprobs = request.logprobs.map(|top| {
        let tokens: Vec<Value> = composed.text.pieces().map(|piece| token_logprob(piece, call.digest, top)).collect();
        json!({ "content": tokens, "refusal": null })
    });
    let finish = (!call.faults.no_finish).then(|| finish_reason(&composed.finish));
    json!({ "index": index, "message": message, "logprobs": logprobs, "finish_reason": finish })
}
