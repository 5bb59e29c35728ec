//! The next mapping answers where the first cannot, as long as the caller has seen nothing.

use crate::harness::{Ask, Gateway, KEY, Reply, Setup, openai, rows_of, two};
use serde_json::json;
use std::time::Duration;
use testkit::scripted::{Script, Scripted, Turn};

fn ask(gateway: &Gateway, stream: bool) -> Reply {
    let body = if stream { openai::chat_stream("m") } else { openai::chat("m") };
    Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address())
}

fn obliging() -> Script {
    Script::choose(|_, request| openai::obliging(request))
}

#[test]
fn the_first_in_priority_order_answers() {
    let (first, second, gateway) = two(obliging(), obliging());
    for stream in [false, true] {
        let reply = ask(&gateway, stream);
        assert_eq!((reply.status, reply.header("x-conduit-provider")), (200, Some("one")));
        assert_eq!((reply.header("x-conduit-attempts"), reply.header("x-conduit-fallback")), (Some("1"), Some("0")));
        assert_eq!(reply.header("x-conduit-model"), Some("up-1"));
    }
    assert_eq!((first.requests().len(), second.requests().len()), (2, 0));
}

#[test]
fn a_target_that_fails_is_followed_by_the_next() {
    let cut_early = Turn::sse_open::<&str>([]).close();
    let error_first = Turn::sse(["data: {\"error\":{\"message\":\"no\",\"type\":\"server_error\",\"code\":null}}\n\n"]);
    for (turn, streams) in [
        (openai::error(500, "server_error", "x"), &[false, true][..]),
        (openai::error(503, "server_error", "x"), &[false, true]),
        (openai::error(429, "requests", "rate_limit_exceeded"), &[false, true]),
        (openai::error(401, "invalid_request_error", "invalid_api_key"), &[false, true]),
        (openai::error(404, "invalid_request_error", "model_not_found"), &[false, true]),
        (Turn::new().close(), &[false, true]),
        (Turn::new().reset(), &[false, true]),
        (Turn::never(), &[false, true]),
        (Turn::json(200, "<html>"), &[false, true]),
        (cut_early, &[true]),
        (error_first, &[true]),
    ] {
        let (first, second, gateway) = two(Script::always(turn.clone()), obliging());
        for stream in streams {
            let reply = ask(&gateway, *stream);
            assert_eq!((reply.status, reply.header("x-conduit-provider")), (200, Some("two")), "{turn:?}: {}", reply.text());
            assert_eq!((reply.header("x-conduit-attempts"), reply.header("x-conduit-fallback")), (Some("2"), Some("1")), "{turn:?}");
            if *stream {
                assert_eq!(reply.data().last().map(String::as_str), Some("[DONE]"), "{turn:?}");
            }
            let rows = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 2);
            let said: Vec<_> = rows.iter().map(|row| (row.attempt, row.provider.as_str(), row.status.as_str())).collect();
            assert_eq!(said, [(1, "one", "failed"), (2, "two", "succeeded")], "{turn:?}");
        }
        // R17: one attempt a target.
        assert_eq!((first.requests().len(), second.requests().len()), (streams.len(), streams.len()), "{turn:?}");
        assert!(second.requests().iter().all(|request| request.json()["model"] == "up-2"));
    }
}

/// R17: the provider judged the request; another would too.
#[test]
fn a_request_that_is_at_fault_is_asked_once() {
    for status in [400, 413, 422] {
        let (first, second, gateway) = two(Script::always(openai::error(status, "invalid_request_error", "x")), obliging());
        for stream in [false, true] {
            assert_eq!(ask(&gateway, stream).status, status);
        }
        assert_eq!((first.requests().len(), second.requests().len()), (2, 0));
    }
}

/// R15: never a second model spliced in after the first event.
#[test]
fn after_the_first_event_there_is_no_second_target() {
    let events = openai::events(3);
    for kept in 2..events.len() - 1 {
        let (first, second, gateway) =
            two(Script::always(Turn::sse_open(&events[..kept]).wait(Duration::from_millis(60)).close()), obliging());
        let reply = ask(&gateway, true);
        assert_eq!((reply.status, reply.header("x-conduit-attempts")), (200, Some("1")));
        assert!(!reply.data().contains(&"[DONE]".to_owned()));
        assert_eq!((first.requests().len(), second.requests().len()), (1, 0), "{kept}");
    }
}

#[test]
fn when_none_is_left_the_last_fault_is_told() {
    let (_first, second, gateway) = two(Script::always(openai::error(500, "server_error", "x")), Script::always(Turn::never()));
    let reply = ask(&gateway, false);
    assert_eq!((reply.error().0, reply.header("x-conduit-attempts")), (504, Some("2")));
    assert_eq!(second.requests().len(), 1);
}

/// A target without the operation is passed over, not asked.
#[test]
fn a_target_without_the_operation_is_passed_over() {
    let (groq, openai_like) = (Scripted::start(obliging()), Scripted::start(obliging()));
    let gateway = Setup::new()
        .provider("quick", "groq", &format!("{}/openai/v1", groq.url()))
        .provider("whole", "openai", &format!("{}/v1", openai_like.url()))
        .model("m", "quick", "llama", 1)
        .model("m", "whole", "embed", 2)
        .model("only-quick", "quick", "llama", 1)
        .start();
    let reply = Ask::post("/v1/embeddings", &openai::embeddings("m")).key(KEY).at(gateway.address());
    assert_eq!((reply.status, reply.header("x-conduit-provider")), (200, Some("whole")));
    assert!(groq.requests().is_empty());
    let refused = Ask::post("/v1/embeddings", &openai::embeddings("only-quick")).key(KEY).at(gateway.address());
    assert_eq!(refused.error(), (400, "invalid_request_error".to_owned(), "unsupported_operation".to_owned()));
}

/// What a target does not carry is told; each target gets the caller's request, not what was left of it for the one before.
#[test]
fn losses_are_those_of_the_target_that_answered() {
    let (first, second) = (Scripted::start(Script::always(openai::error(500, "server_error", "x"))), Scripted::start(obliging()));
    let gateway = Setup::new()
        .provider("quick", "groq", &format!("{}/openai/v1", first.url()))
        .provider("whole", "openai", &format!("{}/v1", second.url()))
        .model("m", "quick", "llama", 1)
        .model("m", "whole", "gpt-4o", 2)
        .model("quick", "quick", "llama", 1)
        .start();
    let mut body = openai::chat("m");
    body["logit_bias"] = json!({"1": 2});
    body["messages"][0]["name"] = json!("ann");
    let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
    assert_eq!((reply.status, reply.header("x-conduit-losses")), (200, None));
    let (stripped, whole) = (first.requests()[0].json(), second.requests()[0].json());
    assert_eq!((stripped.get("logit_bias"), stripped["messages"][0].get("name")), (None, None));
    body["model"] = json!("gpt-4o");
    assert_eq!(whole, body);
}
