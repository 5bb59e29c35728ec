//! What servers that imitate OpenAI answer, line by line of `providers/custom.md` §3 and §5 and `providers/huggingface.md` §7. Each test is
//! named after the server and what it does.

use super::*;
use crate::ErrorAnswer;
use chat::{Fault, FaultKind, FinishKind, PartKind, Reply, ToolCall, Usage};

fn reply(body: &str) -> Reply {
    OpenaiChat.read_reply(body.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {body}"))
}

/// The answer that this message is.
fn of_message(message: &str, finish: &str) -> Reply {
    reply(&format!(r#"{{"id":"i","model":"m","choices":[{{"index":0,"message":{message},"finish_reason":{finish}}}]}}"#))
}

fn with_usage(usage: &str) -> Option<Usage> {
    let body = format!(r#"{{"id":"i","choices":[{{"message":{{"content":"x"}},"finish_reason":"stop"}}],"usage":{usage}}}"#);
    let read = reply(&body).usage;
    assert_eq!(OpenaiChat.read_usage(body.as_bytes()), read, "the light reader sees the same: {usage}");
    read
}

fn calls(reply: &Reply) -> Vec<ToolCall> {
    let parts = reply.choices.iter().flat_map(|choice| &choice.parts);
    parts.filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call.clone()) } else { None }).collect()
}

fn thought(reply: &Reply) -> Option<String> {
    let thoughts = reply.choices[0].parts.iter();
    thoughts
        .filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some(thought.text.clone()) } else { None })
        .reduce(|a, b| a + &b)
}

fn text(reply: &Reply) -> String {
    reply.choices[0]
        .parts
        .iter()
        .filter_map(|part| if let PartKind::Text { text } = &part.kind { Some(text.as_str()) } else { None })
        .collect()
}

/// What a client of this dialect gets: strict, whatever came.
fn written(reply: &Reply) -> Value {
    serde_json::from_slice(&OpenaiChat.write_reply(reply).unwrap()).unwrap()
}

