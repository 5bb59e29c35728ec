//! A stop that nobody notices: a balancer that reads readiness, streams under way, rows that are complete. R50.

use crate::harness::{Ask, Gateway, KEY, Setup, openai, rows_once};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use testkit::figure;
use testkit::scripted::{Script, Scripted, Turn};

const STREAMS: usize = 50;

/// Streams last for a while, other requests are answered at once.
fn provider(words: usize) -> Scripted {
    Scripted::start(Script::choose(move |_, request| match request.text().contains("\"stream\":true") {
        true => Turn::sse_every(Duration::from_millis(50), openai::events(words)),
        false => openai::answered(),
    }))
}

fn gateway(upstream: &Scripted, server: &str, grace: &'static str) -> Gateway {
    Setup::new()
        .log("info")
        .server(server)
        .grace(grace)
        .patient_provider("one", "openai", &format!("{}/v1", upstream.url()), Duration::from_secs(30))
        .model("m", "one", "up-1", 1)
        .start()
}

/// Streams whose first event has come; each gives its text in the end.
fn streams(gateway: &Gateway) -> Vec<JoinHandle<std::io::Result<Vec<String>>>> {
    let begun: Vec<_> = (0..STREAMS)
        .map(|_| {
            let mut answer = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).open(gateway.address()).unwrap();
            assert_eq!(answer.status, 200);
            assert!(answer.event().unwrap().is_some());
            answer
        })
        .collect();
    begun
        .into_iter()
        .map(|mut answer| {
            std::thread::spawn(move || {
                let mut events = Vec::new();
                // A stream that is not ended in order is an error here.
                while let Some(event) = answer.event()? {
                    events.push(event);
                }
                Ok(events)
            })
        })
        .collect()
}

#[test]
fn behind_a_balancer_a_stop_fails_nobody() {
    let upstream = provider(60);
    let mut old = gateway(&upstream, "drain_delay: 1500ms", "30s");
    let new = gateway(&upstream, "drain_delay: 1500ms", "30s");
    let streams = streams(&old);
    let (old_address, new_address) = (old.address(), new.address());
    let (is_old_ready, stop) = (AtomicBool::new(true), AtomicBool::new(false));
    let (served_by_old, served_by_new) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let code = std::thread::scope(|scope| {
        scope.spawn(|| {
            // The balancer: looks five times a second, and sends nothing to one that is not ready.
            while !stop.load(Ordering::SeqCst) {
                is_old_ready.store(old_address_is_ready(old_address), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let to_old = is_old_ready.load(Ordering::SeqCst);
                    let address = if to_old { old_address } else { new_address };
                    let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(address);
                    assert_eq!(reply.status, 200, "a new request failed (old: {to_old}): {}", reply.text());
                    if to_old { &served_by_old } else { &served_by_new }.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        old.signal("TERM");
        let code = old.ended(Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(300));
        stop.store(true, Ordering::SeqCst);
        code
    });
    assert_eq!(code, Some(0), "{:?}", old.output());
    for stream in streams {
        let events = stream.join().unwrap().unwrap();
        assert_eq!(events.last().map(String::as_str), Some("data: [DONE]\n\n"), "a stream was cut: {events:?}");
    }
    let (by_old, by_new) = (served_by_old.load(Ordering::SeqCst), served_by_new.load(Ordering::SeqCst));
    assert!(by_old > 0 && by_new > 0, "{by_old} requests by the old one, {by_new} by the new one");
    let rows = rows_once(&old.database_url(), "the old one's rows", |rows| rows.len() == STREAMS + by_old);
    assert!(rows.iter().all(|row| row.status == "succeeded" && row.output_tokens == Some(7)), "{rows:#?}");
    let seen = format!("{} new requests, 0 failed; {STREAMS} streams, 0 cut; exit 0", by_old + by_new);
    figure::seen("R50", "SIGTERM under load behind a balancer that reads readiness", "0 failed, 0 cut within the grace, exit 0", seen);
}

fn old_address_is_ready(address: std::net::SocketAddr) -> bool {
    Ask::get("/health/ready").open(address).is_ok_and(|answer| answer.status == 200)
}

#[test]
fn at_the_end_of_a_grace_that_is_too_short_every_stream_ends_with_an_error_and_a_row() {
    let upstream = provider(10_000);
    let mut gateway = gateway(&upstream, "drain_delay: 0s", "700ms");
    let streams = streams(&gateway);
    gateway.signal("TERM");
    let began = Instant::now();
    for stream in streams {
        let events = stream.join().unwrap().unwrap();
        let last = events.last().unwrap();
        assert!(last.contains("\"code\":\"draining\""), "{last}");
        assert!(!events.iter().any(|event| event.contains("[DONE]")));
    }
    assert_eq!(gateway.ended(Duration::from_secs(15)), Some(0), "{:?}", gateway.output());
    let took = began.elapsed();
    assert!(Duration::from_millis(700) <= took && took < Duration::from_secs(10), "{took:?}");
    let rows = rows_once(&gateway.database_url(), "all rows", |rows| rows.len() == STREAMS);
    assert!(rows.iter().all(|row| row.status == "failed" && row.fault.as_deref() == Some("draining")), "{rows:#?}");
    let seen = format!("{STREAMS} of {STREAMS} streams, exit 0 after {took:?}");
    figure::seen("R50", "a grace that is too short", "every stream ends with an error event and a row", seen);
}

#[test]
fn a_second_signal_ends_at_once() {
    let upstream = provider(10_000);
    let mut gateway = gateway(&upstream, "drain_delay: 30s", "30s");
    let streams = streams(&gateway);
    gateway.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(!gateway.is_ready());
    let began = Instant::now();
    gateway.signal("TERM");
    assert_eq!(gateway.ended(Duration::from_secs(10)), Some(1));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    for stream in streams {
        // Cut in the midst of it, which the caller sees.
        assert!(stream.join().unwrap().is_err());
    }
}
