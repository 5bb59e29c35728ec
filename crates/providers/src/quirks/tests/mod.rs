mod both_paths;

use super::*;
use crate::{Declaration, Models, OtherWord, Sourced, Word};
use chat::{CacheMarker, DialectId, Effort, Extras, Part, PartKind, ReasoningPart, Role, Tool, ToolKind, Turn};
use serde_json::{Value, json};
use wire::Raw;
use wire::json::{Limits, scan};

fn openai() -> &'static Declaration {
    crate::find("openai").unwrap()
}

fn groq() -> &'static Declaration {
    crate::find("groq").unwrap()
}

/// Where the provider takes chat in OpenAI's dialect.
fn chat_of(surface: &Surface) -> &Served {
    surface.endpoint(Operation::Chat, DialectId::OpenaiChat).unwrap()
}

/// The body and the losses that the splice path gives.
fn spliced(declaration: &'static Declaration, model: &str, body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    let surface = Surface::of(declaration);
    let losses = on_splice(&surface, chat_of(&surface), model, &object, &mut edits);
    (serde_json::from_slice(&edits.apply()).unwrap(), losses.into_iter().map(|loss| loss.path).collect())
}

fn typed_quirks(declaration: &'static Declaration, model: &str, chat: &mut Chat) -> Vec<Loss> {
    let surface = Surface::of(declaration);
    on_typed(&surface, chat_of(&surface), model, chat)
}

fn typed_path(declaration: &'static Declaration, model: &str, body: &Value) -> bool {
    let text = body.to_string();
    let surface = Surface::of(declaration);
    needs_typed(&surface, chat_of(&surface), model, &scan(text.as_bytes(), &Limits::default()).unwrap())
}

/// A request with one more member.
fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    body[field] = value;
    body
}

#[test]
fn openai_reasoning_models_get_the_new_spelling_of_max_tokens() {
    for model in ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.6-sol", "gpt-6-sol", "ft:gpt-6-sol:acme", "gpt-7", "omni"] {
        let (body, losses) = spliced(openai(), model, &with("max_tokens", json!(5)));
        assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(5), None), "{model}");
        assert!(losses.is_empty(), "another name for the same thing");
    }
    for model in ["gpt-3.5-turbo", "gpt-4", "gpt-4o-mini", "gpt-4.1", "chatgpt-4o-latest", "gpt-5-chat-latest", "ft:gpt-4o:acme"] {
        assert_eq!(spliced(openai(), model, &with("max_tokens", json!(5))).0, with("max_tokens", json!(5)), "{model}");
    }
}

#[test]
fn openai_gets_everything_else_as_it_came() {
    let body = json!({"model": "m", "messages": [{"role": "user", "name": "x", "content": null}], "max_tokens": 1, "max_completion_tokens": 2,
        "temperature": 0.5, "stop": ["a"], "n": 2, "logit_bias": {"1": 2}, "unheard_of": {"a": [1]}});
    assert_eq!(spliced(openai(), "o3", &body), (body.clone(), vec![]));
    assert!(!typed_path(openai(), "o3", &body));
}

#[test]
fn groq_drops_what_it_refuses_and_says_so() {
    for field in [
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "frequency_penalty",
        "presence_penalty",
        "metadata",
        "store",
        "web_search_options",
        "modalities",
        "audio",
        "prediction",
        "verbosity",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "moderation",
        "cache_control",
    ] {
        let (body, losses) = spliced(groq(), "llama-3.3-70b-versatile", &with(field, json!(1)));
        assert!(body.get(field).is_none(), "{field}");
        assert_eq!(losses, [field]);
        let (body, losses) = spliced(groq(), "llama-3.3-70b-versatile", &with(field, Value::Null));
        assert!(body.get(field).is_none() && losses.is_empty(), "{field}: null says nothing");
    }
}

