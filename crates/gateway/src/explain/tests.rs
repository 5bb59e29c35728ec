use super::*;
use crate::snapshot::Provider;
use crate::testing::{House, mapping, provider, spec, surface};
use serde_json::{Value, json};

fn request(model: &str) -> ExplainRequest {
    ExplainRequest { model: model.to_owned(), key_id: None, operation: None, dialect: DialectId::OpenaiChat, body: None }
}

fn body(body: &Value) -> Option<Bytes> {
    Some(Bytes::from(body.to_string()))
}

fn house() -> House {
    let mut several = spec("several", surface("openai"), &[("small", 1), ("large", 3)]);
    several.query = Some("v=1&api-key=query-secret-okapi".to_owned().into());
    several.credentials[1].headers.insert("x-plain", "visible".parse().unwrap());
    let mut broken = spec("broken", surface("openai"), &[]);
    broken.unusable = Some("its credential opens under no root secret".to_owned());
    let strict = Mapping { strict: true, ..mapping("m", &provider("quick", "groq"), "llama", 1) };
    House::new()
        .mapped(strict)
        .mapped(mapping("m", &Arc::new(Provider::prepare(several).unwrap()), "gpt-4o", 2))
        .mapped(mapping("m", &provider("claude", "anthropic"), "claude", 3))
        .mapped(mapping("m", &Arc::new(Provider::unusable(broken)), "x", 0))
        .mapped(mapping("wild/*", &provider("claude", "anthropic"), "*", 1))
}

