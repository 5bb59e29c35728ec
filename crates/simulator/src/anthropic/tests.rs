use crate::tests::{Got, request, send, simulator};
use serde_json::{Value, json};

const KEY: (&str, &str) = ("x-api-key", "sim-test");
const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

async fn post(headers: &[(&str, &str)], body: &Value) -> Got {
    send(&simulator(), request("POST", "/anthropic/v1/messages", headers, &body.to_string())).await
}

/// A good request of the model, with more or other members.
fn asked(model: &str, more: &Value) -> Value {
    let mut body = json!({ "model": model, "max_tokens": 3000, "messages": [{ "role": "user", "content": "hello" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn ask(model: &str, more: Value) -> Got {
    post(&[KEY, VERSION], &asked(model, &more)).await
}

fn message_of(got: &Got) -> String {
    let body = got.json();
    assert_eq!(body["type"], "error");
    assert_eq!(body["request_id"], got.headers["request-id"].to_str().unwrap());
    body["error"]["message"].as_str().unwrap().to_owned()
}

fn weather_tool() -> Value {
    json!({ "name": "get_weather", "input_schema": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } })
}

#[tokio::test]
async fn a_message_has_anthropics_shape() {
    let got = ask("claude-haiku-4-5", json!({})).await;
    let message = got.json();
    assert_eq!(got.status, 200, "{message}");
    assert_eq!(
        (&message["type"], &message["role"], &message["model"]),
        (&json!("message"), &json!("assistant"), &json!("claude-haiku-4-5"))
    );
    assert_eq!(message["content"], json!([{ "type": "text", "text": "You said: hello" }]));
    assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("end_turn"), &Value::Null));
    assert!(message["usage"]["input_tokens"].as_u64().unwrap() > 0);
    for header in ["request-id", "anthropic-ratelimit-tokens-remaining", "anthropic-organization-id"] {
        assert!(got.headers.contains_key(header), "{header}");
    }
}

#[tokio::test]
async fn exactly_one_credential_and_a_known_version() {
    let body = asked("claude-haiku-4-5", &json!({}));
    let bearer = ("authorization", "Bearer sim-test");
    for (headers, status, part) in [
        (vec![KEY, VERSION], 200, ""),
        (vec![bearer, VERSION], 200, ""),
        (vec![KEY, bearer, VERSION], 401, "exactly one"),
        (vec![VERSION], 401, "x-api-key header is required"),
        (vec![("x-api-key", "sk-ant-1"), VERSION], 401, "invalid x-api-key"),
        (vec![("authorization", "Bearer sk-ant-1"), VERSION], 401, "Invalid bearer token"),
        (vec![KEY], 400, "anthropic-version: header is required"),
        (vec![KEY, ("anthropic-version", "2020-01-01")], 400, "not a valid version"),
        (vec![KEY, ("anthropic-version", "2026-10-21")], 200, ""),
    ] {
        let got = post(&headers, &body).await;
        assert_eq!(got.status, status, "{headers:?}: {}", got.text());
        assert!(got.text().contains(part));
    }
}

/// R13: named events in Anthropic's order, `message_stop` last, usage cumulative.
#[tokio::test]
async fn a_stream_has_anthropics_order() {
    let got = ask("claude-opus-4-8", json!({ "stream": true, "thinking": { "type": "adaptive", "display": "summarized" } })).await;
    let text = got.text();
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    names.dedup();
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names, expected);
    let events = got.data();
    assert!(events.iter().zip(text.lines().filter_map(|line| line.strip_prefix("event: "))).all(|(event, name)| event["type"] == name));
    let deltas: Vec<&Value> = events.iter().map(|event| &event["delta"]).collect();
    let of = |kind: &str, member: &str| -> String {
        deltas.iter().filter(|delta| delta["type"] == kind).map(|delta| delta[member].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("text_delta", "text"), "You said: hello");
    assert!(of("thinking_delta", "thinking").starts_with("The caller said: hello."));
    assert!(!of("signature_delta", "signature").is_empty());
    let last = &events[events.len() - 2];
    assert_eq!(last["delta"]["stop_reason"], "end_turn");
    assert!(last["usage"]["output_tokens"].as_u64() > events[0]["message"]["usage"]["output_tokens"].as_u64());
    assert_eq!(events[0]["message"]["content"], json!([]));
}

#[tokio::test]
async fn tools_are_called_answered_and_streamed() {
    let tools = json!([weather_tool()]);
    let user = json!({ "role": "user", "content": "weather in both places" });
    let reply = ask("claude-haiku-4-5", json!({ "tools": tools, "messages": [user] })).await.json();
    assert_eq!(reply["stop_reason"], "tool_use");
    let calls = reply["content"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["type"], &calls[0]["input"]), (2, &json!("tool_use"), &json!({ "city": "city 1" })));
    let result = |call: &Value, text: &str| json!({ "type": "tool_result", "tool_use_id": call["id"], "content": text });
    let results = json!({ "role": "user", "content": [result(&calls[0], "sunny"), result(&calls[1], "rain")] });
    let assistant = json!({ "role": "assistant", "content": calls });
    let second = ask("claude-haiku-4-5", json!({ "tools": tools, "messages": [user, assistant, results] })).await.json();
    assert_eq!(second["content"][0]["text"], "The tools said: sunny; rain");

    let missing = ask("claude-haiku-4-5", json!({ "messages": [user, assistant, results] })).await;
    assert!(message_of(&missing).contains("must define tools"));

    let stream = ask("claude-haiku-4-5", json!({ "tools": tools, "messages": [user], "stream": true })).await.data();
    let mut inputs = [String::new(), String::new()];
    for event in stream.iter().filter(|event| event["delta"]["type"] == "input_json_delta") {
        inputs[event["index"].as_u64().unwrap() as usize].push_str(event["delta"]["partial_json"].as_str().unwrap());
    }
    assert_eq!(inputs, ["{\"city\":\"city 1\"}", "{\"city\":\"city 2\"}"]);

    let single = ask(
        "claude-haiku-4-5",
        json!({ "tools": tools, "messages": [user], "tool_choice": { "type": "auto", "disable_parallel_tool_use": true } }),
    )
    .await;
    assert_eq!(single.json()["content"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn images_documents_system_and_structured_output() {
    let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "aGVsbG8=" } });
    let pdf = json!({ "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "aGVsbG8=" } });
    let linked = json!({ "type": "image", "source": { "type": "url", "url": "https://example.com/a.png" } });
    let content = json!([{ "type": "text", "text": "what?" }, image, pdf, linked]);
    let reply = ask(
        "claude-haiku-4-5",
        json!({ "system": [{ "type": "text", "text": "Be brief." }], "messages": [{ "role": "user", "content": content }] }),
    )
    .await;
    let expected = "You said: what? I see image/png of 5 bytes. I see application/pdf of 5 bytes. I see https://example.com/a.png.";
    assert_eq!(reply.json()["content"][0]["text"], expected, "{}", reply.text());

    let schema =
        json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"], "additionalProperties": false });
    let format = |schema: Value| json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } });
    assert_eq!(ask("claude-haiku-4-5", format(schema.clone())).await.json()["content"][0]["text"], "{\"n\":1}");
    for (member, value) in [("additionalProperties", json!(true)), ("oneOf", json!([])), ("maxProperties", json!(3))] {
        let mut bad = schema.clone();
        bad[member] = value;
        assert_eq!(ask("claude-haiku-4-5", format(bad)).await.status, 400, "{member}");
    }
    let told = ask("claude-haiku-4-5", json!({ "system": "Answer with a JSON object." })).await.json();
    assert_eq!(told["content"][0]["text"], "{\"answer\":\"You said: hello\"}");
}

