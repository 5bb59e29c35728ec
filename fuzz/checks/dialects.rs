//! What must hold for any bytes that the readers of the dialects are given.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a check fails by a panic")]

use chat::law::Law;
use chat::{Chat, DialectId, Event, Output};
use dialects::anthropic_messages::AnthropicMessages;
use dialects::openai_chat::OpenaiChat;
use dialects::openai_completions::OpenaiCompletions;
use dialects::{Dialect, ErrorAnswer, Leniency, ModelFacts, StreamOptions, StreamReader, Target, ThinkTags, Verdict, tell_losses};
use wire::json::{self, Limits};
use wire::sse::Framer;

/// Every dialect; each check gives its input to all of them.
const DIALECTS: &[&dyn Dialect] = &[&OpenaiChat, &AnthropicMessages, &OpenaiCompletions];

/// A request that can be read can be written, in every dialect that carries it. Its own dialect says the same again: OpenAI
/// chat reads what it read before, save what was told as lost, and the other one, which must order and merge messages, has nothing left to change.
pub(crate) fn request(data: &[u8]) {
    let facts = ModelFacts::default();
    for reader in DIALECTS {
        let Ok(chat) = reader.read_request(data) else { continue };
        let target = Target { model: &chat.model, facts: &facts, version: None };
        for writer in DIALECTS {
            let Ok(mut written) = writer.write_request(&chat, &target) else { continue };
            tell_losses(&chat, &mut written.losses);
            is_json(&written.body);
            if writer.id() != reader.id() {
                // What a caller sends in the provider's own form goes on as it is, and the provider judges it.
                continue;
            }
            let again = writer.read_request(&written.body).expect("what the dialect itself wrote");
            match writer.id() {
                DialectId::OpenaiChat if written.losses.is_empty() => assert_eq!(again, named(&chat)),
                DialectId::OpenaiChat => {}
                _ => {
                    let twice = writer.write_request(&again, &target).expect("what it wrote before");
                    assert_eq!(String::from_utf8_lossy(&twice.body), String::from_utf8_lossy(&written.body));
                }
            }
        }
    }
}

/// A schema must have a name in OpenAI chat: one without gets one that says nothing.
fn named(chat: &Chat) -> Chat {
    let mut chat = chat.clone();
    if let Some(Output::JsonSchema { name, .. }) = &mut chat.output {
        name.get_or_insert_with(|| "answer".to_owned());
    }
    chat
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

/// The first byte says which leniency is declared and how the stream is cut: the same as above, and a whole answer can be written.
pub(crate) fn lenient(data: &[u8]) {
    let Some((&first, data)) = data.split_first() else { return };
    let think_tags = [ThinkTags::Text, ThinkTags::Tagged, ThinkTags::Opened][usize::from(first) % 3];
    let leniency = Leniency { think_tags };
    let read = |cut| events_of(OpenaiChat.lenient_stream_reader(leniency), data, cut);
    let whole = read(usize::MAX);
    assert_eq!(read(usize::from(first / 3) + 1), whole);
    Law::default().check_all(&whole).expect("events in their order");
    if let Ok(reply) = OpenaiChat.read_reply_leniently(data, leniency) {
        DIALECTS.iter().filter_map(|writer| writer.write_reply(&reply).ok()).for_each(|body| is_json(&body));
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

/// The events of the full reader; the light one sees the same frames, and never fails.
fn events(dialect: &dyn Dialect, stream: &[u8], cut: usize) -> Vec<Event> {
    let mut watcher = dialect.stream_watcher();
    let mut framer = Framer::default();
    framer.push(stream);
    while let Ok(Some(frame)) = framer.finish() {
        let _ = (watcher.see(frame.event, frame.data.unwrap_or_default()), watcher.ending(), watcher.usage());
    }
    events_of(dialect.stream_reader(), stream, cut)
}

fn events_of(mut reader: Box<dyn StreamReader>, stream: &[u8], cut: usize) -> Vec<Event> {
    let mut framer = Framer::default();
    let mut events = Vec::new();
    let mut see = |event: &str, data: &str| {
        let before = events.len();
        let verdict = reader.read(event, data, &mut events);
        assert!(verdict != Verdict::Malformed || events.len() == before, "a malformed frame has events");
        let _ = (reader.ending(), reader.usage());
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
    if dialect.id() == DialectId::AnthropicMessages {
        blocks_are_in_order(&out);
    }
}

/// One block at a time, with rising indexes, and none after the end.
fn blocks_are_in_order(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (mut open, mut next, mut over) = (false, 0, false);
    for line in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let frame: serde_json::Value = serde_json::from_str(line).expect("JSON");
        match frame["type"].as_str().expect("a type") {
            "content_block_start" => {
                assert!(!open && !over && frame["index"] == next, "{text}");
                (open, next) = (true, next + 1);
            }
            "content_block_delta" => assert!(open && frame["index"] == next - 1, "{text}"),
            "content_block_stop" => open = false,
            "message_delta" => assert!(!open && !over, "{text}"),
            "message_stop" => over = true,
            _ => {}
        }
    }
}
