//! Whole answers.

use super::*;
use chat::{FaultKind, FinishKind, Usage};

fn read(body: &str) -> chat::Reply {
    AnthropicMessages.read_reply(body.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[test]
fn a_whole_reply() {
    let reply = read(
        r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5-5","content":[
            {"type":"thinking","thinking":"Hm","signature":"sig"},{"type":"redacted_thinking","data":"SEAL"},
            {"type":"text","text":"Hi","citations":[{"type":"char_location","cited_text":"x"}]},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"x": 1e2},"caller":{"type":"direct"}},
            {"type":"server_tool_use","id":"srv","name":"web_search","input":{}}],
           "stop_reason":"tool_use","stop_sequence":null,"stop_details":null,"container":{"id":"c"},
           "usage":{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":90,
            "cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3},
            "output_tokens":25,"output_tokens_details":{"thinking_tokens":8},"service_tier":"standard","inference_geo":"us"}}"#,
    );
    assert_eq!((reply.id.as_str(), reply.model.as_str(), reply.service_tier.as_deref()), ("msg_1", "claude-opus-5-5", Some("standard")));
    let usage = Usage {
        input: Some(105),
        cache_read: Some(90),
        cache_write: Some(5),
        cache_write_1h: Some(3),
        output: Some(25),
        reasoning: Some(8),
        ..Usage::default()
    };
    assert_eq!(reply.usage, Some(usage), "input includes what the cache read and wrote");
    assert_eq!(
        (reply.extras.get("container").unwrap().text(), reply.usage_extras.get("inference_geo").unwrap().text()),
        (r#"{"id":"c"}"#, "\"us\"")
    );
    let choice = &reply.choices[0];
    let kinds: Vec<&PartKind> = choice.parts.iter().map(|part| &part.kind).collect();
    assert!(matches!(kinds[0], PartKind::Reasoning(r) if r.text == "Hm" && r.signature.as_deref() == Some("sig")));
    assert!(matches!(kinds[1], PartKind::Reasoning(r) if r.encrypted.as_deref() == Some("SEAL")));
    assert!(matches!(kinds[2], PartKind::Text { text } if text == "Hi"));
    assert!(matches!(kinds[3], PartKind::Citation { .. }));
    assert!(matches!(kinds[4], PartKind::ToolCall(call) if call.arguments == r#"{"x": 1e2}"#), "arguments stay text");
    assert_eq!(choice.parts[4].extras.get("caller").unwrap().text(), r#"{"type":"direct"}"#);
    assert!(matches!(kinds[5], PartKind::Native { raw, .. } if raw.text().contains("server_tool_use")));
    assert_eq!(choice.finish.as_ref().unwrap().kind, FinishKind::ToolCalls);
}

#[test]
fn stop_reasons() {
    for (native, kind) in [
        ("end_turn", FinishKind::Stop),
        ("stop_sequence", FinishKind::Stop),
        ("max_tokens", FinishKind::Length),
        ("model_context_window_exceeded", FinishKind::Length),
        ("pause_turn", FinishKind::Length),
        ("tool_use", FinishKind::ToolCalls),
        ("refusal", FinishKind::ContentFilter),
        ("compaction", FinishKind::Other),
    ] {
        let reply = read(&format!(r#"{{"type":"message","content":[],"stop_reason":"{native}","stop_sequence":"END"}}"#));
        let finish = reply.choices[0].finish.clone().unwrap();
        assert_eq!((finish.kind, finish.native.as_str(), finish.stop_sequence.as_deref()), (kind, native, Some("END")));
    }
    assert_eq!(read(r#"{"type":"message","content":[],"stop_reason":null}"#).choices[0].finish, None);
}

#[test]
fn a_refusal_without_content() {
    let reply = read(r#"{"type":"message","content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber"}}"#);
    assert_eq!(reply.choices[0].finish.as_ref().unwrap().kind, FinishKind::ContentFilter);
    assert!(reply.choices[0].extras.get("stop_details").unwrap().text().contains("cyber"));
}

/// A zero that the provider sent is a zero; what it did not say is not known.
#[test]
fn usage_by_table() {
    let usage = |text: &str| AnthropicMessages.read_usage(format!(r#"{{"type":"message","content":[],"usage":{text}}}"#).as_bytes());
    let of = |input, cache_read, cache_write, output| Usage { input, cache_read, cache_write, output, ..Usage::default() };
    assert_eq!(usage(r#"{"input_tokens":0,"output_tokens":0}"#), Some(of(Some(0), None, None, Some(0))));
    assert_eq!(usage(r#"{"input_tokens":7,"cache_read_input_tokens":null,"output_tokens":1}"#), Some(of(Some(7), None, None, Some(1))));
    assert_eq!(
        usage(r#"{"input_tokens":7,"cache_read_input_tokens":0,"cache_creation_input_tokens":2}"#),
        Some(of(Some(9), Some(0), Some(2), None))
    );
    assert_eq!(usage(r#"{"output_tokens":3}"#), Some(of(None, None, None, Some(3))), "half of the input is not the input");
    let hour = Usage { cache_write_1h: Some(4), ..of(Some(11), None, Some(10), None) };
    assert_eq!(usage(r#"{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":6,"ephemeral_1h_input_tokens":4}}"#), Some(hour));
    assert_eq!(usage("null"), None);
    assert_eq!(usage(r#"{"input_tokens":"x"}"#), None);
}

/// What is no message is a fault of the provider's, and says nothing false.
#[test]
fn garbage_is_a_bad_response_and_an_error_body_is_its_fault() {
    for body in ["", "null", "[]", "<html>", r#"{"type":"message"}"#, r#"{"content":[]}"#, r#"{"type":"message","content":[{"text":"x"}]}"#]
    {
        let fault = AnthropicMessages.read_reply(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::ProviderBadResponse, "{body}");
    }
    let deep = format!(r#"{{"type":"message","content":[{}{}]}}"#, "[".repeat(5000), "]".repeat(5000));
    assert_eq!(AnthropicMessages.read_reply(deep.as_bytes()).unwrap_err().kind, FaultKind::ProviderBadResponse);
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(AnthropicMessages.read_reply(error.as_bytes()).unwrap_err().kind, FaultKind::ProviderUnavailable);
}

/// Counting costs nothing, and its answer is no usage: the bytes go through.
#[test]
fn an_answer_of_count_tokens_has_no_usage() {
    assert_eq!(AnthropicMessages.read_usage(br#"{"input_tokens":5}"#), None);
}