#[test]
fn groq_tiers_are_its_own() {
    for (given, sent, lost) in [
        ("auto", Some("auto"), false),
        ("flex", Some("flex"), false),
        ("on_demand", Some("on_demand"), false),
        ("performance", Some("performance"), false),
        ("default", Some("on_demand"), false),
        ("priority", Some("performance"), true),
        ("fast", Some("performance"), true),
        ("scale", None, true),
    ] {
        let (body, losses) = spliced(groq(), "m", &with("service_tier", json!(given)));
        assert_eq!(body.get("service_tier").and_then(Value::as_str), sent, "{given}");
        assert_eq!(!losses.is_empty(), lost, "{given}");
    }
}

#[test]
fn groq_effort_goes_by_model_family() {
    for (model, given, sent, lost) in [
        ("openai/gpt-oss-120b", "low", "low", false),
        ("openai/gpt-oss-120b", "none", "low", true),
        ("openai/gpt-oss-20b", "minimal", "low", true),
        ("openai/gpt-oss-20b", "xhigh", "high", true),
        ("openai/gpt-oss-20b", "max", "high", true),
        ("openai/gpt-oss-20b", "unheard-of", "unheard-of", false),
        ("qwen/qwen3.8-27b", "none", "none", false),
        ("qwen/qwen3.8-27b", "xhigh", "high", false),
        ("qwen/qwen3.8-27b", "medium", "medium", false),
        ("qwen/qwen3-32b", "none", "none", false),
        ("qwen/qwen3-32b", "default", "default", false),
        ("qwen/qwen3-32b", "high", "default", true),
        ("llama-3.3-70b-versatile", "high", "high", false),
    ] {
        let (body, losses) = spliced(groq(), model, &with("reasoning_effort", json!(given)));
        assert_eq!(body["reasoning_effort"], json!(sent), "{model} {given}");
        assert_eq!(!losses.is_empty(), lost, "{model} {given}");
    }
}

#[test]
fn groq_qwen_thoughts_are_parsed_unless_the_caller_chose() {
    let format = |model: &str, body: &Value| spliced(groq(), model, body).0.get("reasoning_format").cloned();
    let plain = with("user", json!("u"));
    assert_eq!(format("qwen/qwen3-32b", &plain), Some(json!("parsed")));
    assert_eq!(format("qwen/qwen3-32b", &with("reasoning_format", json!("raw"))), Some(json!("raw")));
    assert_eq!(format("qwen/qwen3-32b", &with("include_reasoning", json!(false))), None);
    assert_eq!(format("openai/gpt-oss-120b", &plain), None);
}

#[test]
fn groq_temperature_is_bounded_and_zero_is_fine() {
    for (given, sent, lost) in
        [(json!(0), json!(0), false), (json!(2), json!(2), false), (json!(2.5), json!(2), true), (json!(-1), json!(0), true)]
    {
        let (body, losses) = spliced(groq(), "m", &with("temperature", given.clone()));
        assert_eq!(body["temperature"], sent, "{given}");
        assert_eq!(!losses.is_empty(), lost, "{given}");
    }
    let (body, losses) = spliced(groq(), "m", &with("temperature", json!("hot")));
    assert_eq!((body["temperature"].clone(), losses.len()), (json!("hot"), 0), "a wrong type is the provider's to refuse");
}

