use super::*;
use crate::keys::VirtualKey;
use std::sync::Arc;

fn caller(models: Option<&[&str]>) -> Caller {
    let models = models.map(|models| models.iter().map(|model| (*model).to_owned()).collect());
    Caller { key: Arc::new(VirtualKey { id: "k".into(), name: "k".into(), models, expires_at: None, enabled: true, ..VirtualKey::default() }) }
}

fn chat(body: &str) -> Result<Admitted, Fault> {
    let object = scan(body.as_bytes())?;
    admit(caller(None), Operation::Chat, &object)
}

fn fault(body: &str) -> (u16, Option<String>) {
    let fault = chat(body).unwrap_err();
    (fault.status(), fault.param)
}

#[test]
fn a_sound_request_is_admitted_with_what_the_journey_needs() {
    let admitted = chat(r#"{"model":"m/a:b","messages":[{}],"stream":true,"stream_options":{"include_usage":true},"anything":1}"#).unwrap();
    assert_eq!(admitted.model, "m/a:b");
    assert!(admitted.stream && admitted.include_usage);
    assert!(!chat(r#"{"model":"m","messages":[{}],"stream":null,"stream_options":null}"#).unwrap().stream);
}

#[test]
fn each_mistake_names_its_field() {
    for (body, param) in [
        (r#"{"messages":[{}]}"#, Some("model")),
        (r#"{"model":7,"messages":[{}]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[ ]}"#, Some("messages")),
        (r#"{"model":"m","messages":[{}],"stream":"yes"}"#, Some("stream")),
        (r#"{"model":"m","messages":[{}],"stream":true,"stream_options":[]}"#, Some("stream_options")),
        (r#"{"model":"m","messages":[{}],"stream":true,"stream_options":{"include_usage":1}}"#, Some("stream_options.include_usage")),
        (r#"{"model":"m","messages":[{}],"model":"n"}"#, Some("model")),
        (r#"{"model":"m","messages":[{}],"mod\u0065l":"n"}"#, Some("model")),
        (r#"{"model":"m","messages":[{}]"#, None),
        (r#"[]"#, None),
        ("", Some("body")),
    ] {
        assert_eq!(fault(body), (400, param.map(str::to_owned)), "{body}");
    }
}

/// R56: depth is counted by the scan, whatever a parser would take.
#[test]
fn nesting_beyond_the_limit_is_refused() {
    let deep = format!(r#"{{"model":"m","messages":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(fault(&deep).0, 400);
    let allowed = format!(r#"{{"model":"m","messages":[{}1{}]}}"#, "[".repeat(100), "]".repeat(100));
    assert!(chat(&allowed).is_ok());
}

#[test]
fn options_that_are_not_built_are_refused_by_name() {
    for (option, param) in [
        (r#""routing":{}"#, "routing"),
        (r#""models":["a"]"#, "models"),
        (r#""provider":{}"#, "provider"),
        (r#""cache_control":{"no_cache":true}"#, "cache_control"),
    ] {
        assert_eq!(fault(&format!(r#"{{"model":"m","messages":[{{}}],{option}}}"#)), (400, Some(param.to_owned())));
    }
    assert!(chat(r#"{"model":"m","messages":[{}],"cache_control":{"type":"ephemeral"}}"#).is_ok());
}

#[test]
fn a_key_is_held_to_its_models() {
    let body = br#"{"model":"gpt-4o","messages":[{}]}"#;
    let object = scan(body).unwrap();
    assert!(admit(caller(Some(&["gpt-*"])), Operation::Chat, &object).is_ok());
    // A list without entries is a list all the same: it never means all.
    for models in [&["claude-*", "gpt-4"][..], &[]] {
        let fault = admit(caller(Some(models)), Operation::Chat, &object).unwrap_err();
        assert_eq!((fault.status(), fault.kind), (403, FaultKind::ModelNotAllowed), "{models:?}");
    }
}

#[test]
fn embeddings_need_an_input() {
    let check =
        |body: &str| admit(caller(None), Operation::Embeddings, &scan(body.as_bytes()).unwrap()).map(|_| ()).map_err(|fault| fault.param);
    assert_eq!(check(r#"{"model":"m","input":"a"}"#), Ok(()));
    assert_eq!(check(r#"{"model":"m","input":[1,2]}"#), Ok(()));
    assert_eq!(check(r#"{"model":"m","input":1}"#), Err(Some("input".to_owned())));
    assert_eq!(check(r#"{"model":"m"}"#), Err(Some("input".to_owned())));
}
