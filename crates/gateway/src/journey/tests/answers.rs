//! What a caller of each dialect gets.

use crate::Settings;
use crate::snapshot::{Mapping, Provider};
use crate::testing::{Act, House, KEY, json, lenient, mapping, provider, spec, sse};
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn messages(stream: bool) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "stream": stream, "unknown_member": [1, {"a": 1.50}]})
}

fn message() -> Value {
    json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 2}})
}

const EVENTS: [&str; 7] = [
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
];

fn completion() -> Value {
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
}

const CHUNKS: [&str; 4] = [
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
];

/// The same dialect on both sides: every byte but the model stays, in both directions, and usage is metered.
#[tokio::test]
async fn messages_go_to_anthropic_and_back_as_bytes() {
    let open = House::new()
        .mapped(mapping("m", &provider("claude", "anthropic"), "claude-x", 1))
        .acts([Act::Says(200, "application/json", message().to_string()), sse(&EVENTS)])
        .open();
    let body = messages(false).to_string();
    let reply = open.ask(Request::post("/v1/messages").header("x-api-key", KEY), body.clone()).await;
    assert_eq!((reply.status, reply.body), (200, message().to_string()));
    let stream = messages(true).to_string();
    let reply = open.ask(Request::post("/v1/messages").header("x-api-key", KEY), stream.clone()).await;
    assert_eq!((reply.status, reply.body), (200, EVENTS.concat()), "nothing is kept back: usage belongs to this dialect");
    let got = open.got();
    assert!(got[0].uri.ends_with("/v1/messages"), "{}", got[0].uri);
    for (got, sent) in got.iter().zip([body, stream]) {
        assert_eq!(got.body, sent.replace(r#""model":"m""#, r#""model":"claude-x""#), "no stream_options, no other change");
        assert_eq!(got.header("x-api-key"), None, "the caller's key stays here");
    }
    let usages: Vec<_> = open.rows().iter().map(|(_, outcome)| outcome.usage.unwrap()).map(|usage| (usage.input, usage.output)).collect();
    assert_eq!(usages, [(Some(3), Some(2)), (Some(5), Some(9))]);
}

/// Version and betas belong to the dialect; nothing else of the caller's headers goes out.
#[tokio::test]
async fn the_dialects_own_headers_go_along() {
    let mut claude = spec("claude", crate::testing::surface("anthropic"), &[("a", 1)]);
    claude.credentials[0].headers.insert("anthropic-version", "2023-06-01".parse().unwrap());
    claude.credentials[0].headers.insert("anthropic-beta", "own".parse().unwrap());
    let claude = Arc::new(Provider::prepare(claude).unwrap());
    let open = House::new()
        .mapped(mapping("m", &claude, "x", 1))
        .mapped(mapping("o", &provider("one", "openai"), "x", 1))
        .acts([json(&message()), json(&message())])
        .open();
    let ask = || Request::post("/v1/messages").header("x-api-key", KEY);
    let request =
        ask().header("anthropic-version", "2099-01-01").header("anthropic-beta", "new,own").header("x-evil", "1").header("cookie", "a=b");
    open.ask(request, messages(false).to_string()).await;
    open.ask(ask(), messages(false).to_string()).await;
    let got = open.got();
    let said = |number: usize| (got[number].header("anthropic-version"), got[number].header("anthropic-beta"));
    assert_eq!(said(0), (Some("2099-01-01"), Some("own,new")));
    assert_eq!(said(1), (Some("2023-06-01"), Some("own")));
    assert!(got[0].header("x-evil").is_none() && got[0].header("cookie").is_none());
    let bad = ask().header("anthropic-beta", http::HeaderValue::from_bytes(b"\xff").unwrap());
    let reply = open.ask(bad, messages(false).to_string()).await;
    assert_eq!((reply.status, reply.json()["type"].as_str()), (400, Some("error")));
}

/// Errors, whole and in-band, are of the caller's dialect.
#[tokio::test]
async fn a_caller_of_messages_gets_errors_of_its_dialect() {
    let house = || House::new().mapped(mapping("m", &provider("claude", "anthropic"), "x", 1));
    let open = house()
        .acts([Act::Says(
            529,
            "application/json",
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}).to_string(),
        )])
        .open();
    let reply = open.post("/v1/messages", &messages(false)).await;
    let body = reply.json();
    assert_eq!((reply.status, body["type"].as_str(), body["error"]["type"].as_str()), (503, Some("error"), Some("overloaded_error")));
    let reply = open.ask(Request::post("/v1/messages"), "{}").await;
    assert_eq!((reply.status, reply.json()["error"]["type"].as_str()), (401, Some("authentication_error")));
    // R13, R15: cut between two events, it ends in an error and never as if it were complete.
    for kept in 3..EVENTS.len() {
        let open = house().acts([sse(&EVENTS[..kept])]).open();
        let reply = open.post("/v1/messages", &messages(true)).await;
        let last = reply.body.trim_end().rsplit("\n\n").next().unwrap().to_owned();
        assert!(last.starts_with("event: error\ndata: {\"type\":\"error\""), "{kept}: {last}");
        assert!(!reply.body.contains("message_stop"));
    }
}

