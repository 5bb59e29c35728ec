use super::DECLARATION;
use super::models::facts;
use crate::{Credential, prepare_headers};
use dialects::{ModelFacts, OffSwitch, ThinkingMode};
use secrecy::SecretString;

fn headers(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let values = fields.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
    let prepared = prepare_headers(&DECLARATION, &Credential::new(values)).unwrap();
    prepared.iter().map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned())).collect()
}

#[test]
fn one_credential_header_the_version_and_the_betas() {
    let sent = headers(&[("api_key", "sk-ant-1")]);
    assert!(sent.contains(&("x-api-key".into(), "sk-ant-1".into())));
    assert!(sent.contains(&("anthropic-version".into(), "2023-06-01".into())), "{sent:?}");
    assert!(!sent.iter().any(|(name, _)| name == "authorization" || name == "anthropic-beta"), "{sent:?}");
    let sent = headers(&[("api_key", "k"), ("version", "2026-10-21"), ("betas", "a-1, b-2")]);
    assert!(sent.contains(&("anthropic-version".into(), "2026-10-21".into())));
    assert!(sent.contains(&("anthropic-beta".into(), "a-1,b-2".into())), "{sent:?}");
}

/// The table of families, row by row as `providers/anthropic.md` has it.
#[test]
fn families_think_as_documented() {
    use OffSwitch::*;
    use ThinkingMode::*;
    let rows: &[(&str, ThinkingMode, OffSwitch)] = &[
        ("claude-fable-5", AdaptiveAlways, Never),
        ("claude-fable-5-1", AdaptiveAlways, Never),
        ("claude-mythos-5", AdaptiveAlways, Never),
        ("claude-mythos-5-1", AdaptiveAlways, Never),
        ("claude-mythos-preview", AdaptiveAlways, Never),
        ("claude-opus-5-5", AdaptiveAlways, Never),
        ("claude-opus-5", AdaptiveAlways, DisabledUpToHigh),
        ("claude-opus-4-8", AdaptiveOnRequest, Disabled),
        ("claude-opus-4-7-20260416", AdaptiveOnRequest, Disabled),
        ("claude-sonnet-5-5", AdaptiveAlways, BetweenTools),
        ("claude-sonnet-5", AdaptiveAlways, Disabled),
        ("claude-haiku-5-5", AdaptiveAlways, DisabledUpToHigh),
        ("claude-opus-4-6-20260205", AdaptiveOnRequest, Omit),
        ("claude-sonnet-4-6", AdaptiveOnRequest, Omit),
        ("claude-haiku-4-5", Budget, Omit),
        ("claude-sonnet-4-5-20250929", Budget, Omit),
        ("claude-opus-4-5", Budget, Omit),
        ("claude-opus-4-20250514", Budget, Omit),
        ("claude-sonnet-4-0", Budget, Omit),
        ("claude-3-5-sonnet-20240620", None, Omit),
    ];
    for (model, mode, off) in rows {
        let thinking = facts(model).thinking;
        assert_eq!((thinking.mode, thinking.off), (*mode, *off), "{model}");
    }
    assert_eq!(facts("claude-opus-4-6").thinking.efforts, ["low", "medium", "high", "max"]);
    assert!(facts("claude-opus-4-7").thinking.text_on_request && !facts("claude-opus-4-6").thinking.text_on_request);
}

#[test]
fn families_differ_as_documented() {
    let with = |test: fn(&ModelFacts) -> bool| -> Vec<&str> { MODELS.iter().copied().filter(|model| test(&facts(model))).collect() };
    assert_eq!(with(|facts| facts.refuses_forced_tools), ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-mythos-5-1"]);
    assert_eq!(
        with(|facts| facts.takes_system_turns),
        ["claude-opus-4-8", "claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5", "claude-fable-5-1"]
    );
    assert_eq!(
        with(|facts| !facts.refuses_sampling),
        ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5", "claude-sonnet-4-6", "claude-opus-4-6"]
    );
    assert_eq!(with(|facts| !facts.refuses_prefill), ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"]);
    assert!(with(|facts| facts.lacks_schema_output).is_empty());
    assert!(facts("claude-opus-4-1").lacks_schema_output && facts("claude-sonnet-4-20250514").lacks_schema_output);
}

const MODELS: &[&str] = &[
    "claude-haiku-4-5",
    "claude-sonnet-4-5",
    "claude-opus-4-5",
    "claude-sonnet-4-6",
    "claude-opus-4-6",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "claude-fable-5",
    "claude-fable-5-1",
    "claude-mythos-5",
    "claude-mythos-5-1",
];

#[test]
fn a_later_version_is_not_taken_for_its_family() {
    for unknown in ["claude-opus-6", "claude-opus-5-7", "claude-opus-5-12", "claude-opus", "gpt-5", "claude-opus-55"] {
        assert_eq!(facts(unknown), ModelFacts::default(), "{unknown}");
    }
    assert_eq!(facts("claude-opus-5-20260601"), facts("claude-opus-5"));
    assert_eq!(facts("claude-opus-5@20260601"), facts("claude-opus-5"));
    assert_eq!(facts("claude-3-5-haiku-latest").max_output, Some(8_192));
}

/// Context and output of every listed model are those of the shared catalogue.
#[test]
fn sizes_are_the_catalogues() {
    let Some(shared) = testkit::recorded::shared_dir() else { return };
    let text = std::fs::read_to_string(shared.join("catalogue/anthropic.json")).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(rows.len() >= 20);
    for row in rows {
        let model = row["model"].as_str().unwrap();
        let known = facts(model);
        assert_eq!((known.context, known.max_output), (row["context"].as_u64(), row["max_output"].as_u64()), "{model}");
    }
}
