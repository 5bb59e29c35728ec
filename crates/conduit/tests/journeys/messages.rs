//! A client that speaks Anthropic Messages is answered by Anthropic byte for byte, and by providers of another dialect in its own.

use crate::harness::{Ask, Gateway, KEY, Reply, Setup, Simulator, openai, provider_key, rows_of};
use crate::translation::anthropic_events;
use serde_json::{Value, json};
use testkit::scripted::{Script, Scripted, Turn};

fn ask(gateway: &Gateway, body: &Value) -> Reply {
    Ask::post("/v1/messages", body).header("x-api-key", KEY).header("anthropic-version", "2023-06-01").at(gateway.address())
}

fn body(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "max_tokens": 2_000, "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": "What is this?"},
            {"role": "assistant", "content": [{"type": "text", "text": "Let me look."}, {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a pixel"}, {"type": "text", "text": "And?"}]}
        ],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {"at": {"type": "integer"}}}}]})
}

/// The names of a stream's events, in order.
fn events(reply: &Reply) -> Vec<String> {
    reply.text().lines().filter_map(|line| line.strip_prefix("event: ")).map(str::to_owned).collect()
}

#[test]
fn anthropic_gets_and_gives_bytes() {
    let answer = r#"{"type":"message", "id":"msg_1","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2},"new_member":1.50}"#;
    let stream = anthropic_events();
    let sent = stream.clone();
    let upstream = Scripted::start(Script::choose(move |number, _| if number == 0 { Turn::json(200, answer) } else { Turn::sse(&sent) }));
    let gateway = Setup::new().provider("claude", "anthropic", &upstream.url()).model("m", "claude", "claude-opus-5", 1).start();
    let whole = ask(&gateway, &body("m", false));
    assert_eq!((whole.status, whole.text().as_str()), (200, answer));
    let streamed = ask(&gateway, &body("m", true));
    assert_eq!((streamed.status, streamed.text()), (200, stream.concat()));
    for (request, stream) in upstream.requests().iter().zip([false, true]) {
        let expected = body("m", stream).to_string().replace(r#""model":"m""#, r#""model":"claude-opus-5""#);
        assert_eq!(request.text(), expected);
        assert_eq!((request.target.as_str(), request.header("x-api-key")), ("/v1/messages", Some(provider_key("claude").as_str())));
    }
    let usage = |reply: &Reply| {
        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        (row.input_tokens, row.output_tokens)
    };
    assert_eq!((usage(&whole), usage(&streamed)), ((Some(3), Some(2)), (Some(25), Some(15))));
}

/// The simulator is as strict as the providers and shares no code with the codecs.
#[test]
fn strict_providers_of_each_dialect_answer() {
    let simulator = Simulator::start();
    let gateway = Setup::new()
        .provider_with_key("claude", "anthropic", &simulator.url("anthropic"), "sim-claude")
        .provider_with_key("quick", "groq", &simulator.url("groq/openai/v1"), "sim-quick")
        .provider_with_key("first", "openai", &simulator.url("openai/v1"), "sim-first")
        .model("claude", "claude", "claude-opus-5", 1)
        .model("quick", "quick", "openai/gpt-oss-120b", 1)
        .model("first", "first", "gpt-5", 1)
        .start();
    for model in ["claude", "quick", "first"] {
        let whole = ask(&gateway, &body(model, false));
        let said = whole.json();
        assert_eq!((whole.status, &said["type"], &said["role"]), (200, &json!("message"), &json!("assistant")), "{model}: {said}");
        assert!(said["content"].as_array().is_some_and(|blocks| !blocks.is_empty()) && said["stop_reason"].is_string(), "{model}: {said}");
        assert!(said["usage"]["input_tokens"].is_u64() && said["usage"]["output_tokens"].is_u64(), "{model}: {said}");
        let streamed = ask(&gateway, &body(model, true));
        let names = events(&streamed);
        assert_eq!(
            (streamed.status, names.first().map(String::as_str), names.last().map(String::as_str)),
            (200, Some("message_start"), Some("message_stop")),
            "{model}: {}",
            streamed.text()
        );
        assert!(names.contains(&"message_delta".to_owned()) && !streamed.text().contains("[DONE]"), "{model}");
        for reply in [whole, streamed] {
            let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
            assert!(row.status == "succeeded" && row.input_tokens.is_some() && row.output_tokens.is_some(), "{model}: {row:?}");
        }
    }
}

#[test]
fn tokens_are_counted_by_those_who_can() {
    let upstream = Scripted::start(Script::always(Turn::json(200, r#"{"input_tokens":14}"#)));
    let gateway = Setup::new()
        .provider("claude", "anthropic", &upstream.url())
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .model("m", "claude", "claude-opus-5", 1)
        .model("other", "one", "gpt-5", 1)
        .start();
    let count = |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
        Ask::post("/v1/messages/count_tokens", &body).key(KEY).at(gateway.address())
    };
    let counted = count("m");
    assert_eq!((counted.status, counted.text().as_str()), (200, r#"{"input_tokens":14}"#));
    let refused = count("other");
    assert_eq!((refused.status, &refused.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    let targets: Vec<_> = upstream.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(targets, ["/v1/messages/count_tokens"]);
}

/// R15: an error after the first event is an event of the caller's dialect, and the stream has no end.
#[test]
fn errors_are_of_the_callers_dialect() {
    let chunks = openai::events(3);
    let upstream = Scripted::start(Script::choose(move |number, _| match number {
        0 => Turn::sse(&chunks[..2]),
        _ => openai::error(500, "server_error", "x"),
    }));
    let gateway = Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "gpt-5", 1).start();
    let reply = ask(&gateway, &body("m", true));
    let names = events(&reply);
    assert_eq!((reply.status, names.last().map(String::as_str)), (200, Some("error")), "{}", reply.text());
    assert!(!names.contains(&"message_stop".to_owned()));
    let reply = ask(&gateway, &body("m", false));
    assert_eq!((reply.status, &reply.json()["type"], &reply.json()["error"]["type"]), (503, &json!("error"), &json!("overloaded_error")));
    let nobody = Ask::post("/v1/messages", &body("m", false)).at(gateway.address());
    assert_eq!((nobody.status, &nobody.json()["error"]["type"]), (401, &json!("authentication_error")));
}

/// The older completions of OpenAI go through as they are.
#[test]
fn text_completions_are_served() {
    let choice = |text: &str, finish: Value| json!([{"text": text, "index": 0, "logprobs": null, "finish_reason": finish}]);
    let event = |choices: Value, usage: Value| {
        format!(
            "data: {}\n\n",
            json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x", "choices": choices, "usage": usage})
        )
    };
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5});
    let whole = json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x", "choices": choice(" upon", json!("stop")), "usage": usage}).to_string();
    let told = [event(choice(" upon", Value::Null), Value::Null), event(choice("", json!("stop")), Value::Null)];
    let stream = [told[0].clone(), told[1].clone(), event(json!([]), usage), "data: [DONE]\n\n".to_owned()];
    let answer = whole.clone();
    let upstream =
        Scripted::start(Script::choose(move |number, _| if number == 0 { Turn::json(200, &answer) } else { Turn::sse(&stream) }));
    let gateway = Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "x", 1).start();
    let plain = Ask::post("/v1/completions", &json!({"model": "m", "prompt": "Once"})).key(KEY).at(gateway.address());
    assert_eq!((plain.status, plain.text()), (200, whole));
    let streamed = Ask::post("/v1/completions", &json!({"model": "m", "prompt": "Once", "stream": true})).key(KEY).at(gateway.address());
    assert_eq!((streamed.status, streamed.text()), (200, [told.concat(), "data: [DONE]\n\n".to_owned()].concat()));
    for reply in [plain, streamed] {
        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.status.as_str(), row.input_tokens, row.output_tokens), ("succeeded", Some(3), Some(2)));
    }
    assert!(upstream.requests().iter().all(|request| request.target == "/v1/completions"));
}
