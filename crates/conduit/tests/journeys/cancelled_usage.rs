//! What a provider said it used before its caller left is written down; what it did not say is unknown, not zero. R12.

use crate::harness::{Ask, KEY, Setup, openai, rows_once};
use std::time::Duration;
use testkit::scripted::{Script, Scripted, Turn};

/// The caller reads `read` events of what the provider sent, then leaves: the tokens in its row.
fn tokens_of(kind: &str, server: &str, turn: Turn, read: usize) -> (Option<i64>, Option<i64>) {
    let upstream = Scripted::start(Script::always(turn));
    let base_url = if kind == "openai" { format!("{}/v1", upstream.url()) } else { upstream.url() };
    let gateway =
        Setup::new().server(server).patient_provider("one", kind, &base_url, Duration::from_secs(30)).model("m", "one", "up-1", 1).start();
    let ask = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY);
    if read == 0 {
        let connection = ask.send(gateway.address()).unwrap();
        assert!(upstream.wait_requests_blocking(1, Duration::from_secs(5)));
        std::thread::sleep(Duration::from_millis(200));
        drop(connection);
    } else {
        let mut answer = ask.open(gateway.address()).unwrap();
        for _ in 0..read {
            assert!(answer.event().unwrap().is_some());
        }
        // What is not for the caller, as the usage that it did not ask for, comes behind what it read.
        std::thread::sleep(Duration::from_millis(200));
        drop(answer);
    }
    assert!(upstream.wait_closed_blocking(0, Duration::from_secs(2)).is_some(), "the provider's connection stays open");
    let rows = rows_once(&gateway.database_url(), "the row", |rows| !rows.is_empty());
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!((rows[0].status.as_str(), rows[0].usage_estimated), ("cancelled", true), "{rows:#?}");
    (rows[0].input_tokens, rows[0].output_tokens)
}

const HELD: &str = "keepalive_after: 15s";

#[test]
fn usage_at_the_end_of_a_stream_is_kept() {
    let events = openai::events(2);
    let before_the_marker = &events[..events.len() - 1];
    // Role, two words, the finish: the usage behind them stays with the gateway.
    assert_eq!(tokens_of("openai", HELD, Turn::sse_open(before_the_marker).stall(), 4), (Some(11), Some(7)));
}

#[test]
fn usage_at_the_beginning_of_a_stream_is_kept() {
    let events = crate::translation::anthropic_events();
    let (input, output) = tokens_of("anthropic", HELD, Turn::sse_open(&events[..5]).stall(), 2);
    assert_eq!(input, Some(25));
    assert!(output.is_none_or(|output| output >= 1), "{output:?}");
}

#[test]
fn what_was_not_said_is_unknown() {
    let openai = openai::events(3);
    assert_eq!(tokens_of("openai", HELD, Turn::sse_open(&openai[..3]).stall(), 2), (None, None));
    assert_eq!(tokens_of("openai", HELD, Turn::never(), 0), (None, None));
    assert_eq!(tokens_of("anthropic", HELD, Turn::never(), 0), (None, None));
}
#[test]
fn usage_before_the_first_event_is_kept() {
    let events = crate::translation::anthropic_events();
    for server in [HELD, "keepalive_after: 50ms"] {
        let (input, _) = tokens_of("anthropic", server, Turn::sse_open(&events[..1]).stall(), 0);
        assert_eq!(input, Some(25), "{server}");
    }
}
