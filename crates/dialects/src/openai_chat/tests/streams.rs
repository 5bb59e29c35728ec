use super::*;
use crate::StreamOptions;
use chat::{Collector, Delta, DialectId, Extras, FaultKind, Finish, FinishKind, PartKind, PartOpen, Reply, Usage};

fn collected(frames: &[&str]) -> Reply {
    let mut collector = Collector::new(DialectId::OpenaiChat);
    stream(frames).0.iter().for_each(|event| collector.add(event));
    collector.reply()
}

/// Id, name and arguments.
type Call = (String, String, String);

fn calls(reply: &Reply) -> Vec<Call> {
    let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
    parts
        .filter_map(|part| {
            if let PartKind::ToolCall(call) = &part.kind {
                Some((call.id.clone(), call.name.clone(), call.arguments.clone()))
            } else {
                None
            }
        })
        .collect()
}

fn call(id: &str, name: &str, arguments: &str) -> Call {
    (id.into(), name.into(), arguments.into())
}

/// R13: the provider's marker, or the finish of every choice; nothing else is an end.
#[test]
fn an_end_is_never_made_up() {
    let (text, stop) = (delta(r#"{"content":"x"}"#), finish("\"stop\""));
    for (frames, ending) in [
        (vec![text.as_str()], Ending::Truncated),
        (vec![&text, &stop], Ending::Complete),
        (vec![&text, "[DONE]"], Ending::Complete),
        (vec![&text, " [DONE] "], Ending::Complete),
        (vec![&text, &stop, "[DONE]", "[DONE]"], Ending::Complete),
        (vec!["[DONE]"], Ending::Truncated),
        (vec![], Ending::Truncated),
        (vec![&text, &finish("null")], Ending::Truncated),
        (vec![&text, &finish("\"\"")], Ending::Truncated),
        (vec![&stop, r#"{"error":{"message":"m"}}"#], Ending::Truncated),
    ] {
        assert_eq!(stream(&frames).2, ending, "{frames:?}");
    }
    let two = r#"{"id":"c","choices":[{"index":1,"delta":{"content":"y"}}]}"#;
    assert_eq!(stream(&[&text, two, &stop]).2, Ending::Truncated, "one of two choices has finished");
}

#[test]
fn the_first_frame_may_be_anything_that_servers_send() {
    let (events, verdicts, _) = stream(&[
        "",
        r#"{"choices":[],"id":"","model":"","prompt_filter_results":[]}"#,
        r#"{"type":"ping"}"#,
        "{broken",
        "[1]",
        &delta("null"),
    ]);
    use Verdict::{Known, Malformed, Unknown};
    assert_eq!(verdicts, [Known, Known, Unknown, Malformed, Malformed, Known]);
    assert!(
        matches!(&events[..], [Event::Start { id, extras, .. }] if id == "c" && extras.get("prompt_filter_results").is_some()),
        "{events:?}"
    );
}

#[test]
fn tool_calls_are_put_together_whatever_servers_forget() {
    let by_index = [
        delta(r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#),
        delta(r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{"}}]}"#),
        delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}"#),
        delta(r#"{"tool_calls":[{"index":1,"id":null,"function":{"name":"","arguments":"}"}}]}"#),
        delta(r#"{"tool_calls":[{"index":0,"id":"","function":{"name":null,"arguments":":1}"}}]}"#),
    ];
    let two = vec![call("a", "f", r#"{"x":1}"#), call("b", "g", "{}")];
    assert_eq!(calls(&collected(&by_index.each_ref().map(String::as_str))), two);
    let cases: &[(&[&str], Vec<Call>)] = &[
        // All under index 0, told apart by id.
        (
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"2"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"3"}}]}"#,
            ],
            vec![call("a", "f", "1"), call("b", "g", "23")],
        ),
        // No index: a new id is a new call, no id is the last one.
        (
            &[
                r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"1"}}]}"#,
                r#"{"tool_calls":[{"function":{"arguments":"2"}}]}"#,
                r#"{"tool_calls":[{"id":"b","function":{"name":"f"}}]}"#,
            ],
            vec![call("a", "f", "12"), call("b", "f", "{}")],
        ),
        // A new id with each piece.
        (
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"z","function":{"arguments":"2"}}]}"#,
            ],
            vec![call("a", "f", "12")],
        ),
        // The name comes late, the id not at all.
        (
            &[
                r#"{"tool_calls":[{"index":0,"function":{"arguments":"1"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"2"}}]}"#,
            ],
            vec![call("call_c_0_0", "f", "12")],
        ),
        // Arguments as an object; a custom tool.
        (
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"k":1}}}]}"#,
                r#"{"tool_calls":[{"index":1,"id":"b","type":"custom","custom":{"name":"g","input":"raw"}}]}"#,
            ],
            vec![call("a", "f", "{\"k\":1}"), call("b", "g", "raw")],
        ),
    ];
    for (deltas, expected) in cases {
        let frames: Vec<String> = deltas.iter().map(|text| delta(text)).chain([finish("\"stop\""), "[DONE]".into()]).collect();
        let reply = collected(&frames.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(calls(&reply), *expected, "{deltas:?}");
        assert_eq!(reply.choices[0].finish.as_ref().map(|finish| finish.kind), Some(FinishKind::ToolCalls));
    }
}

