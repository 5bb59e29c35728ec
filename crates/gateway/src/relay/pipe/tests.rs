use super::*;
use chat::FaultKind;

const ROLE: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const TEXT: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}],\"usage\":null}\n\n";
const FINISH: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n";
const USAGE: &str = "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";
const ERROR: &str = "data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";

fn through(hide_usage: bool) -> Pipe {
    Pipe::through(dialects::codec(DialectId::OpenaiChat), 1 << 20, hide_usage)
}

/// Feeds the bytes in pieces of `size`; the last signal that ended the stream, and the bytes for the caller.
fn run(pipe: &mut Pipe, bytes: &str, size: usize) -> (Signal, String) {
    let mut out = Vec::new();
    for chunk in bytes.as_bytes().chunks(size) {
        let signal = pipe.feed(chunk, &mut out);
        if matches!(signal, Signal::Complete | Signal::Broken(_)) {
            return (signal, String::from_utf8(out).unwrap());
        }
    }
    let signal = pipe.end(&mut out);
    (signal, String::from_utf8(out).unwrap())
}

/// R16: the usage that metering asked for is read, and not seen by a caller that did not ask, however the bytes are cut.
#[test]
fn usage_is_kept_back_from_a_caller_that_did_not_ask() {
    let stream = [ROLE, TEXT, FINISH, USAGE, DONE].concat();
    for size in [1, 7, 64, stream.len()] {
        let mut pipe = through(true);
        let (signal, out) = run(&mut pipe, &stream, size);
        assert_eq!(signal, Signal::Complete);
        assert_eq!(out, [ROLE, TEXT, FINISH, DONE].concat(), "pieces of {size}");
        assert_eq!(pipe.usage().unwrap().total, Some(5));
        let (_, asked) = run(&mut through(false), &stream, size);
        assert_eq!(asked, stream);
    }
}

/// R13: a stream cut at any byte before its end is never a complete one, not even between its finish and its marker.
#[test]
fn a_stream_cut_anywhere_is_broken() {
    let stream = [ROLE, TEXT, FINISH, USAGE, DONE].concat();
    for cut in 0..stream.len() - "]\n\n".len() {
        let (signal, out) = run(&mut through(true), stream.get(..cut).unwrap(), 16);
        assert!(matches!(signal, Signal::Broken(_)), "cut at {cut}: {signal:?}");
        assert!(!out.contains("[DONE]"));
    }
}

#[test]
fn where_the_marker_is_optional_a_finished_stream_gets_one() {
    let (signal, out) = run(&mut through(true).with_optional_end_marker(true), &[ROLE, TEXT, FINISH].concat(), 50);
    assert_eq!(signal, Signal::Complete);
    assert!(out.ends_with(DONE));
    let (signal, _) = run(&mut through(true).with_optional_end_marker(true), &[ROLE, TEXT].concat(), 50);
    assert!(matches!(signal, Signal::Broken(_)));
}

/// R15: the provider's error ends the stream as an error.
#[test]
fn an_error_in_the_stream_is_a_fault_and_not_passed_on_as_it_is() {
    let (signal, out) = run(&mut through(true), &[ROLE, TEXT, ERROR, DONE].concat(), 1_000_000);
    assert!(matches!(signal, Signal::Broken(_)));
    assert_eq!(out, [ROLE, TEXT].concat());
}

#[test]
fn garbage_between_events_is_a_fault() {
    for garbage in ["data: {\"choices\":[\n\n", "data: hello\n\n", "data: \u{0}\n\n"] {
        let (signal, _) = run(&mut through(true), &[ROLE, TEXT, garbage, DONE].concat(), 9);
        let Signal::Broken(fault) = signal else { panic!("{garbage}: {signal:?}") };
        assert_eq!(fault.kind, FaultKind::ProviderBadResponse);
    }
}

