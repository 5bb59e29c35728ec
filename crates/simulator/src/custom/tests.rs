use crate::tests::{Got, send, simulator};
use http::Request;
use serde_json::{Value, json};

const SERVERS: [&str; 4] = ["vllm", "llama.cpp", "lm-studio", "tgi"];

async fn ask(server: &str, body: Value) -> Got {
    let request = Request::post(format!("/custom/{server}/v1/chat/completions")).header("authorization", "Bearer sim-key");
    send(&simulator(), request.body(body.to_string().into()).unwrap()).await
}

fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})
}

fn with(model: &str, name: &str, value: Value) -> Value {
    let mut body = hello(model);
    body[name] = value;
    body
}

#[tokio::test]
async fn every_server_answers_and_streams() {
    for server in SERVERS {
        let whole = ask(server, hello("m-think")).await;
        assert_eq!(whole.status, 200, "{server}: {}", whole.text());
        assert!(whole.json()["choices"][0]["message"]["content"].as_str().is_some_and(|text| !text.is_empty()), "{server}");
        let mut body = with("m", "stream", json!(true));
        body["stream_options"] = json!({"include_usage": true});
        let text = ask(server, body).await.text();
        assert!(
            text.contains("\"finish_reason\":\"stop\"") && text.contains("\"total_tokens\"") && text.ends_with("[DONE]\n\n"),
            "{server}: {text}"
        );
    }
}

#[tokio::test]
async fn each_has_its_own_shapes() {
    let vllm = ask("vllm", hello("m-think")).await.json();
    let message = &vllm["choices"][0]["message"];
    assert!(message["tool_calls"] == json!([]) && message["reasoning"].is_string() && vllm["usage"]["prompt_tokens_details"].is_null());
    assert!(ask("vllm", hello("m-think-old")).await.json()["choices"][0]["message"]["reasoning_content"].is_string());
    assert!(ask("llama.cpp", hello("m")).await.json()["timings"].is_object());
    assert!(ask("llama.cpp", with("m", "stream", json!(true))).await.text().starts_with(":\n\n"));
    assert!(ask("lm-studio", hello("m")).await.json()["stats"].is_object());
    assert_eq!(ask("tgi", hello("m")).await.json()["id"], "");
    assert!(ask("tgi", with("m", "stream", json!(true))).await.text().starts_with("data:{"));
}

#[tokio::test]
async fn each_refuses_what_it_refuses_in_its_own_words() {
    let object = json!({"type": "function", "function": {"name": "f"}});
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let cases = [
        ("vllm", with("m", "stream_options", json!({"include_usage": true})), "/error/message", "stream=True"),
        ("vllm", with("m-no-tools", "tools", tools), "/error/message", "--enable-auto-tool-choice"),
        ("vllm", with("m-old", "tools", json!([{"type": "custom", "custom": {"name": "c"}}])), "/message", "function"),
        ("llama.cpp", with("m", "messages", json!([])), "/error/message", "messages"),
        ("lm-studio", with("m", "tool_choice", object), "/error", "'object'"),
        ("lm-studio", with("m", "response_format", json!({"type": "json_object"})), "/error", "json_schema"),
        ("tgi", with("m", "messages", json!([{"role": "developer", "content": "x"}])), "/error", "role"),
    ];
    for (server, body, pointer, words) in cases {
        let got = ask(server, body).await;
        assert_eq!(got.status, 400, "{server}: {}", got.text());
        let said = got.json().pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert!(said.contains(words), "{server}: {}", got.text());
    }
    let loading = ask("llama.cpp", hello("m;status=503")).await;
    assert_eq!(loading.json()["error"], json!({"code": 503, "message": "Loading model", "type": "unavailable_error"}));
    let keyless = Request::post("/custom/vllm/v1/chat/completions").body(hello("m").to_string().into()).unwrap();
    assert_eq!(send(&simulator(), keyless).await.status, 401);
    // It answers what it does not know with 200.
    let unknown = send(&simulator(), Request::get("/custom/lm-studio/v2/nothing").body(bytes::Bytes::new()).unwrap()).await;
    assert!(unknown.status == 200 && unknown.json()["error"].is_string());
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_read() {
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    for server in SERVERS {
        let mut body = with("m", "tools", tools.clone());
        body["tool_choice"] = json!("required");
        let got = ask(server, body).await.json();
        let call = &got["choices"][0]["message"]["tool_calls"][0];
        assert_eq!(
            (call["function"]["name"].as_str(), got["choices"][0]["finish_reason"].as_str()),
            (Some("weather"), Some("tool_calls")),
            "{server}"
        );
        let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert!(arguments["city"].is_string(), "{server}: {got}");
    }
}
