//! A reply as a stream, in each server's habits.

use super::refusal::Refusal;
use super::reply;
use super::request::Request;
use super::server::Server;
use crate::Call;
use crate::answer::{Answer, Events};
use crate::author::{self, Composed};
use crate::openai::CREATED;
use bytes::Bytes;
use serde_json::{Map, Value, json};

pub(super) fn write(request: &Request, server: Server, call: &Call<'_>) -> Answer {
    let composed = author::compose(&request.prompt, &call.faults, 0);
    let mut writer = Writer::new(request, server, call);
    writer.begin();
    writer.body(&composed, request);
    writer.end(&composed, request, call.faults.no_usage);
    Answer::events(writer.events)
}

struct Writer {
    events: Events,
    server: Server,
    id: String,
    model: String,
    digest: u64,
}

impl Writer {
    fn new(request: &Request, server: Server, call: &Call<'_>) -> Self {
        let body = Refusal::new(500, "the engine has died").of_old(request.is_old).body(server);
        let error = match server {
            Server::LmStudio => format!("event: error\ndata: {body}\n\n"),
            // The line of a server of some time ago has a name of its own.
            Server::LlamaCpp if request.is_old => format!("error: {}\n\n", body.get("error").unwrap_or(&Value::Null)),
            Server::Tgi => {
                "data: {\"error\":{\"message\":\"the engine has died\",\"http_status_code\":500}}\n\ndata: [DONE]\n\n".to_owned()
            }
            _ => format!("data: {body}\n\n"),
        };
        let malformed = Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"delta\":\n\n");
        let id = reply::id(server, call.digest);
        Self { events: Events::new(malformed, Bytes::from(error)), server, id, model: request.model.clone(), digest: call.digest }
    }

    fn begin(&mut self) {
        match self.server {
            // A sign of life while the prompt is read, and a role without a text.
            Server::LlamaCpp => {
                self.events.push(b":\n\n");
                self.delta(json!({ "role": "assistant", "content": null }));
            }
            Server::Vllm => self.delta(json!({ "role": "assistant", "content": "" })),
            // The role comes with every piece.
            Server::LmStudio | Server::Tgi => {}
        }
    }

    fn body(&mut self, composed: &Composed, request: &Request) {
        let thought = self.server.thought_in(request.is_old);
        for piece in composed.reasoning.pieces() {
            self.piece(thought, Value::from(piece));
        }
        for piece in composed.text.pieces() {
            self.piece("content", Value::from(piece));
        }
        for (at, made) in composed.calls.iter().enumerate() {
            // The whole call at once.
            let mut call = reply::tool_call(self.server, self.digest, at, made);
            if let Some(members) = call.as_object_mut() {
                members.insert("index".to_owned(), Value::from(if self.server == Server::Tgi { 0 } else { at }));
            }
            self.piece("tool_calls", json!([call]));
        }
    }

    fn end(&mut self, composed: &Composed, request: &Request, no_usage: bool) {
        self.events.terminal_from_here();
        let finish = reply::finish(self.server, &composed.finish);
        let mut choice = json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": finish });
        if let Some(members) = choice.as_object_mut().filter(|_| self.server == Server::Vllm) {
            members.insert("stop_reason".to_owned(), Value::Null);
        }
        self.chunk(json!([choice]), Map::new());
        if request.include_usage && !no_usage {
            let usage = ("usage".to_owned(), reply::usage(self.server, request.input_tokens, composed));
            let mut members = Map::from_iter([usage]);
            if self.server == Server::LlamaCpp {
                members.extend(reply::extras(self.server, composed));
            }
            self.chunk(json!([]), members);
        }
        // No space behind the colon: legal, and a surprise to many readers.
        self.events.push(if self.server == Server::Tgi { b"data:[DONE]\n\n" } else { b"data: [DONE]\n\n" });
    }

    fn piece(&mut self, name: &str, value: Value) {
        let mut delta = Map::new();
        if matches!(self.server, Server::LmStudio | Server::Tgi) {
            delta.insert("role".to_owned(), Value::from("assistant"));
        }
        delta.insert(name.to_owned(), value);
        self.delta(Value::Object(delta));
    }

    fn delta(&mut self, delta: Value) {
        self.chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null }]), Map::new());
    }

    fn chunk(&mut self, choices: Value, more: Map<String, Value>) {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model,
            "system_fingerprint": self.server.fingerprint(), "choices": choices
        });
        if let Some(members) = chunk.as_object_mut() {
            members.extend(more);
        }
        let line = match self.server {
            Server::Tgi => format!("data:{chunk}\n\n"),
            _ => format!("data: {chunk}\n\n"),
        };
        self.events.push(line.as_bytes());
    }
}
