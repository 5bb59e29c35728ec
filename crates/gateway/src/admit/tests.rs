use super::*;
use crate::keys::VirtualKey;
use std::sync::Arc;

fn caller(models: Option<&[&str]>) -> Caller {
    let models = models.map(|models| models.iter().map(|model| (*model).to_owned()).collect());
    Caller {
        key: Arc::new(VirtualKey { id: "k".into(), name: "k".into(), models, expires_at: None, enabled: true, ..VirtualKey::default() }),
    }
}

const OPENAI: Call = Call { operation: Operation::Chat, dialect: DialectId::OpenaiChat };

fn chat(body: &str) -> Result<Admitted, Fault> {
    let object = scan(body.as_bytes())?;
    admit(caller(None), OPENAI, None, &object)
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
    for (option, param) in [(r#""routing":{}"#, "routing"), (r#""cache_control":{"no_cache":true}"#, "cache_control")] {
        assert_eq!(fault(&format!(r#"{{"model":"m","messages":[{{}}],{option}}}"#)), (400, Some(param.to_owned())));
    }
    assert!(chat(r#"{"model":"m","messages":[{}],"cache_control":{"type":"ephemeral"}}"#).is_ok());
}

/// Whether a provider keeps them is known once there is one: see `translate`.
#[test]
fn members_that_a_provider_may_keep_are_noted() {
    assert!(!chat(r#"{"model":"m","messages":[{}]}"#).unwrap().routing_members);
    for option in [r#""models":["a"]"#, r#""provider":{}"#] {
        assert!(chat(&format!(r#"{{"model":"m","messages":[{{}}],{option}}}"#)).unwrap().routing_members);
    }
}

#[test]
fn a_caller_of_anthropics_dialect_always_gets_usage() {
    let call = Call { dialect: DialectId::AnthropicMessages, ..OPENAI };
    let object = scan(br#"{"model":"m","messages":[{}],"stream":true}"#).unwrap();
    let admitted = admit(caller(None), call, None, &object).unwrap();
    assert!(admitted.stream && admitted.include_usage);
    let counting = Call { operation: Operation::CountTokens, ..call };
    assert!(!admit(caller(None), counting, None, &object).unwrap().stream, "a count is no stream");
}

#[test]
fn a_key_is_held_to_its_operations() {
    let object = scan(br#"{"model":"m","messages":[{}],"input":"a"}"#).unwrap();
    for (operations, allowed) in [
        (None, true),
        (Some(vec![Operation::Chat, Operation::Embeddings]), true),
        (Some(vec![Operation::Embeddings]), false),
        (Some(vec![]), false),
    ] {
        let key = VirtualKey { name: "k".into(), enabled: true, operations, ..VirtualKey::default() };
        let admitted = admit(Caller { key: Arc::new(key) }, OPENAI, None, &object);
        match admitted {
            Ok(_) => assert!(allowed),
            Err(fault) => assert_eq!((allowed, fault.status(), fault.kind), (false, 403, FaultKind::OperationNotAllowed)),
        }
    }
}

#[test]
fn a_completion_needs_a_prompt() {
    let call = Call { operation: Operation::Completions, dialect: DialectId::OpenaiCompletions };
    let check =
        |body: &str| admit(caller(None), call, None, &scan(body.as_bytes()).unwrap()).map(|one| one.stream).map_err(|fault| fault.param);
    assert_eq!(check(r#"{"model":"m","prompt":"a","stream":true}"#), Ok(true));
    assert_eq!(check(r#"{"model":"m","prompt":["a","b"]}"#), Ok(false));
    assert_eq!(check(r#"{"model":"m","prompt":{}}"#), Err(Some("prompt".to_owned())));
    assert_eq!(check(r#"{"model":"m"}"#), Err(Some("prompt".to_owned())));
}

#[test]
fn a_key_is_held_to_its_models() {
    let body = br#"{"model":"gpt-4o","messages":[{}]}"#;
    let object = scan(body).unwrap();
    assert!(admit(caller(Some(&["gpt-*"])), OPENAI, None, &object).is_ok());
    // A list without entries is a list all the same: it never means all.
    for models in [&["claude-*", "gpt-4"][..], &[]] {
        let fault = admit(caller(Some(models)), OPENAI, None, &object).unwrap_err();
        assert_eq!((fault.status(), fault.kind), (403, FaultKind::ModelNotAllowed), "{models:?}");
    }
}

#[test]
fn embeddings_need_an_input() {
    let check = |body: &str| {
        admit(caller(None), Call { operation: Operation::Embeddings, ..OPENAI }, None, &scan(body.as_bytes()).unwrap())
            .map(|_| ())
            .map_err(|fault| fault.param)
    };
    assert_eq!(check(r#"{"model":"m","input":"a"}"#), Ok(()));
    assert_eq!(check(r#"{"model":"m","input":[1,2]}"#), Ok(()));
    assert_eq!(check(r#"{"model":"m","input":1}"#), Err(Some("input".to_owned())));
    assert_eq!(check(r#"{"model":"m"}"#), Err(Some("input".to_owned())));
}
