//! `Idempotency-Key`: done once, answered as often as asked (R24).

use super::bench::{Answer, Bench, request};
use bytes::Bytes;
use serde_json::{Value, json};

async fn make(bench: &Bench, key: &str, path: &str, body: Value) -> Answer {
    let request = request("POST", path).header("content-type", "application/json").header("idempotency-key", key);
    bench.ask(request.body(Bytes::from(body.to_string())).unwrap()).await
}

const KEYS: &str = "/admin/v1/virtual-keys";

/// R24: the secret of a new key too is the first answer's.
#[tokio::test]
async fn the_same_request_is_done_once_and_answered_alike() {
    let bench = Bench::new().await;
    let first = make(&bench, "k-1", KEYS, json!({ "name": "ci" })).await;
    let again = make(&bench, "k-1", KEYS, json!({ "name": "ci" })).await;
    assert_eq!(first.is(201), again.is(201));
    assert_eq!(first.header("etag"), again.header("etag"));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(bench.get(KEYS).await.is(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let bench = Bench::new().await;
    make(&bench, "k-1", KEYS, json!({ "name": "ci" })).await.is(201);
    let other = make(&bench, "k-1", KEYS, json!({ "name": "other" })).await;
    assert_eq!(other.is(422)["code"], "idempotency_mismatch");
    other.is_problem();
}

#[tokio::test]
async fn many_at_once_make_one() {
    let bench = Bench::new().await;
    let all = (0..50).map(|_| make(&bench, "k-1", KEYS, json!({ "name": "ci" })));
    let answers = futures_util::future::join_all(all).await;
    for answer in &answers {
        assert!(answer.status == 201 || answer.is(409)["code"] == "idempotency_in_progress", "{}", answer.text);
    }
    assert!(answers.iter().any(|answer| answer.status == 201));
    assert_eq!(bench.get(KEYS).await.is(200)["data"].as_array().unwrap().len(), 1);
}

/// What was refused has changed nothing: the corrected request may use the key again.
#[tokio::test]
async fn a_refused_request_does_not_take_the_key() {
    let bench = Bench::new().await;
    make(&bench, "k-1", KEYS, json!({ "name": "" })).await.is(400);
    make(&bench, "k-1", KEYS, json!({ "name": "ci" })).await.is(201);
    make(&bench, "k-2", KEYS, json!({ "name": "ci" })).await.is(409);
    make(&bench, "k-2", KEYS, json!({ "name": "other" })).await.is(201);
}

#[tokio::test]
async fn a_key_belongs_to_its_route() {
    let bench = Bench::new().await;
    make(&bench, "k-1", KEYS, json!({ "name": "ci" })).await.is(201);
    make(&bench, "k-1", "/admin/v1/provider-credentials", json!({ "name": "sim", "type": "simulated" })).await.is(201);
}

#[tokio::test]
async fn what_is_no_key_is_named() {
    let bench = Bench::new().await;
    for key in ["", "a b", &"x".repeat(201)] {
        assert_eq!(make(&bench, key, KEYS, json!({ "name": "ci" })).await.fields(), ["idempotency-key"], "{key}");
    }
    let two =
        request("POST", KEYS).header("content-type", "application/json").header("idempotency-key", "k-1").header("idempotency-key", "k-2");
    assert_eq!(bench.ask(two.body(Bytes::from(r#"{"name":"ci"}"#)).unwrap()).await.fields(), ["idempotency-key"]);
    assert_eq!(bench.get(KEYS).await.is(200)["data"], json!([]));
}
