//! Thought between tags, where the owner of the provider declared it.

use super::*;
use crate::{Leniency, ThinkTags};
use chat::{Collector, DialectId, PartKind, Reply};
use proptest::prelude::*;

fn lenient(think_tags: ThinkTags) -> Leniency {
    Leniency { think_tags }
}

fn told(reply: &Reply) -> (String, String) {
    let mut both = (String::new(), String::new());
    for part in reply.choices.iter().flat_map(|choice| &choice.parts) {
        match &part.kind {
            PartKind::Reasoning(thought) => both.0.push_str(&thought.text),
            PartKind::Text { text } => both.1.push_str(text),
            _ => {}
        }
    }
    both
}

fn whole(text: &str, tags: ThinkTags) -> (String, String) {
    let body = format!(r#"{{"choices":[{{"message":{{"content":{}}},"finish_reason":"stop"}}]}}"#, serde_json::to_string(text).unwrap());
    told(&OpenaiChat.read_reply_leniently(body.as_bytes(), lenient(tags)).unwrap())
}

fn streamed(pieces: &[&str], tags: ThinkTags) -> (String, String) {
    let mut reader = OpenaiChat.lenient_stream_reader(lenient(tags));
    let mut events = Vec::new();
    for piece in pieces {
        reader.read("", &delta(&format!(r#"{{"content":{}}}"#, serde_json::to_string(piece).unwrap())), &mut events);
    }
    reader.read("", &finish("\"stop\""), &mut events);
    reader.read("", "[DONE]", &mut events);
    Law::default().check_all(&events).unwrap();
    let mut collector = Collector::new(DialectId::OpenaiChat);
    events.iter().for_each(|event| collector.add(event));
    told(&collector.reply())
}

fn both(thought: &str, answer: &str) -> (String, String) {
    (thought.to_owned(), answer.to_owned())
}

#[test]
fn a_thought_at_the_beginning_is_told_apart() {
    for (text, tags, thought, answer) in [
        ("<think>T</think>A", ThinkTags::Tagged, "T", "A"),
        ("\n<think>\nT\n</think>\n\nA\n", ThinkTags::Tagged, "T", "A\n"),
        ("<think></think>A", ThinkTags::Tagged, "", "A"),
        ("<think>T</think>", ThinkTags::Tagged, "T", ""),
        ("<think>cut short", ThinkTags::Tagged, "cut short", ""),
        ("A <think>T</think>", ThinkTags::Tagged, "", "A <think>T</think>"),
        ("A", ThinkTags::Tagged, "", "A"),
        ("<th", ThinkTags::Tagged, "", "<th"),
        ("T</think>A", ThinkTags::Tagged, "", "T</think>A"),
        ("T</think>A", ThinkTags::Opened, "T", "A"),
        ("<think>T</think>A</think>", ThinkTags::Opened, "T", "A</think>"),
        ("<think>T</think>A", ThinkTags::Text, "", "<think>T</think>A"),
    ] {
        assert_eq!(whole(text, tags), both(thought, answer), "{text:?} {tags:?}");
        assert_eq!(streamed(&[text], tags), both(thought, answer), "{text:?} {tags:?}, streamed");
    }
    // Without its end, an answer that was to begin inside a thought is one: of a stream that cannot be known in time.
    assert_eq!(whole("A", ThinkTags::Opened), both("", "A"));
    assert_eq!(streamed(&["A"], ThinkTags::Opened), both("A", ""));
}

#[test]
fn a_server_that_tells_thought_apart_itself_is_believed() {
    let mut reader = OpenaiChat.lenient_stream_reader(lenient(ThinkTags::Tagged));
    let mut events = Vec::new();
    reader.read("", &delta(r#"{"reasoning_content":"T"}"#), &mut events);
    reader.read("", &delta(r#"{"content":"<think> is a tag"}"#), &mut events);
    let text =
        events.iter().any(|event| matches!(event, Event::PartDelta { delta: chat::Delta::Text(text), .. } if text == "<think> is a tag"));
    assert!(text, "{events:?}");
    let body = br#"{"choices":[{"message":{"content":"<think>x</think>","reasoning":"T"}}]}"#;
    assert_eq!(told(&OpenaiChat.read_reply_leniently(body, lenient(ThinkTags::Tagged)).unwrap()), both("T", "<think>x</think>"));
}

#[test]
fn a_call_after_half_a_tag_loses_nothing() {
    let mut reader = OpenaiChat.lenient_stream_reader(lenient(ThinkTags::Tagged));
    let mut events = Vec::new();
    reader.read("", &delta(r#"{"content":"<thi"}"#), &mut events);
    reader.read("", &delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#), &mut events);
    reader.read("", &finish("\"tool_calls\""), &mut events);
    Law::default().check_all(&events).unwrap();
    let mut collector = Collector::new(DialectId::OpenaiChat);
    events.iter().for_each(|event| collector.add(event));
    assert_eq!(told(&collector.reply()), both("", "<thi"));
}

#[test]
fn leniency_is_spelt_in_configuration() {
    let read: Leniency = serde_json::from_str(r#"{"think_tags":"opened"}"#).unwrap();
    assert_eq!((read, read.changes_answers()), (lenient(ThinkTags::Opened), true));
    assert!(!Leniency::default().changes_answers());
    assert!(serde_json::from_str::<Leniency>(r#"{"odd":1}"#).is_err());
}

proptest! {
    /// However the text is cut, thought and answer are the same, and the same as of the whole.
    #[test]
    fn cuts_change_nothing(pieces in proptest::collection::vec(prop_oneof![Just("<think>"), Just("</think>"), Just("<"), Just("/think>"), Just(" "), Just("\n"), Just("a"), Just("\u{e9}")], 0..12), cuts in proptest::collection::vec(0..8_usize, 0..40)) {
        let text = pieces.concat();
        let mut cut = Vec::new();
        let mut rest = text.as_str();
        for size in cuts {
            let at = rest.char_indices().nth(size).map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(at);
            cut.push(piece);
            rest = after;
        }
        cut.push(rest);
        for tags in [ThinkTags::Tagged, ThinkTags::Opened] {
            prop_assert_eq!(streamed(&cut, tags), streamed(&[&text], tags));
            if tags == ThinkTags::Tagged || text.contains("</think>") {
                prop_assert_eq!(streamed(&cut, tags), whole(&text, tags));
            }
        }
    }
}
