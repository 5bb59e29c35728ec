use crate::tests::{Got, request, send, simulator};
use serde_json::{Value, json};

const KEY: (&str, &str) = ("authorization", "Bearer sim-test");

async fn ask(model: &str, more: Value) -> Got {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    send(&simulator(), request("POST", "/groq/openai/v1/chat/completions", &[KEY], &body.to_string())).await
}

const LLAMA: &str = "llama-3.3-70b-versatile";
const OSS: &str = "openai/gpt-oss-120b";
const QWEN: &str = "qwen/qwen3.8-27b";

fn weather_tool() -> Value {
    json!({ "type": "function", "function": { "name": "get_weather", "parameters": { "type": "object", "properties": {} } } })
}

#[tokio::test]
async fn a_reply_has_groqs_shape() {
    let got = ask(LLAMA, json!({})).await;
    let reply = got.json();
    assert_eq!(got.status, 200, "{reply}");
    assert_eq!(reply["choices"][0]["message"], json!({ "role": "assistant", "content": "You said: hello" }));
    assert!(reply["usage"]["queue_time"].is_f64() && reply["usage"].get("completion_tokens_details").is_none());
    assert_eq!(reply["x_groq"]["id"], got.headers["x-request-id"].to_str().unwrap());
    assert_eq!(reply["service_tier"], "on_demand");
}

#[tokio::test]
async fn every_spelling_of_the_base_url_works_and_other_operations_are_404() {
    let body = json!({ "model": LLAMA, "messages": [{ "role": "user", "content": "x" }] }).to_string();
    for base in ["/groq", "/groq/v1", "/groq/openai/v1"] {
        assert_eq!(send(&simulator(), request("POST", &format!("{base}/chat/completions"), &[KEY], &body)).await.status, 200, "{base}");
    }
    let got = send(&simulator(), request("POST", "/groq/openai/v1/completions", &[KEY], &body)).await;
    assert_eq!((got.status.as_u16(), &got.json()["error"]["code"]), (404, &json!("unknown_url")));
    let got = send(&simulator(), request("POST", "/groq/openai/v1/chat/completions", &[], &body)).await;
    assert_eq!(
        got.json(),
        json!({ "error": { "message": "Invalid API Key", "type": "invalid_request_error", "code": "invalid_api_key" } })
    );
}

#[tokio::test]
async fn usage_is_on_the_finish_chunk_and_in_x_groq() {
    let chunks = ask(LLAMA, json!({ "stream": true })).await.data();
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"], last["x_groq"]["usage"]);
    assert!(last["usage"]["total_tokens"].as_u64().unwrap() > 0);
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.get("usage").is_none() && chunk.get("obfuscation").is_none()));
    assert!(chunks[0]["x_groq"]["seed"].is_u64());

    let asked = ask(LLAMA, json!({ "stream": true, "stream_options": { "include_usage": true } })).await.data();
    let [finish, usage] = &asked[asked.len() - 2..] else { panic!("two chunks") };
    assert_eq!((&usage["choices"], &usage["usage"]), (&json!([]), &finish["usage"]));
}

