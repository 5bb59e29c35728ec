//! A client that speaks OpenAI is answered by a provider that speaks another dialect, and by one that is stricter than OpenAI.

use crate::harness::{Ask, Gateway, KEY, Reply, Setup, Simulator, openai, provider_key, rows_of};
use serde_json::{Value, json};
use testkit::scripted::{Script, Scripted, Turn};

fn gateway(upstream: &Scripted) -> Gateway {
    Setup::new().provider("claude", "anthropic", &upstream.url()).model("m", "claude", "claude-opus-5", 1).start()
}

fn ask(gateway: &Gateway, body: &Value) -> Reply {
    Ask::post("/v1/chat/completions", body).key(KEY).at(gateway.address())
}

const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// Tools, images, a JSON schema, reasoning, turns that Anthropic has elsewhere.
fn rich(stream: bool) -> Value {
    json!({
        "model": "m",
        "stream": stream,
        "max_tokens": 4096,
        "reasoning_effort": "high",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PIXEL}")}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}},
                {"id": "call_2", "type": "function", "function": {"name": "look", "arguments": ""}}
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a pixel"},
            {"role": "tool", "tool_call_id": "call_2", "content": "another"},
            {"role": "user", "content": "And now?"}
        ],
        "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}}],
        "tool_choice": "auto",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": true,
            "schema": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"], "additionalProperties": false}}}
    })
}

fn answer() -> Turn {
    let body = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5", "stop_reason": "tool_use", "stop_sequence": null,
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 2}},
            {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}}
        ],
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 85, "output_tokens": 25,
            "output_tokens_details": {"thinking_tokens": 8}}});
    Turn::json(200, body.to_string())
}

/// `providers/anthropic.md`, request mapping.
#[test]
fn the_anthropic_request_is_what_its_api_says() {
    let upstream = Scripted::start(Script::always(answer()));
    let gateway = gateway(&upstream);
    let reply = ask(&gateway, &rich(false));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let request = upstream.requests().remove(0);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/messages"));
    assert_eq!(request.header("x-api-key"), Some(provider_key("claude").as_str()));
    assert_eq!(request.header("authorization"), None, "exactly one credential");
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
    let sent = request.json();
    assert_eq!((&sent["model"], &sent["max_tokens"]), (&json!("claude-opus-5"), &json!(4096)));
    assert!(sent["system"].to_string().contains("Be brief."), "{sent}");
    let messages = sent["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"], "both results and the text after them are one turn");
    assert_eq!(messages[0]["content"][1]["source"], json!({"type": "base64", "media_type": "image/png", "data": PIXEL}));
    assert_eq!(messages[0]["content"][2]["source"], json!({"type": "url", "url": "https://example.com/a.png"}));
    assert_eq!(messages[1]["content"][0]["input"], json!({"at": 1}));
    assert_eq!(messages[1]["content"][1]["input"], json!({}), "no arguments are an empty object");
    let kinds: Vec<_> = messages[2]["content"].as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text"], "results first");
    assert_eq!(sent["tools"][0]["name"], "look");
    assert_eq!(sent["tools"][0]["input_schema"]["type"], "object");
    assert_eq!(sent["tool_choice"]["type"], "auto");
    assert_eq!(sent["output_config"]["format"]["type"], "json_schema");
    assert_eq!(sent["output_config"]["format"]["schema"]["additionalProperties"], false);
    assert_eq!(sent["output_config"]["effort"], "high");
    for member in ["response_format", "reasoning_effort", "stream_options"] {
        assert!(sent.get(member).is_none(), "{member}: {sent}");
    }
}

#[test]
fn the_anthropic_answer_is_an_openai_answer() {
    let upstream = Scripted::start(Script::always(answer()));
    let gateway = gateway(&upstream);
    let reply = ask(&gateway, &rich(false));
    let body = reply.json();
    assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("claude-opus-5")));
    assert!(body["created"].as_i64().is_some_and(|created| created > 1_700_000_000), "{body}");
    let choice = &body["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &json!("Let me look.")));
    assert_eq!(choice["message"]["reasoning_content"], "hm");
    let calls = choice["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!((&calls[0]["id"], &calls[0]["function"]["name"]), (&json!("toolu_1"), &json!("look")));
    let arguments: Value = serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({"at": 2}));
    let usage = &body["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"], &usage["total_tokens"]), (&json!(100), &json!(25), &json!(125)));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 85);
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 8);
    let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
    assert_eq!((row.status.as_str(), row.input_tokens, row.output_tokens), ("succeeded", Some(100), Some(25)));

    // The next turn: the thought goes back as it came, before everything else of its turn.
    let mut next = rich(false);
    let messages = next["messages"].as_array_mut().unwrap();
    messages.push(choice["message"].clone());
    for id in ["toolu_1", "toolu_2"] {
        messages.push(json!({"role": "tool", "tool_call_id": id, "content": "seen"}));
    }
    assert_eq!(ask(&gateway, &next).status, 200);
    let sent = upstream.requests()[1].json();
    let turns = sent["messages"].as_array().unwrap();
    assert_eq!(turns[turns.len() - 2]["content"][0], json!({"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}));
}

pub(crate) fn anthropic_events() -> Vec<String> {
    let event = |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    vec![
        event(json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 25, "output_tokens": 1}}})),
        event(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
        event(json!({"type": "ping"})),
        event(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}})),
        event(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}})),
        event(json!({"type": "content_block_stop", "index": 0})),
        event(
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}}),
        ),
        event(json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"at\": 1}"}})),
        event(json!({"type": "content_block_stop", "index": 1})),
        event(
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 15}}),
        ),
        event(json!({"type": "message_stop"})),
    ]
}

