//! What callers asked, as it is told afterwards.

use super::bench::Bench;
use chat::Operation;
use gateway::ports::{Intent, Outcome, OutcomeStatus};
use serde_json::json;
use std::time::Duration;
use store::usage::UsageRow;

fn row(number: u128, key_id: &str) -> UsageRow {
    let intent = Intent {
        attempt_id: number,
        request: number,
        request_id: format!("req-{number}"),
        attempt: 1,
        started_at: 1_700_000_000_000_000,
        key_id: key_id.to_owned(),
        operation: Operation::Chat,
        virtual_model: "m".to_owned(),
        provider: "one".to_owned(),
        provider_model: "gpt-4o".to_owned(),
        stream: false,
    };
    let outcome = Outcome {
        status: OutcomeStatus::Succeeded,
        http_status: 200,
        fault: None,
        usage: None,
        usage_estimated: false,
        latency: Duration::from_millis(5),
        first_token: None,
        upstream: Duration::from_millis(4),
        losses: Vec::new(),
    };
    UsageRow { intent, outcome }
}

/// Requests of the past keep the name of their key when it is renamed and revoked, or has gone from the file.
#[tokio::test]
async fn a_key_that_is_gone_keeps_its_name_in_its_requests() {
    let bench = Bench::new().await;
    let (_, id) = bench.key("ci").await;
    bench.store.usage().insert(&[row(1, &id), row(2, "file:app"), row(3, "0199-nobody")]).await.unwrap();
    let path = format!("/admin/v1/virtual-keys/{id}");
    bench.send("PATCH", &path, json!({ "name": "ci-2" })).await.is(200);
    bench.send("DELETE", &path, "").await.is(204);
    let list = bench.get("/admin/v1/requests").await.is(200);
    let names: Vec<_> = list["data"].as_array().unwrap().iter().map(|row| row["key"].clone()).collect();
    assert_eq!(names, [json!(null), json!("app"), json!("ci-2")]);
    assert_eq!(bench.get("/admin/v1/requests/req-1").await.is(200)["key"], "ci-2");
    let usage = bench.get("/admin/v1/usage?by=key").await.is(200);
    let group = usage["data"].as_array().unwrap().iter().find(|group| group["group"] == json!(id)).unwrap();
    assert_eq!(group["name"], "ci-2");
}