/// A stream that is long in coming keeps the caller's connection alive as its dialect does.
#[tokio::test]
async fn pings_and_errors_while_waiting_are_of_the_callers_dialect() {
    let settings =
        Settings { keepalive_after: Duration::from_millis(40), request_deadline: Duration::from_millis(200), ..Settings::default() };
    let open = House::new().settings(settings).mapped(mapping("m", &provider("claude", "anthropic"), "x", 1)).open();
    let reply = open.post("/v1/messages", &messages(true)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with("event: ping\ndata: {\"type\": \"ping\"}\n\nevent: ping\n"), "{}", reply.body);
    assert!(reply.body.trim_end().rsplit("\n\n").next().unwrap().starts_with("event: error\n"), "{}", reply.body);
    assert!(!reply.body.contains(": keep-alive"));
}

/// Counting passes through where there is somebody to count; elsewhere it is refused by name.
#[tokio::test]
async fn counting_tokens_passes_through() {
    let with = Mapping { parameters: vec![("temperature".into(), "1".into())], ..mapping("m", &provider("claude", "anthropic"), "x", 1) };
    let open = House::new()
        .mapped(with)
        .mapped(mapping("o", &provider("one", "openai"), "x", 1))
        .acts([Act::Says(200, "application/json", r#"{"input_tokens": 14}"#.into()), json(&json!({"tokens": 1}))])
        .open();
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let reply = open.post("/v1/messages/count_tokens", &body).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"input_tokens": 14}"#));
    let got = &open.got()[0];
    assert!(got.uri.ends_with("/v1/messages/count_tokens"));
    assert_eq!(got.json(), json!({"model": "x", "messages": body["messages"]}), "parameters are for answers");
    assert_eq!((open.rows()[0].1.usage, open.rows()[0].1.usage_estimated), (None, false), "it costs nothing");
    assert_eq!(open.post("/v1/messages/count_tokens", &body).await.status, 502, "an answer without a count is none");
    let reply = open.post("/v1/messages/count_tokens", &json!({"model": "o", "messages": [{}]})).await;
    assert_eq!((reply.status, reply.json()["type"].as_str()), (400, Some("error")));
}

#[tokio::test]
async fn text_completions_pass_through() {
    let whole = json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x",
        "choices": [{"text": "b", "index": 0, "logprobs": null, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}});
    let chunk = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"model\":\"x\",\"choices\":[{\"text\":\"b\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    let finish = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"model\":\"x\",\"choices\":[{\"text\":\"\",\"index\":0,\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n";
    let usage = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"model\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\n";
    let open = House::new()
        .mapped(mapping("m", &provider("one", "openai"), "x", 1))
        .mapped(mapping("c", &provider("claude", "anthropic"), "x", 1))
        .acts([json(&whole), sse(&[chunk, finish, usage, "data: [DONE]\n\n"])])
        .open();
    let body = json!({"model": "m", "prompt": "a"});
    let reply = open.post("/v1/completions", &body).await;
    assert_eq!((reply.status, reply.body), (200, whole.to_string()));
    let reply = open.post("/v1/completions", &json!({"model": "m", "prompt": "a", "stream": true})).await;
    assert_eq!(reply.body, [chunk, finish, "data: [DONE]\n\n"].concat(), "R16: the usage that was not asked for is kept back");
    let got = open.got();
    assert!(got[0].uri.ends_with("/completions"), "{}", got[0].uri);
    assert_eq!(got[1].json()["stream_options"], json!({"include_usage": true}));
    assert!(open.rows().iter().all(|(_, outcome)| outcome.usage.unwrap().total == Some(2)));
    let reply = open.post("/v1/completions", &json!({"model": "c", "prompt": "a"})).await;
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (400, Some("unsupported_operation")));
}

fn own() -> Arc<Provider> {
    Arc::new(Provider::prepare(spec("own", lenient(), &[("a", 1)])).unwrap())
}

fn chat(stream: bool) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": stream})
}

