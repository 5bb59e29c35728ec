//! A provider that says our key back is not quoted: the key is taken out by its value, whatever it looks like. R64.

use crate::harness::{Ask, KEY, Setup, openai, rows_once};
use serde_json::json;
use testkit::scripted::{Script, Scripted, Turn};

/// No prefix that would give it away.
const CANARY: &str = "plainCanary-zebra-okapi";

fn echo() -> String {
    format!("cannot continue with {CANARY} today, so we stop ({CANARY})")
}

/// The provider's error, in its own dialect.
fn error(kind: &str) -> String {
    match kind {
        "anthropic" => json!({"type": "error", "error": {"type": "invalid_request_error", "message": echo()}, "request_id": CANARY}),
        _ => json!({"error": {"message": echo(), "type": "invalid_request_error", "param": CANARY, "code": CANARY}}),
    }
    .to_string()
}

fn turns(kind: &str) -> Vec<Turn> {
    let body = error(kind);
    let (event, begun) = match kind {
        "anthropic" => (format!("event: error\ndata: {body}\n\n"), crate::translation::anthropic_events()[..5].to_vec()),
        _ => (format!("data: {body}\n\n"), openai::events(2)[..3].to_vec()),
    };
    let pause = std::time::Duration::from_millis(60);
    let html = format!("<html><title>{}</title><body>{}</body></html>", echo(), echo());
    let mut turns: Vec<_> = [400, 401, 404, 413, 422, 429, 500, 503].into_iter().map(|status| Turn::json(status, &body)).collect();
    turns.extend([400, 401, 500, 502].into_iter().map(|status| Turn::answer(status, "text/html", &html)));
    turns.extend([
        Turn::json(200, &body),
        Turn::answer(400, "application/json", echo()),
        Turn::answer(200, "text/html", &html),
        Turn::answer(200, CANARY, &html),
        Turn::answer_with(302, &[("location", CANARY)], ""),
        Turn::answer_with(429, &[("retry-after", CANARY), ("x-request-id", CANARY)], &body),
        Turn::sse([&event]),
        Turn::sse_open(&begun).chunk(&event).end_chunks(),
        Turn::sse_open(&begun).wait(pause).chunk(&event).end_chunks(),
        Turn::sse_open(&begun).wait(pause).chunk(format!("data: {CANARY}\n\n")).end_chunks(),
        Turn::new().send(format!("{CANARY}\r\n\r\n")).close(),
        Turn::new().head(200, &[("content-type", "application/json"), ("content-length", CANARY)]).close(),
    ]);
    turns
}

#[test]
fn a_key_without_a_prefix_is_taken_out_by_its_value() {
    for kind in ["openai", "anthropic"] {
        let turns = turns(kind);
        // Each turn is played to a call for a whole answer and to one for a stream.
        let upstream = Scripted::start(Script::sequence(turns.iter().flat_map(|turn| [turn.clone(), turn.clone()])));
        let base_url = if kind == "openai" { format!("{}/v1", upstream.url()) } else { upstream.url() };
        let gateway = Setup::new().log("trace").provider_with_key("one", kind, &base_url, CANARY).model("m", "one", "up-1", 1).start();
        let mut quoted = 0;
        for turn in &turns {
            for body in [openai::chat("m"), openai::chat_stream("m")] {
                let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
                let answered = format!("{:?} {}", reply.headers, reply.text());
                assert!(!answered.contains(CANARY), "{kind}: {turn:?}: {answered}");
                assert!(!answered.contains("[DONE]"), "{kind}: {turn:?}: {answered}");
                quoted += usize::from(answered.contains("[redacted]"));
            }
        }
        assert!(quoted >= 6, "{kind}: the provider's words hardly reach the caller ({quoted}): nothing is shown");
        let asked = upstream.requests();
        assert_eq!(asked.len(), turns.len() * 2);
        let sent = |request: &testkit::scripted::Request| request.headers.iter().any(|(_, value)| value.contains(CANARY));
        assert!(asked.iter().all(sent), "the canary is not the key in use");
        let rows = rows_once(&gateway.database_url(), kind, |rows| rows.len() == asked.len());
        assert!(!format!("{rows:?}").contains(CANARY), "{rows:#?}");
        let (printed, log) = gateway.output();
        assert!(log.contains("an attempt failed"), "nothing is logged, so nothing is shown");
        let leak = printed.lines().chain(log.lines()).find(|line| line.contains(CANARY));
        assert!(leak.is_none(), "{kind}: in the log: {leak:?}");
    }
}
