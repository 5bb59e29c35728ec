//! Streams for clients: the law of the dialect holds whatever the events do.

use super::{shape, *};
use crate::openai_chat::OpenaiChat;
use crate::{Ending, StreamOptions};
use chat::{Collector, Delta, Event, Finish, FinishKind, PartOpen, Reply, Usage, replay};
use proptest::prelude::*;
use serde_json::json;
use wire::sse::Framer;

pub(super) fn stream(events: &[Event]) -> String {
    let mut writer = AnthropicMessages.stream_writer(StreamOptions { include_usage: true, created: 1, fallback_id: "msg_own".into() });
    let mut out = Vec::new();
    events.iter().for_each(|event| writer.write(event, &mut out));
    if events.last() == Some(&Event::End) {
        writer.finish(&mut out);
    }
    // As the gateway does.
    if let Some(fault) = writer.fault() {
        out.extend_from_slice(&AnthropicMessages.write_stream_error(&fault, "req_1"));
    }
    String::from_utf8(out).unwrap()
}

/// A provider that lets parts grow side by side without an end is stopped, and so is one whose arguments have none.
#[test]
fn what_is_kept_for_one_stream_has_a_bound() {
    let piece = "x".repeat(1 << 20);
    let parts: [(u32, PartOpen, Delta); 2] = [
        (1, PartOpen::Text, Delta::Text(piece.clone())),
        (0, PartOpen::ToolCall { id: "c".into(), name: "f".into(), custom: false }, Delta::Arguments(format!("{{\"{piece}"))),
    ];
    for (part, open, delta) in parts {
        let mut writer = AnthropicMessages.stream_writer(StreamOptions::default());
        let mut out = Vec::new();
        writer.write(&Event::PartStart { choice: 0, part: 0, open: if part == 0 { open.clone() } else { PartOpen::Text } }, &mut out);
        if part == 1 {
            writer.write(&Event::PartStart { choice: 0, part, open }, &mut out);
        }
        let mut pieces = (0..40).take_while(|_| {
            writer.write(&Event::PartDelta { choice: 0, part, delta: delta.clone() }, &mut out);
            writer.fault().is_none()
        });
        assert!((7..17).contains(&pieces.by_ref().count()), "part {part}");
    }
    // What is said at once is not kept, however long it is.
    let mut writer = AnthropicMessages.stream_writer(StreamOptions::default());
    writer.write(&Event::PartStart { choice: 0, part: 0, open: PartOpen::Text }, &mut Vec::new());
    for _ in 0..40 {
        writer.write(&Event::PartDelta { choice: 0, part: 0, delta: Delta::Text(piece.clone()) }, &mut Vec::new());
        assert_eq!(writer.fault(), None);
    }
}

pub(super) fn assembled(events: &[Event]) -> Value {
    let stream = stream(events);
    shape::assembled(&stream).unwrap_or_else(|why| panic!("{why}\n{stream}\n{events:#?}"))
}

/// The events of a stream that comes in these pieces.
pub(super) fn events(dialect: &dyn Dialect, pieces: &[&[u8]]) -> Vec<Event> {
    let (mut framer, mut reader, mut events) = (Framer::new(1 << 20), dialect.stream_reader(), Vec::new());
    for piece in pieces {
        framer.push(piece);
        while let Some(frame) = framer.next().unwrap() {
            frame.data.map(|data| reader.read(frame.event, data, &mut events));
        }
    }
    while let Some(frame) = framer.finish().unwrap() {
        frame.data.map(|data| reader.read(frame.event, data, &mut events));
    }
    if reader.ending() == Ending::Complete && events.last() != Some(&Event::End) {
        events.push(Event::End);
    }
    events
}

pub(super) fn collected(events: &[Event]) -> Reply {
    let mut collector = Collector::new(DialectId::AnthropicMessages);
    events.iter().for_each(|event| collector.add(event));
    collector.reply()
}

fn start() -> Event {
    Event::Start { id: String::new(), model: "m".into(), created: None, service_tier: None, extras: Extras::default() }
}

fn open(part: u32, open: PartOpen) -> Event {
    Event::PartStart { choice: 0, part, open }
}

fn call(part: u32, name: &str) -> Event {
    open(part, PartOpen::ToolCall { id: format!("c{part}"), name: name.into(), custom: false })
}

fn grow(part: u32, delta: Delta) -> Event {
    Event::PartDelta { choice: 0, part, delta }
}

fn arguments(part: u32, text: &str) -> Event {
    grow(part, Delta::Arguments(text.into()))
}

fn close(part: u32) -> Event {
    Event::PartEnd { choice: 0, part }
}

fn finish(kind: FinishKind, native: &str) -> Event {
    Event::Finish { choice: 0, finish: Finish { kind, native: native.into(), stop_sequence: None } }
}