#[test]
fn only_messages_that_a_quirk_can_touch_leave_the_byte_path() {
    let plain = json!({"model": "m", "tools": [{"type": "function", "function": {"name": "f"}}],
        "messages": [{"role": "user", "content": "name, developer and refusal"}, {"role": "assistant", "content": "x", "reasoning": "y"}]});
    assert!(!typed_path(groq(), "m", &plain));
    for message in [
        json!({"role": "user", "name": "x", "content": "y"}),
        json!({"role": "developer", "content": "y"}),
        json!({"role": "assistant", "content": "y", "function_call": null}),
        json!({"role": "assistant", "content": "y", "annotations": []}),
        json!({"role": "assistant", "content": "y", "refusal": "z"}),
        json!({"role": "assistant", "content": "y", "reasoning_content": "z"}),
        json!({"role": "assistant", "content": "y", "thinking_blocks": []}),
        json!({"role": "user", "content": [{"type": "text", "text": "y", "cache_control": {"type": "ephemeral"}}]}),
    ] {
        let body = json!({"model": "m", "messages": [message]});
        assert!(typed_path(groq(), "m", &body), "{body}");
        let foreign = ["reasoning_content", "thinking_blocks", "cache_control"].iter().any(|member| body.to_string().contains(member));
        assert_eq!(typed_path(openai(), "m", &body), foreign, "{body}");
    }
    let tools = json!({"model": "m", "messages": [], "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": {"type": "ephemeral"}}]});
    assert!(typed_path(groq(), "m", &tools));
}

#[test]
fn embeddings_have_no_chat_quirks() {
    let text = with("max_tokens", json!(1)).to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    let surface = Surface::of(openai());
    let embeddings = surface.endpoint(Operation::Embeddings, DialectId::OpenaiChat).unwrap();
    assert!(on_splice(&surface, embeddings, "o3", &object, &mut edits).is_empty());
    assert!(edits.is_empty());
    assert!(!needs_typed(&surface, embeddings, "m", &object));
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts, name: None, listed: false, extras: Extras::default() }
}

fn raw(text: &str) -> Raw {
    Raw::parse(text).unwrap()
}