#[test]
fn thought_is_read_under_each_of_its_names_and_once() {
    for text in [
        r#"{"reasoning":"t"}"#,
        r#"{"reasoning_content":"t"}"#,
        r#"{"reasoning_content":"t","reasoning":"t"}"#,
        r#"{"reasoning_content":"t","content":null}"#,
    ] {
        let frames = [delta(text), delta(r#"{"content":"answer"}"#)];
        let reply = collected(&frames.each_ref().map(String::as_str));
        let parts = &reply.choices[0].parts;
        assert!(matches!(&parts[0].kind, PartKind::Reasoning(thought) if thought.text == "t"), "{text}");
        assert!(matches!(&parts[1].kind, PartKind::Text { text } if text == "answer"));
        assert_eq!(parts.len(), 2);
    }
}

#[test]
fn odd_chunks_lose_nothing() {
    let frames = [
        r#"{"id":"c","choices":[{"message":{"role":"assistant","content":"whole "}}]}"#.to_owned(),
        delta(r#"{"content":[{"type":"text","text":"listed "}]}"#),
        r#"{"id":"d","choices":[{"index":0,"delta":{"content":"last"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1},"x_groq":{"usage":{"prompt_tokens":1}}}"#.to_owned(),
        finish("\"length\""),
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#.to_owned(),
        "[DONE]".to_owned(),
    ];
    let reply = collected(&frames.each_ref().map(String::as_str));
    assert_eq!(reply.id, "c", "the first id stays");
    assert!(matches!(&reply.choices[0].parts[..], [part] if part.kind == PartKind::Text { text: "whole listed last".into() }));
    assert_eq!(reply.choices[0].finish.as_ref().map(|finish| finish.native.as_str()), Some("stop"));
    assert_eq!(reply.usage, Some(Usage { input: Some(1), output: Some(2), ..Usage::default() }));
    let late = [finish("\"stop\""), delta(r#"{"content":"late"}"#), "[DONE]".to_owned()];
    assert_eq!(collected(&late.each_ref().map(String::as_str)).choices[0].parts.len(), 1, "content after the finish is content");
}

/// R15: errors in the stream, in every form that servers use.
#[test]
fn errors_in_the_stream_are_faults() {
    let mut cases = vec![
        ("", r#"{"error":{"message":"m","type":"server_error","code":null}}"#, FaultKind::ProviderUnavailable),
        (
            "error",
            r#"{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed","status_code":400}}"#,
            FaultKind::ProviderRejected,
        ),
        ("error", r#"{"message":"m","status_code":429}"#, FaultKind::ProviderRateLimited),
        ("error", "overloaded", FaultKind::ProviderUnavailable),
        ("", r#"{"error":"text"}"#, FaultKind::ProviderUnavailable),
        ("", r#"{"object":"error","message":"m","code":400}"#, FaultKind::ProviderRejected),
        ("", r#"{"detail":"Not Found"}"#, FaultKind::ProviderUnavailable),
        ("", r#"{"id":"x","choices":[],"x_groq":{"error":"over"}}"#, FaultKind::ProviderUnavailable),
    ];
    cases.push(("", r#"{"error":{"message":"m","type":"insufficient_quota"}}"#, FaultKind::ProviderQuotaExceeded));
    for (event, data, kind) in cases {
        let mut reader = OpenaiChat.stream_reader();
        let mut events = Vec::new();
        reader.read("", &delta(r#"{"content":"x"}"#), &mut events);
        assert_eq!(reader.read(event, data, &mut events), Verdict::Known);
        assert!(matches!(events.last(), Some(Event::Error(fault)) if fault.kind == kind), "{data}: {:?}", events.last());
        reader.read("", "[DONE]", &mut events);
        assert!(matches!(events.last(), Some(Event::Error(_))), "nothing comes after an error");
        assert_eq!(reader.ending(), Ending::Truncated);
    }
    assert!(stream(&[r#"{"error":null,"id":"c","choices":[{"delta":{"content":"x"}}]}"#]).0.len() > 1);
}

fn written(events: &[Event], include_usage: bool, end: bool) -> Vec<Value> {
    let mut writer = OpenaiChat.stream_writer(StreamOptions { include_usage, created: 7, fallback_id: "chatcmpl-f".into() });
    let mut out = Vec::new();
    events.iter().for_each(|event| writer.write(event, &mut out));
    if end {
        writer.finish(&mut out);
        writer.finish(&mut out);
    }
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches("data: [DONE]\n\n").count(), usize::from(end));
    text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap()).filter(|data| *data != "[DONE]").map(json).collect()
}

fn foreign_stream() -> Vec<Event> {
    let start = |part: u32, open: PartOpen| Event::PartStart { choice: 0, part, open };
    let grow = |part: u32, delta: Delta| Event::PartDelta { choice: 0, part, delta };
    let end = |part: u32| Event::PartEnd { choice: 0, part };
    let tool = |id: &str, name: &str| PartOpen::ToolCall { id: id.into(), name: name.into(), custom: false };
    vec![
        Event::Start { id: String::new(), model: "claude".into(), created: None, service_tier: None, extras: Extras::default() },
        start(0, PartOpen::Reasoning),
        grow(0, Delta::Text("hm".into())),
        grow(0, Delta::Signature("sig".into())),
        end(0),
        start(1, PartOpen::Text),
        grow(1, Delta::Text("Hi".into())),
        end(1),
        start(2, tool("t1", "f")),
        grow(2, Delta::Arguments("{}".into())),
        end(2),
        start(3, tool("t2", "g")),
        grow(3, Delta::Arguments("[]".into())),
        end(3),
        Event::Finish { choice: 0, finish: Finish { kind: FinishKind::ToolCalls, native: "tool_use".into(), stop_sequence: None } },
        Event::Usage { usage: Usage { input: Some(3), output: Some(4), ..Usage::default() }, extras: Extras::default() },
        Event::End,
    ]
}

#[test]
fn a_foreign_stream_is_written_as_openai_writes_one() {
    let chunks = written(&foreign_stream(), true, true);
    for chunk in &chunks {
        assert_eq!(
            (&chunk["id"], &chunk["object"], &chunk["created"], &chunk["model"]),
            (&"chatcmpl-f".into(), &"chat.completion.chunk".into(), &7.into(), &"claude".into())
        );
    }
    let deltas: Vec<Value> = chunks.iter().filter_map(|chunk| chunk["choices"].get(0)).map(|choice| choice["delta"].clone()).collect();
    let expected = [
        r#"{"role":"assistant","content":null}"#,
        r#"{"reasoning_content":"hm"}"#,
        r#"{"thinking_blocks":[{"index":0,"type":"thinking","thinking":"hm","signature":"sig"}]}"#,
        r#"{"content":"Hi"}"#,
        r#"{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":1,"function":{"arguments":"[]"}}]}"#,
        "{}",
    ];
    assert_eq!(deltas, expected.map(json));
    let finishes: Vec<&Value> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"].get(0))
        .map(|choice| &choice["finish_reason"])
        .filter(|word| !word.is_null())
        .collect();
    assert_eq!(finishes, ["tool_calls"]);
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json("[]"), &7.into()));
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some()));
}

/// R16: the usage chunk is for those who asked.
#[test]
fn usage_is_not_written_unasked_and_done_only_at_the_end() {
    let chunks = written(&foreign_stream(), false, true);
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none() && !chunk["choices"].as_array().unwrap().is_empty()));
    written(&foreign_stream(), true, false);
}

#[test]
fn what_was_written_reads_as_the_same_reply() {
    let mut collector = Collector::new(DialectId::AnthropicMessages);
    foreign_stream().iter().for_each(|event| collector.add(event));
    let sent = collector.reply();
    let texts: Vec<String> = written(&foreign_stream(), true, true).iter().map(Value::to_string).collect();
    let got = collected(&texts.iter().map(String::as_str).chain(["[DONE]"]).collect::<Vec<_>>());
    let shape = |reply: &Reply| reply.choices[0].parts.iter().map(|part| std::mem::discriminant(&part.kind)).collect::<Vec<_>>();
    assert_eq!((shape(&got), calls(&got), got.usage.unwrap().output), (shape(&sent), calls(&sent), sent.usage.unwrap().output));
    assert!(
        matches!(&got.choices[0].parts[0].kind, PartKind::Reasoning(thought) if thought.text == "hm" && thought.signature.as_deref() == Some("sig"))
    );
}

#[test]
fn members_that_ride_along_make_no_chunks_of_their_own() {
    let frames = [
        r#"{"id":"c","model":"m","created":1,"system_fingerprint":"fp","x_groq":{"id":"r"},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"native_finish_reason":null}]}"#,
        r#"{"id":"c","model":"m","created":1,"system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":"a","channel":"analysis"},"native_finish_reason":null}]}"#,
        r#"{"id":"c","model":"m","created":1,"system_fingerprint":"fp","choices":[{"index":0,"delta":{},"finish_reason":"stop","native_finish_reason":"STOP"}],"x_groq":{"id":"s"}}"#,
        "[DONE]",
    ];
    let chunks = written(&stream(&frames).0, false, true);
    assert_eq!(chunks.len(), 3, "{chunks:#?}");
    assert_eq!((&chunks[0]["system_fingerprint"], &chunks[0]["x_groq"]["id"]), (&"fp".into(), &"r".into()));
    assert_eq!(chunks[0]["choices"][0]["delta"]["channel"], "analysis");
    assert_eq!((&chunks[2]["x_groq"]["id"], &chunks[2]["choices"][0]["native_finish_reason"]), (&"s".into(), &"STOP".into()));
}
