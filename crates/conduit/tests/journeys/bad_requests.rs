//! A request that cannot be served is refused by name, at once, and no provider hears of it.

use crate::harness::{Ask, KEY, Setup, openai};
use serde_json::{Value, json};
use testkit::scripted::{Script, Scripted};

fn with(field: &str, value: Value) -> String {
    let mut body = openai::chat("m");
    body[field] = value;
    body.to_string()
}

#[test]
fn malformed_requests_are_refused_with_the_field() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = Setup::new()
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .model("m", "one", "up-1", 1)
        .server("max_body: 64KiB")
        .start();
    let deep = |levels: usize| format!(r#"{{"model":"m","messages":[1],"x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    // Broken text, and what `param` must say where a field is to blame.
    let cases: Vec<(String, &str)> = vec![
        (String::new(), ""),
        ("{".to_owned(), ""),
        ("[]".to_owned(), ""),
        ("null".to_owned(), ""),
        (r#"{"model":"m","messages":[1]} x"#.to_owned(), ""),
        (r#"{"model":"m","messages":[1],}"#.to_owned(), ""),
        ("{\"model\":\"m\",\"messages\":[\"\u{1}\"]}".to_owned(), ""),
        (deep(128), ""),
        (deep(5_000), ""),
        (r#"{"model":"m","model":"n","messages":[1]}"#.to_owned(), "model"),
        (r#"{"model":"m","messages":[1],"mod\u0065l":"n"}"#.to_owned(), "model"),
        (r#"{"messages":[1]}"#.to_owned(), "model"),
        (with("model", json!(5)), "model"),
        (with("model", Value::Null), "model"),
        (with("messages", json!([])), "messages"),
        (with("messages", json!("hello")), "messages"),
        (r#"{"model":"m"}"#.to_owned(), "messages"),
        (with("stream", json!("yes")), "stream"),
        (with("stream", json!(1)), "stream"),
    ];
    for (body, param) in cases {
        let answer = Ask::post_bytes("/v1/chat/completions", body.as_bytes()).key(KEY).at(gateway.address());
        let shown: String = body.chars().take(80).collect();
        assert_eq!((answer.status, answer.error().1.as_str()), (400, "invalid_request_error"), "{shown}: {}", answer.text());
        if !param.is_empty() {
            assert_eq!(answer.json()["error"]["param"], param, "{shown}");
        }
        assert_eq!(answer.header("x-should-retry"), Some("false"), "{shown}");
    }
    let not_utf8 = Ask::post_bytes("/v1/chat/completions", b"{\"model\":\"m\",\"messages\":[\"\xff\"]}").key(KEY).at(gateway.address());
    assert_eq!(not_utf8.error().0, 400);
    assert!(upstream.requests().is_empty());

    // The deepest that is accepted goes through untouched.
    let fits = deep(127);
    let answer = Ask::post_bytes("/v1/chat/completions", fits.as_bytes()).key(KEY).at(gateway.address());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(upstream.requests()[0].text(), fits.replace("\"m\"", "\"up-1\""));
}

#[test]
fn an_oversized_body_is_413_however_it_is_announced() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = Setup::new()
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .model("m", "one", "up-1", 1)
        .server("max_body: 4KiB")
        .start();
    let large = with("user", json!("x".repeat(5_000)));
    let answer = Ask::post_bytes("/v1/chat/completions", large.as_bytes()).key(KEY).at(gateway.address());
    assert_eq!(answer.error(), (413, "invalid_request_error".to_owned(), "request_too_large".to_owned()));
    // Without a length, so that only reading shows it.
    let chunked = Ask::post_bytes("/v1/chat/completions", large.as_bytes()).key(KEY).chunked().at(gateway.address());
    assert_eq!(chunked.error().0, 413);
    let fits = with("user", json!("x".repeat(3_000)));
    assert_eq!(Ask::post_bytes("/v1/chat/completions", fits.as_bytes()).key(KEY).chunked().at(gateway.address()).status, 200);
    assert_eq!(upstream.requests().len(), 1);
}

/// A limit or a wish that is taken and not heeded would fail open: what is not built is refused by name.
#[test]
fn what_is_not_built_is_refused_by_name() {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    for (field, value) in [
        ("routing", json!({"strategy": "weighted"})),
        ("models", json!(["a", "b"])),
        ("provider", json!({"order": ["one"]})),
        ("cache_control", json!({"no_cache": true})),
    ] {
        let answer = Ask::post_bytes("/v1/chat/completions", with(field, value).as_bytes()).key(KEY).at(gateway.address());
        assert_eq!(answer.error().0, 400, "{field}");
        assert!(answer.text().contains(field), "{field}: {}", answer.text());
    }
    for path in ["/v1/responses", "/v1/images/generations", "/v1/rerank", "/v1beta/models/m:generateContent"] {
        let answer = Ask::post(path, &openai::chat("m")).key(KEY).at(gateway.address());
        assert_eq!(answer.error().0, 404, "{path}");
        assert!(answer.text().contains("not built"), "{path}: {}", answer.text());
    }
    assert!(upstream.requests().is_empty());
}
