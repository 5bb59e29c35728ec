//! What unary and streamed replies of the OpenAI form have in common.

use crate::author::{Composed, Finish, ToolCall, ToolInput};
use crate::digest;
use serde_json::{Value, json};

pub(crate) fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

pub(crate) fn tool_call(call: &ToolCall, id: &str) -> Value {
    let input = call.input.as_text();
    match call.input {
        ToolInput::Arguments(_) => json!({ "id": id, "type": "function", "function": { "name": call.name, "arguments": input } }),
        ToolInput::Text(_) => json!({ "id": id, "type": "custom", "custom": { "name": call.name, "input": input } }),
    }
}

pub(crate) fn call_id(digest: u64, choice: usize, index: usize) -> String {
    format!("call_{}", digest::name(digest, "call", (choice * 1000 + index) as u64, 24))
}

/// The log probability of one token with `top` alternatives; made up, but falling and negative.
pub(crate) fn token_logprob(token: &str, digest: u64, top: usize) -> Value {
    let logprob = |rank: usize| -0.01 - rank as f64 - (digest::derive(digest, token, rank as u64) % 1000) as f64 / 2000.0;
    let entry = |token: &str, rank: usize| json!({ "token": token, "logprob": logprob(rank), "bytes": token.as_bytes() });
    let alternatives: Vec<Value> =
        (0..top).map(|rank| if rank == 0 { entry(token, 0) } else { entry(&format!("{token}{rank}"), rank) }).collect();
    let mut whole = entry(token, 0);
    if let Some(members) = whole.as_object_mut() {
        members.insert("top_logprobs".to_owned(), Value::Array(alternatives));
    }
    whole
}

pub(crate) fn usage(input: u64, cached: u64, composed: &[Composed]) -> Value {
    let output: u64 = composed.iter().map(|composed| composed.output_tokens).sum();
    let reasoning: u64 = composed.iter().map(|composed| composed.reasoning_tokens).sum();
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": { "cached_tokens": cached, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 }
    })
}
