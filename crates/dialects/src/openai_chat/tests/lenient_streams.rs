//! Streams of servers that imitate OpenAI, line by line of `providers/custom.md` §4. Every stream goes through the full reader and through
//! the light one, and both must judge it the same: its end, its usage, its error.

use super::*;
use crate::Sight;
use chat::{Collector, DialectId, FaultKind, FinishKind, PartKind, Reply, Usage};
use wire::sse::Framer;

/// What both readers say of a stream.
struct Judged {
    reply: Reply,
    ending: Ending,
    usage: Option<Usage>,
    error: Option<FaultKind>,
}

/// Reads the bytes as they are, then in pieces of every size up to seven: it must be the same stream.
fn judge(stream: &str) -> Judged {
    let judged = judge_pieces(stream.as_bytes(), stream.len().max(1));
    for size in 1..8 {
        let again = judge_pieces(stream.as_bytes(), size);
        assert_eq!(
            (&again.reply, again.ending, again.usage, again.error),
            (&judged.reply, judged.ending, judged.usage, judged.error),
            "in pieces of {size}"
        );
    }
    judged
}

fn judge_pieces(stream: &[u8], size: usize) -> Judged {
    let mut framer = Framer::new(1 << 20);
    let (mut reader, mut watcher) = (OpenaiChat.stream_reader(), OpenaiChat.stream_watcher());
    let (mut law, mut collector) = (Law::default(), Collector::new(DialectId::OpenaiChat));
    let mut error = None;
    let mut take = |event: &str, data: &str| {
        let mut events = Vec::new();
        let verdict = reader.read(event, data, &mut events);
        let sight = watcher.see(event, data);
        law.check_all(&events).unwrap_or_else(|breach| panic!("{breach}: {data}"));
        events.iter().for_each(|event| collector.add(event));
        let failed = events.iter().find_map(|event| if let Event::Error(fault) = event { Some(fault.kind) } else { None });
        let seen = if let Sight::Error(fault) = &sight { Some(fault.kind) } else { None };
        assert_eq!(failed, seen, "{data}");
        assert_eq!(verdict == Verdict::Malformed, sight == Sight::Malformed, "{data}");
        assert_eq!((reader.ending(), reader.usage()), (watcher.ending(), watcher.usage()), "{data}");
        error = error.or(failed);
    };
    for piece in stream.chunks(size) {
        framer.push(piece);
        while let Some(frame) = framer.next().unwrap() {
            if let Some(data) = frame.data {
                take(frame.event, data);
            }
        }
    }
    while let Some(frame) = framer.finish().unwrap() {
        if let Some(data) = frame.data {
            take(frame.event, data);
        }
    }
    Judged { reply: collector.reply(), ending: reader.ending(), usage: reader.usage(), error }
}

fn frames(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn text(reply: &Reply) -> String {
    let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
    parts.filter_map(|part| if let PartKind::Text { text } = &part.kind { Some(text.as_str()) } else { None }).collect()
}

fn thought(reply: &Reply) -> String {
    let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
    parts.filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some(thought.text.as_str()) } else { None }).collect()
}

fn calls(reply: &Reply) -> Vec<(String, String)> {
    let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
    parts
        .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some((call.name.clone(), call.arguments.clone())) } else { None })
        .collect()
}