/// Every candidate with its reason, and the exact request with its secrets masked; nobody is called and nothing is recorded.
#[tokio::test]
async fn the_dry_run_says_who_would_be_asked_and_with_what() {
    let open = house().open();
    let asked = json!({"model": "ignored", "messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 1}, "stream": true});
    let said = open.gateway.explain(ExplainRequest { body: body(&asked), ..request("m") }).unwrap();
    let reasons: Vec<_> = said.candidates.iter().map(|one| (one.provider.as_str(), one.chosen, one.reason.as_str())).collect();
    assert_eq!(reasons.len(), 4);
    assert_eq!((reasons[0].0, reasons[0].1), ("quick", false));
    assert!(reasons[0].2.starts_with("priority 1, skipped: ") && reasons[0].2.contains("logit_bias"), "{}", reasons[0].2);
    assert_eq!(reasons[1], ("several", true, "priority 2, asked first with the credential `large` (taken 3 times of 4, by weight)"));
    assert_eq!(reasons[2], ("claude", false, "priority 3, asked if 1 before it fail"));
    assert_eq!(
        reasons[3],
        ("broken", false, "skipped: the provider cannot be used as it is configured: its credential opens under no root secret")
    );
    let shown = said.upstream_request.unwrap();
    assert_eq!((shown.method.as_str(), shown.url.as_str()), ("POST", "https://several.example/chat/completions?v=[set]&api-key=[set]"));
    let header = |name: &str| shown.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    assert_eq!((header("authorization"), header("x-plain"), header("accept")), (Some("[set]"), Some("visible"), Some("text/event-stream")));
    let sent: Value = serde_json::from_str(shown.body.text()).unwrap();
    assert_eq!(
        (&sent["model"], &sent["stream_options"], &sent["logit_bias"]),
        (&json!("gpt-4o"), &json!({"include_usage": true}), &json!({"1": 1}))
    );
    assert!(open.got().is_empty() && open.rows().is_empty());
    let whole = serde_json::to_string(&open.gateway.explain(ExplainRequest { body: body(&asked), ..request("m") }).unwrap()).unwrap();
    assert!(!whole.contains("key-large") && !whole.contains("okapi"), "{whole}");
}

#[tokio::test]
async fn losses_are_told_and_a_wildcard_is_resolved() {
    let open = house().open();
    let asked = json!({"messages": [{"role": "user", "content": "hi"}], "logit_bias": {"1": 1}});
    let said = open.gateway.explain(ExplainRequest { body: body(&asked), ..request("wild/claude-x") }).unwrap();
    assert_eq!((said.candidates[0].provider_model.as_str(), said.candidates[0].mapping.as_str()), ("claude-x", "wild/*/claude/*"));
    let lost: Vec<_> = said.losses.iter().map(|loss| (loss.path.as_str(), loss.kind, loss.reason.is_empty())).collect();
    assert_eq!(lost, [("logit_bias", "dropped", false)]);
}

/// Nothing can be asked of a provider by an empty name; a name that ends where the `*` begins is one where more stands around it.
#[tokio::test]
async fn an_empty_rest_is_no_model() {
    let open = house().mapped(mapping("gpt*", &provider("quick", "openai"), "gpt*", 1)).open();
    assert_eq!(open.gateway.explain(request("wild/")).unwrap_err().status(), 404);
    assert_eq!(open.gateway.explain(request("gpt")).unwrap().candidates[0].provider_model, "gpt");
}

/// Without a body the smallest one of the operation is explained, in each of them.
#[tokio::test]
async fn every_operation_has_a_smallest_body() {
    let open = house().open();
    let answers = [
        (Operation::Chat, DialectId::OpenaiChat, true),
        (Operation::Chat, DialectId::AnthropicMessages, true),
        (Operation::Completions, DialectId::OpenaiChat, true),
        (Operation::Embeddings, DialectId::OpenaiChat, true),
        (Operation::CountTokens, DialectId::OpenaiChat, true),
    ];
    for (operation, dialect, explained) in answers {
        let said = open.gateway.explain(ExplainRequest { operation: Some(operation), dialect, ..request("m") });
        assert_eq!(said.map(|said| said.upstream_request.is_some()), Ok(explained), "{operation:?}");
    }
    assert_eq!(open.gateway.explain(ExplainRequest { operation: Some(Operation::Models), ..request("m") }).unwrap_err().status(), 400);
}

#[tokio::test]
async fn a_key_that_may_not_is_the_reason() {
    let key = |id: &str| VirtualKey { id: id.into(), name: id.into(), enabled: true, ..VirtualKey::default() };
    let open = house()
        .key("secret-1", VirtualKey { models: Some(vec!["other".into()]), ..key("narrow") })
        .key("secret-2", VirtualKey { operations: Some(vec![]), ..key("idle") })
        .key("secret-3", VirtualKey { enabled: false, ..key("off") })
        .open();
    for (id, words) in
        [("narrow", "may not use this model"), ("idle", "may not use the operation chat"), ("off", "switched off or expired")]
    {
        let said = open.gateway.explain(ExplainRequest { key_id: Some(id.into()), ..request("m") }).unwrap();
        assert!(said.upstream_request.is_none() && said.candidates.len() == 4);
        assert!(said.candidates.iter().all(|one| !one.chosen && one.reason.contains(words) && one.reason.contains(id)), "{said:?}");
    }
    let said = open.gateway.explain(ExplainRequest { key_id: Some("key-1".into()), ..request("m") }).unwrap();
    assert!(said.candidates[0].chosen || said.candidates[1].chosen);
}

/// What would be refused is refused with the same fault.
#[tokio::test]
async fn faults_are_those_of_the_request() {
    let open = house().open();
    let fault = |asked: ExplainRequest| {
        let fault = open.gateway.explain(asked).unwrap_err();
        (fault.status(), fault.param.unwrap_or_default())
    };
    assert_eq!(fault(request("nobody")), (404, "model".to_owned()));
    assert_eq!(fault(ExplainRequest { key_id: Some("nobody".into()), ..request("m") }), (400, "key".to_owned()));
    assert_eq!(fault(ExplainRequest { body: body(&json!({"messages": []})), ..request("m") }), (400, "messages".to_owned()));
    assert_eq!(fault(ExplainRequest { body: Some(Bytes::from_static(b"{")), ..request("m") }).0, 400);
}
