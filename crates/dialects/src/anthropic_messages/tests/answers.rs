//! Whole answers for clients.

use super::{inbound, shape, *};
use crate::openai_chat::OpenaiChat;
use chat::{Choice, FaultKind, Finish, FinishKind, Origin, Reply, Step, Usage};
use serde_json::json;

fn written(reply: &Reply) -> Value {
    shape::message(&AnthropicMessages.write_reply(reply).unwrap()).unwrap_or_else(|why| panic!("{why}"))
}

fn from_openai(message: &str, finish: &str) -> Value {
    let body = format!(
        r#"{{"id":"chatcmpl-1","model":"gpt","choices":[{{"index":0,"message":{message},"finish_reason":{finish}}}],"usage":{{"prompt_tokens":30,"completion_tokens":7,"prompt_tokens_details":{{"cached_tokens":20}},"completion_tokens_details":{{"reasoning_tokens":3}}}}}}"#
    );
    written(&OpenaiChat.read_reply(body.as_bytes()).unwrap())
}

#[test]
fn an_answer_of_openai_is_a_message() {
    let body = from_openai(
        r#"{"role":"assistant","content":"Hi","reasoning_content":"Hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 1.0}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}}]}"#,
        "\"tool_calls\"",
    );
    assert_eq!(
        body,
        json!({"id": "chatcmpl-1", "type": "message", "role": "assistant", "model": "gpt", "content": [
                {"type": "thinking", "thinking": "Hm", "signature": ""}, {"type": "text", "text": "Hi"},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"x": 1.0}}, {"type": "tool_use", "id": "c2", "name": "g", "input": {}}],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}}})
    );
}

