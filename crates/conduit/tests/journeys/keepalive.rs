//! A provider that thinks for long does not look like a dead connection, and may still be replaced while nothing was said.

use crate::harness::{Ask, KEY, Reply, Setup, openai, rows_of};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted, Turn};

/// After this the head goes out and comments follow.
const AFTER: &str = "keepalive_after: 150ms";
const THINKS: Duration = Duration::from_millis(600);

fn late(turn: impl FnOnce(Turn) -> Turn) -> Script {
    Script::always(turn(Turn::new().wait(THINKS)))
}

fn ask(first: Script, second: Option<Script>) -> (Reply, String) {
    let first = Scripted::start(first);
    let mut setup = Setup::new().server(AFTER).provider("one", "openai", &format!("{}/v1", first.url())).model("m", "one", "up-1", 1);
    let second = second.map(Scripted::start);
    if let Some(second) = &second {
        setup = setup.provider("two", "openai", &format!("{}/v1", second.url())).model("m", "two", "up-2", 2);
    }
    let gateway = setup.start();
    let started = Instant::now();
    let answer = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).open(gateway.address()).unwrap();
    assert!(started.elapsed() < THINKS, "the head was not sent before the first event");
    assert_eq!((answer.status, answer.header("content-type").map(|kind| kind.starts_with("text/event-stream"))), (200, Some(true)));
    let id = answer.header("x-request-id").unwrap().to_owned();
    let reply = answer.whole().unwrap();
    let count = 1 + usize::from(second.is_some());
    let statuses: Vec<_> = rows_of(&gateway.database_url(), &id, count).into_iter().map(|row| row.status).collect();
    (reply, statuses.join(" "))
}

fn comments(reply: &Reply) -> usize {
    reply.text().split("\n\n").filter(|event| event.starts_with(':')).count()
}

#[test]
fn comments_bridge_a_long_thought() {
    let events = openai::events(2);
    let (reply, status) = ask(
        late(|turn| {
            events
                .iter()
                .fold(turn.head(200, &[("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]), Turn::chunk)
                .end_chunks()
        }),
        None,
    );
    assert!(comments(&reply) >= 2, "{}", reply.text());
    let data = reply.data();
    assert_eq!(data.last().map(String::as_str), Some("[DONE]"));
    assert_eq!(data.len(), events.len() - 1, "all events but the usage chunk");
    assert_eq!(status, "succeeded");
}

#[test]
fn another_target_may_still_answer() {
    let (reply, status) = ask(late(Turn::close), Some(Script::always(openai::streamed(2))));
    assert!(comments(&reply) >= 1);
    assert_eq!(reply.data().last().map(String::as_str), Some("[DONE]"));
    assert_eq!(status, "failed succeeded");
}

#[test]
fn an_error_is_in_band_once_the_head_is_out() {
    let (reply, status) = ask(late(Turn::close), None);
    let data = reply.data();
    assert_eq!(data.len(), 1, "{data:?}");
    let event: serde_json::Value = serde_json::from_str(&data[0]).unwrap();
    assert_eq!(event["error"]["code"], "provider_unavailable");
    assert_eq!(status, "failed");
}

/// A caller of a whole answer has no stream to keep alive: it gets the answer's own status.
#[test]
fn whole_answers_wait() {
    let upstream = Scripted::start(late(|turn| turn.head(500, &[("content-length", "0")])));
    let gateway =
        Setup::new().server(AFTER).provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address());
    assert_eq!(reply.error().0, 503);
}
