//! How a provider's bytes are cut into writes changes nothing: what comes at once is judged as if it had come bit by bit. R13, R15.

use crate::harness::{Ask, KEY, Reply, one, openai, rows_of};
use std::time::Duration;
use testkit::scripted::{Script, Turn};

const APART: Duration = Duration::from_millis(60);
const ERROR: &str = "data: {\"error\":{\"message\":\"the provider fell over\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";

/// The events as one chunk, as chunks of one write, and as one write with the head.
fn at_once(events: &[String]) -> [Turn; 3] {
    let joined = events.concat();
    let chunks: String = events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len())).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    [
        Turn::sse_open([joined]).end_chunks(),
        Turn::sse_open::<&str>([]).send(format!("{chunks}0\r\n\r\n")),
        Turn::new().send(format!("{head}{chunks}0\r\n\r\n")),
    ]
}

/// The answer, and the status in its row.
fn ask(turn: &Turn, include_usage: bool) -> (Reply, String) {
    let (_upstream, gateway) = one(Script::always(turn.clone()));
    let mut body = openai::chat_stream("m");
    if include_usage {
        body["stream_options"] = serde_json::json!({"include_usage": true});
    }
    let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
    let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
    (reply, row.status)
}

/// An error status with nothing streamed, or content and then the error in-band: never the marker of a whole stream.
fn fails(turn: &Turn, code: &str) -> u16 {
    let (reply, row) = ask(turn, false);
    assert!(!reply.text().contains("[DONE]"), "{turn:?}: {}", reply.text());
    assert_ne!(row, "succeeded", "{turn:?}");
    if reply.status == 200 {
        let data = reply.data();
        let last: serde_json::Value = serde_json::from_str(data.last().unwrap()).unwrap();
        assert_eq!(last["error"]["code"], code, "{turn:?}: {last}");
        assert!(data.len() > 1, "{turn:?}: a head and no content");
    } else {
        assert_eq!(reply.error().2, code, "{turn:?}");
    }
    reply.status
}

#[test]
fn an_error_that_comes_with_content_is_an_error() {
    let events = openai::events(2);
    for begun in [&events[..1], &events[..2], &events[1..3], &events[..4]] {
        for behind in [&[][..], &events[2..]] {
            let together = [begun, &[ERROR.to_owned()], behind].concat();
            for turn in at_once(&together) {
                fails(&turn, "provider_unavailable");
            }
        }
    }
}

#[test]
fn a_cut_that_comes_with_content_is_an_error() {
    let events = openai::events(2);
    for turn in at_once(&events[..3]).into_iter().chain(at_once(&events[..5])) {
        fails(&turn, "provider_bad_response");
    }
}

/// Content that comes with an error reaches the caller where the stream has begun.
#[test]
fn content_before_an_error_is_not_lost() {
    let events = openai::events(2);
    let turn = Turn::sse_open(&events[..2]).wait(APART).chunk([&events[2], ERROR].concat()).end_chunks();
    assert_eq!(fails(&turn, "provider_unavailable"), 200);
    let (reply, row) = ask(&turn, false);
    assert!(reply.data()[..].iter().any(|data| data.contains("word1")), "{}", reply.text());
    assert_eq!(row, "failed");
}

#[test]
fn a_stream_that_comes_at_once_is_whole() {
    let events = openai::events(2);
    for include_usage in [false, true] {
        for turn in at_once(&events) {
            let (reply, row) = ask(&turn, include_usage);
            let data = reply.data();
            assert_eq!((reply.status, data.iter().filter(|data| *data == "[DONE]").count()), (200, 1), "{turn:?}: {data:?}");
            assert_eq!(data.last().map(String::as_str), Some("[DONE]"));
            assert_eq!(data.len(), events.len() - usize::from(!include_usage), "{turn:?}");
            assert_eq!(row, "succeeded");
        }
        // Begun before, ended at once; and more behind the marker, which nobody sees.
        let turn =
            Turn::sse_open(&events[..2]).wait(APART).chunk([&events[2..].concat(), "data: [DONE]\n\n", &events[1]].concat()).end_chunks();
        let (reply, row) = ask(&turn, include_usage);
        let data = reply.data();
        assert_eq!(data.iter().filter(|data| *data == "[DONE]").count(), 1, "{data:?}");
        assert_eq!((data.len(), row.as_str()), (events.len() - usize::from(!include_usage), "succeeded"), "{data:?}");
    }
}
