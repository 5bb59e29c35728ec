//! A chat reply as server-sent events: usage on the finish chunk and in `x_groq`, tool calls whole, errors as a named event.

use super::reply::{self, call_id, completion_id, fingerprint};
use super::request::{ChatRequest, Shows};
use super::{refusal, request_id};
use crate::Call;
use crate::answer::{Answer, Events};
use crate::author::{self, Composed};
use crate::openai::CREATED;
use crate::openai::reply_parts::{finish_reason, tool_call};
use bytes::{BufMut, Bytes};
use serde_json::{Value, json};

pub(super) fn write(request: &ChatRequest, model: &str, call: &Call<'_>) -> Answer {
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let mut writer = Writer::new(model, call);
    let content = if composed.calls.is_empty() { json!("") } else { Value::Null };
    let x_groq = json!({ "id": request_id(call.digest), "seed": reply::seed(call.digest) });
    writer.chunk(&json!({ "role": "assistant", "content": content }), None, &[("x_groq", x_groq)]);
    writer.reasoning(&composed, request.shows);
    writer.body(&composed, call.digest);
    writer.events.terminal_from_here();
    writer.end(request, &composed, call);
    writer.events.push(b"data: [DONE]\n\n");
    Answer::events(writer.events)
}

struct Writer {
    events: Events,
    /// Everything of a chunk before `choices`.
    head: String,
}

impl Writer {
    fn new(model: &str, call: &Call<'_>) -> Self {
        let head = format!(
            r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{CREATED},"model":{},"system_fingerprint":"{}","choices":"#,
            completion_id(call.digest),
            Value::from(model),
            fingerprint(call.digest)
        );
        let malformed = Bytes::from_static(
            b"data: {\"id\":\"chatcmpl-broken\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":\n\n",
        );
        let status = call.faults.status.unwrap_or(400);
        let refusal = refusal::of_status(status, call.faults.code.as_deref().or(Some("tool_use_failed")), None);
        let mut error = refusal::body(&refusal);
        error.insert("status_code".to_owned(), Value::from(status));
        let error = Bytes::from(format!("event: error\ndata: {}\n\n", json!({ "error": error })));
        Self { events: Events::new(malformed, error), head }
    }

    fn chunk(&mut self, delta: &Value, finish: Option<&str>, more: &[(&str, Value)]) {
        let choices = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]);
        self.whole(&choices, more);
    }

    fn whole(&mut self, choices: &Value, more: &[(&str, Value)]) {
        let buffer = self.events.buffer();
        buffer.put_slice(self.head.as_bytes());
        buffer.put_slice(choices.to_string().as_bytes());
        for (name, value) in more {
            buffer.put_slice(format!(",\"{name}\":{value}").as_bytes());
        }
        buffer.put_slice(b"}\n\n");
        self.events.close();
    }

    fn reasoning(&mut self, composed: &Composed, shows: Shows) {
        if composed.reasoning.is_empty() || shows == Shows::Hidden {
            return;
        }
        if shows == Shows::Raw {
            self.content("<think>\n");
        }
        for piece in composed.reasoning.pieces() {
            match shows {
                Shows::Raw => self.content(piece),
                _ => self.chunk(&json!({ "reasoning": piece }), None, &[]),
            }
        }
        if shows == Shows::Raw {
            self.content("\n</think>\n\n");
        }
    }

    fn body(&mut self, composed: &Composed, digest: u64) {
        for (at, made) in composed.calls.iter().enumerate() {
            let mut whole = tool_call(made, &call_id(digest, at));
            if let Some(members) = whole.as_object_mut() {
                members.insert("index".to_owned(), Value::from(at));
            }
            self.chunk(&json!({ "tool_calls": [whole] }), None, &[]);
        }
        if let Some(refusal) = &composed.refusal {
            self.content(refusal);
        }
        for piece in composed.text.pieces() {
            self.content(piece);
        }
    }

    /// The most frequent chunk, written without building a value.
    fn content(&mut self, piece: &str) {
        let text = serde_json::to_string(piece).unwrap_or_default();
        let buffer = self.events.buffer();
        buffer.put_slice(self.head.as_bytes());
        buffer.put_slice(br#"[{"index":0,"delta":{"content":"#);
        buffer.put_slice(text.as_bytes());
        buffer.put_slice(b"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
        self.events.close();
    }

    fn end(&mut self, request: &ChatRequest, composed: &Composed, call: &Call<'_>) {
        let finish = Some(finish_reason(&composed.finish));
        let id = request_id(call.digest);
        if call.faults.no_usage {
            return self.chunk(&json!({}), finish, &[("x_groq", json!({ "id": id }))]);
        }
        let usage = reply::usage(request, composed);
        self.chunk(&json!({}), finish, &[("x_groq", json!({ "id": id, "usage": usage })), ("usage", usage.clone())]);
        if request.include_usage {
            self.whole(&json!([]), &[("usage", usage), ("service_tier", Value::from(request.service_tier))]);
        }
    }
}