/// `providers/custom.md` §4: a whole answer though a stream was asked for.
#[tokio::test]
async fn a_whole_answer_becomes_the_stream_that_was_asked_for() {
    for kind in ["application/json", "text/plain", ""] {
        let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([Act::Says(200, kind, format!("\n{}", completion()))]).open();
        let reply = open.post("/v1/chat/completions", &chat(true)).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/event-stream; charset=utf-8")), "{}", reply.body);
        assert!(reply.body.contains(r#""content":"Hi""#) && reply.body.contains(r#""finish_reason":"stop""#), "{}", reply.body);
        assert!(reply.body.ends_with("data: [DONE]\n\n"));
        assert_eq!(open.rows()[0].1.usage.unwrap().total, Some(5));
    }
    // An error in disguise is one, and another target may answer.
    let error = json!({"error": {"message": "no", "code": 500}});
    let open = House::new()
        .mapped(mapping("m", &own(), "x", 1))
        .mapped(mapping("m", &provider("two", "openai"), "y", 2))
        .acts([json(&error), sse(&CHUNKS)])
        .open();
    assert_eq!(open.post("/v1/chat/completions", &chat(true)).await.header("x-conduit-provider"), Some("two"));
    // From a provider that was not declared it is a fault.
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts([json(&completion())]).open();
    assert_eq!(open.post("/v1/chat/completions", &chat(true)).await.status, 502);
}

/// `providers/custom.md` §4: a stream though none was asked for.
#[tokio::test]
async fn a_stream_becomes_the_whole_answer_that_was_asked_for() {
    for kind in ["text/event-stream", "text/plain", ""] {
        let acts = [Act::Streams(kind, CHUNKS.iter().map(|chunk| (*chunk).to_owned()).collect())];
        let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts(acts).open();
        let reply = open.post("/v1/chat/completions", &chat(false)).await;
        let body = reply.json();
        assert_eq!(
            (reply.status, reply.header("content-type"), body["object"].as_str()),
            (200, Some("application/json"), Some("chat.completion"))
        );
        assert_eq!((&body["choices"][0]["message"]["content"], &body["usage"]["total_tokens"]), (&json!("Hi"), &json!(5)));
    }
    // R13: cut before its finish it is no answer.
    let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([sse(&CHUNKS[..1])]).open();
    assert_eq!(open.post("/v1/chat/completions", &chat(false)).await.status, 502);
}

/// `providers/custom.md` §3 and §5: an error with status 200, in each of its shapes, is an error; a byte order mark is none.
#[tokio::test]
async fn a_whole_answer_is_read_as_it_is_meant() {
    let errors = [
        json!({"object": "error", "message": "bad temperature", "type": "BadRequestError", "param": null, "code": 400}),
        json!({"error": {"message": "bad temperature", "type": "BadRequestError", "code": 400}}),
        json!({"error": "Model is unloaded."}),
        json!({"detail": "Not Found"}),
    ];
    for (error, status) in errors.into_iter().zip([Some(400), Some(400), None, None]) {
        for stream in [false, true] {
            let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([json(&error)]).open();
            let reply = open.post("/v1/chat/completions", &chat(stream)).await;
            assert!(reply.status >= 400 && status.is_none_or(|status| reply.status == status), "{error}: {} {}", reply.status, reply.body);
            assert_eq!(open.rows().len(), 1);
        }
    }
    let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([Act::Says(200, "", format!("\u{feff}\n{}", completion()))]).open();
    let reply = open.post("/v1/chat/completions", &chat(false)).await;
    assert_eq!((reply.status, reply.body), (200, completion().to_string()));
}

/// An owner's word on what an answer means holds for chat; everything else goes through as it is.
#[tokio::test]
async fn thought_between_tags_is_taken_out_where_it_is_declared() {
    let options = serde_json::from_value(json!({"leniency": {"think_tags": "tagged"}})).unwrap();
    let thinking = Arc::new(Provider::prepare(spec("own", providers::Surface::custom(&options).unwrap(), &[("a", 1)])).unwrap());
    let mut thought = completion();
    thought["choices"][0]["message"]["content"] = json!("<think>hm</think>Hi");
    let text = json!({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "x",
        "choices": [{"text": "<think>b", "index": 0, "logprobs": null, "finish_reason": "stop"}]});
    let numbers = json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "x"});
    let open = House::new().mapped(mapping("m", &thinking, "x", 1)).acts([json(&thought), json(&text), json(&numbers)]).open();
    let said = open.post("/v1/chat/completions", &chat(false)).await.json();
    assert_eq!(
        (&said["choices"][0]["message"]["content"], &said["choices"][0]["message"]["reasoning_content"]),
        (&json!("Hi"), &json!("hm"))
    );
    assert_eq!(open.post("/v1/completions", &json!({"model": "m", "prompt": "a"})).await.body, text.to_string());
    assert_eq!(open.post("/v1/embeddings", &json!({"model": "m", "input": "a"})).await.body, numbers.to_string());
}