#[tokio::test]
async fn reasoning_is_parsed_raw_or_hidden() {
    let parsed = ask(OSS, json!({})).await.json();
    assert!(parsed["choices"][0]["message"]["reasoning"].as_str().unwrap().starts_with("The caller said"));
    assert!(parsed["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
    assert!(ask(OSS, json!({ "include_reasoning": false })).await.json()["choices"][0]["message"].get("reasoning").is_none());
    let raw = ask(QWEN, json!({})).await.json();
    assert!(raw["choices"][0]["message"]["content"].as_str().unwrap().starts_with("<think>\n"));
    let quiet = ask(QWEN, json!({ "reasoning_format": "hidden" })).await.json();
    assert_eq!(quiet["choices"][0]["message"], json!({ "role": "assistant", "content": "You said: hello" }));
    let none = ask(QWEN, json!({ "reasoning_effort": "none" })).await.json();
    assert_eq!(none["choices"][0]["message"]["content"], "You said: hello");

    let chunks = ask(QWEN, json!({ "stream": true, "reasoning_format": "parsed" })).await.data();
    let of = |member: &str| -> String { chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"][member].as_str()).collect() };
    assert_eq!(of("content"), "You said: hello");
    assert!(of("reasoning").starts_with("The caller said"));
}

#[tokio::test]
async fn tool_calls_are_whole_and_have_no_content() {
    let more = json!({ "tools": [weather_tool()], "messages": [{ "role": "user", "content": "weather, both" }] });
    let reply = ask(LLAMA, more.clone()).await.json();
    let message = &reply["choices"][0]["message"];
    assert!(message.get("content").is_none());
    assert_eq!(message["tool_calls"].as_array().unwrap().len(), 2);

    let mut streamed = more;
    streamed["stream"] = json!(true);
    let chunks = ask(LLAMA, streamed).await.data();
    assert!(chunks[0]["choices"][0]["delta"]["content"].is_null());
    let calls: Vec<&Value> = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0)).collect();
    assert_eq!(calls.len(), 2);
    for (at, call) in calls.iter().enumerate() {
        assert_eq!((&call["index"], &call["function"]), (&json!(at), &json!({ "name": "get_weather", "arguments": "{}" })));
    }
    assert_ne!(calls[0]["id"], calls[1]["id"]);
}

/// One line a refusal: the model, what is sent beside a good request, and a part of the message.
#[tokio::test]
async fn what_groq_refuses_is_refused() {
    let message = |message: Value| json!({ "messages": [message] });
    let call = json!({ "id": "a", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let png = json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,aGVsbG8=" } });
    let looking = |count: usize| json!({ "messages": [{ "role": "user", "content": vec![png.clone(); count] }] });
    let schema = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "schema": { "type": "object" } } } });
    let mut schema_and_tools = schema.clone();
    schema_and_tools["tools"] = json!([weather_tool()]);
    let cases = [
        (LLAMA, json!({ "logprobs": true }), "property 'logprobs' is unsupported"),
        (LLAMA, json!({ "top_logprobs": 2 }), "property 'top_logprobs' is unsupported"),
        (LLAMA, json!({ "logit_bias": {} }), "property 'logit_bias' is unsupported"),
        (LLAMA, json!({ "prompt_cache_key": "k" }), "property 'prompt_cache_key' is unsupported"),
        (LLAMA, json!({ "safety_identifier": "k" }), "property 'safety_identifier' is unsupported"),
        (LLAMA, json!({ "n": 2 }), "'n' : number must be at most 1"),
        (LLAMA, json!({ "service_tier": "default" }), "Invalid value: 'default'"),
        (LLAMA, json!({ "max_completion_tokens": 32_769 }), "must be less than or equal to `32768`"),
        (
            LLAMA,
            message(json!({ "role": "user", "content": "x", "name": "n" })),
            "'messages.0' : for 'role:user' the following must be satisfied",
        ),
        (LLAMA, message(json!({ "role": "developer", "content": "x" })), "discriminator property 'role' has invalid value 'developer'"),
        (
            LLAMA,
            message(json!({ "role": "assistant", "content": "x", "function_call": null })),
            "'messages.0.function_call' : value must not be null",
        ),
        (LLAMA, message(json!({ "role": "assistant", "content": "x", "refusal": null })), "property 'refusal' is unsupported"),
        (LLAMA, message(json!({ "role": "assistant", "tool_calls": [call] })), "did not have response messages"),
        (LLAMA, json!({ "reasoning_effort": "low" }), "`reasoning_effort` is not supported with this model"),
        (LLAMA, looking(1), "messages[0].content must be a string"),
        (LLAMA, schema.clone(), "does not support response format `json_schema`"),
        (OSS, schema_and_tools, "json mode cannot be combined with tool/function calling"),
        (OSS, json!({ "reasoning_effort": "none" }), "must be one of `low`, `medium`, `high`"),
        (OSS, json!({ "reasoning_format": "parsed" }), "`reasoning_format` is not supported with this model"),
        (QWEN, json!({ "reasoning_format": "raw", "tools": [weather_tool()] }), "must be `hidden` or `parsed`"),
        (QWEN, json!({ "reasoning_format": "raw", "include_reasoning": true }), "cannot specify both"),
        (QWEN, looking(6), "Too many images"),
        (QWEN, json!({ "tools": [{ "type": "custom", "custom": { "name": "x" } }] }), "'custom' is not supported"),
        ("mixtral-8x7b-32768", json!({}), "has been decommissioned"),
    ];
    for (model, more, part) in cases {
        let got = ask(model, more.clone()).await;
        assert_eq!(got.status, 400, "{model} {more}: {}", got.text());
        assert!(got.text().contains(part), "{model} {more}: {}", got.text());
    }
    assert_eq!(ask(QWEN, looking(1)).await.status, 200);
    assert_eq!(ask(OSS, schema).await.status, 200);
    assert_eq!(ask("gpt-4o", json!({})).await.status, 404);
    let answered = json!({ "tools": [weather_tool()], "messages": [
        { "role": "assistant", "content": null, "reasoning": "r", "tool_calls": [call] }, { "role": "tool", "tool_call_id": "a", "content": "x" } ] });
    assert_eq!(ask(LLAMA, answered).await.status, 200);
    let image = format!("data:image/png;base64,{}", "aGVs".repeat(1_100_000));
    let large = json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": image } }] }] });
    assert_eq!(ask(QWEN, large).await.status, 413);
}

#[tokio::test]
async fn faults_have_groqs_form() {
    let limited = ask(&format!("{LLAMA};status=429;retry-after=2"), json!({})).await;
    assert_eq!((limited.headers["retry-after"].to_str().unwrap(), &limited.json()["error"]["type"]), ("2", &json!("tokens")));
    let down = ask(&format!("{LLAMA};status=503;retry-after=2"), json!({})).await;
    assert!(!down.headers.contains_key("retry-after"), "only a 429 says when to come back");
    assert_eq!(ask(&format!("{LLAMA};status=498"), json!({})).await.json()["error"]["code"], "capacity_exceeded");

    let got = ask(&format!("{LLAMA};error-at=2"), json!({ "stream": true })).await;
    assert!(got.text().contains("\n\nevent: error\ndata: "));
    let error = &got.data()[1]["error"];
    assert_eq!((&error["code"], &error["status_code"]), (&json!("tool_use_failed"), &json!(400)));
    assert!(error["failed_generation"].is_string());
    let unfinished = ask(&format!("{LLAMA};no-finish"), json!({ "stream": true })).await;
    assert!(!unfinished.text().contains("usage") && !unfinished.text().contains("[DONE]"));
    assert!(!ask(&format!("{LLAMA};usage=none"), json!({ "stream": true })).await.text().contains("usage"));
}

#[tokio::test]
async fn models_are_listed_and_found_by_ids_with_slashes() {
    let get = |path: &'static str| async move { send(&simulator(), request("GET", path, &[KEY], "")).await };
    assert_eq!(get("/groq/openai/v1/models").await.json()["data"][0]["context_window"], 131_072);
    for path in ["/groq/openai/v1/models/openai/gpt-oss-120b", "/groq/openai/v1/models/openai%2Fgpt-oss-120b"] {
        assert_eq!(get(path).await.json()["id"], OSS);
    }
    assert_eq!(get("/groq/openai/v1/models/none").await.status, 404);
}
