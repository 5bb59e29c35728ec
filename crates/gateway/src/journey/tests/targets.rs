//! Which provider is asked, how often, and what is recorded.

use crate::Settings;
use crate::keys::VirtualKey;
use crate::ports::OutcomeStatus;
use crate::snapshot::{Mapping, Provider, ProviderSpec, Timeouts};
use crate::testing::{Act, House, KEY, Script, json, lenient, mapping, provider, spec, sse, surface};
use chat::Operation;
use http::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

fn answer() -> Act {
    json(&json!({"id": "c", "object": "chat.completion", "created": 1, "model": "x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}))
}

fn refused(status: u16, code: &str) -> Act {
    Act::Says(status, "application/json", json!({"error": {"message": "no", "type": "x", "param": null, "code": code}}).to_string())
}

/// The matched rest goes to the provider; an exact name beats the longest beginning; only exact names are listed.
#[tokio::test]
async fn a_wildcard_passes_the_rest_on() {
    let one = provider("one", "openai");
    let open = House::new()
        .mapped(mapping("openai/gpt-4o", &one, "exactly", 1))
        .mapped(mapping("openai/*", &one, "ft:*", 1))
        .acts([answer(), answer()])
        .open();
    let reply = open.post("/v1/chat/completions", &chat("openai/o3/mini")).await;
    assert_eq!((reply.status, reply.header("x-conduit-model")), (200, Some("ft:o3/mini")));
    open.post("/v1/chat/completions", &chat("openai/gpt-4o")).await;
    let models: Vec<_> = open.got().iter().map(|got| got.json()["model"].clone()).collect();
    assert_eq!(models, ["ft:o3/mini", "exactly"]);
    let rows = open.rows();
    assert_eq!((rows[0].0.virtual_model.as_str(), rows[0].0.provider_model.as_str()), ("openai/o3/mini", "ft:o3/mini"));
    let key = ("authorization", format!("Bearer {}", crate::testing::KEY));
    let list = open.ask(Request::get("/v1/models").header(key.0, &key.1), "").await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["openai/gpt-4o"]);
    let one = open.ask(Request::get("/v1/models/openai/o3").header(key.0, &key.1), "").await;
    assert_eq!((one.status, one.json()["id"].as_str()), (200, Some("openai/o3")));
}

/// R55: a made-up name that no mapping could have is no match.
#[tokio::test]
async fn a_wildcard_takes_no_name_with_control_characters() {
    let open = House::new().mapped(mapping("*", &provider("one", "openai"), "*", 1)).open();
    for model in ["a\r\nx: y", "a\u{0}", " a", "a*"] {
        assert_eq!(open.post("/v1/chat/completions", &chat(model)).await.status, 404, "{model:?}");
    }
    assert!(open.got().is_empty());
    assert!(open.rows().iter().all(|(intent, _)| !intent.virtual_model.contains(char::is_control)));
}

fn with_credentials(credentials: &[(&str, u32)]) -> Arc<Provider> {
    Arc::new(Provider::prepare(spec("one", surface("openai"), credentials)).unwrap())
}

/// The provider's other credentials are asked before the next target; each call is an attempt of one request.
#[tokio::test]
async fn a_refused_credential_is_followed_by_the_next() {
    for (status, code) in [(401, "invalid_api_key"), (429, "rate_limit_exceeded"), (429, "insufficient_quota")] {
        let open = House::new()
            .mapped(mapping("m", &with_credentials(&[("spare", 0), ("main", 1)]), "x", 1))
            .mapped(mapping("m", &provider("two", "openai"), "y", 2))
            .acts([refused(status, code), answer()])
            .open();
        let reply = open.post("/v1/chat/completions", &chat("m")).await;
        assert_eq!((reply.status, reply.header("x-conduit-provider"), reply.path()), (200, Some("one"), (Some("2"), Some("0"))), "{code}");
        let keys: Vec<_> = open.got().iter().map(|got| got.header("authorization").unwrap().to_owned()).collect();
        assert_eq!(keys, ["Bearer key-main", "Bearer key-spare"]);
        let rows = open.rows();
        assert_eq!(rows.iter().map(|(intent, _)| intent.attempt).collect::<Vec<_>>(), [1, 2]);
        assert!(rows.iter().all(|(intent, _)| intent.request == rows[0].0.attempt_id), "one request");
    }
}

#[tokio::test]
async fn when_all_credentials_are_refused_the_next_target_is_asked() {
    let open = House::new()
        .mapped(mapping("m", &with_credentials(&[("a", 1), ("b", 1), ("c", 0)]), "x", 1))
        .mapped(mapping("m", &provider("two", "openai"), "y", 2))
        .acts([refused(401, "invalid_api_key"), refused(401, "invalid_api_key"), refused(401, "invalid_api_key"), answer()])
        .open();
    let reply = open.post("/v1/chat/completions", &chat("m")).await;
    assert_eq!((reply.header("x-conduit-provider"), reply.path()), (Some("two"), (Some("4"), Some("1"))));
}

/// R17: what is not the credential's fault is not asked again with another one.
#[tokio::test]
async fn another_credential_is_no_retry() {
    for act in [refused(400, "x"), refused(500, "x"), Act::Refuses] {
        let open = House::new().mapped(mapping("m", &with_credentials(&[("a", 1), ("b", 1)]), "x", 1)).acts([act, answer()]).open();
        let reply = open.post("/v1/chat/completions", &chat("m")).await;
        assert_ne!(reply.status, 200);
        assert_eq!(open.got().len(), 1);
    }
}

/// A provider that cannot be used as it is configured is skipped; if there is no other, the answer names it and no secret.
#[tokio::test]
async fn an_unusable_provider_is_skipped_and_named() {
    let mut broken = spec("broken", surface("openai"), &[]);
    broken.unusable = Some("its credential opens under no root secret".to_owned());
    let broken = Arc::new(Provider::unusable(broken));
    let house = || House::new().mapped(mapping("m", &broken, "x", 1));
    let open = house().mapped(mapping("m", &provider("two", "openai"), "y", 2)).acts([answer()]).open();
    assert_eq!(open.post("/v1/chat/completions", &chat("m")).await.header("x-conduit-provider"), Some("two"));
    let open = house().open();
    let reply = open.post("/v1/chat/completions", &chat("m")).await;
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (503, Some("provider_unavailable")));
    assert!(reply.body.contains("broken") && !reply.body.contains("root secret"), "{}", reply.body);
}

/// A strict mapping refuses before the provider is called; one that carries everything may still answer.
#[tokio::test]
async fn a_strict_mapping_gives_way_to_one_that_carries_all() {
    let strict = Mapping { strict: true, ..mapping("m", &provider("quick", "groq"), "llama", 1) };
    let alone = Mapping { strict: true, ..mapping("alone", &provider("quick", "groq"), "llama", 1) };
    let open = House::new().mapped(strict).mapped(mapping("m", &provider("whole", "openai"), "x", 2)).mapped(alone).acts([answer()]).open();
    let mut body = chat("m");
    body["logit_bias"] = json!({"1": 1});
    let reply = open.post("/v1/chat/completions", &body).await;
    assert_eq!((reply.status, reply.path()), (200, (Some("1"), Some("1"))));
    body["model"] = json!("alone");
    let reply = open.post("/v1/chat/completions", &body).await;
    let error = &reply.json()["error"];
    assert_eq!((reply.status, error["code"].as_str(), error["param"].as_str()), (400, Some("unsupported_parameter"), Some("logit_bias")));
    assert_eq!(open.got().len(), 1);
    let (intent, outcome) = open.rows().pop().unwrap();
    assert_eq!((intent.attempt, intent.virtual_model.as_str(), outcome.http_status), (0, "alone", 400));
}

/// R10: one deadline over all targets, however patient each of them is.
#[tokio::test]
async fn one_deadline_spans_all_targets() {
    let deadline = Duration::from_millis(300);
    let settings = Settings { request_deadline: deadline, ..Settings::default() };
    for stream in [false, true] {
        let slow = |name| {
            let patience = Duration::from_millis(140);
            Mapping {
                timeouts: Timeouts { first_byte: patience, idle: patience, total: patience },
                ..mapping("m", &provider(name, "openai"), "x", 1)
            }
        };
        let house = House::new().settings(settings.clone()).mapped(slow("one")).mapped(slow("two"));
        let open = house.mapped(mapping("m", &provider("three", "openai"), "x", 1)).mapped(slow("four")).open();
        let mut body = chat("m");
        body["stream"] = json!(stream);
        let started = Instant::now();
        let reply = open.post("/v1/chat/completions", &body).await;
        let took = started.elapsed();
        assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (504, Some("provider_timeout")));
        assert!(took >= deadline && took <= deadline + Duration::from_millis(100), "{took:?}");
        assert_eq!(open.got().len(), 3, "nobody is asked after the deadline");
        assert_eq!(reply.path().0, Some("3"));
    }
}

