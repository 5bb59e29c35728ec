//! A message as named server-sent events.

use super::refusal::Refusal;
use super::reply;
use super::request::MessagesRequest;
use crate::answer::{Answer, Events};
use crate::author::{self, Composed, ToolCall};
use crate::{Call, tokens};
use bytes::{BufMut, Bytes};
use serde_json::{Value, json};

pub(super) fn write(request: &MessagesRequest, call: &Call<'_>) -> Answer {
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let mut writer = Writer::new(call);
    writer.start(request, &composed, call);
    if let Some(block) = reply::thinking(request, &composed) {
        writer.thinking(&block, &composed);
    }
    if !composed.text.is_empty() {
        writer.text(&composed);
    }
    for (at, made) in composed.calls.iter().enumerate() {
        writer.tool_use(made, &reply::tool_id(call.digest, at));
    }
    writer.events.terminal_from_here();
    writer.end(request, &composed, call);
    Answer::events(writer.events)
}

struct Writer {
    events: Events,
    /// Blocks ended so far: the index of the open one.
    block: usize,
    pinged: bool,
}

impl Writer {
    fn new(call: &Call<'_>) -> Self {
        let error = Refusal::of_status(529, call.faults.code.as_deref(), None).body(None);
        let error = Bytes::from(format!("event: error\ndata: {error}\n\n"));
        let malformed =
            Bytes::from_static(b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":\n\n");
        Self { events: Events::new(malformed, error), block: 0, pinged: false }
    }

    fn event(&mut self, name: &str, data: &Value) {
        let buffer = self.events.buffer();
        for part in ["event: ", name, "\ndata: ", &data.to_string(), "\n\n"] {
            buffer.put_slice(part.as_bytes());
        }
        self.events.close();
    }

    fn start(&mut self, request: &MessagesRequest, composed: &Composed, call: &Call<'_>) {
        let mut message = reply::message(request, call.digest, Vec::new());
        if let Some(members) = message.as_object_mut().filter(|_| !call.faults.no_usage) {
            members.insert("usage".to_owned(), reply::usage(request, composed, composed.output_tokens.min(1)));
        }
        self.event("message_start", &json!({ "type": "message_start", "message": message }));
    }

    fn open_block(&mut self, block: &Value) {
        self.event("content_block_start", &json!({ "type": "content_block_start", "index": self.block, "content_block": block }));
        if !self.pinged {
            self.pinged = true;
            self.event("ping", &json!({ "type": "ping" }));
        }
    }

    fn delta(&mut self, delta: &Value) {
        self.event("content_block_delta", &json!({ "type": "content_block_delta", "index": self.block, "delta": delta }));
    }

    fn close_block(&mut self) {
        self.event("content_block_stop", &json!({ "type": "content_block_stop", "index": self.block }));
        self.block += 1;
    }

    /// Visible thinking comes in pieces, its signature last; a redacted block comes whole.
    fn thinking(&mut self, block: &Value, composed: &Composed) {
        let Some(signature) = block.get("signature") else {
            self.open_block(block);
            return self.close_block();
        };
        self.open_block(&json!({ "type": "thinking", "thinking": "", "signature": "" }));
        if block.get("thinking").and_then(Value::as_str).is_some_and(|visible| !visible.is_empty()) {
            for piece in composed.reasoning.pieces() {
                self.delta(&json!({ "type": "thinking_delta", "thinking": piece }));
            }
        }
        self.delta(&json!({ "type": "signature_delta", "signature": signature }));
        self.close_block();
    }

    fn text(&mut self, composed: &Composed) {
        self.open_block(&json!({ "type": "text", "text": "" }));
        let head = format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":{},\"delta\":{{\"type\":\"text_delta\",\"text\":",
            self.block
        );
        for piece in composed.text.pieces() {
            let text = serde_json::to_string(piece).unwrap_or_default();
            let buffer = self.events.buffer();
            buffer.put_slice(head.as_bytes());
            buffer.put_slice(text.as_bytes());
            buffer.put_slice(b"}}\n\n");
            self.events.close();
        }
        self.close_block();
    }

    fn tool_use(&mut self, made: &ToolCall, id: &str) {
        self.open_block(&json!({ "type": "tool_use", "id": id, "name": made.name, "input": {} }));
        let input = made.input.as_text();
        self.delta(&json!({ "type": "input_json_delta", "partial_json": "" }));
        if input != "{}" {
            for piece in tokens::pieces(&input) {
                self.delta(&json!({ "type": "input_json_delta", "partial_json": piece }));
            }
        }
        self.close_block();
    }

    fn end(&mut self, request: &MessagesRequest, composed: &Composed, call: &Call<'_>) {
        let mut event = json!({ "type": "message_delta", "delta": reply::stop(composed) });
        if let Some(members) = event.as_object_mut().filter(|_| !call.faults.no_usage) {
            members.insert("usage".to_owned(), reply::usage(request, composed, composed.output_tokens));
        }
        self.event("message_delta", &event);
        self.event("message_stop", &json!({ "type": "message_stop" }));
    }
}
