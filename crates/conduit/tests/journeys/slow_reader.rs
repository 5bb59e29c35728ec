//! A caller that reads slowly is no provider that sends slowly: only the time in which the provider is waited for counts.

use crate::harness::{Ask, KEY, Setup, openai, rows_of};
use std::time::Duration;
use testkit::scripted::{Script, Scripted, Turn};

/// More than the buffers of all sockets on the way hold.
const WORDS: usize = 600;
const WORD: usize = 64 << 10;

#[test]
fn a_caller_that_pauses_gets_everything() {
    let mut events = openai::events(1);
    let word = "w".repeat(WORD);
    let content = events[1].replace("word0 ", &word);
    events.splice(1..2, std::iter::repeat_n(content, WORDS));
    let total: usize = events.iter().map(String::len).sum();
    let upstream = Scripted::start(Script::always(Turn::sse(&events)));
    let gateway = Setup::new().enduring_provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let mut answer = Ask::post("/v1/chat/completions", &openai::chat_stream("m")).key(KEY).open(gateway.address()).unwrap();
    let id = answer.header("x-request-id").unwrap().to_owned();
    for _ in 0..3 {
        assert!(answer.event().unwrap().is_some());
    }
    // Three times the longest pause that the provider may make.
    std::thread::sleep(Duration::from_secs(3));
    assert!(upstream.sent(0) < total, "the caller's pause did not reach the provider: nothing is shown");
    let rest = answer.whole().unwrap();
    assert!(!rest.text().contains("provider_timeout"));
    let data = rest.data();
    assert_eq!(data.last().map(String::as_str), Some("[DONE]"), "{} events", data.len());
    // Without the three that were read first and the usage that nobody asked for.
    assert_eq!(data.len(), events.len() - 4);
    assert!(data[..WORDS - 2].iter().all(|data| data.contains(&word)));
    let row = rows_of(&gateway.database_url(), &id, 1).remove(0);
    assert_eq!((row.status.as_str(), row.input_tokens, row.output_tokens), ("succeeded", Some(11), Some(7)), "{row:?}");
}
