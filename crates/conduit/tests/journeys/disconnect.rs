//! A caller that goes away takes its request with it: the provider's connection closes at once, and what was spent is written down. R8, R9.

use crate::harness::{Answer, Ask, Gateway, KEY, one, openai, rows_once};
use serde_json::Value;
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted, Turn};

const PROMPTLY: Duration = Duration::from_millis(500);

/// What the caller waits for when it goes away.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// The provider has not answered.
    BeforeHead,
    /// The provider's head is there, no event or no body.
    BeforeFirstByte,
    /// Part of the answer is there.
    Midway,
}

fn turn(kind: &str, stream: bool, phase: Phase) -> Turn {
    let events = if kind == "anthropic" { crate::translation::anthropic_events() } else { openai::events(3) };
    let body = openai::reply();
    let head = Turn::new().head(200, &[("content-type", "application/json"), ("content-length", &body.len().to_string())]);
    match (stream, phase) {
        (_, Phase::BeforeHead) => Turn::never(),
        (true, Phase::BeforeFirstByte) => Turn::sse_open::<&str>([]).stall(),
        (true, Phase::Midway) => Turn::sse_open(&events[..5]).stall(),
        (false, Phase::BeforeFirstByte) => head.stall(),
        (false, Phase::Midway) => head.send(&body[..20]).stall(),
    }
}

/// Asks, waits until the phase is reached, goes away.
fn leave(gateway: &Gateway, upstream: &Scripted, path: &str, body: &Value, phase: Phase) -> Instant {
    let stream = body["stream"] == true;
    let ask = Ask::post(path, body).key(KEY);
    if stream && phase == Phase::Midway {
        let mut answer: Answer = ask.open(gateway.address()).unwrap();
        assert_eq!(answer.status, 200);
        for _ in 0..2 {
            assert!(answer.event().unwrap().is_some());
        }
        drop(answer);
        return Instant::now();
    }
    let connection = ask.send(gateway.address()).unwrap();
    assert!(upstream.wait_requests_blocking(1, Duration::from_secs(5)), "no request came");
    std::thread::sleep(Duration::from_millis(100));
    drop(connection);
    Instant::now()
}

#[test]
fn every_route_in_every_phase() {
    let routes = [
        ("openai", "/v1/chat/completions", openai::chat("m")),
        ("openai", "/v1/chat/completions", openai::chat_stream("m")),
        ("openai", "/v1/embeddings", openai::embeddings("m")),
        ("anthropic", "/v1/chat/completions", openai::chat("m")),
        ("anthropic", "/v1/chat/completions", openai::chat_stream("m")),
    ];
    // With the head held back, and with keep-alives under way.
    for server in ["keepalive_after: 15s", "keepalive_after: 20ms"] {
        for (kind, path, body) in &routes {
            for phase in [Phase::BeforeHead, Phase::BeforeFirstByte, Phase::Midway] {
                let stream = body["stream"] == true;
                let cell = format!("{kind} {path} {phase:?} stream {stream} {server}");
                let (upstream, gateway) = patient(kind, server, Script::always(turn(kind, stream, phase)));
                let left = leave(&gateway, &upstream, path, body, phase);
                let closed = upstream.wait_closed_blocking(0, Duration::from_secs(5)).unwrap_or_else(|| panic!("{cell}: never closed"));
                let after = closed.saturating_duration_since(left);
                assert!(after < PROMPTLY, "{cell}: closed after {after:?}");

                let rows = rows_once(&gateway.database_url(), &cell, |rows| !rows.is_empty());
                assert_eq!(rows.len(), 1, "{cell}: {rows:#?}");
                assert_eq!((rows[0].status.as_str(), rows[0].usage_estimated), ("cancelled", true), "{cell}: {rows:#?}");
                // Unknown is not zero: only Anthropic says at its beginning what it read.
                if kind == &"openai" || phase != Phase::Midway {
                    assert_eq!((rows[0].input_tokens, rows[0].output_tokens), (None, None), "{cell}");
                }
                // The gateway is well: the next caller is served.
                assert_eq!(Ask::get("/health/ready").at(gateway.address()).status, 200);
            }
        }
    }
}

/// The provider's timeouts are long here, so that only the caller's leaving can end the call.
fn patient(kind: &str, server: &str, script: Script) -> (Scripted, Gateway) {
    let upstream = Scripted::start(script);
    let base_url = if kind == "openai" { format!("{}/v1", upstream.url()) } else { upstream.url() };
    let gateway = crate::harness::Setup::new()
        .server(server)
        .patient_provider("one", kind, &base_url, Duration::from_secs(30))
        .model("m", "one", "up-1", 1)
        .start();
    (upstream, gateway)
}

/// R9: many callers that leave at many moments; one row each.
#[test]
fn a_hundred_callers_leave_at_different_moments() {
    let (upstream, gateway) = one(Script::always(Turn::sse_every(Duration::from_millis(5), openai::events(8))));
    let address = gateway.address();
    let threads: Vec<_> = (0..100_u64)
        .map(|number| {
            std::thread::spawn(move || {
                let connection = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).send(address).unwrap();
                std::thread::sleep(Duration::from_millis(number));
                drop(connection);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    // A caller that left before its request was read is no attempt; every attempt has its row.
    let url = gateway.database_url();
    let mut before = usize::MAX;
    let rows = rows_once(&url, "the rows of 100 callers", |rows| {
        let settled = rows.len() == before && rows.len() >= upstream.requests().len();
        before = rows.len();
        std::thread::sleep(Duration::from_millis(300));
        settled
    });
    let mut ids: Vec<_> = rows.iter().map(|row| row.request_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rows.len(), "one row a request");
    assert!(rows.iter().all(|row| ["cancelled", "succeeded"].contains(&row.status.as_str())), "{rows:#?}");
    assert!(rows.iter().filter(|row| row.status == "cancelled").count() >= 10, "the test met too few in flight");
}
