//! The dialect on its own; recorded traffic is in `tests/recorded_openai`.

mod errors;
mod lenient_replies;
mod lenient_streams;
mod replies;
mod requests;
mod streams;
mod think;
mod watcher;

use super::OpenaiChat;
use crate::{Dialect, Ending, ModelFacts, Target, Verdict, Written};
use chat::law::Law;
use chat::{Chat, Event};
use serde_json::Value;

fn read(body: &str) -> Chat {
    OpenaiChat.read_request(body.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {body}"))
}

fn write(chat: &Chat) -> (Value, Written) {
    let facts = ModelFacts::default();
    let written = OpenaiChat.write_request(chat, &Target { model: &chat.model, facts: &facts, version: None }).unwrap();
    (serde_json::from_slice(&written.body).unwrap(), written)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Reads frames' data; the events keep the laws.
fn stream(frames: &[&str]) -> (Vec<Event>, Vec<Verdict>, Ending) {
    let mut reader = OpenaiChat.stream_reader();
    let mut events = Vec::new();
    let verdicts = frames.iter().map(|data| reader.read("", data, &mut events)).collect();
    Law::default().check_all(&events).unwrap_or_else(|breach| panic!("{breach}: {events:#?}"));
    (events, verdicts, reader.ending())
}

/// A chunk with this delta.
fn delta(delta: &str) -> String {
    format!(
        r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

fn finish(word: &str) -> String {
    format!(
        r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{{}},"finish_reason":{word}}}]}}"#
    )
}
