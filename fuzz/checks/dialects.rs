//! What must hold for any bytes that the readers of the dialects are given.
#![allow(clippy::expect_used, reason = "a check fails by a panic")]

use chat::Event;
use chat::law::Law;
use dialects::anthropic_messages::AnthropicMessages;
use dialects::openai_chat::OpenaiChat;
use dialects::{Dialect, ErrorAnswer, ModelFacts, StreamOptions, Target, Verdict};
use wire::json::{self, Limits};
use wire::sse::Framer;

/// Every dialect; each check gives its input to all of them.
const DIALECTS: &[&dyn Dialect] = &[&OpenaiChat, &AnthropicMessages];

/// A request that can be read can be written, and its own dialect reads the same from what it wrote.
pub(crate) fn request(data: &[u8]) {
    let facts = ModelFacts::default();
    for reader in DIALECTS {
        let Ok(chat) = reader.read_request(data) else { continue };
        let target = Target { model: &chat.model, facts: &facts, version: None };
        for writer in DIALECTS {
            let Ok(written) = writer.write_request(&chat, &target) else { continue };
            is_json(&written.body);
            if writer.id() == reader.id() {
                let again = reader.read_request(&written.body).expect("what the dialect itself wrote");
                assert_eq!(again, chat);
            }
        }
    }
}

/// A reply that can be read can be written as JSON, and reading its usage alone never does more than return none.
pub(crate) fn reply(data: &[u8]) {
    for reader in DIALECTS {
        let _ = reader.read_usage(data);
        let Ok(reply) = reader.read_reply(data) else { continue };
        for writer in DIALECTS {
            if let Ok(body) = writer.write_reply(&reply) {
                is_json(&body);
            }
        }
    }
}

/// The first byte says how the stream is cut: the events are the same, keep the laws of order, and can be written.
pub(crate) fn stream(data: &[u8]) {
    let Some((&first, stream)) = data.split_first() else { return };
    for reader in DIALECTS {
        let whole = events(*reader, stream, usize::MAX);
        assert_eq!(events(*reader, stream, usize::from(first) + 1), whole);
        Law::default().check_all(&whole).expect("events in their order");
        for writer in DIALECTS {
            write_events(*writer, &whole);
        }
    }
}

/// The first two bytes are the status; the answer becomes a fault, and the fault an answer.
pub(crate) fn error(data: &[u8]) {
    let Some((&[high, low], body)) = data.split_first_chunk::<2>() else { return };
    let status = 400 + u16::from_be_bytes([high, low]) % 200;
    let headers = http::HeaderMap::new();
    for reader in DIALECTS {
        let fault = reader.read_error(ErrorAnswer { status, headers: &headers, body });
        for writer in DIALECTS {
            is_json(&writer.write_error(&fault, "req-1"));
            frames_are_json(&writer.write_stream_error(&fault, "req-1"));
        }
    }
}

fn is_json(body: &[u8]) {
    json::scan(body, &Limits { max_depth: Limits::HARD_DEPTH, max_members: usize::MAX }).expect("one JSON object");
}

fn frames_are_json(bytes: &[u8]) {
    let mut framer = Framer::default();
    framer.push(bytes);
    while let Some(frame) = framer.next().expect("frames") {
        if let Some(data) = frame.data.filter(|data| *data != "[DONE]") {
            is_json(data.as_bytes());
        }
    }
    assert_eq!(framer.pending(), 0, "a frame is not ended");
}

fn events(dialect: &dyn Dialect, stream: &[u8], cut: usize) -> Vec<Event> {
    let mut framer = Framer::default();
    let (mut reader, mut watcher) = (dialect.stream_reader(), dialect.stream_watcher());
    let mut events = Vec::new();
    let mut see = |event: &str, data: &str| {
        let before = events.len();
        let verdict = reader.read(event, data, &mut events);
        assert!(verdict != Verdict::Malformed || events.len() == before, "a malformed frame has events");
        let _ = (watcher.see(event, data), watcher.ending(), watcher.usage(), reader.ending(), reader.usage());
    };
    for chunk in stream.chunks(cut.min(stream.len().max(1))) {
        framer.push(chunk);
        while let Ok(Some(frame)) = framer.next() {
            see(frame.event, frame.data.unwrap_or_default());
        }
    }
    while let Ok(Some(frame)) = framer.finish() {
        see(frame.event, frame.data.unwrap_or_default());
    }
    events
}

fn write_events(dialect: &dyn Dialect, events: &[Event]) {
    let mut writer = dialect.stream_writer(StreamOptions { include_usage: true, created: 1, fallback_id: "id".to_owned() });
    let mut out = Vec::new();
    for event in events {
        writer.write(event, &mut out);
    }
    writer.finish(&mut out);
    frames_are_json(&out);
}
