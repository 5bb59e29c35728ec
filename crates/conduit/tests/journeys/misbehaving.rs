//! Whatever a provider does wrong, the caller gets the documented error, and a stream that was cut never looks complete.

use crate::harness::{Ask, Gateway, KEY, Reply, one, openai, rows_of};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Turn};

/// What comes together may be judged together: a pause makes sure that the caller was sent what came before.
const APART: Duration = Duration::from_millis(60);

/// The provider's timeouts are one second; an answer later than this is a timer that did not fire.
const SOON: Duration = Duration::from_secs(4);

fn ask(gateway: &Gateway, stream: bool) -> Reply {
    let body = if stream { openai::chat_stream("m") } else { openai::chat("m") };
    let started = Instant::now();
    let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    reply
}

/// One misbehaviour before anything meaningful was sent, on both kinds of request.
fn refused(turn: Turn, expected: (u16, &str, &str)) {
    let (upstream, gateway) = one(Script::always(turn.clone()));
    for stream in [false, true] {
        let reply = ask(&gateway, stream);
        let (status, kind, code) = reply.error();
        assert_eq!((status, kind.as_str(), code.as_str()), expected, "stream {stream}: {turn:?}");
        assert_eq!(reply.header("x-conduit-attempts"), Some("1"));
        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.status.as_str(), row.http_status), ("failed", i64::from(status)), "{row:?}");
        assert!(row.fault.is_some(), "{row:?}");
    }
    drop(upstream);
}

const BAD: (u16, &str, &str) = (502, "upstream_error", "provider_bad_response");
const DOWN: (u16, &str, &str) = (503, "upstream_error", "provider_unavailable");
const SLOW: (u16, &str, &str) = (504, "upstream_error", "provider_timeout");

#[test]
fn garbage_in_place_of_http() {
    refused(Turn::new().send("\u{0}\u{1}garbage\r\n\r\n").close(), BAD);
}

#[test]
fn garbage_in_place_of_json() {
    refused(Turn::answer(200, "application/json", "<html>hello</html>"), BAD);
    refused(Turn::json(200, "[1,2]"), BAD);
    refused(Turn::json(200, ""), BAD);
}

#[test]
fn an_answer_that_is_cut_in_its_head_or_body() {
    refused(Turn::new().send("HTTP/1.1 200 OK\r\ncontent-le").close(), DOWN);
    refused(Turn::new().head(200, &[("content-type", "application/json"), ("content-length", "500")]).send("{\"id\":").close(), BAD);
    refused(Turn::new().head(200, &[("content-type", "application/json"), ("content-length", "500")]).send("{\"id\":").reset(), BAD);
}

#[test]
fn a_connection_that_is_closed_or_reset_at_once() {
    refused(Turn::new().close(), DOWN);
    refused(Turn::new().reset(), DOWN);
}

/// R6: each timer fires at its value.
#[test]
fn an_upstream_that_never_answers() {
    refused(Turn::never(), SLOW);
}

