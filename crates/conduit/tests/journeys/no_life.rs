//! Bytes are no sign of life: a provider that sends comments alone is timed out, one that never comes to the point is cut.

use crate::harness::{Ask, KEY, Reply, Setup, one, openai, rows_of};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted, Turn};

const PING: Duration = Duration::from_millis(100);

fn pings(begun: &[String], ping: &str) -> Turn {
    (0..60).fold(Turn::sse_open(begun), |turn, _| turn.wait(PING).chunk(ping)).end_chunks()
}

fn ask_timed(address: std::net::SocketAddr) -> (Reply, Duration) {
    let started = Instant::now();
    let reply = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).at(address);
    (reply, started.elapsed())
}

#[test]
fn comments_between_events_do_not_count() {
    for ping in [": ping\n\n", ":\n\n", "\n\n", ": OPENROUTER PROCESSING\n\n"] {
        let (_upstream, gateway) = one(Script::always(pings(&openai::events(2)[..2], ping)));
        let (reply, took) = ask_timed(gateway.address());
        assert!((Duration::from_millis(900)..Duration::from_millis(2_500)).contains(&took), "{ping:?}: {took:?}");
        assert_eq!(reply.status, 200);
        let data = reply.data();
        let last: serde_json::Value = serde_json::from_str(data.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], "provider_timeout", "{ping:?}: {data:?}");
        assert!(!data.iter().any(|data| data == "[DONE]"), "{data:?}");
        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.status.as_str(), row.fault.as_deref()), ("failed", Some("provider_timeout")), "{row:?}");
    }
}

#[test]
fn comments_before_the_first_event_do_not_count() {
    let (_upstream, gateway) = one(Script::always(pings(&[], ": ping\n\n")));
    let (reply, took) = ask_timed(gateway.address());
    assert!((Duration::from_millis(900)..Duration::from_millis(2_500)).contains(&took), "{took:?}");
    assert_eq!(reply.error(), (504, "upstream_error".to_owned(), "provider_timeout".to_owned()));
}

/// Comments between events that do come are no harm.
#[test]
fn comments_beside_events_do_no_harm() {
    let events: Vec<String> = openai::events(3).into_iter().flat_map(|event| [": ping\n\n".to_owned(), event]).collect();
    let upstream = Scripted::start(Script::always(Turn::sse_every(Duration::from_millis(300), events)));
    let gateway = Setup::new().enduring_provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let (reply, took) = ask_timed(gateway.address());
    assert!(took > Duration::from_secs(2));
    assert_eq!(reply.data().last().map(String::as_str), Some("[DONE]"));
}

/// What is held back before the first event is bounded.
#[test]
fn a_beginning_without_an_end_is_cut() {
    const MANY: usize = 640;
    let padding = "p".repeat(64 << 10);
    let role = openai::events(0)[0].replace("chatcmpl-1", &padding);
    let turn = Turn::sse_open(std::iter::repeat_n(&role, MANY)).stall();
    let upstream = Scripted::start(Script::always(turn));
    let gateway = Setup::new()
        .patient_provider("one", "openai", &format!("{}/v1", upstream.url()), Duration::from_secs(15))
        .model("m", "one", "up-1", 1)
        .start();
    let (reply, took) = ask_timed(gateway.address());
    assert_eq!(reply.error(), (502, "upstream_error".to_owned(), "provider_bad_response".to_owned()));
    assert!(took < Duration::from_secs(12), "{took:?}: a timer ended it, not the bound");
    // The bound is 8 MiB; the rest was in the buffers of sockets.
    let sent = upstream.sent(0);
    assert!((8 << 20..MANY * role.len() * 3 / 4).contains(&sent), "{sent} bytes were taken");
    assert!(upstream.wait_closed_blocking(0, Duration::from_secs(1)).is_some(), "the provider goes on sending");
    let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
    assert_eq!((row.status.as_str(), row.http_status), ("failed", 502), "{row:?}");
}

#[test]
fn comment_lines_without_an_end_do_not_count_either() {
    for ping in [": ping\n", ":"] {
        let (_upstream, gateway) = one(Script::always(pings(&openai::events(2)[..2], ping)));
        let (reply, took) = ask_timed(gateway.address());
        assert!((Duration::from_millis(900)..Duration::from_millis(2_500)).contains(&took), "{ping:?}: {took:?} {}", reply.text());
    }
}
#[test]
fn comments_that_come_in_pieces_do_not_count_either() {
    let turn = (0..30)
        .fold(Turn::sse_open(&openai::events(2)[..2]), |turn, _| turn.wait(PING).chunk(": pi").wait(PING).chunk("ng\n\n"))
        .end_chunks();
    let (_upstream, gateway) = one(Script::always(turn));
    let (reply, took) = ask_timed(gateway.address());
    assert!((Duration::from_millis(900)..Duration::from_millis(2_500)).contains(&took), "{took:?} {}", reply.text());
}