#[test]
fn nested_quirks_edit_the_canonical_form() {
    let mut assistant = turn(Role::Assistant, vec![Part::text("a"), Part::new(PartKind::Refusal { text: "no".into() })]);
    assistant.extras = Extras::new(
        DialectId::OpenaiChat,
        vec![
            ("function_call".into(), raw("null")),
            ("annotations".into(), raw("[ ]")),
            ("audio".into(), raw(r#"{"id":"a"}"#)),
            ("kept".into(), raw("1")),
        ],
    );
    let thought = ReasoningPart { text: "hm".into(), signature: None, encrypted: None, from: DialectId::OpenaiChat };
    assistant.parts.insert(0, Part::new(PartKind::Reasoning(thought)));
    let mut user = turn(Role::User, vec![Part { cache: Some(CacheMarker { ttl: None }), ..Part::text("q") }]);
    user.name = Some("ann".into());
    let tool = Tool {
        kind: ToolKind::Function,
        name: "f".into(),
        description: None,
        parameters: None,
        strict: None,
        cache: Some(CacheMarker { ttl: None }),
        extras: Extras::default(),
        inner_extras: Extras::default(),
    };
    let mut chat =
        Chat { turns: vec![turn(Role::Developer, vec![Part::text("d")]), user, assistant], tools: vec![tool], ..Chat::default() };

    let losses = typed_quirks(groq(), "m", &mut chat);

    assert_eq!(chat.turns[0].role, Role::System);
    assert_eq!(chat.turns[1].name, None);
    assert_eq!(chat.turns[1].parts[0].cache, None);
    assert_eq!(chat.tools[0].cache, None);
    assert_eq!(chat.turns[2].parts, [Part::text("a"), Part::text("no")]);
    let extras: Vec<_> = chat.turns[2].extras.iter().map(|(name, value)| (name.to_owned(), value.text().to_owned())).collect();
    assert_eq!(extras, [("kept".to_owned(), "1".to_owned()), ("reasoning".to_owned(), "\"hm\"".to_owned())]);
    let mut paths: Vec<_> = losses.iter().map(|loss| loss.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["messages[1].content[0].cache_control", "messages[1].name", "messages[2].audio", "messages[2].refusal", "tools[0].cache_control"]
    );
}

/// Every field that the canonical form has a place for, and one that it has not.
const FIELDS: &[(&str, &str)] = &[
    ("max_tokens", "7"),
    ("max_completion_tokens", "7"),
    ("temperature", "0.5"),
    ("top_p", "0.5"),
    ("frequency_penalty", "0.5"),
    ("presence_penalty", "0.5"),
    ("seed", "7"),
    ("logit_bias", r#"{"1":2}"#),
    ("n", "2"),
    ("logprobs", "true"),
    ("top_logprobs", "3"),
    ("parallel_tool_calls", "false"),
    ("user", r#""u""#),
    ("service_tier", r#""flex""#),
    ("reasoning_effort", r#""high""#),
    ("stop", r#"["a"]"#),
    ("stop", r#""a""#),
    ("tool_choice", r#""auto""#),
    ("tool_choice", r#"{"type":"function","function":{"name":"f"}}"#),
    ("response_format", r#"{"type":"text"}"#),
    ("anything_else", r#"{"a":[1,null]}"#),
];

#[test]
fn the_canonical_form_gives_back_what_was_set_and_forgets_what_was_removed() {
    use top::Fields;
    for (field, value) in FIELDS {
        let mut chat = Chat::default();
        let mut typed = Typed::new(&mut chat);
        typed.set(field, (*value).to_owned());
        assert_eq!(typed.get(field).as_deref(), Some(*value), "{field}");
        typed.remove(field);
        assert_eq!(typed.get(field), None, "{field}");
        assert!(chat.extras.is_empty(), "{field}");
        chat.extras = Extras::default();
        let untouched = Chat { max_tokens_legacy: chat.max_tokens_legacy, ..Chat::default() };
        assert_eq!(chat, untouched, "{field}");
    }
}

#[test]
fn a_rename_on_the_canonical_form_changes_the_spelling() {
    let mut chat = Chat { max_tokens: Some(9), max_tokens_legacy: true, ..Chat::default() };
    typed_quirks(openai(), "o3", &mut chat);
    assert_eq!((chat.max_tokens, chat.max_tokens_legacy), (Some(9), false));
    let mut chat = Chat { max_tokens: Some(9), max_tokens_legacy: true, ..Chat::default() };
    typed_quirks(openai(), "gpt-4o", &mut chat);
    assert!(chat.max_tokens_legacy);
}

#[test]
fn effort_words_are_mapped_on_the_canonical_form() {
    let mut chat = Chat::default();
    chat.reasoning.effort = Some(Effort::XHigh);
    let losses = typed_quirks(groq(), "openai/gpt-oss-20b", &mut chat);
    assert_eq!(chat.reasoning.effort, Some(Effort::High));
    assert_eq!(losses.len(), 1);
}

/// One quirk sees what those before it did, on both paths.
#[test]
fn quirks_follow_each_other() {
    static CHAIN: [Sourced; 3] = [
        Sourced::chat(Quirk::rename("a", "b"), "s"),
        Sourced::chat(Quirk::words("b", WORDS, OtherWord::Keep, "r"), "s"),
        Sourced::chat(Quirk::default("c", "1", &["b"]), "s"),
    ];
    const WORDS: &[Word] = &[Word::spelt("x", "y")];
    let body = with("a", json!("x"));
    let text = body.to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    let mut fields = Spliced::new(&object, &mut edits);
    let mut chat = Chat::default();
    chat.extras.push(DialectId::OpenaiChat, "a", raw(r#""x""#));
    let mut losses = Vec::new();
    for sourced in &CHAIN {
        top::apply(&sourced.quirk, &mut fields, &mut losses);
        top::apply(&sourced.quirk, &mut Typed::new(&mut chat), &mut losses);
    }
    let sent: Value = serde_json::from_slice(&edits.apply()).unwrap();
    assert_eq!(sent, with("b", json!("y")));
    assert_eq!(chat.extras.iter().map(|(name, value)| (name, value.text())).collect::<Vec<_>>(), [("b", r#""y""#)]);
    assert!(losses.is_empty());
}