#[test]
fn a_role_alone_is_no_answer_yet() {
    let mut pipe = through(true);
    let mut out = Vec::new();
    assert_eq!(pipe.feed(ROLE.as_bytes(), &mut out), Signal::Quiet);
    assert_eq!(pipe.feed(b": comment\n\n", &mut out), Signal::Quiet);
    assert_eq!(pipe.feed(TEXT.as_bytes(), &mut out), Signal::Content);
}

#[test]
fn an_event_over_the_limit_is_a_fault() {
    let mut pipe = Pipe::through(dialects::codec(DialectId::OpenaiChat), 1_000, true);
    let (signal, _) = run(&mut pipe, &format!("data: {}\n\n", "x".repeat(2_000)), 100);
    assert!(matches!(signal, Signal::Broken(_)));
}

/// A stream of another dialect is translated, names restored, and ends as the caller's dialect ends.
#[test]
fn a_stream_of_another_dialect_is_translated() {
    let events = [
        (
            "message_start",
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":1}}}"#,
        ),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        ),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        (
            "message_delta",
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}"#,
        ),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ];
    let stream: String = events.iter().map(|(event, data)| format!("event: {event}\ndata: {data}\n\n")).collect();
    let mut names = NameMap::default();
    names.note("get_weather", "get.weather");
    let options = dialects::StreamOptions { include_usage: true, created: 1, fallback_id: "x".into() };
    let codec = dialects::codec(DialectId::AnthropicMessages);
    for size in [1, 13, stream.len()] {
        let writer = dialects::codec(DialectId::OpenaiChat).stream_writer(options.clone());
        let mut pipe = Pipe::translated(codec.stream_reader(), 1 << 20, names.clone(), writer);
        let (signal, out) = run(&mut pipe, &stream, size);
        assert_eq!(signal, Signal::Complete);
        assert!(out.contains(r#""name":"get.weather""#) && out.contains(r#""finish_reason":"tool_calls""#), "{out}");
        assert!(out.contains(r#""prompt_tokens":5"#) && out.contains(r#""completion_tokens":9"#), "{out}");
        assert!(out.ends_with(DONE));
    }
    let mut pipe = Pipe::translated(codec.stream_reader(), 1 << 20, names, dialects::codec(DialectId::OpenaiChat).stream_writer(options));
    let cut = stream.find("event: message_stop").unwrap();
    let (signal, out) = run(&mut pipe, stream.get(..cut).unwrap(), 13);
    assert!(matches!(signal, Signal::Broken(_)));
    assert!(!out.contains("[DONE]"));
}

/// R15: an answer that the caller's dialect cannot say is a broken one, not one that succeeded: the relay tells the error and books it.
#[test]
fn arguments_that_are_no_json_break_a_translated_stream() {
    let call = |arguments: &str| {
        let piece = serde_json::json!({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0,
            "delta": {"tool_calls": [{"index": 0, "id": "t1", "type": "function", "function": {"name": "f", "arguments": arguments}}]}}]});
        format!("data: {piece}\n\n")
    };
    for (arguments, sound) in [("{\"a\": 1,}", false), ("{\"a\": 1}", true)] {
        let writer = dialects::codec(DialectId::AnthropicMessages).stream_writer(dialects::StreamOptions::default());
        let reader = dialects::codec(DialectId::OpenaiChat).stream_reader();
        let mut pipe = Pipe::translated(reader, 1 << 20, NameMap::default(), writer);
        let (signal, out) = run(&mut pipe, &[ROLE, &call(arguments), FINISH, USAGE, DONE].concat(), 40);
        assert!(!out.contains("event: error"), "the relay writes it, with the request's id: {out}");
        assert_eq!(out.contains("message_stop"), sound);
        match signal {
            Signal::Complete => assert!(sound),
            Signal::Broken(fault) => assert!(!sound && fault.kind == FaultKind::ProviderBadResponse),
            other => panic!("{other:?}"),
        }
    }
}