/// `providers/custom.md` §4: the first frame is an error, with status 200. Nothing was sent, so it has a status and another target may answer.
#[tokio::test]
async fn an_error_as_the_first_frame_has_a_status() {
    let error = "data: {\"error\":{\"message\":\"bad temperature\",\"type\":\"BadRequestError\",\"code\":400}}\n\n";
    let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([sse(&[error, "data: [DONE]\n\n"])]).open();
    let reply = open.post("/v1/chat/completions", &chat(true)).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
    let down = "data: {\"error\":{\"message\":\"dead\",\"type\":\"server_error\",\"code\":503}}\n\n";
    let open = House::new()
        .mapped(mapping("m", &own(), "x", 1))
        .mapped(mapping("m", &provider("two", "openai"), "y", 2))
        .acts([sse(&[down]), sse(&CHUNKS)])
        .open();
    assert_eq!(open.post("/v1/chat/completions", &chat(true)).await.header("x-conduit-provider"), Some("two"));
}

/// Anthropic's SDKs read `request-id`: of answers, errors and heads that go out before their stream.
#[tokio::test]
async fn the_request_id_stands_where_the_dialects_sdks_read_it() {
    let settings = crate::Settings {
        keepalive_after: std::time::Duration::from_millis(1),
        request_deadline: std::time::Duration::from_millis(50),
        ..crate::Settings::default()
    };
    let house = House::new().mapped(mapping("m", &provider("one", "anthropic"), "x", 1)).settings(settings);
    let open = house.acts([json(&message()), Act::Never]).open();
    for (stream, status) in [(false, 200), (true, 200)] {
        let reply = open.post("/v1/messages", &messages(stream)).await;
        assert_eq!((reply.status, reply.header("request-id").is_some()), (status, true), "{}", reply.body);
        assert_eq!(reply.header("request-id"), reply.header("x-request-id"));
    }
    let refused = open.post("/v1/messages/count_tokens", &json!({})).await;
    assert_eq!((refused.status, refused.header("request-id")), (400, refused.header("x-request-id")));
    let other = open.post("/v1/chat/completions", &json!({})).await;
    assert_eq!((other.status, other.header("request-id")), (400, None));
}

/// Clients of Anthropic say so by a header, and are answered in their shape; so is what is below their own paths.
#[tokio::test]
async fn models_and_errors_have_the_shape_of_the_callers_dialect() {
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).open();
    let get = |path: &str| Request::get(path).header("x-api-key", KEY).header("anthropic-version", "2023-06-01");
    let list = open.ask(get("/v1/models"), "").await;
    let model = json!({"type": "model", "id": "m", "display_name": "m", "created_at": "1970-01-01T00:00:00Z"});
    assert_eq!(list.json(), json!({"data": [model], "has_more": false, "first_id": "m", "last_id": "m"}));
    assert_eq!((open.ask(get("/v1/models/m"), "").await.json(), list.header("request-id").is_some()), (model, true));
    assert_eq!(open.ask(get("/v1/models/n"), "").await.json()["type"], "error");
    let plain = open.ask(Request::get("/v1/models").header("x-api-key", KEY), "").await.json();
    assert_eq!(plain["data"][0]["object"], "model");
    let batches = open.post("/v1/messages/batches", &json!({})).await;
    assert_eq!((batches.status, batches.json()["type"].as_str()), (404, Some("error")), "{}", batches.body);
}

/// The numbers in a provider's message are those of the request that it got.
#[tokio::test]
async fn a_refusal_says_whose_places_it_counts() {
    let no = |text: &str| {
        Act::Says(400, "application/json", json!({"error": {"message": text, "type": "invalid_request_error", "code": null}}).to_string())
    };
    let acts = [no("messages[1].content is wrong"), no("gpt-4.1 cannot do this"), no("messages[1].content is wrong")];
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts(acts).open();
    let hint = "(of the request as sent to the provider)";
    for told in [true, false] {
        let reply = open.post("/v1/messages", &messages(false)).await;
        assert_eq!((reply.status, reply.body.contains(hint)), (400, told), "{}", reply.body);
    }
    let own = open.post("/v1/chat/completions", &json!({"model": "m", "messages": [{}]})).await;
    assert_eq!((own.status, own.body.contains(hint)), (400, false), "{}", own.body);
}