#[tokio::test]
async fn cache_markers_split_the_input() {
    let system = json!([{ "type": "text", "text": "x".repeat(400), "cache_control": { "type": "ephemeral", "ttl": "1h" } }]);
    let usage = ask("claude-haiku-4-5", json!({ "system": system })).await.json()["usage"].clone();
    assert_eq!((&usage["cache_read_input_tokens"], &usage["cache_creation_input_tokens"]), (&json!(50), &json!(50)));
    assert_eq!(usage["cache_creation"], json!({ "ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 50 }));
    assert_eq!(usage["input_tokens"], 4 + 2, "what follows the marker");
    let marked = |count: usize| vec![json!({ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } }); count];
    assert_eq!(ask("claude-haiku-4-5", json!({ "system": marked(4) })).await.status, 200);
    assert!(message_of(&ask("claude-haiku-4-5", json!({ "system": marked(5) })).await).contains("A maximum of 4 blocks"));
}

#[tokio::test]
async fn stop_sequences_limits_and_refusals() {
    let reply = ask("claude-haiku-4-5", json!({ "stop_sequences": ["hell"] })).await.json();
    assert_eq!((&reply["stop_reason"], &reply["stop_sequence"]), (&json!("stop_sequence"), &json!("hell")));
    assert_eq!(ask("claude-haiku-4-5", json!({ "max_tokens": 1 })).await.json()["stop_reason"], "max_tokens");
    let refused = ask("claude-haiku-4-5", json!({ "messages": [{ "role": "user", "content": "please-refuse" }] })).await.json();
    assert_eq!((&refused["stop_reason"], &refused["content"]), (&json!("refusal"), &json!([])));
    let warmed = ask("claude-haiku-4-5", json!({ "max_tokens": 0 })).await;
    assert_eq!((warmed.status.as_u16(), &warmed.json()["usage"]["output_tokens"]), (200, &json!(0)));
}

#[tokio::test]
async fn thinking_is_signed_and_must_come_back_unaltered() {
    let thinking = json!({ "type": "enabled", "budget_tokens": 1024 });
    let tools = json!([weather_tool()]);
    let user = json!({ "role": "user", "content": "weather" });
    let model = "claude-sonnet-4-5";
    let first = ask(model, json!({ "thinking": thinking, "tools": tools, "messages": [user] })).await.json();
    let content = first["content"].as_array().unwrap().clone();
    assert_eq!((&content[0]["type"], &content[1]["type"]), (&json!("thinking"), &json!("tool_use")));
    assert!(first["usage"]["output_tokens_details"]["thinking_tokens"].as_u64().unwrap() > 0);

    let again = |content: Vec<Value>| {
        let result =
            json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": first["content"][1]["id"], "content": "sunny" }] });
        let turn = json!({ "role": "assistant", "content": content });
        json!({ "thinking": thinking, "tools": tools, "messages": [user, turn, result] })
    };
    assert_eq!(ask(model, again(content.clone())).await.status, 200);
    for (member, value) in [("signature", json!("c2ln")), ("thinking", json!("something else"))] {
        let mut altered = content.clone();
        altered[0][member] = value;
        assert_eq!(message_of(&ask(model, again(altered)).await), "messages.1.content.0: Invalid `signature` in `thinking` block");
    }
    let dropped = ask(model, again(content[1..].to_vec())).await;
    assert!(
        message_of(&dropped).starts_with("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`")
    );
}

#[tokio::test]
async fn signatures_of_5_5_hold_for_their_model_and_redacted_thinking_is_opaque() {
    let user = |text: &str| json!({ "role": "user", "content": text });
    let first = ask("claude-opus-5-5", json!({})).await.json();
    assert_eq!(first["content"][0]["thinking"], "", "omitted by default");
    let history = json!({ "messages": [user("hello"), { "role": "assistant", "content": first["content"] }, user("again")] });
    assert_eq!(ask("claude-opus-5-5", history.clone()).await.status, 200);
    assert!(message_of(&ask("claude-opus-5", history).await).contains("Invalid `signature`"));

    let first = ask("claude-opus-5", json!({ "messages": [user("redact-thinking")] })).await.json();
    assert_eq!(first["content"][0]["type"], "redacted_thinking");
    let mut content = first["content"].clone();
    let history = |content: &Value| json!({ "messages": [user("hello"), { "role": "assistant", "content": content }, user("again")] });
    assert_eq!(ask("claude-opus-5", history(&content)).await.status, 200);
    content[0]["data"] = json!("c2ln");
    assert!(message_of(&ask("claude-opus-5", history(&content)).await).contains("redacted_thinking"));
}

/// The table of models: what each takes and refuses of thinking, effort, sampling, tool choice, prefill and system turns.
#[tokio::test]
async fn each_model_has_its_rules() {
    let adaptive = json!({ "thinking": { "type": "adaptive" } });
    let budget = json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } });
    let disabled = json!({ "thinking": { "type": "disabled" } });
    let effort = |effort: &str| json!({ "output_config": { "effort": effort } });
    let disabled_at = |effort: &str| json!({ "thinking": { "type": "disabled" }, "output_config": { "effort": effort } });
    let between = json!({ "thinking": { "type": "between_tools" } });
    let forced = json!({ "tools": [weather_tool()], "tool_choice": { "type": "any" } });
    let prefill = json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }] });
    let system_turn = json!({ "messages": [{ "role": "user", "content": "a" }, { "role": "system", "content": "b" }, { "role": "user", "content": "c" }] });
    let cool = json!({ "temperature": 0.2 });
    let default = json!({ "temperature": 1 });
    let cases = [
        ("claude-opus-4-8", &cool, false),
        ("claude-opus-4-8", &default, true),
        ("claude-opus-4-6", &cool, true),
        ("claude-haiku-4-5", &cool, true),
        ("claude-haiku-5-5", &cool, false),
        ("claude-sonnet-5", &cool, false),
        ("claude-fable-5", &cool, false),
        ("claude-haiku-4-5", &adaptive, false),
        ("claude-opus-4-6", &adaptive, true),
        ("claude-opus-4-7", &adaptive, true),
        ("claude-haiku-4-5", &budget, true),
        ("claude-opus-4-6", &budget, true),
        ("claude-opus-4-7", &budget, false),
        ("claude-sonnet-5", &budget, false),
        ("claude-haiku-5-5", &budget, false),
        ("claude-fable-5-1", &budget, false),
        ("claude-fable-5", &disabled, false),
        ("claude-opus-5-5", &disabled, false),
        ("claude-opus-5", &disabled, true),
        ("claude-sonnet-5-5", &disabled, false),
        ("claude-sonnet-5", &disabled, true),
        ("claude-opus-4-7", &disabled, true),
        ("claude-opus-5", &disabled_at("xhigh"), false),
        ("claude-sonnet-5", &disabled_at("xhigh"), true),
        ("claude-sonnet-5-5", &between, true),
        ("claude-opus-5", &between, false),
        ("claude-haiku-4-5", &effort("low"), false),
        ("claude-opus-4-5", &effort("low"), true),
        ("claude-opus-4-5", &effort("max"), false),
        ("claude-opus-4-6", &effort("xhigh"), false),
        ("claude-opus-4-6", &effort("max"), true),
        ("claude-opus-4-8", &effort("xhigh"), true),
        ("claude-opus-5-5", &forced, false),
        ("claude-sonnet-5-5", &forced, false),
        ("claude-fable-5-1", &forced, false),
        ("claude-mythos-5-1", &forced, false),
        ("claude-opus-5", &forced, true),
        ("claude-haiku-5-5", &forced, true),
        ("claude-haiku-4-5", &prefill, true),
        ("claude-opus-4-6", &prefill, false),
        ("claude-sonnet-5", &prefill, false),
        ("claude-opus-4-8", &system_turn, true),
        ("claude-sonnet-5", &system_turn, false),
        ("claude-sonnet-5-5", &system_turn, true),
    ];
    for (model, more, good) in cases {
        let got = ask(model, more.clone()).await;
        assert_eq!(got.status.as_u16(), if good { 200 } else { 400 }, "{model} {more}: {}", got.text());
    }
    let newer = post(&[KEY, ("anthropic-version", "2026-10-21")], &asked("claude-haiku-4-5", &default)).await;
    assert_eq!(message_of(&newer), "temperature: Extra inputs are not permitted");
}