#[test]
fn a_stream_of_openai_is_a_stream_of_messages() {
    let body = [
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{"reasoning_content":"Hm"},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":"}}]},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]},"finish_reason":null}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        r#"{"id":"chatcmpl-1","model":"gpt","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}}"#,
        "[DONE]",
    ];
    let bytes: String = body.iter().map(|data| format!("data: {data}\n\n")).collect();
    let stream = stream(&events(&OpenaiChat, &[bytes.as_bytes()]));
    let expected = [
        r#"{"type":"message_start","message":{"id":"chatcmpl-1","type":"message","role":"assistant","model":"gpt","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":7,"cache_read_input_tokens":2,"output_tokens":4}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let data: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(data, expected);
    shape::assembled(&stream).unwrap();
}

#[test]
fn calls_that_grow_side_by_side_come_one_after_the_other() {
    let events = [
        start(),
        call(0, "f"),
        call(1, "g"),
        arguments(1, "{\"b\":"),
        arguments(0, "{\"a\":"),
        arguments(1, "2}"),
        arguments(0, "1}"),
        close(1),
        close(0),
        finish(FinishKind::ToolCalls, "tool_calls"),
        Event::End,
    ];
    let content = assembled(&events)["content"].clone();
    assert_eq!((&content[0]["input"], &content[1]["input"]), (&json!({"a": 1}), &json!({"b": 2})));
}

#[test]
fn arguments_of_every_kind_end_as_something_that_a_client_can_read() {
    let one = |pieces: &[&str]| {
        let mut events = vec![start(), call(0, "f")];
        events.extend(pieces.iter().map(|piece| arguments(0, piece)));
        events.extend([close(0), finish(FinishKind::ToolCalls, "tool_calls"), Event::End]);
        events
    };
    assert_eq!(assembled(&one(&[]))["content"][0]["input"], json!({}));
    assert_eq!(assembled(&one(&["", " ", "{}"]))["content"][0]["input"], json!({}));
    assert_eq!(assembled(&one(&["free ", "text"]))["content"][0]["input"], json!({"input": "free text"}));
    assert_eq!(assembled(&one(&["[1", "]"]))["content"][0]["input"], json!({"input": "[1]"}));
    // Cut at its largest length: clients read such JSON as far as it goes.
    assert_eq!(assembled(&one(&["{\"a\":", "\"b"]))["content"][0]["input"], json!("{\"a\":\"b"));
    // R13: what was said cannot be taken back, so the stream ends with an error and not as if it were whole.
    let broken = stream(&one(&["{\"a\":", "}"]));
    assert!(broken.ends_with("\n\n") && broken.contains("event: error\n") && !broken.contains("message_stop"), "{broken}");
}