fn text_of(data: &[String]) -> String {
    let chunks = data.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_anthropic_stream_is_an_openai_stream() {
    let upstream = Scripted::start(Script::always(Turn::sse(anthropic_events())));
    let gateway = gateway(&upstream);
    for sees_usage in [false, true] {
        let mut body = rich(true);
        if sees_usage {
            body["stream_options"] = json!({"include_usage": true});
        }
        let reply = ask(&gateway, &body);
        let data = reply.data();
        assert_eq!(data.last().map(String::as_str), Some("[DONE]"));
        assert_eq!(text_of(&data), "Hello");
        let chunks: Vec<Value> = data[..data.len() - 1].iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk"));
        let call: String =
            chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str()).collect();
        assert_eq!(serde_json::from_str::<Value>(&call).unwrap(), json!({"at": 1}));
        assert!(chunks.iter().any(|chunk| chunk["choices"][0]["finish_reason"] == "tool_calls"));
        let usage: Vec<_> = chunks.iter().filter(|chunk| chunk["usage"].is_object()).collect();
        assert_eq!(usage.len(), usize::from(sees_usage));
        if let Some(chunk) = usage.first() {
            assert_eq!((&chunk["usage"]["prompt_tokens"], &chunk["usage"]["completion_tokens"]), (&json!(25), &json!(15)));
        }
        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.input_tokens, row.output_tokens), (Some(25), Some(15)));
    }
}

/// R13: without `message_stop` it is no whole stream, at whichever event it ends.
#[test]
fn an_anthropic_stream_that_is_cut_is_an_error() {
    let events = anthropic_events();
    for kept in 0..events.len() {
        let upstream = Scripted::start(Script::always(Turn::sse(&events[..kept])));
        let reply = ask(&gateway(&upstream), &rich(true));
        if reply.status == 200 {
            let data = reply.data();
            assert!(!data.iter().any(|data| data == "[DONE]"), "{kept}: {data:?}");
            let last: Value = serde_json::from_str(data.last().unwrap()).unwrap();
            assert_eq!(last["error"]["code"], "provider_bad_response", "{kept}: {last}");
        } else {
            assert!(kept <= 3, "{kept} events: content was lost");
            assert_eq!(reply.error().0, 502);
        }
    }
}

#[test]
fn anthropic_errors_are_openai_errors() {
    let error = |kind: &str| {
        json!({"type": "error", "error": {"type": kind, "message": format!("the provider says {kind}")}, "request_id": "req_1"}).to_string()
    };
    for (status, kind, expected) in [
        (400, "invalid_request_error", (400, "invalid_request_error", "")),
        (401, "authentication_error", (502, "upstream_error", "provider_auth_failed")),
        (402, "billing_error", (503, "upstream_error", "provider_quota_exceeded")),
        (404, "not_found_error", (502, "upstream_error", "provider_model_not_found")),
        (500, "api_error", (503, "upstream_error", "provider_unavailable")),
        (529, "overloaded_error", (503, "upstream_error", "provider_unavailable")),
    ] {
        let upstream = Scripted::start(Script::always(Turn::json(status, error(kind))));
        let gateway = gateway(&upstream);
        for stream in [false, true] {
            let (status, kind, code) = ask(&gateway, &rich(stream)).error();
            assert_eq!((status, kind.as_str(), code.as_str()), expected, "{kind}");
        }
    }
    let in_stream = format!("event: error\ndata: {}\n\n", error("overloaded_error"));
    let cut = Turn::sse_open(&anthropic_events()[..5]).wait(std::time::Duration::from_millis(100)).chunk(in_stream).end_chunks();
    let upstream = Scripted::start(Script::always(cut));
    let data = ask(&gateway(&upstream), &rich(true)).data();
    let last: Value = serde_json::from_str(data.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "provider_unavailable", "{data:?}");
}

/// The simulator is as strict as the providers and shares no code with the codecs.
#[test]
fn strict_providers_accept_what_clients_of_openai_send() {
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
        for stream in [false, true] {
            let body = json!({
                "model": model,
                "stream": stream,
                "max_tokens": 2_000,
                "messages": [
                    {"role": "developer", "content": "Be brief.", "name": "ops"},
                    {"role": "user", "content": "Look at it.", "name": "ann"},
                    {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "function_call": null, "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}}]},
                    {"role": "tool", "tool_call_id": "call_1", "content": "a pixel"},
                    {"role": "user", "content": "And now?"}
                ],
                "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.",
                    "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}}}]
            });
            let reply = ask(&gateway, &body);
            assert_eq!(reply.status, 200, "{model} stream {stream}: {}", reply.text());
            if stream {
                assert_eq!(reply.data().last().map(String::as_str), Some("[DONE]"), "{model}");
            }
            let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
            assert!(row.status == "succeeded" && row.input_tokens > Some(0) && row.output_tokens > Some(0), "{model}: {row:?}");
        }
    }
    let lost = ask(&gateway, &json!({"model": "quick", "logprobs": true, "store": false, "messages": openai::chat("m")["messages"]}));
    assert_eq!((lost.status, lost.header("x-conduit-losses")), (200, Some("logprobs, store")), "{}", lost.text());
}
