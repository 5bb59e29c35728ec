use super::*;
use crate::authenticate::Caller;
use crate::keys::VirtualKey;
use crate::route::Call;
use crate::snapshot::{Mapping, Provider};
use crate::testing::{lenient, mapping, provider, spec, surface};
use serde_json::{Value, json};
use std::sync::Arc;

fn out_of(mapping: Mapping, body: &Value) -> Result<(Value, Vec<String>), Fault> {
    let text = body.to_string();
    let object = crate::admit::scan(text.as_bytes())?;
    let key = VirtualKey { enabled: true, ..VirtualKey::default() };
    let call = Call { operation: Operation::Chat, dialect: DialectId::OpenaiChat };
    let admitted = crate::admit::admit(Caller { key: Arc::new(key) }, call, None, &object)?;
    let target = crate::target::Target::new(&Arc::new(mapping), None);
    let endpoint = target.provider().endpoint(Operation::Chat, DialectId::OpenaiChat).unwrap();
    let chosen = Chosen::new(&target, endpoint, target.provider().spec.credentials.first());
    let out = translate(&admitted, &object, chosen)?;
    Ok((serde_json::from_slice(&out.body).unwrap(), out.losses.iter().map(|loss| loss.path.clone()).collect()))
}

fn chat() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi", "name": "ann"}], "logit_bias": {"1": 2}})
}

/// A strict mapping refuses what would be lost and names it; one that is not tells.
#[test]
fn strict_refuses_a_loss_by_name() {
    let groq = provider("quick", "groq");
    let (_, losses) = out_of(mapping("m", &groq, "llama", 1), &chat()).unwrap();
    assert!(losses.contains(&"logit_bias".to_owned()), "{losses:?}");
    let strict = |provider| Mapping { strict: true, ..mapping("m", provider, "llama", 1) };
    let fault = out_of(strict(&groq), &chat()).unwrap_err();
    assert_eq!((fault.status(), fault.code()), (400, Some("unsupported_parameter")));
    let param = fault.param.unwrap();
    assert!(losses.contains(&param) && fault.message.contains(&param) && fault.message.contains("quick"), "{}", fault.message);
    let (body, losses) = out_of(strict(&provider("whole", "openai")), &chat()).unwrap();
    assert_eq!((losses, &body["logit_bias"]), (vec![], &json!({"1": 2})));
}

/// Quirks see what the parameters set.
#[test]
fn parameters_meet_the_quirks_of_the_provider() {
    let with = Mapping {
        parameters: vec![("logit_bias".into(), r#"{"1":1}"#.into()), ("seed".into(), "3".into())],
        ..mapping("m", &provider("quick", "groq"), "llama", 1)
    };
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let (out, losses) = out_of(with, &body).unwrap();
    assert_eq!((out.get("logit_bias"), &out["seed"], losses), (None, &json!(3), vec!["logit_bias".to_owned()]));
}

#[test]
fn parameters_reach_a_provider_of_another_dialect() {
    let with = Mapping {
        parameters: vec![("max_tokens".into(), "77".into()), ("temperature".into(), "0.5".into())],
        ..mapping("m", &provider("claude", "anthropic"), "claude-3-5-haiku-latest", 1)
    };
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": null});
    let (out, _) = out_of(with, &body).unwrap();
    assert_eq!((&out["max_tokens"], &out["temperature"]), (&json!(77), &json!(0.5)));
}

/// Routing members are refused, unless the provider's owner says that the provider takes them.
#[test]
fn a_provider_may_keep_members_that_are_otherwise_conduits() {
    let mut body = chat();
    body["models"] = json!(["a"]);
    let fault = out_of(mapping("m", &provider("one", "openai"), "x", 1), &body).unwrap_err();
    assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("models")));
    let mut keeping = surface("openai");
    keeping.keeps = vec!["models".to_owned()];
    let keeping = Arc::new(Provider::prepare(spec("router", keeping, &[("a", 1)])).unwrap());
    assert_eq!(out_of(mapping("m", &keeping, "x", 1), &body).unwrap().0["models"], json!(["a"]));
    body["provider"] = json!({});
    assert_eq!(out_of(mapping("m", &keeping, "x", 1), &body).unwrap_err().param.as_deref(), Some("provider"));
}

/// R16: usage is asked for, unless the server refuses that.
#[test]
fn usage_is_asked_for_where_the_server_takes_it() {
    let mut body = chat();
    body["stream"] = json!(true);
    let server = Arc::new(Provider::prepare(spec("own", lenient(), &[("a", 1)])).unwrap());
    let (out, _) = out_of(mapping("m", &server, "x", 1), &body).unwrap();
    assert_eq!(out["stream_options"], json!({"include_usage": true}));
    server.note_refused_stream_options();
    let (out, losses) = out_of(mapping("m", &server, "x", 1), &body).unwrap();
    assert_eq!((out.get("stream_options"), losses), (None, vec![]));
    body["stream_options"] = json!({"include_usage": false});
    assert_eq!(out_of(mapping("m", &server, "x", 1), &body).unwrap().1, Vec::<String>::new(), "nothing was asked for");
    body["stream_options"] = json!({"include_usage": false, "bogus": 1});
    assert_eq!(out_of(mapping("m", &server, "x", 1), &body).unwrap().1, ["stream_options"]);
    body["stream_options"] = json!({"include_usage": true});
    let (out, losses) = out_of(mapping("m", &server, "x", 1), &body).unwrap();
    assert_eq!((out.get("stream_options"), losses), (None, vec!["stream_options".to_owned()]), "the caller is told what it does not get");
}
