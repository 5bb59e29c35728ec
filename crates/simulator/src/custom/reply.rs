//! A reply in one piece, with what each server adds, leaves out or writes otherwise.

use super::request::Request;
use super::server::Server;
use crate::answer::Answer;
use crate::author::{self, Composed, Finish, ToolCall};
use crate::openai::CREATED;
use crate::{Call, digest};
use serde_json::{Map, Value, json};

pub(super) fn write(request: &Request, server: Server, call: &Call<'_>) -> Answer {
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let mut reply = json!({
        "id": id(server, call.digest), "object": "chat.completion", "created": CREATED, "model": request.model,
        "system_fingerprint": server.fingerprint(),
        "choices": [choice(request, server, call, &composed)]
    });
    if let Some(members) = reply.as_object_mut() {
        if !call.faults.no_usage {
            members.insert("usage".to_owned(), usage(server, request.input_tokens, &composed));
        }
        members.extend(extras(server, &composed));
    }
    Answer::json(200, &reply)
}

pub(super) fn id(server: Server, of: u64) -> String {
    match server {
        // It has none to give.
        Server::Tgi => String::new(),
        _ => format!("chatcmpl-{}", digest::hex(of, "chat", 32)),
    }
}

fn choice(request: &Request, server: Server, call: &Call<'_>, composed: &Composed) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), Value::from("assistant"));
    let calls: Vec<Value> = composed.calls.iter().enumerate().map(|(at, made)| tool_call(server, call.digest, at, made)).collect();
    let content = if calls.is_empty() { Value::from(composed.text.as_str()) } else { Value::Null };
    message.insert("content".to_owned(), content);
    if !composed.reasoning.is_empty() {
        message.insert(server.thought_in(request.is_old).to_owned(), Value::from(composed.reasoning.as_str()));
    }
    // vLLM writes an empty list where nothing is called.
    if server == Server::Vllm || !calls.is_empty() {
        message.insert("tool_calls".to_owned(), Value::Array(calls));
    }
    let mut choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish(server, &composed.finish) });
    if let Some(members) = choice.as_object_mut().filter(|_| server == Server::Vllm) {
        members.insert("stop_reason".to_owned(), Value::Null);
    }
    choice
}

pub(super) fn tool_call(server: Server, of: u64, at: usize, made: &ToolCall) -> Value {
    let id = match server {
        Server::Vllm => format!("chatcmpl-tool-{}", digest::hex(digest::derive(of, "tool", at as u64), "tool", 32)),
        Server::LmStudio => digest::hex(digest::derive(of, "tool", at as u64), "tool", 9),
        Server::LlamaCpp => digest::name(of, "tool", at as u64, 32),
        // All calls have the same one.
        Server::Tgi => "0".to_owned(),
    };
    json!({ "id": id, "type": "function", "function": { "name": made.name, "arguments": made.input.as_text() } })
}

pub(super) fn finish(server: Server, finish: &Finish) -> &'static str {
    match (finish, server) {
        (Finish::Length, _) => "length",
        (Finish::ToolCalls, _) => "tool_calls",
        (Finish::Stop, Server::Tgi) => "stop",
        (Finish::StopSequence(_), Server::Tgi) => "stop_sequence",
        (Finish::Stop | Finish::StopSequence(_) | Finish::Refusal, _) => "stop",
    }
}

pub(super) fn usage(server: Server, input: u64, composed: &Composed) -> Value {
    let mut usage =
        json!({ "prompt_tokens": input, "completion_tokens": composed.output_tokens, "total_tokens": input + composed.output_tokens });
    let details = match server {
        Server::Vllm => Value::Null,
        Server::LlamaCpp => json!({ "cached_tokens": 0 }),
        Server::LmStudio | Server::Tgi => return usage,
    };
    if let Some(members) = usage.as_object_mut() {
        members.insert("prompt_tokens_details".to_owned(), details);
    }
    usage
}

/// Members that OpenAI's API does not have.
pub(super) fn extras(server: Server, composed: &Composed) -> Map<String, Value> {
    let extras = match server {
        Server::Vllm => json!({ "service_tier": null, "prompt_logprobs": null, "kv_transfer_params": null }),
        Server::LlamaCpp => {
            json!({ "timings": { "cache_n": 0, "prompt_n": 7, "predicted_n": composed.output_tokens, "predicted_ms": 12.5 } })
        }
        Server::LmStudio => json!({
            "stats": { "tokens_per_second": 51.4, "stop_reason": "eosFound" }, "model_info": { "arch": "llama" },
            "runtime": { "name": "llama.cpp" }
        }),
        Server::Tgi => json!({}),
    };
    extras.as_object().cloned().unwrap_or_default()
}