/// A stream of these deltas that ends well.
fn of_deltas(deltas: &[&str]) -> Judged {
    let chunks: Vec<String> = deltas.iter().map(|text| delta(text)).chain([finish("\"stop\""), "[DONE]".to_owned()]).collect();
    judge(&frames(&chunks.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn said(name: &str, arguments: &str) -> (String, String) {
    (name.to_owned(), arguments.to_owned())
}

#[test]
fn llamacpp_python_line_ends_comments_and_blank_events() {
    let chunk = delta(r#"{"content":"x"}"#);
    let end = finish("\"stop\"");
    for stream in [
        format!("data: {chunk}\r\n\r\ndata: {end}\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!("data:{chunk}\n\ndata:{end}\n\ndata:[DONE]\n\n"),
        format!("data: {chunk}\r\rdata: {end}\r\rdata: [DONE]\r\r"),
        format!(":\n\n: ping\n\n: OPENROUTER PROCESSING\n\ndata: {chunk}\n\ndata:\n\nid: 1\nretry: 5\ndata: {end}\n\ndata: [DONE] \n\n"),
        format!("data: {chunk}\n\ndata: {end}\n\ndata: [DONE]\n\ndata: [DONE]\n\n"),
        format!("data: {chunk}\n\ndata: {end}\n\ndata: [DONE]"),
        format!(
            "data: {{\"id\":\"c\",\ndata: \"choices\":[{{\"delta\":\ndata: {{\"content\":\"x\"}}}}]}}\n\ndata: {end}\n\ndata: [DONE]\n\n"
        ),
    ] {
        let judged = judge(&stream);
        assert_eq!((text(&judged.reply).as_str(), judged.ending), ("x", Ending::Complete), "{stream:?}");
    }
}

/// R13: the end marker may be missing, the finish reason may be missing; where both are, the stream was cut.
#[test]
fn ends_that_servers_leave_out() {
    let (chunk, end) = (delta(r#"{"content":"x"}"#), finish("\"stop\""));
    assert_eq!(judge(&frames(&[&chunk, &end])).ending, Ending::Complete, "EOF after the finish");
    assert_eq!(judge(&frames(&[&chunk, "[DONE]"])).ending, Ending::Complete, "vLLM: no reason until the marker");
    assert_eq!(judge(&frames(&[&chunk])).ending, Ending::Truncated);
    assert_eq!(judge(&frames(&[&chunk, &finish("\"\"")])).ending, Ending::Truncated, "an empty reason is none");
    assert_eq!(judge(&frames(&[&chunk, r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1}}"#])).ending, Ending::Truncated);
    assert_eq!(judge(&frames(&["[DONE]"])).ending, Ending::Truncated, "nothing came");
    assert_eq!(
        judge(&frames(&[&delta("{\"role\":\"assistant\"}"), r#"{"id":"c","choices":[{"index":1,"delta":{},"finish_reason":"stop"}]}"#]))
            .ending,
        Ending::Truncated,
        "one of two answers"
    );
}

#[test]
fn llamacpp_first_chunk_without_content_and_tgi_role_on_each() {
    let judged = of_deltas(&[
        r#"{"role":"assistant","content":null}"#,
        r#"{"role":"assistant","content":"a"}"#,
        r#"{"role":"assistant","content":"b"}"#,
    ]);
    assert_eq!((text(&judged.reply).as_str(), judged.reply.choices[0].parts.len()), ("ab", 1));
}

#[test]
fn chunks_without_delta_choices_or_with_a_whole_message() {
    for odd in [
        r#"{"id":"c","model":"m","choices":[{"index":0}]}"#,
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":null}]}"#,
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{}}]}"#,
        r#"{"id":"c","model":"m","choices":[]}"#,
        r#"{"id":"c","model":"m"}"#,
        r#"{"id":"c","model":"m","choices":null}"#,
    ] {
        let judged = judge(&frames(&[odd, &delta(r#"{"content":"x"}"#), odd, &finish("\"stop\""), "[DONE]"]));
        assert_eq!((text(&judged.reply).as_str(), judged.ending), ("x", Ending::Complete), "{odd}");
    }
    let whole = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}"#;
    assert_eq!(text(&judge(&frames(&[whole, "[DONE]"])).reply), "x");
}

#[test]
fn content_on_the_finish_after_it_and_a_second_finish() {
    let last = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"z"},"finish_reason":"length"}]}"#;
    let judged = judge(&frames(&[&delta(r#"{"content":"y"}"#), last, &finish("\"stop\""), &delta(r#"{"content":"!"}"#), "[DONE]"]));
    assert_eq!(text(&judged.reply), "yz!");
    assert_eq!(judged.reply.choices[0].finish.as_ref().map(|finish| finish.kind), Some(FinishKind::Length), "the first reason stays");
}

#[test]
fn usage_on_every_chunk_on_the_finish_alone_or_never() {
    let counted = |n: u32, finish: &str| {
        format!(
            r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":{finish}}}],"usage":{{"prompt_tokens":5,"completion_tokens":{n}}}}}"#
        )
    };
    let running = judge(&frames(&[&counted(1, "null"), &counted(2, "null"), &counted(3, "\"stop\""), "[DONE]"]));
    assert_eq!(running.usage.and_then(|usage| usage.output), Some(3), "the last one, never their sum");
    let on_finish = judge(&frames(&[&delta(r#"{"content":"x"}"#), &counted(2, "\"stop\""), "[DONE]"]));
    assert_eq!(on_finish.usage.and_then(|usage| usage.output), Some(2));
    assert_eq!(of_deltas(&[r#"{"content":"x"}"#]).usage, None);
    let timed = r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2.0,"prompt_tokens_details":{"cached_tokens":0}},"timings":{"cache_n":0}}"#;
    assert_eq!(
        judge(&frames(&[&delta(r#"{"content":"x"}"#), &finish("\"stop\""), timed, "[DONE]"])).usage.and_then(|usage| usage.output),
        Some(2),
        "llama.cpp"
    );
}

#[test]
fn an_id_that_changes_from_chunk_to_chunk_stays_the_first() {
    let chunk = |id: &str, text: &str| format!(r#"{{"id":{id},"created":"1700000000.5","choices":[{{"delta":{{"content":"{text}"}}}}]}}"#);
    let judged = judge(&frames(&[&chunk("\"a\"", "x"), &chunk("\"b\"", "y"), &chunk("7", "z"), &finish("\"stop\"")]));
    assert_eq!((judged.reply.id.as_str(), judged.reply.created, text(&judged.reply).as_str()), ("a", Some(1_700_000_000), "xyz"));
}

/// The server, its deltas, and the calls that they are.
type Case<'c> = (&'c str, &'c [&'c str], &'c [(String, String)]);

#[test]
fn pieces_of_calls_are_put_together_whatever_servers_forget() {
    let cases: &[Case] = &[
        (
            "Ollama: no index, whole calls",
            &[
                r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]}"#,
            ],
            &[said("f", "{}"), said("f", "{}")],
        ),
        (
            "no index, no id on the rest",
            &[
                r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"a\":"}}]}"#,
                r#"{"tool_calls":[{"function":{"arguments":"1}"}}]}"#,
            ],
            &[said("f", "{\"a\":1}")],
        ),
        (
            "no index, the name again",
            &[
                r#"{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\":"}}]}"#,
                r#"{"tool_calls":[{"function":{"name":"f","arguments":"1}"}}]}"#,
            ],
            &[said("f", "{\"a\":1}")],
        ),
        (
            "all under index 0",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#,
            ],
            &[said("f", "{}"), said("g", "{}")],
        ),
        (
            "LM Studio: an empty name on the rest",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":null,"function":{"name":"","arguments":"}"}}]}"#,
            ],
            &[said("f", "{}")],
        ),
        (
            "the id on each piece",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"}"}}]}"#,
            ],
            &[said("f", "{}")],
        ),
        (
            "arguments as an object",
            &[r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"k":1}}}]}"#],
            &[said("f", "{\"k\":1}")],
        ),
        (
            "no arguments at all",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}"#,
                r#"{"tool_calls":[{"index":0,"function":{"arguments":null}}]}"#,
            ],
            &[said("f", "{}")],
        ),
        (
            "the legacy call",
            &[
                r#"{"function_call":{"name":"f","arguments":""}}"#,
                r#"{"function_call":{"arguments":"{\"a\":"}}"#,
                r#"{"function_call":{"arguments":"1}"}}"#,
            ],
            &[said("f", "{\"a\":1}")],
        ),
        (
            "vmlx: a flood of empty deltas",
            &[
                r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#,
                r#"{"x_private":true}"#,
                "{}",
                r#"{"tool_calls":[]}"#,
            ],
            &[said("f", "{}")],
        ),
    ];
    for (server, deltas, expected) in cases {
        let judged = of_deltas(deltas);
        assert_eq!(calls(&judged.reply), *expected, "{server}");
        assert_eq!(judged.reply.choices[0].finish.as_ref().map(|finish| finish.kind), Some(FinishKind::ToolCalls), "{server}");
        let ids: std::collections::BTreeSet<&str> = judged.reply.choices[0]
            .parts
            .iter()
            .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call.id.as_str()) } else { None })
            .collect();
        assert!(ids.len() == expected.len() && !ids.contains(""), "{server}: {ids:?}");
    }
}