#[test]
fn empty_parts_and_foreign_ones_make_no_blocks() {
    let native = PartOpen::Native { raw: raw(r#"{"type":"x"}"#), from: DialectId::OpenaiChat };
    let events =
        [start(), open(0, PartOpen::Text), close(0), open(1, PartOpen::Reasoning), close(1), open(2, native), close(2), Event::End];
    let stream = stream(&events);
    assert_eq!(shape::assembled(&stream).unwrap()["content"], json!([]));
    assert!(stream.contains(r#""provider_parts":[{"index":0,"from":"openai_chat","part":{"type":"x"}}]"#));
    assert!(stream.contains("\"id\":\"msg_own\""), "an id of our own where the provider has none");
}

/// R13: without the end there is no end, and nothing is said twice.
#[test]
fn a_cut_stream_has_no_end_and_another_answer_no_place() {
    let events = [start(), open(0, PartOpen::Text), grow(0, Delta::Text("Hi".into()))];
    assert!(!stream(&events).contains("message_delta"));
    let other = Event::PartStart { choice: 1, part: 0, open: PartOpen::Text };
    let delta = Event::PartDelta { choice: 1, part: 0, delta: Delta::Text("other".into()) };
    let end = Event::PartEnd { choice: 1, part: 0 };
    let all = [start(), other, delta, end, Event::End];
    assert!(!stream(&all).contains("other"));
    let mut writer = AnthropicMessages.stream_writer(StreamOptions::default());
    let mut out = Vec::new();
    writer.finish(&mut out);
    assert!(out.is_empty(), "nothing began, so nothing ends");
}

#[test]
fn members_of_a_block_and_of_the_end_keep_their_places() {
    let extras = |name: &str| Extras::new(DialectId::AnthropicMessages, vec![(name.to_owned(), raw("{\"k\":1}"))]);
    let events = [
        start(),
        Event::Usage { usage: Usage { input: Some(5), output: Some(1), ..Usage::default() }, extras: extras("odd_count") },
        call(0, "f"),
        Event::Extras { choice: Some(0), extras: extras("caller") },
        arguments(0, "{}"),
        close(0),
        Event::Extras { choice: Some(0), extras: extras("stop_details") },
        Event::Extras { choice: None, extras: extras("context_management") },
        finish(FinishKind::ToolCalls, "tool_use"),
        Event::End,
    ];
    let stream = stream(&events);
    for expected in [
        r#""usage":{"input_tokens":5,"output_tokens":1,"odd_count":{"k":1}}"#,
        r#""name":"f","input":{},"caller":{"k":1}}"#,
        r#""delta":{"stop_reason":"tool_use","stop_sequence":null,"stop_details":{"k":1}}"#,
        r#""context_management":{"k":1}}"#,
    ] {
        assert!(stream.contains(expected), "{expected}: {stream}");
    }
}

/// Events in a lawful order, with parts of every kind that open, grow and close side by side.
fn some_events(dice: &[u8]) -> Vec<Event> {
    let (mut events, mut open_parts, mut next): (_, Vec<(u32, u8)>, _) = (vec![start()], Vec::new(), 0);
    for pair in dice.chunks(2) {
        let (what, which) = (pair[0], usize::from(*pair.get(1).unwrap_or(&0)));
        let live = (!open_parts.is_empty()).then(|| open_parts[which % open_parts.len()]);
        match (what % 5, live) {
            (0, _) | (_, None) => {
                let kind = (which % 4) as u8;
                events.push(match kind {
                    0 => open(next, PartOpen::Text),
                    1 => open(next, PartOpen::Reasoning),
                    2 => open(next, PartOpen::Refusal),
                    _ => call(next, "f"),
                });
                open_parts.push((next, kind));
                next += 1;
            }
            (1, Some((part, _))) => {
                events.push(close(part));
                open_parts.retain(|(have, _)| *have != part);
            }
            (_, Some((part, 3))) => events.push(arguments(part, ["{\"a\":1", "}", "x", " ", "[", "{"][which % 6])),
            (_, Some((part, 1))) if what % 5 == 4 => events.push(grow(part, Delta::Signature("s".into()))),
            (_, Some((part, _))) => events.push(grow(part, Delta::Text(["", "a", "b\n\n", "\u{e9}"][which % 4].into()))),
        }
    }
    events.extend(open_parts.iter().map(|(part, _)| close(*part)));
    events.extend([
        finish(FinishKind::Stop, "stop"),
        Event::Usage { usage: Usage { input: Some(3), ..Usage::default() }, extras: Extras::default() },
    ]);
    events.push(Event::End);
    events
}

proptest! {
    /// Whatever the order, the law of the stream holds, or the stream ends with an error; no text is lost or doubled.
    #[test]
    fn any_lawful_order_of_events_is_a_lawful_stream(dice in proptest::collection::vec(any::<u8>(), 0..80)) {
        let events = some_events(&dice);
        chat::law::Law::default().check_all(&events).unwrap();
        let written = stream(&events);
        let failed = written.contains("event: error");
        if failed {
            prop_assert!(!written.contains("message_stop"));
        } else {
            let message = shape::assembled(&written).map_err(|why| TestCaseError::fail(format!("{why}\n{written}")))?;
            let texts = |reply: &Reply| -> Vec<String> {
                reply.choices.iter().flat_map(|choice| &choice.parts).filter_map(|part| match &part.kind {
                    PartKind::Text { text } | PartKind::Refusal { text } => Some(text.clone()),
                    PartKind::Reasoning(thought) => Some(thought.text.clone()),
                    _ => None,
                }).filter(|text| !text.is_empty()).collect()
            };
            let said: Vec<String> = message["content"].as_array().unwrap().iter()
                .filter_map(|block| block["text"].as_str().or(block["thinking"].as_str()).map(str::to_owned)).filter(|text| !text.is_empty()).collect();
            prop_assert_eq!(said, texts(&collected(&events)));
        }
    }

    /// A whole answer told as a stream is the same answer.
    #[test]
    fn a_replayed_answer_is_the_answer(dice in proptest::collection::vec(any::<u8>(), 0..60)) {
        let reply = collected(&some_events(&dice));
        let whole = shape::message(&AnthropicMessages.write_reply(&reply).unwrap()).map_err(TestCaseError::fail)?;
        let written = stream(&replay(&reply));
        if !written.contains("event: error") {
            let streamed = shape::assembled(&written).map_err(TestCaseError::fail)?;
            let kinds = |message: &Value| -> Vec<Value> { message["content"].as_array().unwrap().iter().map(|block| block["type"].clone())
                .filter(|kind| kind != "thinking").collect() };
            prop_assert_eq!(kinds(&whole), kinds(&streamed));
            prop_assert_eq!(&whole["stop_reason"], &streamed["stop_reason"]);
        }
    }
}
