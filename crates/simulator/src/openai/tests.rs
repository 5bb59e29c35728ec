use crate::tests::{Got, request, send, simulator};
use base64::Engine as _;
use serde_json::{Value, json};

const KEY: (&str, &str) = ("authorization", "Bearer sim-test");

async fn post(path: &str, body: &Value) -> Got {
    send(&simulator(), request("POST", path, &[KEY], &body.to_string())).await
}

async fn chat(more: Value) -> Got {
    post("/openai/v1/chat/completions", &asked("gpt-4o", more)).await
}

fn asked(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "messages": [{ "role": "user", "content": "hello" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn weather_tool() -> Value {
    json!({ "type": "function", "function": { "name": "get_weather", "parameters": {
        "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } } })
}

#[tokio::test]
async fn a_reply_has_openais_shape() {
    let got = chat(json!({})).await;
    assert_eq!(got.status, 200);
    let reply = got.json();
    assert_eq!(reply["model"], "gpt-4o-2024-08-06", "the snapshot of the alias");
    assert_eq!(
        reply["choices"],
        json!([{ "index": 0, "message": { "role": "assistant", "content": "You said: hello", "refusal": null, "annotations": [] }, "logprobs": null, "finish_reason": "stop" }])
    );
    let usage = &reply["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64().unwrap(),
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
    );
    assert!(reply["id"].as_str().unwrap().starts_with("chatcmpl-"));
    for header in ["x-request-id", "openai-version", "x-ratelimit-remaining-tokens"] {
        assert!(got.headers.contains_key(header), "{header}");
    }
}

#[tokio::test]
async fn both_spellings_of_the_base_url_work_and_other_operations_are_404() {
    for path in ["/openai/chat/completions", "/openai/v1/chat/completions", "/openai/v1/chat/completions/"] {
        assert_eq!(post(path, &asked("gpt-4o", json!({}))).await.status, 200, "{path}");
    }
    let got = post("/openai/v1/audio/speech", &json!({})).await;
    assert_eq!(
        (got.status.as_u16(), got.json()["error"]["message"].as_str().unwrap()),
        (404, "Invalid URL (POST /openai/v1/audio/speech)")
    );
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_masked() {
    let ask = |headers: &'static [(&'static str, &'static str)]| async move {
        let got = send(&simulator(), request("GET", "/openai/v1/models", headers, "")).await;
        (got.status.as_u16(), got.json()["error"].clone())
    };
    let (status, error) = ask(&[("authorization", "Bearer sk-secret-secret-9876")]).await;
    assert_eq!((status, &error["code"]), (401, &json!("invalid_api_key")));
    assert!(!error["message"].as_str().unwrap().contains("secret-secret"));
    assert_eq!(ask(&[]).await.0, 401);
    assert_eq!(ask(&[("authorization", "Basic sim-test")]).await.0, 401);
    assert_eq!(ask(&[KEY]).await.0, 200);
}

#[tokio::test]
async fn the_simulated_type_needs_no_key_and_takes_any_model() {
    let got =
        send(&simulator(), request("POST", "/simulated/v1/chat/completions", &[], &asked("anything/at:all", json!({})).to_string())).await;
    assert_eq!((got.status.as_u16(), &got.json()["model"]), (200, &json!("anything/at:all")));
    let got =
        send(&simulator(), request("POST", "/simulated/v1/chat/completions", &[], &asked("no-such-model", json!({})).to_string())).await;
    assert_eq!(got.status, 404);
}

/// R13, R16: role, content, finish, usage only where it was asked for, `[DONE]`.
#[tokio::test]
async fn a_stream_has_openais_order() {
    let got = chat(json!({ "stream": true, "stream_options": { "include_usage": true } })).await;
    let chunks = got.data();
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "", "refusal": null }));
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "You said: hello");
    let [finish, usage] = &chunks[chunks.len() - 2..] else { panic!("two chunks") };
    assert_eq!(finish["choices"][0], json!({ "index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop" }));
    assert_eq!(usage["choices"], json!([]));
    assert!(usage["usage"]["total_tokens"].as_u64().unwrap() > 0);
    assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
    assert!(got.text().ends_with("data: [DONE]\n\n"));

    let without = chat(json!({ "stream": true, "stream_options": { "include_obfuscation": false } })).await.data();
    assert!(without.iter().all(|chunk| chunk.get("usage").is_none() && chunk.get("obfuscation").is_none()));
    assert!(chunks.iter().all(|chunk| chunk["obfuscation"].is_string()));
}

#[tokio::test]
async fn several_choices_and_logprobs() {
    let reply = chat(json!({ "n": 2, "logprobs": true, "top_logprobs": 2 })).await.json();
    assert_eq!(reply["choices"][1]["message"]["content"], "(choice 2) You said: hello");
    let tokens = reply["choices"][0]["logprobs"]["content"].as_array().unwrap();
    assert_eq!(tokens.iter().map(|token| token["token"].as_str().unwrap()).collect::<String>(), "You said: hello");
    assert_eq!(tokens[0]["bytes"], json!([89, 111, 117]));
    assert_eq!(tokens[0]["top_logprobs"].as_array().unwrap().len(), 2);

    let chunks = chat(json!({ "n": 2, "logprobs": true, "stream": true })).await.data();
    let finished: Vec<&Value> =
        chunks.iter().map(|chunk| &chunk["choices"][0]).filter(|choice| choice["finish_reason"] == "stop").collect();
    assert_eq!(finished.iter().map(|choice| choice["index"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1]);
    assert!(chunks.iter().any(|chunk| chunk["choices"][0]["logprobs"]["content"][0]["token"] == "You"));
}

#[tokio::test]
async fn tools_are_called_answered_and_streamed() {
    let tools = json!([weather_tool()]);
    let user = json!({ "role": "user", "content": "weather in both places" });
    let reply = chat(json!({ "tools": tools, "messages": [user] })).await.json();
    let message = &reply["choices"][0]["message"];
    assert_eq!((&reply["choices"][0]["finish_reason"], &message["content"]), (&json!("tool_calls"), &Value::Null));
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 2);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    assert_eq!(calls[0]["function"], json!({ "name": "get_weather", "arguments": "{\"city\":\"city 1\"}" }));

    let result = |call: &Value, text: &str| json!({ "role": "tool", "tool_call_id": call["id"], "content": text });
    let history = json!([user, message, result(&calls[0], "sunny"), result(&calls[1], "rain")]);
    let second = chat(json!({ "tools": tools, "messages": history })).await.json();
    assert_eq!(second["choices"][0]["message"]["content"], "The tools said: sunny; rain");

    let chunks = chat(json!({ "tools": tools, "messages": [user], "stream": true })).await.data();
    let mut arguments = [String::new(), String::new()];
    for delta in chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].get(0)) {
        arguments[delta["index"].as_u64().unwrap() as usize].push_str(delta["function"]["arguments"].as_str().unwrap());
    }
    assert_eq!(arguments, ["{\"city\":\"city 1\"}", "{\"city\":\"city 2\"}"]);
    assert_eq!(chunks[0]["choices"][0]["delta"]["tool_calls"][0]["function"], json!({ "name": "get_weather", "arguments": "" }));
}

#[tokio::test]
async fn images_are_looked_at() {
    let parts =
        json!([{ "type": "text", "text": "what?" }, { "type": "image_url", "image_url": { "url": "data:image/png;base64,aGVsbG8=" } }]);
    let reply = chat(json!({ "messages": [{ "role": "user", "content": parts }] })).await.json();
    assert_eq!(reply["choices"][0]["message"]["content"], "You said: what? I see image/png of 5 bytes.");
}

#[tokio::test]
async fn reasoning_models_count_what_they_thought() {
    let ask = |model: &'static str, more: Value| async move { post("/openai/v1/chat/completions", &asked(model, more)).await };
    let reply = ask("o3", json!({ "max_completion_tokens": 500 })).await.json();
    let usage = &reply["usage"];
    assert!(usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
    assert!(usage["completion_tokens"].as_u64() > usage["completion_tokens_details"]["reasoning_tokens"].as_u64());
    assert_eq!(ask("gpt-5.1", json!({ "temperature": 0.2 })).await.status, 200, "its default effort is none");
    assert_eq!(ask("gpt-5.1", json!({ "temperature": 0.2, "reasoning_effort": "low" })).await.status, 400);
    assert_eq!(ask("gpt-5.1", json!({ "reasoning_effort": "minimal" })).await.status, 400);
    let refused = ask("gpt-5", json!({ "max_tokens": 5 })).await;
    let expected = json!({ "error": {
        "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "type": "invalid_request_error", "param": "max_tokens", "code": "unsupported_parameter" } });
    assert_eq!((refused.status.as_u16(), refused.json()), (400, expected));
    let empty = ask("o3", json!({ "max_completion_tokens": 2 })).await.json();
    assert_eq!((&empty["choices"][0]["message"]["content"], &empty["choices"][0]["finish_reason"]), (&json!(""), &json!("length")));
}

#[tokio::test]
async fn structured_output_refusals_and_cached_tokens() {
    let schema =
        json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"], "additionalProperties": false });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema, "strict": true } });
    assert_eq!(chat(json!({ "response_format": format })).await.json()["choices"][0]["message"]["content"], "{\"n\":1}");
    let refused = chat(json!({ "messages": [{ "role": "user", "content": "please-refuse" }] })).await.json();
    let message = &refused["choices"][0]["message"];
    assert!(message["content"].is_null() && message["refusal"].is_string());
    let cached = chat(json!({ "prompt_cache_key": "k" })).await.json();
    assert!(cached["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn embeddings_are_unit_vectors_in_both_encodings() {
    let embed = |more: Value| async move {
        let mut body = json!({ "model": "text-embedding-3-small", "input": ["a", "b"], "dimensions": 8 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post("/openai/v1/embeddings", &body).await
    };
    let floats = embed(json!({})).await.json();
    let vector = |at: usize| -> Vec<f32> { serde_json::from_value(floats["data"][at]["embedding"].clone()).unwrap() };
    assert_eq!(vector(0).len(), 8);
    assert!((vector(0).iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-5);
    assert_ne!(vector(0), vector(1));
    assert_eq!(floats["usage"], json!({ "prompt_tokens": 2, "total_tokens": 2 }));

    let encoded = embed(json!({ "encoding_format": "base64" })).await.json();
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let decoded: Vec<f32> = bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes(chunk.try_into().unwrap())).collect();
    assert_eq!(decoded, vector(0));

    let whole = embed(json!({ "dimensions": null, "input": [1, 2, 3] })).await.json();
    assert_eq!(whole["data"][0]["embedding"].as_array().unwrap().len(), 1536);
    for bad in [
        json!({ "input": "" }),
        json!({ "input": [] }),
        json!({ "input": [1, "a"] }),
        json!({ "input": 5 }),
        json!({ "dimensions": 0 }),
        json!({ "dimensions": 1537 }),
        json!({ "encoding_format": "hex" }),
        json!({ "extra": 1 }),
        json!({ "model": "text-embedding-ada-002" }),
        json!({ "input": null }),
    ] {
        assert_eq!(embed(bad.clone()).await.status, 400, "{bad}");
    }
    assert_eq!(embed(json!({ "model": "gpt-4o" })).await.status, 404);
}

#[tokio::test]
async fn models_are_listed_and_found() {
    let get = |path: &'static str| async move { send(&simulator(), request("GET", path, &[KEY], "")).await };
    let list = get("/openai/v1/models").await.json();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"gpt-4o") && ids.contains(&"text-embedding-3-small"));
    assert_eq!(get("/openai/v1/models/ft:gpt-4o:org::id").await.json()["id"], "ft:gpt-4o:org::id");
    let missing = get("/openai/v1/models/gpt-9").await;
    assert_eq!((missing.status.as_u16(), &missing.json()["error"]["code"]), (404, &json!("model_not_found")));
}

/// One line a refusal: what is sent beside a good request, and the `param` and `code` of the 400.
#[tokio::test]
async fn what_openai_refuses_is_refused() {
    let assistant = |calls: Value| json!({ "role": "assistant", "content": null, "tool_calls": calls });
    let call = json!({ "id": "call_1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let user = json!({ "role": "user", "content": "x" });
    let message = |message: Value| json!({ "messages": [message] });
    let tool = |function: Value| json!({ "tools": [{ "type": "function", "function": function }] });
    let cases = [
        (json!({ "topp": 1 }), "topp", "unknown_parameter"),
        (json!({ "messages": null }), "messages", "missing_required_parameter"),
        (json!({ "messages": [] }), "messages", "empty_array"),
        (json!({ "messages": "x" }), "messages", "invalid_type"),
        (json!({ "messages": ["x"] }), "messages[0]", "invalid_type"),
        (message(json!({ "content": "x" })), "messages[0].role", "missing_required_parameter"),
        (message(json!({ "role": "robot", "content": "x" })), "messages[0].role", "invalid_value"),
        (message(json!({ "role": "user" })), "messages[0].content", "missing_required_parameter"),
        (message(json!({ "role": "user", "content": "x", "mood": 1 })), "messages[0].mood", "unknown_parameter"),
        (message(json!({ "role": "assistant" })), "messages[0].content", "missing_required_parameter"),
        (message(json!({ "role": "user", "content": [{ "type": "video" }] })), "messages[0].content[0].type", "invalid_value"),
        (message(json!({ "role": "user", "content": [{ "type": "text" }] })), "messages[0].content[0].text", "missing_required_parameter"),
        (
            message(json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] })),
            "messages[0].content[0].image_url.url",
            "invalid_value",
        ),
        (message(json!({ "role": "system", "content": [{ "type": "image_url" }] })), "messages[0].content[0].type", "invalid_value"),
        (json!({ "messages": [user, assistant(json!([]))] }), "messages[1].tool_calls", "empty_array"),
        (
            json!({ "messages": [user, assistant(json!([{ "id": "a", "type": "function" }]))] }),
            "messages[1].tool_calls[0].function",
            "missing_required_parameter",
        ),
        (json!({ "temperature": 3 }), "temperature", "decimal_above_max_value"),
        (json!({ "top_p": -0.5 }), "top_p", "decimal_below_min_value"),
        (json!({ "temperature": "hot" }), "temperature", "invalid_type"),
        (json!({ "n": 0 }), "n", "integer_below_min_value"),
        (json!({ "n": 129 }), "n", "integer_above_max_value"),
        (json!({ "stream": "yes" }), "stream", "invalid_type"),
        (json!({ "max_tokens": 0 }), "max_tokens", "integer_below_min_value"),
        (json!({ "top_logprobs": 2 }), "top_logprobs", "invalid_value"),
        (json!({ "logprobs": true, "top_logprobs": 21 }), "top_logprobs", "integer_above_max_value"),
        (json!({ "stop": ["a", "b", "c", "d", "e"] }), "stop", "array_above_max_length"),
        (json!({ "logit_bias": { "5": 101 } }), "logit_bias.5", "invalid_value"),
        (json!({ "metadata": { "a": 1 } }), "metadata.a", "invalid_type"),
        (json!({ "service_tier": "gold" }), "service_tier", "invalid_value"),
        (json!({ "verbosity": "chatty" }), "verbosity", "invalid_value"),
        (json!({ "reasoning_effort": "low" }), "reasoning_effort", "unknown_parameter"),
        (json!({ "tools": [] }), "tools", "empty_array"),
        (json!({ "tools": [{ "type": "gadget" }] }), "tools[0].type", "invalid_value"),
        (tool(json!({})), "tools[0].function.name", "missing_required_parameter"),
        (tool(json!({ "name": "a b" })), "tools[0].function.name", "invalid_value"),
        (tool(json!({ "name": "f", "schema": {} })), "tools[0].function.schema", "unknown_parameter"),
        (tool(json!({ "name": "f", "parameters": { "type": "string" } })), "tools[0].function.parameters", "invalid_function_parameters"),
        (
            tool(json!({ "name": "f", "strict": true, "parameters": { "type": "object", "properties": { "a": { "type": "string" } } } })),
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        (json!({ "response_format": { "type": "xml" } }), "response_format.type", "invalid_value"),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "schema": {} } } }),
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        (
            json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "a", "strict": true, "schema": { "type": "object", "properties": {} } } } }),
            "response_format",
            "invalid_json_schema",
        ),
        (json!({ "parallel_tool_calls": true }), "parallel_tool_calls", "invalid_value"),
    ];
    for (more, param, code) in cases {
        let got = chat(more.clone()).await;
        let error = &got.json()["error"];
        assert_eq!((got.status.as_u16(), &error["param"], &error["code"]), (400, &json!(param), &json!(code)), "{more}: {error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    // Refusals without a code of their own.
    let unanswered = json!({ "messages": [user, assistant(json!([call])), user] });
    let stray = json!({ "messages": [user, { "role": "tool", "tool_call_id": "call_1", "content": "x" }] });
    let wrong = json!({ "messages": [user, assistant(json!([call])), { "role": "tool", "tool_call_id": "call_2", "content": "x" }] });
    let early = json!({ "stream_options": { "include_usage": true } });
    let json_mode = json!({ "response_format": { "type": "json_object" } });
    let no_tool = json!({ "tools": [weather_tool()], "tool_choice": { "type": "function", "function": { "name": "other" } } });
    for (more, part) in [
        (unanswered, "did not have response messages: call_1"),
        (stray, "must be a response to a preceeding message"),
        (wrong, "'call_2' not found"),
        (early, "only allowed when 'stream' is enabled"),
        (json_mode, "must contain the word 'json'"),
        (no_tool, "'other' not found"),
        (json!({ "tool_choice": "auto" }), "only allowed when 'tools' are specified"),
        (json!({ "model": "" }), "you must provide a model parameter"),
    ] {
        let got = chat(more.clone()).await;
        assert_eq!(got.status, 400, "{more}");
        assert!(got.text().contains(part), "{more}: {}", got.text());
    }
    assert_eq!(chat(json!({ "model": "gpt-nonsense" })).await.status, 404);
    for body in ["", "{", "[]", "null"] {
        assert_eq!(send(&simulator(), request("POST", "/openai/v1/chat/completions", &[KEY], body)).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_status_fault_has_the_providers_own_body() {
    for (words, status, kind, code) in [
        ("status=429;retry-after=2", 429, "requests", json!("rate_limit_exceeded")),
        ("status=429;code=insufficient_quota", 429, "insufficient_quota", json!("insufficient_quota")),
        ("status=401", 401, "invalid_request_error", json!("invalid_api_key")),
        ("status=500", 500, "server_error", Value::Null),
        ("status=503", 503, "service_unavailable_error", json!("server_is_overloaded")),
        ("status=400;code=context_length_exceeded", 400, "invalid_request_error", json!("context_length_exceeded")),
    ] {
        let got = chat(json!({ "model": format!("gpt-4o;{words}") })).await;
        let error = &got.json()["error"];
        assert_eq!((got.status.as_u16(), &error["type"], &error["code"]), (status, &json!(kind), &code), "{words}");
        assert_eq!(got.headers.contains_key("retry-after"), words.contains("retry-after"));
    }
}

#[tokio::test]
async fn text_completions_are_for_the_models_that_still_do_them() {
    let path = "/openai/v1/completions";
    let got =
        post(path, &json!({ "model": "gpt-3.5-turbo-instruct", "prompt": ["hello", "again"], "n": 2, "max_tokens": 100, "echo": true }))
            .await;
    let reply = got.json();
    assert_eq!((got.status.as_u16(), reply["object"].as_str()), (200, Some("text_completion")), "{reply}");
    assert_eq!(reply["choices"].as_array().unwrap().len(), 4);
    assert_eq!((&reply["choices"][3]["index"], &reply["choices"][3]["finish_reason"]), (&json!(3), &json!("stop")));
    assert!(reply["choices"][0]["text"].as_str().unwrap().starts_with("hello"));
    assert_eq!(
        post(
            path,
            &json!({ "model": "davinci-002", "prompt": "tell me a long story about seventeen sleepy dragons and their one hundred dreams" })
        )
        .await
        .json()["choices"][0]["finish_reason"],
        "length"
    );

    let stream = json!({ "model": "babbage-002", "prompt": [1, 2, 3], "stream": true, "stream_options": { "include_usage": true } });
    let got = post(path, &stream).await;
    assert!(got.text().ends_with("data: [DONE]\n\n"));
    let data = got.data();
    assert!(data.iter().all(|chunk| chunk["object"] == "text_completion"));
    assert!(data.last().unwrap()["usage"]["prompt_tokens"].as_u64().unwrap() > 0);

    for (body, status, words) in [
        (json!({ "model": "gpt-4o", "prompt": "x" }), 404, "chat model"),
        (json!({ "model": "davinci-002", "prompt": { "a": 1 } }), 400, "prompt"),
        (json!({ "model": "davinci-002", "prompt": [] }), 400, "prompt"),
        (json!({ "model": "davinci-002", "prompt": "x", "logprobs": 6 }), 400, "logprobs"),
        (json!({ "model": "davinci-002", "prompt": "x", "messages": [] }), 400, "messages"),
        (json!({ "model": "davinci-002", "prompt": "x", "n": 3, "best_of": 2 }), 400, "best_of"),
        (json!({ "model": "davinci-002", "prompt": "x", "stream_options": {} }), 400, "stream_options"),
    ] {
        let got = post(path, &body).await;
        assert_eq!(got.status.as_u16(), status, "{body}: {}", got.text());
        assert!(got.text().contains(words), "{body}: {}", got.text());
    }
}