#[test]
fn arguments_that_are_no_object_stand_inside_one() {
    for (arguments, input) in [
        (r#"{\"a\":1"#, json!({"input": "{\"a\":1"})),
        (r#"[1]"#, json!({"input": "[1]"})),
        ("free text", json!({"input": "free text"})),
        (r#"{\"a\":1}{\"b\":2}"#, json!({"input": "{\"a\":1}{\"b\":2}"})),
        (" ", json!({})),
    ] {
        let message = format!(r#"{{"content":null,"tool_calls":[{{"id":"c","function":{{"name":"f","arguments":"{arguments}"}}}}]}}"#);
        assert_eq!(from_openai(&message, "\"tool_calls\"")["content"][0]["input"], input, "{arguments}");
    }
}

#[test]
fn reasons_of_the_end() {
    for (word, reason) in [
        ("\"stop\"", "end_turn"),
        ("\"length\"", "max_tokens"),
        ("\"content_filter\"", "refusal"),
        ("\"eos\"", "end_turn"),
        ("\"something\"", "end_turn"),
        ("null", "end_turn"),
    ] {
        assert_eq!(from_openai(r#"{"content":"x"}"#, word)["stop_reason"], reason, "{word}");
    }
    assert_eq!(from_openai(r#"{"content":null,"tool_calls":[{"id":"c","function":{"name":"f"}}]}"#, "\"stop\"")["stop_reason"], "tool_use");
    let refusal = from_openai(r#"{"content":null,"refusal":"I can't."}"#, "\"stop\"");
    assert_eq!((&refusal["stop_reason"], &refusal["content"][0]["text"]), (&json!("refusal"), &json!("I can't.")));
    let sequence = Finish { kind: FinishKind::Stop, native: "stop_sequence".into(), stop_sequence: Some("END".into()) };
    let reply = Reply { choices: vec![Choice { finish: Some(sequence), ..Choice::default() }], ..Reply::default() };
    assert_eq!((&written(&reply)["stop_reason"], &written(&reply)["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
}

/// `input_tokens` leaves out the cache; an answer without counts has zeros, because clients read them.
#[test]
fn usage_is_this_dialects_convention() {
    let usage = Usage {
        input: Some(100),
        cache_read: Some(60),
        cache_write: Some(30),
        cache_write_1h: Some(10),
        output: Some(5),
        total: Some(105),
        ..Usage::default()
    };
    let reply = Reply { usage: Some(usage), service_tier: Some("default".into()), ..Reply::default() };
    assert_eq!(
        written(&reply)["usage"],
        json!({"input_tokens": 10, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10}, "output_tokens": 5, "service_tier": "standard"})
    );
    assert_eq!(written(&Reply::default())["usage"], json!({"input_tokens": 0, "output_tokens": 0}));
    let odd = Usage { input: Some(1), cache_read: Some(9), ..Usage::default() };
    assert_eq!(written(&Reply { usage: Some(odd), ..Reply::default() })["usage"]["input_tokens"], 0);
}

#[test]
fn parts_of_another_dialect_are_not_dropped_in_silence() {
    let native = PartKind::Native { raw: raw(r#"{"type":"x"}"#), from: DialectId::OpenaiChat };
    let choice = Choice { parts: vec![Part::new(native), Part::text("")], ..Choice::default() };
    let body = written(&Reply { choices: vec![choice], ..Reply::default() });
    assert_eq!(body["content"], json!([]), "an empty text is refused when it comes back");
    assert_eq!(body["provider_parts"], json!([{"index": 0, "from": "openai_chat", "part": {"type": "x"}}]));
}

/// A conversation with a provider of OpenAI chat, carried by an Anthropic client, and the other way round, keeps its thought and its calls.
#[test]
fn a_conversation_that_comes_back_keeps_working() {
    let answer = from_openai(
        r#"{"content":"Hi","reasoning_content":"Hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
        "\"tool_calls\"",
    );
    let next = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": answer["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "ok"}]}]});
    let facts = ModelFacts::default();
    let target = Target { model: "gpt", facts: &facts, version: None };
    let sent = json(&OpenaiChat.write_request(&inbound::read(&next), &target).unwrap());
    assert_eq!(sent["messages"][1]["reasoning_content"], "Hm");
    assert_eq!(sent["messages"][1]["tool_calls"][0]["function"]["arguments"], r#"{"x":1}"#);
    assert_eq!(sent["messages"][2], json!({"role": "tool", "tool_call_id": "c1", "content": "ok"}));
    // An OpenAI client carries Anthropic's signed thought back to it.
    let message = json!({"id": "msg", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use", "content": [
        {"type": "thinking", "thinking": "T", "signature": "sig"}, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]});
    let reply = AnthropicMessages.read_reply(message.to_string().as_bytes()).unwrap();
    let answer: Value = serde_json::from_slice(&OpenaiChat.write_reply(&reply).unwrap()).unwrap();
    let next = json!({"model": "m", "messages": [{"role": "user", "content": "q"}, answer["choices"][0]["message"], {"role": "tool", "tool_call_id": "t1", "content": "ok"}]});
    let sent = json(&write(&OpenaiChat.read_request(next.to_string().as_bytes()).unwrap()));
    assert_eq!(sent["messages"][1]["content"][0], json!({"type": "thinking", "thinking": "T", "signature": "sig"}));
    // Through a client of this dialect too.
    let again = shape::message(&AnthropicMessages.write_reply(&reply).unwrap()).unwrap();
    assert_eq!(again["content"], message["content"]);
}

#[test]
fn errors_are_what_clients_of_this_dialect_look_for() {
    let fault = |status: u16, code: &str, message: &str| {
        let mut fault = Fault::new(FaultKind::ProviderRejected, Origin::Provider, Step::FirstByte, message);
        (fault.provider_status, fault.code) = (Some(status), Some(code.to_owned()));
        serde_json::from_slice::<Value>(&AnthropicMessages.write_error(&fault, "req-1")).unwrap()
    };
    let long = fault(400, "context_length_exceeded", "This model's maximum context length is 8 tokens.");
    assert_eq!(
        long["error"],
        json!({"type": "invalid_request_error", "message": "prompt is too long: This model's maximum context length is 8 tokens."})
    );
    assert_eq!(fault(400, "context_length_exceeded", "Prompt is too long")["error"]["message"], "Prompt is too long");
    assert_eq!(fault(413, "x", "large")["error"]["type"], "request_too_large");
    assert_eq!(
        fault(400, "x", "odd"),
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": "odd"}, "request_id": "req-1"})
    );
}