/// A mapping's own timeouts hold, not its provider's.
#[tokio::test]
async fn a_mapping_has_timeouts_of_its_own() {
    let short = Duration::from_millis(50);
    let quick =
        Mapping { timeouts: Timeouts { first_byte: short, idle: short, total: short }, ..mapping("m", &provider("one", "openai"), "x", 1) };
    let open = House::new().mapped(quick).open();
    let started = Instant::now();
    assert_eq!(open.post("/v1/chat/completions", &chat("m")).await.status, 504);
    assert!(started.elapsed() < Duration::from_secs(5));
}

/// A request of a known key that is refused before any provider is called leaves one record; one of an unknown key leaves none.
#[tokio::test]
async fn refusals_of_known_keys_are_recorded() {
    let narrow = VirtualKey {
        id: "narrow".into(),
        name: "narrow".into(),
        enabled: true,
        models: Some(vec!["other".into()]),
        ..VirtualKey::default()
    };
    let counting = VirtualKey { operations: Some(vec![Operation::Embeddings]), id: "counting".into(), models: None, ..narrow.clone() };
    let open = House::new()
        .mapped(mapping("m", &provider("one", "anthropic"), "x", 1))
        .key("narrow-key", narrow)
        .key("counting-key", counting)
        .open();
    let ask = async |key: &str, path: &str, body: &str| {
        let request = Request::post(path).header("authorization", format!("Bearer {key}")).header("x-request-id", "r-1");
        open.ask(request, body).await.status
    };
    let good = chat("m").to_string();
    let cases = [
        ("narrow-key", "/v1/chat/completions", good.as_str(), 403, "model_not_allowed", "m"),
        ("counting-key", "/v1/chat/completions", &good, 403, "operation_not_allowed", "m"),
        (crate::testing::KEY, "/v1/chat/completions", r#"{"model":"no\u0000ne","messages":[{}]}"#, 404, "model_not_found", "no\u{fffd}ne"),
        (crate::testing::KEY, "/v1/chat/completions", "{", 400, "invalid_request", ""),
        (crate::testing::KEY, "/v1/messages", r#"{"model":"m","messages":[]}"#, 400, "invalid_request", "m"),
        (crate::testing::KEY, "/v1/embeddings", r#"{"model":"m","input":"a"}"#, 400, "unsupported_operation", "m"),
    ];
    for (number, (key, path, body, status, fault, model)) in cases.into_iter().enumerate() {
        assert_eq!(ask(key, path, body).await, status, "{path} {body}");
        let rows = open.rows();
        assert_eq!(rows.len(), number + 1);
        let (intent, outcome) = rows.last().unwrap();
        assert_eq!(
            (intent.attempt, intent.provider.as_str(), intent.request_id.as_str(), intent.request),
            (0, "", "r-1", intent.attempt_id)
        );
        assert_eq!(intent.virtual_model, model, "{body}");
        assert_eq!((outcome.status, outcome.http_status, outcome.fault.as_deref()), (OutcomeStatus::Failed, status, Some(fault)));
    }
    assert_eq!(ask("unknown-key", "/v1/chat/completions", &good).await, 401);
    assert_eq!(open.rows().len(), cases.len());
    assert!(open.got().is_empty());
}

/// `providers/custom.md` §4: a server that refuses `stream_options` is asked once more without, and not asked for it again.
#[tokio::test]
async fn a_server_that_refuses_stream_options_is_asked_without() {
    let frames = sse(&[
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    ]);
    let no = Act::Says(400, "application/json", json!({"error": {"message": "Unknown field stream_options", "code": 400}}).to_string());
    let pydantic =
        json!({"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]});
    let own = || Arc::new(Provider::prepare(spec("own", lenient(), &[("a", 1)])).unwrap());
    let acts = [Act::Says(422, "application/json", pydantic.to_string()), frames.clone()];
    let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts(acts).open();
    assert_eq!(open.post("/v1/chat/completions", &json!({"model": "m", "messages": [{}], "stream": true})).await.status, 200);
    let open = House::new().mapped(mapping("m", &own(), "x", 1)).acts([no.clone(), frames.clone(), frames]).open();
    let mut body = chat("m");
    body["stream"] = json!(true);
    for attempts in ["2", "1"] {
        let reply = open.post("/v1/chat/completions", &body).await;
        assert_eq!((reply.status, reply.path()), (200, (Some(attempts), Some("0"))), "{}", reply.body);
        assert!(reply.body.ends_with("data: [DONE]\n\n"));
    }
    let asked: Vec<_> = open.got().iter().map(|got| got.json().get("stream_options").is_some()).collect();
    assert_eq!(asked, [true, false, false]);
    // A provider that is not declared so is not asked twice (R17).
    let open = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1)).acts([no, answer()]).open();
    assert_eq!(open.post("/v1/chat/completions", &body).await.status, 400);
    assert_eq!(open.got().len(), 1);
}

/// A caller cannot switch metering off for the others: what it made up is its own mistake, and a server is only remembered for what turned
/// out to be the reason.
#[tokio::test]
async fn made_up_stream_options_change_nothing_for_others() {
    let no =
        || Act::Says(400, "application/json", json!({"error": {"message": "Unknown field stream_options.bogus", "code": 400}}).to_string());
    let frames = || {
        sse(&[
            "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ])
    };
    let own = Arc::new(Provider::prepare(spec("own", lenient(), &[("a", 1)])).unwrap());
    let open = House::new().mapped(mapping("m", &own, "x", 1)).acts([no(), no(), no(), frames()]).open();
    let mut honest = chat("m");
    honest["stream"] = json!(true);
    let mut bogus = honest.clone();
    bogus["stream_options"] = json!({"bogus": 1});
    let refused = open.post("/v1/chat/completions", &bogus).await;
    assert_eq!((refused.status, open.got().len()), (400, 1), "it is not asked again: {}", refused.body);
    // Refused with and without: something else was the reason.
    assert_eq!(open.post("/v1/chat/completions", &honest).await.status, 400);
    assert_eq!(open.post("/v1/chat/completions", &honest).await.status, 200);
    let asked: Vec<_> = open.got().iter().map(|got| got.json().get("stream_options").is_some()).collect();
    assert_eq!(asked, [true, true, false, true]);
}

fn request(body: &Value) -> Request<http_body_util::Full<bytes::Bytes>> {
    let request = Request::post("/v1/chat/completions").header("authorization", format!("Bearer {KEY}"));
    request.body(bytes::Bytes::from(body.to_string()).into()).unwrap()
}

/// A caller that is slow to take a whole answer keeps nobody from the provider; a stream does, for the provider is still at work.
#[tokio::test]
async fn a_whole_answer_leaves_its_provider_free() {
    let chunk = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n";
    for (streams, first, second) in [(false, answer(), 200), (true, sse(&[chunk]), 503)] {
        let narrow = ProviderSpec { max_in_flight: Some(1), ..spec("one", surface("openai"), &[("a", 1)]) };
        let narrow = Arc::new(Provider::prepare(narrow).unwrap());
        let open = House::new().mapped(mapping("m", &narrow, "x", 1)).acts([first, answer()]).open();
        let mut body = chat("m");
        body["stream"] = json!(streams);
        let visit = crate::visit::Visit::new(open.gateway.metrics(), None);
        let untaken = Arc::clone(&open.gateway).handle(request(&body), Arc::clone(&visit)).await;
        assert_eq!(untaken.status(), 200);
        assert_eq!(open.post("/v1/chat/completions", &chat("m")).await.status, second, "streams: {streams}");
    }
}

/// A ledger that falls over before it has a row.
#[derive(Default)]
struct Falling(parking_lot::Mutex<Vec<(crate::ports::Intent, crate::ports::Outcome)>>);

impl crate::ports::Ledger for Falling {
    fn intend(&self, _: &crate::ports::Intent) -> Result<crate::ports::Ticket, chat::Fault> {
        panic!("as a bug would")
    }

    fn settle(&self, _: crate::ports::Ticket, _: crate::ports::Outcome) {}

    fn record(&self, intent: crate::ports::Intent, outcome: crate::ports::Outcome) {
        self.0.lock().push((intent, outcome));
    }
}

/// A bug of Conduit's own leaves a row too, where no provider was called.
#[tokio::test]
async fn a_panic_leaves_a_row() {
    let ledger = Arc::new(Falling::default());
    let house = House::new().mapped(mapping("m", &provider("one", "openai"), "x", 1));
    let gateway = house.open_to(Arc::new(Script::default()), Arc::clone(&ledger) as _);
    let visit = crate::visit::Visit::new(gateway.metrics(), None);
    assert_eq!(gateway.handle(request(&chat("m")), visit).await.status(), 500);
    let rows = ledger.0.lock();
    let [(intent, outcome)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((intent.virtual_model.as_str(), intent.attempt, outcome.http_status), ("m", 0, 500));
    assert!(outcome.fault.is_some());
}
