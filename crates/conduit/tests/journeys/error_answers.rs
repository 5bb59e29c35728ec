//! What an error says besides its status: when to come again, what is taken here, and all of it in the words of the route's dialect.

use crate::harness::{Ask, KEY, one, openai};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use testkit::scripted::{Script, Turn};

const STREAMS: [bool; 2] = [false, true];

fn ask(stream: bool) -> Ask {
    Ask::post("/v1/chat/completions", &if stream { openai::chat_stream("m") } else { openai::chat("m") }).key(KEY)
}

/// Clients wait as long as they are told; without a word they come back at once, all together.
#[test]
fn what_passes_says_when_to_come_again() {
    for (turn, code) in [
        (openai::error(429, "requests", "rate_limit_exceeded"), "provider_rate_limited"),
        (openai::error(500, "server_error", "server_error"), "provider_unavailable"),
        (openai::error(503, "server_error", "overloaded"), "provider_unavailable"),
        (Turn::answer(502, "text/html", "<html>"), "provider_unavailable"),
        (Turn::new().close(), "provider_unavailable"),
        (Turn::new().reset(), "provider_unavailable"),
    ] {
        let (_upstream, gateway) = one(Script::always(turn.clone()));
        for stream in STREAMS {
            let reply = ask(stream).at(gateway.address());
            assert_eq!(reply.error().2, code, "{turn:?}");
            let after: Option<u64> = reply.header("retry-after").and_then(|after| after.parse().ok());
            assert!(after.is_some_and(|after| (1..=60).contains(&after)), "{turn:?}: {after:?}");
            assert_eq!(reply.header("x-should-retry"), None, "{turn:?}");
        }
    }
}

#[test]
fn the_providers_own_time_is_passed_on() {
    let body = json!({"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}).to_string();
    for (fields, expected) in [
        (&[("content-type", "application/json"), ("retry-after", "7")][..], "7"),
        (&[("content-type", "application/json"), ("retry-after-ms", "6100")], "7"),
    ] {
        let (_upstream, gateway) = one(Script::always(Turn::answer_with(429, fields, &body)));
        for stream in STREAMS {
            assert_eq!(ask(stream).at(gateway.address()).header("retry-after"), Some(expected), "{fields:?}");
        }
    }
}

/// An account without money stays without money, whatever the provider's gateway says about retries.
#[test]
fn an_empty_account_is_not_asked_again() {
    let body = json!({"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}});
    for status in [429, 403] {
        let fields = [("content-type", "application/json"), ("x-should-retry", "true")];
        let (_upstream, gateway) = one(Script::always(Turn::answer_with(status, &fields, body.to_string())));
        for stream in STREAMS {
            let reply = ask(stream).at(gateway.address());
            assert_eq!(reply.error(), (503, "upstream_error".to_owned(), "provider_quota_exceeded".to_owned()));
            assert_eq!((reply.header("x-should-retry"), reply.header("retry-after")), (Some("false"), None), "{status}");
        }
    }
}

/// The path says which dialect the caller speaks, also where nothing else of the request is right.
#[test]
fn a_refused_request_is_answered_in_the_dialect_of_its_path() {
    let (upstream, gateway) = one(Script::always(openai::answered()));
    for path in ["/v1/messages", "/messages", "/v1/messages/", "/v1/messages/count_tokens"] {
        for (ask, status, kind) in [
            (Ask::post(path, &openai::chat("nobody")).key(KEY), 404, "not_found_error"),
            (Ask::post(path, &openai::chat("m")), 401, "authentication_error"),
            (Ask::post(path, &json!({"model": "m"})).key(KEY), 400, "invalid_request_error"),
            (Ask::get(path), 405, "invalid_request_error"),
        ] {
            let reply = ask.at(gateway.address());
            let body = reply.json();
            assert_eq!((reply.status, &body["type"], &body["error"]["type"]), (status, &json!("error"), &json!(kind)), "{path}: {body}");
            assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"), "{path}: {body}");
        }
    }
    for path in ["/v1/responses", "/v1/images/generations"] {
        let reply = Ask::get(path).at(gateway.address());
        assert_eq!(reply.error().0, 404, "{path}");
        assert!(reply.text().contains(&format!("{path} is not built")), "{path}: {}", reply.text());
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let (_upstream, gateway) = one(Script::always(openai::answered()));
    for path in ["/v1/chat/completions", "/chat/completions", "/v1/embeddings"] {
        let reply = Ask::get(path).key(KEY).at(gateway.address());
        assert_eq!((reply.error().0, reply.header("allow")), (405, Some("POST")), "{path}");
    }
    for path in ["/v1/models", "/v1/models/m", "/health/live", "/health/ready"] {
        let reply = Ask::post(path, &json!({})).key(KEY).at(gateway.address());
        assert_eq!(reply.error().0, 405, "{path}");
        assert!(reply.header("allow").is_some_and(|allow| allow.starts_with("GET")), "{path}: {:?}", reply.headers);
    }
}

/// Refused as a request, not dropped as a connection: the sender learns what is wrong.
#[test]
fn a_body_that_cannot_be_read_is_refused() {
    let (upstream, gateway) = one(Script::always(openai::answered()));
    for chunks in ["zz\r\n{}\r\n0\r\n\r\n", "5\r\n{\"mod\r\nzz\r\n", "5\r\n{\"modXX3\r\nel\"\r\n0\r\n\r\n"] {
        let mut stream = TcpStream::connect(gateway.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n";
        write!(stream, "{head}authorization: Bearer {KEY}\r\n\r\n{chunks}").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap_or_else(|error| panic!("{chunks:?}: {error}: {text}"));
        assert!(text.starts_with("HTTP/1.1 400 "), "{chunks:?}: {text}");
        assert!(text.contains("invalid_request_error") && text.contains("chunks are malformed"), "{chunks:?}: {text}");
    }
    assert!(upstream.requests().is_empty());
}
