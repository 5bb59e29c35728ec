//! A server that its owner describes gets what it wants, and its answers are taken as they come.

use crate::harness::{Ask, Gateway, KEY, Setup, openai, rows_of};
use serde_json::{Value, json};
use testkit::scripted::{Script, Scripted, Turn};

fn provider(upstream: &Scripted, more: &str) -> Setup {
    let members =
        format!("name: own, type: custom, base_url: \"{}\", credentials: {{ api_key: \"sk-own-00000\" }}, {more}", upstream.url());
    Setup::new().provider_entry(&members).model("m", "own", "qwen", 1)
}

fn chat(members: Value) -> Ask {
    let mut body = openai::chat("m");
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    Ask::post("/v1/chat/completions", &body).key(KEY)
}

fn status_of(gateway: &Gateway, reply: &crate::harness::Reply) -> String {
    rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0).status
}

#[test]
fn the_server_is_asked_as_its_owner_says() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = provider(
        &upstream,
        "preset: lmstudio, paths: { chat: /talk }, auth_header: x-server-key, headers: { x-tenant: acme-tenant }, query: { sig: \"a b/c\" }, \
         quirks: [ { drop: user } ]",
    )
    .start();
    let reply = chat(json!({"user": "u", "max_completion_tokens": 7, "top_k": 3, "own_member": {"a": [1.50]}})).at(gateway.address());
    assert_eq!((reply.status, reply.header("x-conduit-losses")), (200, Some("user")), "{}", reply.text());
    let request = upstream.requests().remove(0);
    assert_eq!(request.target, "/v1/talk?sig=a%20b%2Fc");
    assert_eq!((request.header("x-server-key"), request.header("x-tenant")), (Some("sk-own-00000"), Some("acme-tenant")));
    assert_eq!(request.header("authorization"), None);
    let sent = request.json();
    assert_eq!((&sent["model"], &sent["max_tokens"], &sent["top_k"]), (&json!("qwen"), &json!(7), &json!(3)));
    assert!(request.text().contains(r#""own_member":{"a":[1.5"#), "what Conduit does not know reaches the server: {}", request.text());
    assert!(sent.get("user").is_none() && sent.get("max_completion_tokens").is_none(), "{sent}");

    let completion = Ask::post("/v1/completions", &json!({"model": "m", "prompt": "p", "min_p": 0.1})).key(KEY).at(gateway.address());
    let request = upstream.requests().remove(1);
    assert_eq!(
        (request.target.as_str(), &request.json()),
        ("/v1/completions?sig=a%20b%2Fc", &json!({"model": "qwen", "prompt": "p", "min_p": 0.1}))
    );
    assert_eq!(completion.status, 200, "{}", completion.text());
}

/// Roles, empty lists and the like, that a chat template would refuse (`providers/custom.md §2`).
#[test]
fn messages_are_brought_to_the_servers_form() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = provider(&upstream, "preset: vllm, quirks: [ flatten_text_parts, merge_same_role ]").start();
    let messages = json!([{"role": "developer", "content": "d"}, {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "c"}]);
    let reply =
        chat(json!({"messages": messages, "tools": [], "stream_options": {"include_usage": true}, "top_k": 3})).at(gateway.address());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sent = upstream.requests().remove(0).json();
    assert_eq!(sent["messages"], json!([{"role": "system", "content": "d"}, {"role": "user", "content": "a\nb\n\nc"}]));
    assert_eq!((sent.get("tools"), sent.get("stream_options"), &sent["top_k"]), (None, None, &json!(3)));
}

/// A server that leaves the terminal marker out has answered; one that leaves the finish out as well has not (R13).
#[test]
fn a_stream_may_end_without_its_marker() {
    let whole = [
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    ];
    let upstream = Scripted::start(Script::choose(move |number, _| Turn::sse(if number == 0 { &whole[..] } else { &whole[..1] })));
    let gateway = provider(&upstream, "preset: llamacpp").start();
    let complete = chat(json!({"stream": true})).at(gateway.address());
    assert_eq!((complete.status, complete.data().last().map(String::as_str)), (200, Some("[DONE]")), "{}", complete.text());
    assert_eq!(status_of(&gateway, &complete), "succeeded");
    let cut = chat(json!({"stream": true})).at(gateway.address());
    assert!(!cut.data().contains(&"[DONE]".to_owned()) && cut.text().contains("\"error\""), "{}", cut.text());
    assert_eq!(status_of(&gateway, &cut), "truncated");
}

/// A server with two dialects is asked in the caller's own.
#[test]
fn each_caller_is_answered_in_its_dialect() {
    let message = r#"{"type":"message","id":"msg_1","role":"assistant","model":"qwen","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}}"#;
    let upstream = Scripted::start(Script::choose(move |_, request| {
        if request.target.ends_with("/messages") { Turn::json(200, message) } else { openai::obliging(request) }
    }));
    let gateway = provider(&upstream, "dialects: [ openai-chat, anthropic-messages ]").start();
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
    let anthropic =
        Ask::post("/v1/messages", &body).header("x-api-key", KEY).header("anthropic-version", "2023-06-01").at(gateway.address());
    assert_eq!((anthropic.status, anthropic.text().as_str()), (200, message));
    assert_eq!(chat(json!({})).at(gateway.address()).status, 200);
    let targets: Vec<_> = upstream.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/v1/messages", "/v1/chat/completions"]);
    assert_eq!(upstream.requests()[0].header("authorization"), Some("Bearer sk-own-00000"));
}

/// `models` and `provider` are OpenRouter's own, where its owner says so; anywhere else they are Conduit's and refused by name.
#[test]
fn members_that_the_server_takes_itself_are_kept() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let members = json!({"models": ["a/b", "c/d"], "provider": {"order": ["x"]}});
    let gateway = provider(&upstream, "preset: openrouter").start();
    assert_eq!(chat(members.clone()).at(gateway.address()).status, 200);
    let sent = upstream.requests().remove(0).json();
    assert_eq!((&sent["models"], &sent["provider"]), (&members["models"], &members["provider"]));
    let plain = provider(&upstream, "preset: vllm").start();
    let (status, _, message) = chat(members).at(plain.address()).error();
    assert_eq!(status, 400, "{message}");
    assert_eq!(upstream.requests().len(), 1);
}
