use super::*;
use serde_json::{Value, json};

fn parameters(of: &[(&str, Value)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect()
}

fn merge(body: &Value, of: &[(&str, Value)]) -> Option<Value> {
    let text = body.to_string();
    let object = crate::admit::scan(text.as_bytes()).unwrap();
    merged(&object, &parameters(of)).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn what_the_caller_set_stays_and_null_is_not_set() {
    let body = json!({"model": "m", "temperature": 0, "top_p": null});
    let set = [("temperature", json!(1)), ("top_p", json!(0.5)), ("seed", json!(7))];
    assert_eq!(merge(&body, &set), Some(json!({"model": "m", "temperature": 0, "top_p": 0.5, "seed": 7})));
    assert_eq!(merge(&body, &[("temperature", json!(1))]), None);
}

#[test]
fn the_two_spellings_of_the_limit_are_one() {
    for limit in LIMITS {
        let body = json!({"model": "m", limit: 5});
        assert_eq!(merge(&body, &[("max_tokens", json!(9))]), None);
        assert_eq!(merge(&body, &[("max_completion_tokens", json!(9))]), None);
    }
}

fn anthropic() -> Chat {
    Chat { max_tokens: Some(16), ..Chat::default() }
}

#[test]
fn the_canonical_form_is_filled_where_it_is_empty() {
    let mut chat = anthropic();
    let set = [
        ("max_tokens", json!(99)),
        ("temperature", json!(0.5)),
        ("stop", json!(["x"])),
        ("reasoning_effort", json!("low")),
        ("user", json!("u")),
    ];
    let losses = fill(&mut chat, &parameters(&set), DialectId::OpenaiChat).unwrap();
    assert_eq!(losses, []);
    assert_eq!((chat.max_tokens, chat.max_tokens_legacy), (Some(16), false));
    assert_eq!(chat.sampling.temperature.unwrap().to_string(), "0.5");
    assert_eq!((chat.sampling.stop, chat.user.as_deref()), (vec!["x".to_owned()], Some("u")));
    assert_eq!(chat.reasoning.effort, Some(chat::Effort::Low));
}

/// A request has room for the foreign members of one dialect; the others are told.
#[test]
fn foreign_members_of_two_dialects_are_told_apart() {
    let own = || chat::Extras::new(DialectId::AnthropicMessages, vec![("container".to_owned(), wire::Raw::parse("{}").unwrap())]);
    let set = parameters(&[("top_a", json!(1))]);
    for (to, lost, kept) in [(DialectId::OpenaiChat, "container", "top_a"), (DialectId::AnthropicMessages, "top_a", "container")] {
        let mut chat = Chat { extras: own(), ..anthropic() };
        let losses = fill(&mut chat, &set, to).unwrap();
        assert_eq!(losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), [lost]);
        assert!(chat.extras.get(kept).is_some() && chat.extras.get(lost).is_none());
    }
    let mut chat = anthropic();
    fill(&mut chat, &set, DialectId::OpenaiChat).unwrap();
    assert!(!chat.extras.of(DialectId::OpenaiChat).is_empty());
}

#[test]
fn parameters_that_are_none_are_the_owners_fault() {
    let fault = fill(&mut anthropic(), &parameters(&[("temperature", json!("warm"))]), DialectId::OpenaiChat).unwrap_err();
    assert_eq!((fault.kind, fault.cause.is_some()), (FaultKind::Internal, true));
}