#[test]
fn thought_under_every_name() {
    for (server, name) in
        [("DeepSeek, llama.cpp, LM Studio, SGLang", "reasoning_content"), ("vLLM from 0.16, Groq", "reasoning"), ("another", "thinking")]
    {
        let piece = |text: &str| format!(r#"{{"role":"assistant","{name}":"{text}"}}"#);
        let judged = of_deltas(&[&piece("le"), &piece("t"), r#"{"content":"x"}"#]);
        assert_eq!((thought(&judged.reply).as_str(), text(&judged.reply).as_str()), ("let", "x"), "{server}");
    }
    let detail =
        |text: &str| format!(r#"{{"reasoning":"{text}","reasoning_details":[{{"type":"reasoning.text","text":"{text}","index":0}}]}}"#);
    assert_eq!(thought(&of_deltas(&[&detail("a"), &detail("b")]).reply), "ab", "OpenRouter tells it twice");
    assert_eq!(thought(&of_deltas(&[r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"s"}]}"#]).reply), "s");
}

#[test]
fn errors_in_the_middle_of_a_stream() {
    use FaultKind::*;
    let chunk = delta(r#"{"content":"x"}"#);
    for (server, tail, kind) in [
        ("vLLM, SGLang", "data: {\"error\":{\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}}\n\n", ProviderRejected),
        ("Groq, LM Studio", "event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n", ProviderUnavailable),
        ("text under an error event", "event: error\ndata: out of memory\n\n", ProviderUnavailable),
        ("llama.cpp, old", "error: {\"code\":500,\"message\":\"m\",\"type\":\"server_error\"}\n\n", ProviderUnavailable),
        ("a text", "data: {\"error\":\"text\"}\n\n", ProviderUnavailable),
        ("vLLM, old", "data: {\"object\":\"error\",\"message\":\"m\",\"code\":400}\n\n", ProviderRejected),
        ("FastAPI", "data: {\"detail\":\"m\"}\n\n", ProviderUnavailable),
        ("TGI", "data: {\"error\":\"m\",\"error_type\":\"overloaded\"}\n\n", ProviderRateLimited),
        ("TGI, generation", "event: error\ndata: {\"error\":\"m\",\"error_type\":\"generation\"}\n\n", ProviderUnavailable),
        (
            "OpenRouter",
            "data: {\"id\":\"c\",\"error\":{\"code\":502,\"message\":\"m\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
            ProviderUnavailable,
        ),
        (
            "vLLM, abort",
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"abort\"}]}\n\n",
            ProviderUnavailable,
        ),
    ] {
        let judged = judge(&format!("data: {chunk}\n\n{tail}data: [DONE]\n\n"));
        assert_eq!((judged.error, judged.ending), (Some(kind), Ending::Truncated), "{server}: R13: an error is no end");
        let first = judge(tail);
        assert_eq!((first.error, first.ending), (Some(kind), Ending::Truncated), "{server}, as the first frame");
    }
}

/// The strict providers gain no way to hide a truncation: none of these is an end.
#[test]
fn what_is_no_end_is_no_end() {
    let chunk = delta(r#"{"content":"x"}"#);
    for tail in [
        r#"{"id":"c","choices":[{"index":0,"delta":{"content":"[DONE]"}}]}"#,
        r#"{"done":true}"#,
        "{}",
        r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":null}]}"#,
    ] {
        assert_eq!(judge(&frames(&[&chunk, tail])).ending, Ending::Truncated, "{tail}");
    }
}
