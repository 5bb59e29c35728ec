//! A caller that goes away is noticed even where bytes that nobody has read yet stand before its end. R8, R9.

use crate::harness::{Ask, KEY, Setup, openai, rows_once};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted, Turn};

/// Callers are looked at every 200 ms.
const PROMPTLY: Duration = Duration::from_millis(700);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    BeforeHead,
    Midway,
}

fn turn(stream: bool, phase: Phase) -> Turn {
    let body = openai::reply();
    match (phase, stream) {
        (Phase::BeforeHead, _) => Turn::never(),
        (Phase::Midway, true) => Turn::sse_open(&openai::events(3)[..4]).stall(),
        (Phase::Midway, false) => Turn::new()
            .head(200, &[("content-type", "application/json"), ("content-length", &body.len().to_string())])
            .send(&body[..20])
            .stall(),
    }
}

#[test]
fn bytes_behind_a_request_do_not_hide_that_the_caller_has_gone() {
    let next = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY);
    let pipelined = next.text("localhost");
    let tails = ["\r\n", "GET /he", pipelined.as_str()];
    let cells: Vec<_> = tails
        .iter()
        .flat_map(|tail| [false, true].map(|stream| (*tail, stream)))
        .flat_map(|(tail, stream)| [Phase::BeforeHead, Phase::Midway].map(|phase| (tail, stream, phase)))
        .collect();
    for server in ["keepalive_after: 15s", "keepalive_after: 20ms"] {
        let upstream = Scripted::start(Script::sequence(cells.iter().map(|(_, stream, phase)| turn(*stream, *phase))));
        // The provider's timeouts are long, so that only the caller's leaving can end a call.
        let gateway = Setup::new()
            .server(server)
            .patient_provider("one", "openai", &format!("{}/v1", upstream.url()), Duration::from_secs(30))
            .model("m", "one", "up-1", 1)
            .start();
        for (number, (tail, stream, phase)) in cells.iter().enumerate() {
            let cell = format!("{server} {phase:?} stream {stream} behind it {:?}", tail.lines().next());
            let body = if *stream { openai::chat_stream("m") } else { openai::chat("m") };
            let ask = Ask::post("/v1/chat/completions", &body).key(KEY).followed_by(tail);
            let left = if *stream && *phase == Phase::Midway {
                let mut answer = ask.open(gateway.address()).unwrap();
                assert_eq!(answer.status, 200, "{cell}");
                assert!(answer.event().unwrap().is_some());
                std::thread::sleep(Duration::from_millis(50));
                drop(answer);
                Instant::now()
            } else {
                let connection = ask.send(gateway.address()).unwrap();
                assert!(upstream.wait_requests_blocking(number + 1, Duration::from_secs(5)), "{cell}: no request came");
                std::thread::sleep(Duration::from_millis(50));
                drop(connection);
                Instant::now()
            };
            let closed = upstream.wait_closed_blocking(number, Duration::from_secs(5)).unwrap_or_else(|| panic!("{cell}: never closed"));
            let after = closed.saturating_duration_since(left);
            assert!(after < PROMPTLY, "{cell}: closed after {after:?}");
            let rows = rows_once(&gateway.database_url(), &cell, |rows| rows.len() > number);
            assert_eq!(rows.len(), number + 1, "{cell}: {rows:#?}");
        }
        // What stood behind the requests was never served, and nothing came late.
        std::thread::sleep(Duration::from_millis(300));
        let rows = rows_once(&gateway.database_url(), server, |_| true);
        assert_eq!((rows.len(), upstream.requests().len()), (cells.len(), cells.len()), "{rows:#?}");
        assert!(rows.iter().all(|row| row.status == "cancelled" && row.usage_estimated), "{rows:#?}");
    }
}

/// A caller that pipelines and stays is served, one request after the other.
#[test]
fn a_caller_that_sends_ahead_and_stays_is_served() {
    let body = openai::reply();
    let late = Turn::new().wait(Duration::from_millis(600)).head(200, &[("content-length", &body.len().to_string())]).send(body);
    let upstream = Scripted::start(Script::always(late));
    let gateway = Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let next = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY);
    let ask = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).followed_by(&next.text("localhost"));
    let answer = ask.open(gateway.address()).unwrap();
    assert_eq!(answer.status, 200);
    assert!(upstream.wait_requests_blocking(2, Duration::from_secs(5)));
    let rows = rows_once(&gateway.database_url(), "both", |rows| rows.len() == 2);
    assert!(rows.iter().all(|row| row.status == "succeeded"), "{rows:#?}");
    drop(answer);
}
