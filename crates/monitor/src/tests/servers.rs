//! The known servers: `providers/custom.md §1`, "free probe".

use super::*;
use crate::{StepName, StepState, TestReport, test_provider};
use serde_json::json;

const LIST: &str = r#"{"object":"list","data":[{"id":"qwen","max_model_len":32768}]}"#;

fn step(report: &TestReport, name: StepName) -> (StepState, String) {
    let found = report.steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("{name:?} {report:?}"));
    (found.state, found.message.clone())
}

/// Answers by path: `None` is 404.
fn paths(script: impl Fn(&str, bool) -> Option<Response<Bytes>> + Send + Sync + 'static) -> Scripted {
    Scripted::new(move |request| {
        let keyed = request.headers().contains_key("authorization");
        Ok(script(request.uri().path(), keyed).unwrap_or_else(|| answer(404, r#"{"detail":"Not Found"}"#)))
    })
}

#[tokio::test]
async fn vllm_is_asked_for_its_health_and_its_models() {
    let upstream = paths(|path, keyed| match path {
        "/health" => Some(answer(200, "")),
        "/v1/models" if keyed => Some(answer(200, LIST)),
        "/v1/models" => Some(answer(401, r#"{"error":"Unauthorized"}"#)),
        _ => None,
    });
    let report = test_provider(&upstream, &custom(json!({"preset": "vllm"}), Some(KEY))).await;
    assert!(report.ok && report.key_valid == Some(true) && report.models == Some(1), "{report:?}");
    assert_eq!(step(&report, StepName::Probe).0, StepState::Passed);
    let asked = ["GET http://10.0.0.5:8000/health", "GET http://10.0.0.5:8000/v1/models", "GET http://10.0.0.5:8000/v1/models"];
    assert_eq!(upstream.asked(), asked, "the last one without the key: a server that checks none proves none");
    assert!(!upstream.headers()[2].contains_key("authorization"));
}

#[tokio::test]
async fn a_dead_engine_of_vllm_is_told() {
    let upstream = paths(|path, _| (path == "/health").then(|| answer(503, "")).or_else(|| Some(answer(200, LIST))));
    let report = test_provider(&upstream, &custom(json!({"preset": "vllm"}), None)).await;
    assert_eq!((report.reachable, report.ok), (Some(true), false));
    assert_eq!(step(&report, StepName::Probe), (StepState::Failed, "/health says that the server is not well (503)".into()));
}

#[tokio::test]
async fn llamacpp_that_loads_its_model_is_told() {
    let loading = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
    let upstream = Scripted::always(503, loading);
    let report = test_provider(&upstream, &custom(json!({"preset": "llamacpp"}), None)).await;
    assert_eq!(step(&report, StepName::Probe), (StepState::Failed, "the server is loading its model".into()));
    assert!(step(&report, StepName::Models).1.starts_with("the server is loading its model"), "{report:?}");
    assert!(report.reachable == Some(true) && report.key_valid.is_none());
}

/// LM Studio answers every path with 200: the words of the answer decide.
#[tokio::test]
async fn lmstudio_is_judged_by_its_words() {
    let odd = r#"{"error":"Unexpected endpoint or method. (GET /v1/models). Returning 200 anyway"}"#;
    let report = test_provider(&Scripted::always(200, odd), &custom(json!({"preset": "lmstudio"}), None)).await;
    assert!(!report.ok && step(&report, StepName::Probe).0 == StepState::Failed, "{report:?}");
    assert_eq!(step(&report, StepName::Models).1, "the answer is no list of models: the server's model list is an error");
    let report = test_provider(&Scripted::always(200, LIST), &custom(json!({"preset": "lmstudio"}), None)).await;
    assert!(report.ok, "{report:?}");
}

#[tokio::test]
async fn a_server_without_keys_proves_no_key() {
    let report = test_provider(&Scripted::always(200, LIST), &custom(json!({}), Some(KEY))).await;
    assert!(report.ok && report.key_valid.is_none());
    assert!(step(&report, StepName::Authentication).1.contains("without a key too"));
    let keyless = test_provider(&Scripted::always(200, LIST), &custom(json!({}), None)).await;
    assert!(keyless.ok && keyless.key_valid.is_none() && step(&keyless, StepName::Authentication).0 == StepState::Unknown);
    let wanted = Scripted::always(401, r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#);
    let report = test_provider(&wanted, &custom(json!({}), None)).await;
    assert_eq!(report.key_valid, Some(false));
    assert!(step(&report, StepName::Authentication).1.starts_with("the server wants a key, and none is set"), "{report:?}");
}

/// The generic fallback: no list is no fault of a custom endpoint; and no chat is ever sent.
#[tokio::test]
async fn without_a_list_the_way_to_the_server_is_enough() {
    let upstream = paths(|_, _| None);
    let report = test_provider(&upstream, &custom(json!({}), None)).await;
    assert!(report.ok && report.reachable == Some(true), "{report:?}");
    assert_eq!(step(&report, StepName::Models).0, StepState::Unknown);
    assert_eq!(upstream.asked(), ["GET http://10.0.0.5:8000/v1/models", "HEAD http://10.0.0.5:8000/v1"]);
}

#[tokio::test]
async fn a_probe_of_ones_choice_is_asked_with_everything_of_the_owner() {
    let options = json!({"auth_header": "x-key", "headers": {"x-tenant": "c4nary-tenant"}, "query": {"sig": "c4nary sig"}, "append_v1": false,
        "paths": {"models": "/list"}, "probe": {"path": "/up", "method": "HEAD", "expect": [204]}});
    let upstream = Scripted::new(|request| Ok(if request.method() == "HEAD" { answer(204, "") } else { answer(200, LIST) }));
    let report = test_provider(&upstream, &custom(options, Some(KEY))).await;
    assert!(report.ok, "{report:?}");
    assert_eq!(
        upstream.asked()[..2],
        ["HEAD http://10.0.0.5:8000/up?sig=c4nary%20sig", "GET http://10.0.0.5:8000/v1/list?sig=c4nary%20sig"]
    );
    let sent = &upstream.headers()[0];
    assert!(sent["x-key"] == KEY && sent["x-tenant"] == "c4nary-tenant" && !sent.contains_key("authorization"));
    assert!(!serde_json::to_string(&report).unwrap().contains("c4nary"));

    let lists_only = paths(|path, _| (path == "/v1/models").then(|| answer(200, LIST)));
    let report = test_provider(&lists_only, &custom(json!({"probe": {"path": "/up"}}), None)).await;
    assert_eq!(step(&report, StepName::Probe), (StepState::Failed, "there is no /up (404)".into()));
    let words = json!({"probe": {"path": "/up", "expect_body_contains": "fine"}});
    assert_eq!(step(&test_provider(&Scripted::always(200, LIST), &custom(words, None)).await, StepName::Probe).0, StepState::Failed);
}
