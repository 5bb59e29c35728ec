//! A chat reply as server-sent events: role, content, finish, usage where asked for, `[DONE]`.

use super::models::Model;
use super::reply_parts::{self, call_id, finish_reason, token_logprob, tool_call};
use super::request::ChatRequest;
use super::{CREATED, refusal::Refusal};
use crate::answer::{Answer, Events};
use crate::author::{self, Composed, ToolCall, ToolInput};
use crate::{Call, digest};
use bytes::{BufMut, Bytes};
use serde_json::{Value, json};

/// What `obfuscation` is cut from: padding that hides the length of a token.
const PADDING: &str = "Qup1BsQ3dThzap0h9RiQLLWFgrA4AzUP";

pub(super) fn write(request: &ChatRequest, model: &Model, call: &Call<'_>) -> Answer {
    let composed: Vec<Composed> = (0..request.choices).map(|index| author::compose(&request.prompt, &call.faults, index)).collect();
    let mut writer = Writer::new(request, model, call);
    for (index, composed) in composed.iter().enumerate() {
        writer.first(index, composed);
    }
    for (index, composed) in composed.iter().enumerate() {
        writer.body(index, composed);
    }
    writer.events.terminal_from_here();
    for (index, composed) in composed.iter().enumerate() {
        writer.choice(index, &json!({}), &Value::Null, Some(finish_reason(&composed.finish)));
    }
    if request.include_usage && !call.faults.no_usage {
        writer.usage(&reply_parts::usage(request.input_tokens, request.cached_tokens, &composed));
    }
    writer.events.push(b"data: [DONE]\n\n");
    Answer::events(writer.events)
}

struct Writer<'a> {
    events: Events,
    request: &'a ChatRequest,
    digest: u64,
    /// Everything of a chunk before `choices`.
    head: String,
    count: usize,
}

impl<'a> Writer<'a> {
    fn new(request: &'a ChatRequest, model: &Model, call: &Call<'_>) -> Self {
        let head = format!(
            r#"data: {{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":{CREATED},"model":{},"service_tier":"{}","system_fingerprint":"fp_{}","choices":"#,
            digest::name(call.digest, "chat", 0, 29),
            Value::from(model.snapshot.as_str()),
            request.service_tier,
            digest::hex(call.digest, "fingerprint", 10)
        );
        let error = Refusal::of_status(500, call.faults.code.as_deref(), None).body();
        let malformed = Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-broken\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":\n\n",
        );
        Self { events: Events::new(malformed, Bytes::from(format!("data: {error}\n\n"))), request, digest: call.digest, head, count: 0 }
    }

    fn first(&mut self, index: usize, composed: &Composed) {
        let logprobs = self.request.logprobs.map(|_| json!({ "content": [], "refusal": null })).unwrap_or_default();
        let delta = match composed.calls.first() {
            Some(call) => {
                json!({ "role": "assistant", "content": null, "tool_calls": [begin_call(call, &call_id(self.digest, index, 0), 0)], "refusal": null })
            }
            None => json!({ "role": "assistant", "content": "", "refusal": null }),
        };
        self.choice(index, &delta, &logprobs, None);
    }

    fn body(&mut self, index: usize, composed: &Composed) {
        if let Some(refusal) = &composed.refusal {
            return self.choice(index, &json!({ "refusal": refusal }), &Value::Null, None);
        }
        for (at, call) in composed.calls.iter().enumerate() {
            if at > 0 {
                let delta = json!({ "tool_calls": [begin_call(call, &call_id(self.digest, index, at), at)] });
                self.choice(index, &delta, &Value::Null, None);
            }
            self.arguments(index, at, call);
        }
        if !composed.calls.is_empty() {
            return;
        }
        for piece in composed.text.pieces() {
            match self.request.logprobs {
                Some(top) => {
                    let logprobs = json!({ "content": [token_logprob(piece, self.digest, top)], "refusal": null });
                    self.choice(index, &json!({ "content": piece }), &logprobs, None);
                }
                None => self.content(index, piece),
            }
        }
    }

    /// Arguments come in pieces that are cut without regard to JSON.
    fn arguments(&mut self, index: usize, at: usize, call: &ToolCall) {
        let text = call.input.as_text();
        for piece in crate::tokens::pieces(&text) {
            let delta = match call.input {
                ToolInput::Arguments(_) => json!({ "tool_calls": [{ "index": at, "function": { "arguments": piece } }] }),
                ToolInput::Text(_) => json!({ "tool_calls": [{ "index": at, "custom": { "input": piece } }] }),
            };
            self.choice(index, &delta, &Value::Null, None);
        }
    }

    /// The most frequent chunk, written without building a value.
    fn content(&mut self, index: usize, piece: &str) {
        let text = serde_json::to_string(piece).unwrap_or_default();
        self.open();
        let chunk = format!(r#"[{{"index":{index},"delta":{{"content":{text}}},"logprobs":null,"finish_reason":null}}]"#);
        self.events.buffer().put_slice(chunk.as_bytes());
        self.close("null");
    }

    fn choice(&mut self, index: usize, delta: &Value, logprobs: &Value, finish: Option<&str>) {
        self.open();
        let choices = json!([{ "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish }]).to_string();
        self.events.buffer().put_slice(choices.as_bytes());
        self.close("null");
    }

    fn usage(&mut self, usage: &Value) {
        self.open();
        self.events.buffer().put_slice(b"[]");
        self.close(&usage.to_string());
    }

    fn open(&mut self) {
        self.events.buffer().put_slice(self.head.as_bytes());
    }

    /// Ends a chunk: `usage` is a member only where the caller asked for usage.
    fn close(&mut self, usage: &str) {
        let buffer = self.events.buffer();
        if self.request.include_usage {
            buffer.put_slice(b",\"usage\":");
            buffer.put_slice(usage.as_bytes());
        }
        if self.request.obfuscation {
            let length = 1 + self.count % (PADDING.len() - 1);
            buffer.put_slice(b",\"obfuscation\":\"");
            buffer.put_slice(PADDING.get(..length).unwrap_or_default().as_bytes());
            buffer.put_slice(b"\"");
        }
        buffer.put_slice(b"}\n\n");
        self.count += 1;
        self.events.close();
    }
}

fn begin_call(call: &ToolCall, id: &str, at: usize) -> Value {
    let mut value = tool_call(call, id);
    for (member, input) in [("function", "arguments"), ("custom", "input")] {
        if let Some(text) = value.get_mut(member).and_then(|inner| inner.get_mut(input)) {
            *text = Value::from("");
        }
    }
    let mut whole = serde_json::Map::new();
    whole.insert("index".to_owned(), Value::from(at));
    if let Value::Object(members) = value {
        whole.extend(members);
    }
    Value::Object(whole)
}
