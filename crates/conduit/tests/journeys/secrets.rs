//! No secret reaches a log, an answer or another party: every secret here is a canary, and the log is at its most talkative.

use crate::harness::{Ask, Gateway, KEY, MASTER_KEY, Setup, openai, provider_key};
use testkit::figure;
use testkit::scripted::{Script, Scripted, Turn};

/// Something that a caller said.
const PROMPT: &str = "prompt-canary-Vk2Nw7";

fn gateway(upstream: &Scripted) -> Gateway {
    Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start()
}

fn ask(stream: bool) -> Ask {
    let mut body = if stream { openai::chat_stream("m") } else { openai::chat("m") };
    body["messages"][0]["content"] = PROMPT.into();
    Ask::post("/v1/chat/completions", &body)
}

#[test]
fn nothing_secret_is_logged_or_answered() {
    let canary = provider_key("one");
    // A provider that says our key back to us, in every place that it can.
    let echo = format!("Incorrect API key provided: {canary}. {PROMPT}");
    let body =
        serde_json::json!({"error": {"message": echo, "type": "invalid_request_error", "param": canary, "code": canary}}).to_string();
    let event = format!("data: {body}\n\n");
    let turns = [
        openai::answered(),
        Turn::json(401, &body),
        Turn::json(400, &body),
        Turn::json(404, &body),
        Turn::json(429, &body),
        Turn::json(500, &body),
        Turn::json(200, &body),
        Turn::answer_with(401, &[("content-type", "text/plain"), ("www-authenticate", &canary), ("x-echo", &canary)], &echo),
        Turn::new().send(format!("{canary}\r\n\r\n")).close(),
        Turn::sse([event.as_str()]),
        Turn::sse_open(&openai::events(2)[..2]).chunk(&event).end_chunks(),
        Turn::sse_open(&openai::events(2)[..2]).chunk(format!("data: {canary}\n\n")).end_chunks(),
    ];
    for turn in turns {
        let upstream = Scripted::start(Script::always(turn.clone()));
        let gateway = gateway(&upstream);
        for stream in [false, true] {
            for request in [
                ask(stream).key(KEY),
                ask(stream).key(MASTER_KEY),
                ask(stream).to(&format!("/v1/chat/completions?key={KEY}")),
                ask(stream).to(&format!("/v1/no-such-route?key={KEY}")),
                ask(stream).key(&format!("{KEY}-wrong")),
            ] {
                let reply = request.at(gateway.address());
                let answered = format!("{:?} {}", reply.headers, reply.text());
                assert!(!answered.contains(&canary), "the provider's key was answered: {turn:?}: {answered}");
                assert!(!answered.contains(KEY) && !answered.contains(MASTER_KEY), "a key was answered: {answered}");
            }
        }
        let (printed, log) = gateway.output();
        for (name, secret) in [("provider key", canary.as_str()), ("virtual key", KEY), ("master key", MASTER_KEY), ("prompt", PROMPT)] {
            let leak = printed.lines().chain(log.lines()).find(|line| line.contains(secret));
            assert!(leak.is_none(), "{name} in the log: {turn:?}: {leak:?}");
        }
        assert!(upstream.requests().iter().all(|request| request.header("authorization") == Some(&format!("Bearer {canary}"))));
    }
    // The gateways of all other journeys are searched when they end: a hit fails their test.
    figure::seen(
        "R64",
        "canary secrets in answers, logs at level trace, files, in 11 spellings",
        "0 hits",
        "0 hits in this journey and in every other one",
    );
}

/// What a caller sends besides its body stays here: R72 and the provider's privacy.
#[test]
fn a_callers_headers_do_not_reach_the_provider() {
    let upstream = Scripted::start(Script::always(openai::answered()));
    let gateway = gateway(&upstream);
    let reply = ask(false)
        .key(KEY)
        .header("cookie", "a=b")
        .header("x-forwarded-for", "203.0.113.9")
        .header("openai-organization", "org-steered")
        .header("x-custom", "c4nary")
        .at(gateway.address());
    assert_eq!(reply.status, 200);
    let request = upstream.requests().remove(0);
    assert_eq!(request.target, "/v1/chat/completions");
    for name in ["cookie", "x-forwarded-for", "openai-organization", "x-custom", "x-api-key"] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

/// R65 from the outside: the files of the data directory hold no secret in the clear.
#[test]
fn the_data_directory_holds_no_secret_in_the_clear() {
    let upstream = Scripted::start(Script::always(openai::answered()));
    let mut gateway = gateway(&upstream);
    assert_eq!(ask(false).key(KEY).at(gateway.address()).status, 200);
    gateway.kill();
    let canary = provider_key("one");
    let mut files = 0;
    let mut folders = vec![gateway.data_dir()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for secret in [KEY, MASTER_KEY, canary.as_str(), PROMPT] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds a secret", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 0);
}