#[test]
fn an_upstream_that_stalls_inside_of_its_answer() {
    refused(Turn::new().send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n").stall(), SLOW);
    let (_upstream, gateway) =
        one(Script::always(Turn::new().head(200, &[("content-type", "application/json"), ("content-length", "500")]).send("{").stall()));
    let (status, kind, code) = ask(&gateway, false).error();
    assert_eq!((status, kind.as_str(), code.as_str()), SLOW);
}

#[test]
fn a_provider_that_is_not_there() {
    let (upstream, gateway) = one(Script::always(openai::answered()));
    drop(upstream);
    for stream in [false, true] {
        let (status, kind, code) = ask(&gateway, stream).error();
        assert_eq!((status, kind.as_str(), code.as_str()), DOWN);
    }
}

#[test]
fn a_provider_that_redirects_is_not_followed() {
    refused(Turn::answer_with(302, &[("location", "http://127.0.0.1:1/")], ""), BAD);
}

/// The provider's words about our account never reach the caller as words about the caller's key.
#[test]
fn the_providers_errors_have_the_gateways_status() {
    refused(openai::error(401, "invalid_request_error", "invalid_api_key"), (502, "upstream_error", "provider_auth_failed"));
    refused(openai::error(403, "invalid_request_error", "unsupported_country"), (502, "upstream_error", "provider_auth_failed"));
    refused(openai::error(404, "invalid_request_error", "model_not_found"), (502, "upstream_error", "provider_model_not_found"));
    refused(openai::error(429, "requests", "rate_limit_exceeded"), (429, "rate_limit_error", "provider_rate_limited"));
    refused(openai::error(429, "insufficient_quota", "insufficient_quota"), (503, "upstream_error", "provider_quota_exceeded"));
    refused(openai::error(500, "server_error", "server_error"), DOWN);
    refused(openai::error(503, "service_unavailable_error", "server_is_overloaded"), DOWN);
    refused(Turn::answer(502, "text/html", "<html>Bad gateway</html>"), DOWN);
}

#[test]
fn the_providers_own_4xx_about_the_request_is_passed_on() {
    for status in [400, 413, 422] {
        let (_upstream, gateway) = one(Script::always(openai::error(status, "invalid_request_error", "context_length_exceeded")));
        for stream in [false, true] {
            let reply = ask(&gateway, stream);
            assert_eq!(reply.status, status);
            assert!(reply.text().contains("the provider says context_length_exceeded"), "{}", reply.text());
        }
    }
}

/// The end of a stream whose head has gone out: the documented error in-band, and no `[DONE]`.
fn broken_off(reply: &Reply, code: &str) {
    assert_eq!(reply.status, 200);
    let data = reply.data();
    assert!(!data.iter().any(|data| data == "[DONE]"), "{data:?}");
    let last: serde_json::Value = serde_json::from_str(data.last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], code, "{last}");
    assert!(last["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
}

/// R13, R15: cut after each event, orderly and hard.
#[test]
fn a_stream_that_is_cut_after_any_event_is_an_error() {
    let events = openai::events(2);
    for kept in 0..events.len() - 1 {
        for end in [Turn::close, Turn::reset, Turn::end_chunks] {
            let (_upstream, gateway) = one(Script::always(end(Turn::sse_open(&events[..kept]).wait(APART))));
            let reply = ask(&gateway, true);
            let request_id = reply.header("x-request-id").unwrap().to_owned();
            if reply.status == 200 {
                broken_off(&reply, "provider_bad_response");
                assert!(kept >= 1, "the head went out before any event");
                let row = rows_of(&gateway.database_url(), &request_id, 1).remove(0);
                assert_eq!((row.status.as_str(), row.http_status), ("truncated", 200), "{row:?}");
            } else {
                // Nothing meaningful had come: the head was held back.
                assert!(kept <= 1, "{kept} events were lost");
                assert_eq!(reply.error().0, 502);
            }
        }
    }
}

#[test]
fn a_stream_cut_inside_of_an_event_is_an_error() {
    let events = openai::events(2);
    for cut in [1, 7, 40] {
        let (_upstream, gateway) = one(Script::always(Turn::sse_open(&events[..2]).chunk(&events[2][..cut]).close()));
        broken_off(&ask(&gateway, true), "provider_bad_response");
    }
}

#[test]
fn a_stream_that_stalls_is_an_error() {
    let (_upstream, gateway) = one(Script::always(Turn::sse_open(&openai::events(2)[..3]).stall()));
    broken_off(&ask(&gateway, true), "provider_timeout");
}

#[test]
fn a_malformed_event_is_an_error() {
    let events = openai::events(2);
    let (_upstream, gateway) =
        one(Script::always(Turn::sse_open(&events[..2]).wait(APART).chunk("data: {\"choices\":\n\n").chunk(&events[2]).end_chunks()));
    broken_off(&ask(&gateway, true), "provider_bad_response");
}

/// R15: before the first event an error is a status, after it an event.
#[test]
fn an_error_event_is_an_error() {
    let error = "data: {\"error\":{\"message\":\"the provider fell over\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";
    let (_upstream, gateway) = one(Script::always(Turn::sse_open([error]).end_chunks()));
    let (status, kind, _) = ask(&gateway, true).error();
    assert_eq!((status, kind.as_str()), (503, "upstream_error"));

    let (_upstream, gateway) =
        one(Script::always(Turn::sse_open(&openai::events(2)[..2]).wait(APART).chunk(error).chunk("data: [DONE]\n\n").end_chunks()));
    let reply = ask(&gateway, true);
    broken_off(&reply, "provider_unavailable");
}

/// A slow upstream that keeps sending is not a stalled one.
#[test]
fn a_trickle_is_no_stall() {
    let (_upstream, gateway) = one(Script::always(Turn::sse_every(Duration::from_millis(300), openai::events(2))));
    let started = Instant::now();
    let reply = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).at(gateway.address());
    assert!(started.elapsed() > Duration::from_secs(1));
    assert_eq!(reply.data().last().map(String::as_str), Some("[DONE]"));
}
