//! Streams, event by event.

use super::*;
use crate::{Ending, Sight, StreamReader, Verdict};
use chat::{Delta, Event, FaultKind, FinishKind, PartOpen, Usage};

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1,"service_tier":"standard"}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn end(reason: &str) -> String {
    format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":15}}}}"#)
}

fn begin(index: u64, block: &str) -> String {
    format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
}

fn delta(index: u64, delta: &str) -> String {
    format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
}

fn close(index: u64) -> String {
    format!(r#"{{"type":"content_block_stop","index":{index}}}"#)
}

/// Reads all; each frame must be `Known`.
fn read(frames: &[String]) -> (Vec<Event>, Box<dyn StreamReader>) {
    let mut reader = AnthropicMessages.stream_reader();
    let mut out = Vec::new();
    for frame in frames {
        assert_eq!(reader.ending(), Ending::Truncated);
        assert_eq!(reader.read("", frame, &mut out), Verdict::Known, "{frame}");
    }
    (out, reader)
}

#[test]
fn text_thought_and_tools() {
    let frames = [
        START.to_owned(),
        begin(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"Hm"}"#),
        delta(0, r#"{"type":"signature_delta","signature":"sig"}"#),
        close(0),
        r#"{"type":"ping"}"#.to_owned(),
        begin(1, r#"{"type":"redacted_thinking","data":"SEAL"}"#),
        close(1),
        begin(2, r#"{"type":"text","text":"","citations":[]}"#),
        delta(2, r#"{"type":"text_delta","text":"Hi"}"#),
        delta(2, r#"{"type":"citations_delta","citation":{"type":"char_location"}}"#),
        close(2),
        begin(3, r#"{"type":"tool_use","id":"t1","name":"f","input":{},"caller":{"type":"direct"}}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(3, r#"{"type":"input_json_delta","partial_json":"{\"x\": 1}"}"#),
        close(3),
        begin(4, r#"{"type":"tool_use","id":"t2","name":"g","input":{}}"#),
        close(4),
        end("tool_use"),
        STOP.to_owned(),
    ];
    let (events, reader) = read(&frames);
    let part = |event: &Event| match event {
        Event::PartStart { part, .. } | Event::PartDelta { part, .. } | Event::PartEnd { part, .. } => Some(*part),
        _ => None,
    };
    let deltas: Vec<(u32, Delta)> = events
        .iter()
        .filter_map(|e| if let Event::PartDelta { part, delta, .. } = e { Some((*part, delta.clone())) } else { None })
        .collect();
    let citation = Delta::Citation { raw: raw(r#"{"type":"char_location"}"#), from: DialectId::AnthropicMessages };
    assert_eq!(
        deltas,
        [
            (0, Delta::Text("Hm".into())),
            (0, Delta::Signature("sig".into())),
            (1, Delta::Encrypted("SEAL".into())),
            (2, Delta::Text("Hi".into())),
            (2, citation),
            (3, Delta::Arguments(r#"{"x": 1}"#.into())),
            (4, Delta::Arguments("{}".into())),
        ],
        "a tool without arguments has the empty object"
    );
    let opens: Vec<&PartOpen> =
        events.iter().filter_map(|e| if let Event::PartStart { open, .. } = e { Some(open) } else { None }).collect();
    assert!(
        matches!(opens.as_slice(), [PartOpen::Reasoning, PartOpen::Reasoning, PartOpen::Text, PartOpen::ToolCall { id, .. }, PartOpen::ToolCall { .. }] if id == "t1")
    );
    assert_eq!(events.iter().filter(|event| matches!(event, Event::PartEnd { .. })).filter_map(part).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(
        matches!(&events[0], Event::Start { id, model, service_tier, .. } if id == "msg_1" && model == "m" && service_tier.as_deref() == Some("standard"))
    );
    assert!(
        matches!(&events[events.len() - 3..], [Event::Finish { finish, .. }, Event::Usage { .. }, Event::End] if finish.kind == FinishKind::ToolCalls)
    );
    assert_eq!(reader.ending(), Ending::Complete);
    let usage = Usage { input: Some(30), cache_read: Some(5), output: Some(15), ..Usage::default() };
    assert_eq!(reader.usage(), Some(usage), "input of the start, output of the last delta");
}

#[test]
fn counts_that_are_repeated_overwrite() {
    let repeated = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":15,"iterations":[1]}}"#;
    let (events, reader) = read(&[START.to_owned(), repeated.to_owned(), STOP.to_owned()]);
    assert_eq!(reader.usage().unwrap().input, Some(30), "never added");
    assert!(events.iter().any(|event| matches!(event, Event::Usage { extras, .. } if extras.get("iterations").is_some())));
}

#[test]
fn blocks_of_this_dialect_alone_and_unknown_kinds() {
    let frames = [
        START.to_owned(),
        begin(0, r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#),
        delta(0, r#"{"type":"input_json_delta","partial_json":"{}"}"#),
        close(0),
        begin(1, r#"{"type":"text","text":"early"}"#),
    ];
    let (mut events, mut reader) = read(&frames);
    assert!(matches!(&events[2], Event::PartStart { open: PartOpen::Native { raw, .. }, .. } if raw.text().contains("web_search")));
    assert!(matches!(&events[3], Event::PartDelta { delta: Delta::Native { .. }, .. }));
    assert!(matches!(events.last(), Some(Event::PartDelta { delta: Delta::Text(text), .. }) if text == "early"));
    let before = events.len();
    for unknown in [r#"{"type":"new_event","x":1}"#.to_owned(), delta(1, r#"{"type":"new_delta"}"#)] {
        assert_eq!(reader.read("", &unknown, &mut events), Verdict::Unknown);
    }
    assert_eq!(events.len(), before);
    let last = r#"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":{"category":null},"container":{"id":"c"}},"context_management":{"applied_edits":[]}}"#;
    assert_eq!(reader.read("", last, &mut events), Verdict::Known);
    let extras: Vec<&str> = events
        .iter()
        .filter_map(|e| if let Event::Extras { extras, .. } = e { extras.iter().next().map(|(name, _)| name) } else { None })
        .collect();
    assert_eq!(extras, ["stop_details", "container", "context_management"]);
    assert!(
        matches!(events.iter().rev().find(|e| matches!(e, Event::PartEnd { .. })), Some(Event::PartEnd { part: 1, .. })),
        "an open block ends before the finish"
    );
}

#[test]
fn errors_before_and_in_the_stream() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    for frames in [vec![], vec![START.to_owned(), begin(0, r#"{"type":"text","text":"x"}"#)]] {
        let (mut events, mut reader) = read(&frames);
        assert_eq!(reader.read("error", error, &mut events), Verdict::Known);
        assert!(matches!(events.last(), Some(Event::Error(fault)) if fault.kind == FaultKind::ProviderUnavailable));
        assert_eq!(reader.ending(), Ending::Truncated);
        assert_eq!(reader.read("", STOP, &mut events), Verdict::Malformed, "nothing comes after it");
    }
}

/// R13: only the provider's own terminal marker ends a stream.
#[test]
fn frames_that_break_the_protocol_are_malformed_and_add_nothing() {
    let after_start: &[String] = &[
        String::new(),
        "not json".into(),
        START.into(),
        delta(7, r#"{"type":"text_delta","text":"x"}"#),
        close(7),
        r#"{"type":"content_block_start","index":0}"#.into(),
        r#"{"type":"content_block_start","content_block":{"type":"text"}}"#.into(),
        r#"{"type":"message_delta","usage":{"output_tokens":"x"}}"#.into(),
    ];
    for frame in after_start {
        let (mut events, mut reader) = read(&[START.to_owned()]);
        let before = events.clone();
        assert_eq!(reader.read("", frame, &mut events), Verdict::Malformed, "{frame}");
        assert_eq!((events, reader.ending()), (before, Ending::Truncated), "{frame}");
    }
    for frame in [STOP.to_owned(), end("end_turn"), begin(0, r#"{"type":"text","text":""}"#)] {
        let (mut events, mut reader) = read(&[]);
        assert_eq!(reader.read("", &frame, &mut events), Verdict::Malformed, "{frame}");
        assert!(events.is_empty());
    }
}

#[test]
fn the_light_reader_sees_usage_errors_and_the_end() {
    let mut watcher = AnthropicMessages.stream_watcher();
    assert_eq!((watcher.see("message_start", START), watcher.see("ping", r#"{"type":"ping"}"#)), (Sight::Meta, Sight::Meta));
    assert_eq!(watcher.see("", &begin(0, r#"{"type":"text","text":""}"#)), Sight::Content);
    assert_eq!(watcher.see("", &end("end_turn")), Sight::Content);
    assert_eq!((watcher.see("", "{"), watcher.ending()), (Sight::Malformed, Ending::Truncated));
    assert_eq!((watcher.see("", STOP), watcher.ending()), (Sight::Terminal, Ending::Complete));
    assert_eq!(watcher.usage(), Some(Usage { input: Some(30), cache_read: Some(5), output: Some(15), ..Usage::default() }));
    let error = r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#;
    assert!(
        matches!(AnthropicMessages.stream_watcher().see("error", error), Sight::Error(fault) if fault.kind == FaultKind::ProviderUnavailable)
    );
}
