//! A caller that speaks Anthropic's dialect, answered by providers that do not.

use crate::snapshot::{Mapping, Provider};
use crate::testing::{Act, House, KEY, json, lenient, mapping, provider, spec, sse};
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;

fn ask(stream: bool) -> Value {
    json!({"model": "m", "max_tokens": 64, "stream": stream, "system": "Be brief.", "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {"at": {"type": "integer"}}}}]})
}

fn completion() -> Value {
    json!({"id": "c", "object": "chat.completion", "created": 1, "model": "x", "choices": [{"index": 0, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": "Hi", "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}}]}}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 2, "total_tokens": 32, "prompt_tokens_details": {"cached_tokens": 10}}})
}

const CHUNKS: [&str; 4] = [
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
];

fn events(body: &str) -> Vec<String> {
    body.lines().filter_map(|line| line.strip_prefix("event: ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_whole_answer_is_one_of_the_callers_dialect() {
    for kind in ["openai", "groq"] {
        let open = House::new().mapped(mapping("m", &provider("one", kind), "x", 1)).acts([json(&completion())]).open();
        let reply = open.post("/v1/messages", &ask(false)).await;
        let body = reply.json();
        assert_eq!(
            (reply.status, &body["type"], &body["role"], &body["stop_reason"]),
            (200, &json!("message"), &json!("assistant"), &json!("tool_use"))
        );
        assert_eq!(
            body["content"],
            json!([{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": 1}}])
        );
        assert_eq!(
            (&body["usage"]["input_tokens"], &body["usage"]["cache_read_input_tokens"]),
            (&json!(20), &json!(10)),
            "without what the cache gave"
        );
        let sent = open.got()[0].json();
        assert!(open.got()[0].uri.ends_with("/chat/completions"));
        let roles: Vec<_> = sent["messages"].as_array().unwrap().iter().map(|turn| turn["role"].as_str().unwrap()).collect();
        assert_eq!((roles, &sent["tools"][0]["function"]["name"]), (vec!["system", "user"], &json!("look")));
        assert_eq!(open.rows()[0].1.usage.unwrap().input, Some(30));
    }
}

/// The order of events that clients of the dialect need, usage in it, whether or not anybody asked.
#[tokio::test]
async fn a_stream_is_one_of_the_callers_dialect() {
    for kind in ["openai", "groq"] {
        let open = House::new().mapped(mapping("m", &provider("one", kind), "x", 1)).acts([sse(&CHUNKS)]).open();
        let reply = open.post("/v1/messages", &ask(true)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let said = events(&reply.body);
        assert_eq!(
            said,
            ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"],
            "{}",
            reply.body
        );
        assert!(reply.body.contains(r#""output_tokens":2"#) && !reply.body.contains("[DONE]"), "{}", reply.body);
        assert_eq!(open.got()[0].json()["stream_options"], json!({"include_usage": true}), "metering asks");
    }
}

/// R13, R15: what is cut ends in an error of the caller's dialect.
#[tokio::test]
async fn a_cut_stream_ends_in_an_error_of_the_callers_dialect() {
    for kept in 1..3 {
        let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts([sse(&CHUNKS[..kept])]).open();
        let reply = open.post("/v1/messages", &ask(true)).await;
        let said = events(&reply.body);
        assert_eq!((reply.status, said.last().map(String::as_str)), (200, Some("error")), "{}", reply.body);
        assert!(!said.contains(&"message_stop".to_owned()));
    }
    // R15: before the first event another target may answer, of whatever dialect.
    let open = House::new()
        .mapped(mapping("m", &provider("one", "openai"), "x", 1))
        .mapped(mapping("m", &provider("quick", "groq"), "y", 2))
        .acts([sse(&[]), sse(&CHUNKS)])
        .open();
    let reply = open.post("/v1/messages", &ask(true)).await;
    assert_eq!((reply.header("x-conduit-provider"), events(&reply.body).last().map(String::as_str)), (Some("quick"), Some("message_stop")));
}

/// Betas are told as lost where nobody knows them; that is no reason for a strict mapping to refuse.
#[tokio::test]
async fn betas_are_a_loss_elsewhere() {
    let strict = Mapping { strict: true, ..mapping("m", &provider("one", "openai"), "x", 1) };
    let open = House::new().mapped(strict).acts([json(&completion())]).open();
    let request =
        Request::post("/v1/messages").header("x-api-key", KEY).header("anthropic-version", "2023-06-01").header("anthropic-beta", "b");
    let reply = open.ask(request, ask(false).to_string()).await;
    assert_eq!((reply.status, reply.header("x-conduit-losses")), (200, Some("header anthropic-beta")), "{}", reply.body);
    assert!(open.got()[0].headers.keys().all(|name| !name.as_str().starts_with("anthropic")));
    assert_eq!(open.rows()[0].1.losses, ["header anthropic-beta"]);
}

#[tokio::test]
async fn parameters_are_merged_on_the_canonical_form() {
    let parameters = vec![
        ("max_tokens".into(), "7".into()),
        ("temperature".into(), "0.5".into()),
        ("seed".into(), "3".into()),
        ("top_a".into(), "1".into()),
    ];
    let with = |provider: &Arc<Provider>| Mapping { parameters: parameters.clone(), ..mapping("m", provider, "x", 1) };
    let open = House::new().mapped(with(&provider("one", "openai"))).acts([json(&completion())]).open();
    open.post("/v1/messages", &ask(false)).await;
    let sent = open.got()[0].json();
    assert_eq!((&sent["temperature"], &sent["seed"], &sent["top_a"]), (&json!(0.5), &json!(3), &json!(1)), "{sent}");
    assert_eq!(sent.get("max_completion_tokens").or(sent.get("max_tokens")), Some(&json!(64)), "the caller set it");
}

/// A provider that has several dialects is asked in the caller's own.
#[tokio::test]
async fn a_provider_is_asked_in_the_callers_own_dialect() {
    let options = serde_json::from_value(json!({"dialects": ["openai-chat", "anthropic-messages"]})).unwrap();
    let surface = providers::Surface::custom(&options).unwrap();
    let both = Arc::new(Provider::prepare(spec("both", surface, &[("a", 1)])).unwrap());
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "x", "content": [], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 2}});
    let open = House::new().mapped(mapping("m", &both, "x", 1)).acts([json(&message), json(&completion())]).open();
    assert_eq!(open.post("/v1/messages", &ask(false)).await.body, message.to_string());
    let chat = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    assert_eq!(open.post("/v1/chat/completions", &chat).await.body, completion().to_string());
    let uris: Vec<_> = open.got().iter().map(|got| got.uri.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(uris, ["messages", "completions"]);
}

/// `providers/custom.md` §4, for a caller of the other dialect: a whole answer in place of a stream and the other way round.
#[tokio::test]
async fn answers_in_another_form_are_translated_too() {
    let own = Arc::new(Provider::prepare(spec("own", lenient(), &[("a", 1)])).unwrap());
    let acts = [json(&completion()), Act::Streams("", CHUNKS.iter().map(|chunk| (*chunk).to_owned()).collect())];
    let open = House::new().mapped(mapping("m", &own, "x", 1)).acts(acts).open();
    let reply = open.post("/v1/messages", &ask(true)).await;
    let said = events(&reply.body);
    assert_eq!(
        (said.first().map(String::as_str), said.last().map(String::as_str)),
        (Some("message_start"), Some("message_stop")),
        "{}",
        reply.body
    );
    let reply = open.post("/v1/messages", &ask(false)).await.json();
    assert_eq!((&reply["content"], &reply["stop_reason"]), (&json!([{"type": "text", "text": "Hi"}]), &json!("end_turn")));
}

fn large(bytes: usize) -> Value {
    json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x".repeat(bytes)}]})
}

/// A worker has other callers: a large body is written on another thread, a small one at once.
#[tokio::test]
async fn a_large_body_is_translated_off_the_worker() {
    for (bytes, waits) in [(1_000, false), (2 << 20, true)] {
        let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts([json(&completion())]).open();
        let body = large(bytes);
        let mut asked = std::pin::pin!(open.post("/v1/messages", &body));
        let first = std::future::poll_fn(|context| std::task::Poll::Ready(asked.as_mut().poll(context))).await;
        assert_eq!(first.is_pending(), waits, "{bytes}");
        let reply = match first {
            std::task::Poll::Ready(reply) => reply,
            std::task::Poll::Pending => asked.await,
        };
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(open.got()[0].json()["messages"][0]["content"].as_str().unwrap().len(), bytes);
    }
}

/// Bodies of all callers together have a bound, and too many turns are refused before they are read into memory.
#[tokio::test]
async fn bodies_and_their_turns_have_bounds() {
    let settings = crate::Settings { body_budget: 300_000, ..crate::Settings::default() };
    let open = House::new()
        .mapped(mapping("m", &provider("one", "openai"), "x", 1))
        .acts([json(&completion()), json(&completion())])
        .settings(settings)
        .open();
    let refused = open.post("/v1/messages", &large(300_000)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{}", refused.body);
    // What was held is given back with the answer.
    for _ in 0..2 {
        assert_eq!(open.post("/v1/messages", &large(200_000)).await.status, 200);
    }
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).open();
    let turns = vec![json!({"role": "user", "content": ""}); 100_001];
    let refused = open.post("/v1/messages", &json!({"model": "m", "max_tokens": 5, "messages": turns})).await;
    assert_eq!((refused.status, open.got().len()), (400, 0), "{}", refused.body);
    assert!(refused.body.contains("`messages` has more than 100000 entries"), "{}", refused.body);
}

/// What a caller makes up is told in the row up to a bound, and counted once for each field.
#[tokio::test]
async fn many_losses_make_a_short_row() {
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts([json(&completion())]).open();
    let mut body = large(1);
    for number in 0..300 {
        body[format!("made_up_{number}")] = json!(1);
    }
    let reply = open.post("/v1/messages", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let losses = open.rows().remove(0).1.losses;
    assert_eq!((losses.len(), losses.last().unwrap().as_str()), (101, "...and 200 more"));
    let metrics = open.gateway.metrics().text();
    assert!(metrics.contains("conduit_losses_total{provider=\"one\",field=\"other\"} 1\n"), "{metrics}");
}
