use super::*;

const FAMILIES: &[Family] = &[
    Family { prefix: "gpt-5", context: Some(272_000), max_output: Some(128_000) },
    Family { prefix: "gpt-5.4", context: Some(1_050_000), max_output: Some(128_000) },
    Family { prefix: "gpt-5-chat", context: None, max_output: None },
];

#[test]
fn the_longest_prefix_wins_and_a_prefix_ends_at_a_boundary() {
    let context = |model| by_family(FAMILIES, model).context;
    assert_eq!(context("gpt-5"), Some(272_000));
    assert_eq!(context("gpt-5-mini-2026-01-01"), Some(272_000));
    assert_eq!(context("ft:gpt-5:acme"), Some(272_000));
    assert_eq!(context("gpt-5.4-pro"), Some(1_050_000));
    assert_eq!(context("gpt-5-chat-latest"), None, "the family is listed as unknown");
    assert_eq!(context("gpt-5.9"), None, "another family than gpt-5");
    assert_eq!(by_family(FAMILIES, "gpt-50"), ModelFacts::default());
}

#[test]
fn every_provider_answers_for_unknown_models_with_nothing() {
    for declaration in crate::ALL {
        let facts = facts(declaration, "no-such-model-anywhere");
        assert_eq!((facts.context, facts.max_output), (None, None), "{}", declaration.kind);
    }
}

#[test]
fn known_models_have_their_figures() {
    let openai = crate::find("openai").unwrap();
    assert_eq!(facts(openai, "gpt-4.1-nano-2025-04-14").max_output, Some(32_768));
    assert_eq!(facts(openai, "gpt-4o-mini").context, Some(128_000));
    assert_eq!(facts(openai, "gpt-6-sol").context, Some(922_000));
    let groq = crate::find("groq").unwrap();
    assert_eq!(facts(groq, "openai/gpt-oss-120b").max_output, Some(65_536));
    assert_eq!(facts(groq, "qwen/qwen3.8-27b").max_output, Some(16_384));
}

/// Of a model that cannot think, a caller of another dialect asks for thought in vain: that is a loss, not a refused request.
#[test]
fn models_of_openai_that_cannot_think_are_known() {
    let openai = crate::find("openai").unwrap();
    let cannot = |model| facts(openai, model).thinking.mode == dialects::ThinkingMode::None;
    assert!(["gpt-4o-mini", "gpt-4.1", "ft:gpt-4o:acme", "gpt-3.5-turbo", "gpt-5-chat-latest"].into_iter().all(cannot));
    assert!(!["gpt-5", "gpt-6-sol", "o3", "no-such-model"].into_iter().any(cannot));
}