#[test]
fn vllm_tgi_and_proxies_count_in_their_own_ways() {
    assert_eq!(reply(r#"{"choices":[{"message":{"content":"x"}}]}"#).usage, None, "missing");
    assert_eq!(with_usage("null"), None);
    assert_eq!(with_usage("[]"), None);
    assert_eq!(with_usage(r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#).unwrap().output, Some(0), "a zero is a zero");
    assert_eq!(with_usage(r#"{"total_tokens":9}"#), Some(Usage { total: Some(9), ..Usage::default() }));
    assert_eq!(with_usage(r#"{"prompt_tokens":3.0,"completion_tokens":2.0}"#).unwrap().input, Some(3), "a float");
    let nulls = with_usage(r#"{"prompt_tokens":3,"completion_tokens":null,"prompt_tokens_details":null,"completion_tokens_details":null}"#);
    assert_eq!(nulls, Some(Usage { input: Some(3), ..Usage::default() }));
}

#[test]
fn llamacpp_vllm_and_lmstudio_add_members_of_their_own() {
    let body = r#"{"id":"i","model":"m","choices":[{"index":0,"message":{"content":"x","tool_calls":[]},"finish_reason":"stop","stop_reason":null,"token_ids":null}],
        "timings":{"cache_n":0},"prompt_logprobs":null,"kv_transfer_params":null,"stats":{},"model_info":{},"runtime":{}}"#;
    let read = reply(body);
    assert!(calls(&read).is_empty());
    assert_eq!(written(&read)["timings"]["cache_n"], 0, "they reach the client");
}

#[test]
fn ids_times_and_names_may_be_missing_or_odd() {
    let bare = reply(r#"{"choices":[{"message":{"content":"x"}}]}"#);
    assert_eq!((bare.id.as_str(), bare.created, bare.model.as_str()), ("", None, ""));
    let odd = reply(r#"{"id":7,"created":"1700000000","object":null,"model":null,"choices":[{"message":{"content":"x"}}]}"#);
    assert_eq!((odd.id.as_str(), odd.created), ("7", Some(1_700_000_000)));
    assert_eq!(reply(r#"{"created":1700000000.75,"choices":[]}"#).created, Some(1_700_000_000));
    let places = reply(r#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#);
    assert_eq!(places.choices.iter().map(|choice| choice.index).collect::<Vec<_>>(), [0, 1], "the position stands for the index");
}

#[test]
fn tgi_and_sglang_end_with_words_of_their_own() {
    for (word, kind, written_word) in [
        ("eos", FinishKind::Stop, "stop"),
        ("eos_token", FinishKind::Stop, "stop"),
        ("stop_sequence", FinishKind::Stop, "stop"),
        ("max_tokens", FinishKind::Length, "length"),
        ("limit", FinishKind::Length, "length"),
        ("tool_use", FinishKind::ToolCalls, "tool_calls"),
        ("function_call", FinishKind::ToolCalls, "function_call"),
    ] {
        let read = of_message(r#"{"content":"x"}"#, &format!("\"{word}\""));
        assert_eq!(read.choices[0].finish.as_ref().map(|finish| finish.kind), Some(kind), "{word}");
        assert_eq!(written(&read)["choices"][0]["finish_reason"], written_word);
    }
    assert_eq!(of_message(r#"{"content":"x"}"#, "\"\"").choices[0].finish, None);
    let with_calls = r#"{"content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}"#;
    assert_eq!(
        of_message(with_calls, "\"stop\"").choices[0].finish.as_ref().map(|finish| finish.kind),
        Some(FinishKind::ToolCalls),
        "vLLM"
    );
}

/// R13: an answer that the server broke off is no answer.
#[test]
fn vllm_abort_and_openrouter_error_are_failures() {
    for word in ["abort", "error"] {
        let body = format!(r#"{{"id":"i","choices":[{{"message":{{"content":"half"}},"finish_reason":"{word}"}}]}}"#);
        let fault = OpenaiChat.read_reply(body.as_bytes()).expect_err(word);
        assert_eq!(fault.kind, FaultKind::ProviderUnavailable);
        assert!(fault.message.contains(word), "{}", fault.message);
    }
}

#[test]
fn content_may_be_null_missing_empty_parts_or_an_object() {
    for (message, expected) in [
        (r#"{"content":null}"#, ""),
        (r#"{}"#, ""),
        (r#"{"content":""}"#, ""),
        (r#"{"content":[{"type":"text","text":"a"},"b",{"text":"c"}]}"#, "abc"),
        (r#"{"content":{"type":"text","text":"a"}}"#, "a"),
    ] {
        assert_eq!(text(&of_message(message, "\"stop\"")), expected, "{message}");
    }
}

#[test]
fn tool_calls_may_lack_ids_types_and_quotes() {
    let read = of_message(
        r#"{"content":null,"tool_calls":[{"id":null,"function":{"name":"f","arguments":{"a":1}}},{"id":"","function":{"name":"g","arguments":null}},
            {"id":"x","function":{"name":"h","arguments":""}},{"id":"x","function":{"name":"k"}}]}"#,
        "\"tool_calls\"",
    );
    let found = calls(&read);
    assert_eq!(found.iter().map(|call| call.arguments.as_str()).collect::<Vec<_>>(), ["{\"a\":1}", "{}", "{}", "{}"]);
    let ids: std::collections::BTreeSet<&str> = found.iter().map(|call| call.id.as_str()).collect();
    assert!(ids.len() == 4 && !ids.contains(""), "{ids:?}");
    assert!(written(&read)["choices"][0]["message"]["tool_calls"].as_array().unwrap().iter().all(|call| call["type"] == "function"));
}

#[test]
fn the_legacy_function_call_is_a_call_and_stays() {
    let read = of_message(r#"{"content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}}"#, "\"function_call\"");
    assert_eq!((calls(&read)[0].name.as_str(), calls(&read)[0].arguments.as_str()), ("f", "{\"a\":1}"));
    let body = written(&read);
    let message = &body["choices"][0]["message"];
    assert_eq!((&message["function_call"]["name"], &message["tool_calls"][0]["function"]["name"]), (&"f".into(), &"f".into()));
    let again = reply(&body.to_string());
    assert_eq!(calls(&again), calls(&read), "read again it is still one");
    assert!(calls(&of_message(r#"{"content":"x","function_call":null}"#, "\"stop\"")).is_empty());
}

#[test]
fn thought_is_read_under_every_name_that_servers_have() {
    for (server, message) in [
        ("DeepSeek, llama.cpp, LM Studio, SGLang", r#"{"content":"x","reasoning_content":"T"}"#),
        ("vLLM from 0.16, Groq, Ollama", r#"{"content":"x","reasoning":"T"}"#),
        ("both names", r#"{"content":"x","reasoning_content":"T","reasoning":"T"}"#),
        ("another name", r#"{"content":"x","thinking":"T"}"#),
        (
            "OpenRouter",
            r#"{"content":"x","reasoning":null,"reasoning_details":[{"type":"reasoning.text","text":"T"},{"type":"reasoning.encrypted","data":"d"}]}"#,
        ),
        ("OpenRouter, summary", r#"{"content":"x","reasoning_details":[{"type":"reasoning.summary","summary":"T"}]}"#),
    ] {
        let read = of_message(message, "\"stop\"");
        assert_eq!(thought(&read).as_deref(), Some("T"), "{server}");
        let body = written(&read);
        let told = &body["choices"][0]["message"];
        assert_eq!((&told["reasoning_content"], told.get("reasoning"), told.get("thinking")), (&"T".into(), None, None), "{server}");
    }
    let kept = written(&of_message(r#"{"content":"x","reasoning_details":[{"type":"reasoning.encrypted","data":"d"}]}"#, "\"stop\""));
    assert_eq!(kept["choices"][0]["message"]["reasoning_details"][0]["data"], "d", "its server wants it back");
}

#[test]
fn keep_alive_newlines_and_a_bom_before_the_answer_are_skipped() {
    assert_eq!(text(&reply("\u{feff}\n\n  \n{\"choices\":[{\"message\":{\"content\":\"x\"}}]}\n")), "x");
}

fn error(status: u16, body: &str) -> Fault {
    let headers = http::HeaderMap::new();
    OpenaiChat.read_error(ErrorAnswer { status, headers: &headers, body: body.as_bytes() })
}

#[test]
fn errors_of_every_server_are_understood() {
    use FaultKind::*;
    let long = r#"{"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":13392,"n_ctx":8192}}"#;
    for (server, status, body, kind, says, code) in [
        ("vLLM", 400, r#"{"error":{"message":"bad","type":"BadRequestError","param":null,"code":400}}"#, ProviderRejected, "bad", None),
        (
            "vLLM, old",
            400,
            r#"{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}"#,
            ProviderRejected,
            "bad",
            None,
        ),
        (
            "vLLM, model",
            404,
            r#"{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}}"#,
            ProviderModelNotFound,
            "does not exist",
            None,
        ),
        (
            "vLLM, context",
            400,
            r#"{"error":{"message":"This model's maximum context length is 8 tokens.","type":"BadRequestError","code":400}}"#,
            ProviderRejected,
            "maximum",
            Some("context_length_exceeded"),
        ),
        (
            "llama.cpp, key",
            401,
            r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#,
            ProviderAuthFailed,
            "credential",
            None,
        ),
        ("llama.cpp, context", 400, long, ProviderRejected, "exceeds", Some("context_length_exceeded")),
        (
            "llama.cpp, loading",
            503,
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            ProviderUnavailable,
            "Loading model",
            None,
        ),
        (
            "llama.cpp, not built",
            501,
            r#"{"error":{"code":501,"message":"no","type":"not_supported_error"}}"#,
            ProviderUnavailable,
            "no",
            None,
        ),
        (
            "LM Studio, text",
            400,
            r#"{"error":"'response_format.type' must be 'json_schema' or 'text'"}"#,
            ProviderRejected,
            "response_format",
            None,
        ),
        (
            "LM Studio, context",
            400,
            r#"{"error":{"message":"The number of tokens to keep from the initial prompt is greater than the context length"}}"#,
            ProviderRejected,
            "greater",
            Some("context_length_exceeded"),
        ),
        ("FastAPI", 404, r#"{"detail":"Not Found"}"#, ProviderBadResponse, "base URL", None),
        (
            "FastAPI, list",
            422,
            r#"{"detail":[{"loc":["body","model"],"msg":"field required","type":"missing"}]}"#,
            ProviderRejected,
            "body.model: field required",
            None,
        ),
        (
            "TGI, validation",
            422,
            r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096","error_type":"validation"}"#,
            ProviderRejected,
            "Input validation",
            Some("context_length_exceeded"),
        ),
        ("TGI, overloaded", 429, r#"{"error":"Model is overloaded","error_type":"overloaded"}"#, ProviderRateLimited, "overloaded", None),
        (
            "TGI, generation",
            424,
            r#"{"error":"Request failed during generation","error_type":"generation"}"#,
            ProviderUnavailable,
            "generation",
            None,
        ),
        ("HuggingFace, list", 400, r#"{"error":["one","two"]}"#, ProviderRejected, "one", None),
        ("HuggingFace, message", 400, r#"{"message":"odd"}"#, ProviderRejected, "odd", None),
        (
            "HuggingFace, credit",
            402,
            r#"{"error":"You have exceeded your monthly included credits"}"#,
            ProviderQuotaExceeded,
            "quota",
            None,
        ),
        (
            "HuggingFace, model",
            400,
            r#"{"error":{"message":"not supported","code":"model_not_supported"}}"#,
            ProviderModelNotFound,
            "model",
            None,
        ),
        ("nginx", 502, "<html><head><title>502 Bad Gateway</title></head></html>", ProviderUnavailable, "502 Bad Gateway", None),
        (
            "nginx, size",
            413,
            "<html><head><title>413 Request Entity Too Large</title></head></html>",
            ProviderRejected,
            "413 Request",
            None,
        ),
        ("a proxy", 504, "upstream request timeout", ProviderTimeout, "upstream request timeout", None),
        ("nothing", 500, "", ProviderUnavailable, "500", None),
    ] {
        let fault = error(status, body);
        assert_eq!((fault.kind, fault.provider_status), (kind, Some(status)), "{server}: {fault}");
        assert!(fault.message.contains(says), "{server}: {}", fault.message);
        assert_eq!(fault.code.as_deref(), code, "{server}");
    }
    let loading = error(503, r#"{"error":"Model x is currently loading","estimated_time":20.5}"#);
    assert_eq!(loading.retry_after, Some(std::time::Duration::from_secs_f64(20.5)), "HuggingFace says how long");
}

#[test]
fn a_status_of_success_hides_no_error() {
    use FaultKind::*;
    for (server, body, kind) in [
        ("OpenRouter", r#"{"error":{"message":"rate","code":429}}"#, ProviderRateLimited),
        ("vLLM, old", r#"{"object":"error","message":"bad","type":"BadRequestError","code":400}"#, ProviderRejected),
        ("TGI", r#"{"error":"bad","error_type":"validation"}"#, ProviderRejected),
        ("FastAPI", r#"{"detail":"odd"}"#, ProviderUnavailable),
        ("LM Studio, any path", r#"{"error":"Unexpected endpoint or method."}"#, ProviderUnavailable),
        ("a proxy's page", "<html><title>Sign in</title></html>", ProviderBadResponse),
        ("a list", "[]", ProviderBadResponse),
        ("plain text", "OK", ProviderBadResponse),
    ] {
        assert_eq!(OpenaiChat.read_reply(body.as_bytes()).expect_err(server).kind, kind, "{server}");
    }
}