/// One line a refusal: what is sent beside a good request, and a part of the message.
#[tokio::test]
async fn what_anthropic_refuses_is_refused() {
    let user = json!({ "role": "user", "content": "x" });
    let messages = |messages: Value| json!({ "messages": messages });
    let content = |content: Value| json!({ "messages": [{ "role": "user", "content": content }] });
    let call = json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }] });
    let tools = |tool: Value| json!({ "tools": [tool] });
    let image = |source: Value| content(json!([{ "type": "image", "source": source }]));
    let cases = [
        (json!({ "n": 2 }), "n: Extra inputs are not permitted"),
        (json!({ "max_tokens": null }), "max_tokens: Input should be a valid integer"),
        (json!({ "max_tokens": 64_001 }), "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens"),
        (messages(json!([])), "messages: at least one message is required"),
        (messages(json!("x")), "messages: Input should be a valid list"),
        (messages(json!([{ "role": "assistant", "content": "x" }, user])), "messages: first message must use the \"user\" role"),
        (messages(json!([{ "role": "tool", "content": "x" }])), "messages.0.role: Input should be 'user' or 'assistant'"),
        (messages(json!([{ "role": "system", "content": "x" }])), "messages: Unexpected role \"system\""),
        (messages(json!([{ "role": "user" }])), "messages.0.content: Field required"),
        (messages(json!([{ "role": "user", "content": "x", "name": "n" }])), "messages.0.name: Extra inputs are not permitted"),
        (content(json!("")), "messages.0: all messages must have non-empty content"),
        (content(json!([])), "messages.0: all messages must have non-empty content"),
        (content(json!([{ "type": "text", "text": "" }])), "messages: text content blocks must be non-empty"),
        (content(json!([{ "type": "text", "text": " " }])), "messages: text content blocks must contain non-whitespace text"),
        (content(json!([{ "type": "input_audio" }])), "messages.0.content.0: Input tag 'input_audio'"),
        (content(json!([{ "type": "text", "text": "x", "name": 1 }])), "messages.0.content.0.text.name: Extra inputs are not permitted"),
        (
            image(json!({ "type": "base64", "media_type": "image/bmp", "data": "aGVsbG8=" })),
            "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ),
        (image(json!({ "type": "base64", "media_type": "image/png", "data": "?" })), "messages.0.content.0.image.source.base64.data"),
        (image(json!({ "type": "url", "url": "ftp://x" })), "Only HTTPS URLs are supported"),
        (
            messages(json!([user, call, user])),
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
        ),
        (messages(json!([user, call])), "`tool_use` ids were found without `tool_result`"),
        (
            messages(
                json!([user, call, { "role": "user", "content": [{ "type": "text", "text": "x" }, { "type": "tool_result", "tool_use_id": "toolu_1" }] }]),
            ),
            "`tool_use` ids were found without `tool_result` blocks immediately after",
        ),
        (
            content(json!([{ "type": "tool_result", "tool_use_id": "toolu_9" }])),
            "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_9",
        ),
        (
            messages(json!([user, { "role": "assistant", "content": [{ "type": "tool_use", "id": "a b", "name": "f", "input": {} }] }])),
            "String should match pattern",
        ),
        (
            messages(json!([user, { "role": "assistant", "content": [{ "type": "tool_use", "id": "a", "name": "f", "input": "{}" }] }])),
            "input: Input should be a valid dictionary",
        ),
        (messages(json!([user, { "role": "assistant", "content": "x " }])), "cannot end with trailing whitespace"),
        (messages(json!([user, { "role": "assistant", "content": [{ "type": "image" }] }])), "Input tag 'image'"),
        (tools(json!({ "name": "f" })), "tools.0.custom.input_schema: Field required"),
        (tools(json!({ "name": "f", "input_schema": {} })), "tools.0.custom.input_schema.type: Field required"),
        (tools(json!({ "name": "f", "input_schema": { "type": "string" } })), "tools.0.custom.input_schema.type: Input should be 'object'"),
        (tools(json!({ "name": "a.b", "input_schema": { "type": "object" } })), "tools.0.custom.name: String should match pattern"),
        (tools(json!({ "type": "function", "function": { "name": "f" } })), "tools.0: Input tag 'function'"),
        (json!({ "tools": [weather_tool(), weather_tool()] }), "tools: Tool names must be unique."),
        (json!({ "tool_choice": { "type": "auto" } }), "tool_choice may only be specified while providing tools"),
        (json!({ "tools": [weather_tool()], "tool_choice": { "type": "required" } }), "tool_choice.type: Input should be"),
        (json!({ "tools": [weather_tool()], "tool_choice": { "type": "tool", "name": "g" } }), "Tool 'g' not found"),
        (json!({ "temperature": 1.5 }), "temperature: range: 0..1"),
        (json!({ "top_k": 0 }), "top_k: Input should be greater than or equal to 1"),
        (json!({ "stop_sequences": [" "] }), "stop_sequences: each stop sequence must contain non-whitespace"),
        (json!({ "stop_sequences": "x" }), "stop_sequences: Input should be a valid list"),
        (json!({ "metadata": { "name": "x" } }), "metadata.name: Extra inputs are not permitted"),
        (json!({ "service_tier": "default" }), "service_tier: Input should be 'auto' or 'standard_only'"),
        (json!({ "output_config": { "format": { "type": "json_object" } } }), "output_config.format.type: Input should be 'json_schema'"),
        (json!({ "thinking": { "type": "enabled" } }), "thinking.enabled.budget_tokens: Field required"),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 1000 } }), "greater than or equal to 1024"),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 3000 } }), "`max_tokens` must be greater than `thinking.budget_tokens`"),
        (json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "temperature": 0.5 }), "`temperature` may only be set to 1"),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 }, "tools": [weather_tool()], "tool_choice": { "type": "any" } }),
            "Thinking may not be enabled when tool_choice forces tool use",
        ),
        (json!({ "system": [{ "type": "text", "text": "" }] }), "system: text content blocks must be non-empty"),
        (json!({ "system": { "text": "x" } }), "system: Input should be a valid list"),
    ];
    for (more, part) in cases {
        let got = ask("claude-sonnet-4-5", more.clone()).await;
        assert_eq!(got.status, 400, "{more}: {}", got.text());
        assert!(message_of(&got).contains(part), "{more}: {}", got.text());
        assert_eq!(got.json()["error"]["type"], "invalid_request_error");
    }
    let mut body = asked("claude-haiku-4-5", &json!({}));
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    assert_eq!(message_of(&post(&[KEY, VERSION], &body).await), "max_tokens: Field required");
    let unknown = ask("claude-3-opus", json!({})).await;
    assert_eq!((unknown.status.as_u16(), message_of(&unknown)), (404, "model: claude-3-opus".to_owned()));
    let path = send(&simulator(), request("POST", "/anthropic/v1/messages/nothing", &[KEY, VERSION], "{}")).await;
    assert_eq!((path.status.as_u16(), message_of(&path)), (404, "Not Found".to_owned()));
    let broken = send(&simulator(), request("POST", "/anthropic/v1/messages", &[KEY, VERSION], "{")).await;
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn faults_have_anthropics_form() {
    for (status, kind) in
        [(402, "billing_error"), (413, "request_too_large"), (429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")]
    {
        let got = ask(&format!("claude-haiku-4-5;status={status};retry-after=3"), json!({})).await;
        assert_eq!((got.status.as_u16(), &got.json()["error"]["type"]), (status, &json!(kind)));
        assert_eq!(got.headers["retry-after"], "3");
    }
    let events = ask("claude-haiku-4-5;error-at=4", json!({ "stream": true })).await;
    assert_eq!(events.data()[3], json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }));
    let unfinished = ask("claude-haiku-4-5;no-finish", json!({ "stream": true })).await;
    assert!(!unfinished.broken && !unfinished.text().contains("message_delta") && !unfinished.text().contains("message_stop"));
    let uncounted = ask("claude-haiku-4-5;usage=none", json!({ "stream": true })).await;
    assert!(!uncounted.text().contains("usage"));
    let sized = ask("claude-haiku-4-5;events=100", json!({ "stream": true })).await;
    assert_eq!(sized.data().iter().filter(|event| event["delta"]["type"] == "text_delta").count(), 100);
}

