//! An error whose body never ends does not hold its caller: the status says enough, and the next target answers.

use crate::harness::{Ask, KEY, Setup, openai, rows_of};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted, Turn};

/// The body of an error is waited for five seconds; the provider as such may take a minute.
const SOON: Duration = Duration::from_millis(6_500);

#[test]
fn an_error_body_that_stalls_is_left_behind() {
    let head = || Turn::new().head(503, &[("content-type", "application/json"), ("content-length", "2000")]).send("{\"error\":");
    let first = Scripted::start(Script::choose(move |_, request| match request.text().contains("trickle") {
        true => head().trickle(" ".repeat(1_900), 1, Duration::from_millis(50)),
        false => head().stall(),
    }));
    let second = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = Setup::new()
        .enduring_provider("one", "openai", &format!("{}/v1", first.url()))
        .enduring_provider("two", "openai", &format!("{}/v1", second.url()))
        .model("m", "one", "up-1", 1)
        .model("m", "two", "up-2", 2)
        .start();
    let (address, url) = (gateway.address(), gateway.database_url());
    let threads: Vec<_> = [(false, "stall"), (true, "stall"), (false, "trickle"), (true, "trickle")]
        .into_iter()
        .map(|(stream, user)| {
            std::thread::spawn(move || {
                let mut body = if stream { openai::chat_stream("m") } else { openai::chat("m") };
                body["user"] = user.into();
                let started = Instant::now();
                let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(address);
                (format!("{user} stream {stream}"), started.elapsed(), reply)
            })
        })
        .collect();
    for thread in threads {
        let (cell, took, reply) = thread.join().unwrap();
        assert!(took < SOON, "{cell}: {took:?}");
        assert_eq!((reply.status, reply.header("x-conduit-provider")), (200, Some("two")), "{cell}: {}", reply.text());
        let rows = rows_of(&url, reply.header("x-request-id").unwrap(), 2);
        let said: Vec<_> = rows.iter().map(|row| (row.provider.as_str(), row.status.as_str(), row.fault.as_deref())).collect();
        assert_eq!(said, [("one", "failed", Some("provider_unavailable")), ("two", "succeeded", None)], "{cell}");
    }
    drop(gateway);
}
