//! A virtual key opens what it may, in every carrier that clients use, and nothing else.

use crate::harness::{Ask, Gateway, KEY, MASTER_KEY, Setup, openai};
use serde_json::json;
use testkit::scripted::{Script, Scripted};

const NARROW: &str = "journey-narrow-Qm3Xv8Lt2Wd6";

fn gateway(upstream: &Scripted) -> Gateway {
    Setup::new()
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .model("m", "one", "up-1", 1)
        .model("other/m:1", "one", "up-2", 1)
        .key("narrow", NARROW, "\"other/*\"")
        .start()
}

fn upstream() -> Scripted {
    Scripted::start(Script::choose(|_, request| openai::obliging(request)))
}

fn ask(model: &str) -> Ask {
    Ask::post("/v1/chat/completions", &openai::chat(model))
}

#[test]
fn every_carrier_works() {
    let upstream = upstream();
    let gateway = gateway(&upstream);
    let carried = [
        ask("m").key(KEY),
        ask("m").header("Authorization", &format!("bearer {KEY}")),
        ask("m").header("x-api-key", KEY),
        ask("m").header("api-key", KEY),
        ask("m").header("x-goog-api-key", KEY),
        Ask::post(&format!("/v1/chat/completions?key={KEY}"), &openai::chat("m")),
        // The same key twice is one key.
        ask("m").key(KEY).header("x-api-key", KEY),
    ];
    let count = carried.len();
    for (number, ask) in carried.into_iter().enumerate() {
        let answer = ask.at(gateway.address());
        assert_eq!(answer.status, 200, "carrier {number}: {}", answer.text());
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), count);
    for request in requests {
        let sent = format!("{} {:?}", request.target, request.headers);
        assert!(!sent.contains(KEY), "the caller's key went to the provider: {sent}");
    }
}

#[test]
fn two_different_keys_are_a_mistake() {
    let upstream = upstream();
    let gateway = gateway(&upstream);
    for ask in [
        ask("m").key(KEY).header("x-api-key", NARROW),
        ask("m").header("x-api-key", KEY).header("api-key", NARROW),
        Ask::post(&format!("/v1/chat/completions?key={NARROW}"), &openai::chat("m")).key(KEY),
    ] {
        let (status, kind, _) = ask.at(gateway.address()).error();
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"));
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn no_key_a_wrong_key_and_the_master_key_are_401() {
    let upstream = upstream();
    let gateway = gateway(&upstream);
    let almost = &KEY[..KEY.len() - 1];
    for ask in [
        ask("m"),
        ask("m").key(""),
        ask("m").key("condt_0000000000000000000000000000000000000000000"),
        ask("m").key(almost),
        ask("m").key(&format!("{KEY}x")),
        ask("m").key(MASTER_KEY),
        ask("m").header("x-api-key", MASTER_KEY),
        ask("m").header("authorization", &format!("Basic {KEY}")),
    ] {
        for path in ["/v1/chat/completions", "/v1/embeddings"] {
            let answer = ask.clone().to(path).at(gateway.address());
            assert_eq!(answer.error(), (401, "authentication_error".to_owned(), "invalid_api_key".to_owned()));
            assert!(!answer.text().contains(KEY) && !answer.text().contains(almost));
        }
    }
    assert!(upstream.requests().is_empty());
}

#[test]
fn a_key_opens_its_models_only() {
    let upstream = upstream();
    let gateway = gateway(&upstream);
    assert_eq!(ask("other/m:1").key(NARROW).at(gateway.address()).status, 200);
    let refused = ask("m").key(NARROW).at(gateway.address());
    assert_eq!(refused.error(), (403, "permission_error".to_owned(), "model_not_allowed".to_owned()));
    let unknown = ask("no-such").key(KEY).at(gateway.address());
    assert_eq!(unknown.error(), (404, "invalid_request_error".to_owned(), "model_not_found".to_owned()));
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(upstream.requests()[0].json()["model"], "up-2");

    let listed = |key: &str| {
        let list = Ask::get("/v1/models").key(key).at(gateway.address()).json();
        let mut ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
        ids.sort_by_key(ToString::to_string);
        json!(ids)
    };
    assert_eq!(listed(KEY), json!(["m", "other/m:1"]));
    assert_eq!(listed(NARROW), json!(["other/m:1"]));
    for path in ["/v1/models/other/m:1", "/v1/models/other%2Fm%3A1", "/models/other/m:1"] {
        assert_eq!(Ask::get(path).key(NARROW).at(gateway.address()).json()["id"], "other/m:1", "{path}");
    }
    assert!(Ask::get("/v1/models/m").key(NARROW).at(gateway.address()).status >= 400);
}