#[tokio::test]
async fn models_are_paged_and_found() {
    let get = |path: &'static str| async move { send(&simulator(), request("GET", path, &[KEY, VERSION], "")).await };
    let first = get("/anthropic/v1/models?limit=1").await.json();
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (1, &json!(true)));
    assert_eq!(first["first_id"], first["last_id"]);
    let rest = get("/anthropic/v1/models?limit=1000&after_id=claude-fable-5").await.json();
    assert_eq!((&rest["data"][0]["id"], &rest["has_more"]), (&json!("claude-fable-5-1"), &json!(false)));
    assert_eq!(get("/anthropic/v1/models?limit=0").await.status, 400);
    assert_eq!(get("/anthropic/v1/models/claude-haiku-4-5-20251001").await.json()["id"], "claude-haiku-4-5");
    assert_eq!(get("/anthropic/v1/models/claude-9").await.status, 404);
}

#[tokio::test]
async fn tokens_are_counted_as_the_message_would_be() {
    let message = ask("claude-haiku-4-5", json!({ "system": "be brief" })).await.json();
    let mut body = asked("claude-haiku-4-5", &json!({ "system": "be brief" }));
    let count = async |body: &Value| {
        send(&simulator(), request("POST", "/anthropic/v1/messages/count_tokens", &[KEY, VERSION], &body.to_string())).await
    };
    let refused = count(&body).await;
    assert_eq!(refused.status, 400);
    assert!(message_of(&refused).contains("max_tokens: Extra inputs are not permitted"), "{}", refused.text());
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    assert_eq!(count(&body).await.json(), json!({ "input_tokens": message["usage"]["input_tokens"] }));
    body["messages"] = json!([]);
    assert_eq!(count(&body).await.status, 400);
}
