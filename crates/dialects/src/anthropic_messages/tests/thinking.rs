//! Each row of the thinking table, and what thinking does to the rest of a request.

use super::*;
use chat::{Effort, ToolChoice};
use serde_json::json;

fn asking(effort: Effort) -> Chat {
    let mut chat = hello();
    chat.reasoning.effort = Some(effort);
    chat.max_tokens = Some(20_000);
    chat
}

/// `thinking`, `output_config.effort` and the losses.
fn sent(chat: &Chat, facts: &ModelFacts) -> (Value, Value, Vec<String>) {
    let written = write_for(chat, facts);
    let body = json(&written);
    (body["thinking"].clone(), body["output_config"]["effort"].clone(), losses(&written))
}

#[test]
fn a_model_that_always_thinks_has_no_off_switch() {
    let facts = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never);
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    for (effort, word) in
        [(Effort::Low, "low"), (Effort::Medium, "medium"), (Effort::High, "high"), (Effort::XHigh, "xhigh"), (Effort::Max, "max")]
    {
        assert_eq!(sent(&asking(effort), &facts), (adaptive.clone(), json!(word), vec![]));
    }
    assert_eq!(sent(&asking(Effort::Minimal), &facts), (adaptive, json!("low"), vec!["~reasoning_effort".into()]));
    assert_eq!(sent(&asking(Effort::None), &facts), (Value::Null, json!("low"), vec!["~reasoning_effort".into()]));
    assert_eq!(sent(&hello(), &facts), (Value::Null, Value::Null, vec![]), "who asks for nothing gets the model's own way");
}

#[test]
fn off_switches() {
    let rows = [
        (thinks(ThinkingMode::AdaptiveAlways, OffSwitch::DisabledUpToHigh), json!({"type": "disabled"})),
        (thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Disabled), json!({"type": "disabled"})),
        (thinks(ThinkingMode::AdaptiveAlways, OffSwitch::BetweenTools), json!({"type": "between_tools"})),
        (thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Disabled), json!({"type": "disabled"})),
        (thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Omit), Value::Null),
        (thinks(ThinkingMode::Budget, OffSwitch::Omit), Value::Null),
        (thinks(ThinkingMode::None, OffSwitch::Omit), Value::Null),
    ];
    for (facts, off) in rows {
        assert_eq!(sent(&asking(Effort::None), &facts), (off, Value::Null, vec![]), "{facts:?}");
    }
}

#[test]
fn efforts_that_a_model_does_not_take_fall_to_the_next_lower() {
    let mut facts = thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Omit);
    facts.thinking.efforts = &["low", "medium", "high", "max"];
    facts.thinking.text_on_request = false;
    assert_eq!(sent(&asking(Effort::XHigh), &facts), (json!({"type": "adaptive"}), json!("high"), vec!["~reasoning_effort".into()]));
    assert_eq!(sent(&asking(Effort::Max), &facts), (json!({"type": "adaptive"}), json!("max"), vec![]));
    assert_eq!(
        sent(&asking(Effort::Other("huge".into())), &facts),
        (json!({"type": "adaptive"}), Value::Null, vec!["reasoning_effort".into()])
    );
}

#[test]
fn the_text_of_the_thought_is_asked_for_or_left_out() {
    let facts = thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Disabled);
    let mut chat = asking(Effort::Low);
    chat.reasoning.visible = Some(false);
    assert_eq!(sent(&chat, &facts).0, json!({"type": "adaptive", "display": "omitted"}));
}

#[test]
fn budgets_for_older_models_and_room_above_them() {
    let facts = ModelFacts { max_output: Some(64_000), ..thinks(ThinkingMode::Budget, OffSwitch::Omit) };
    for (effort, budget) in [
        (Effort::Minimal, 1024),
        (Effort::Low, 1024),
        (Effort::Medium, 2048),
        (Effort::High, 4096),
        (Effort::XHigh, 8192),
        (Effort::Max, 16384),
    ] {
        assert_eq!(sent(&asking(effort), &facts), (json!({"type": "enabled", "budget_tokens": budget}), Value::Null, vec![]));
    }
    let mut tight = asking(Effort::High);
    tight.max_tokens = Some(2000);
    let written = write_for(&tight, &facts);
    assert_eq!(json(&written)["max_tokens"], 6096, "the answer keeps its room");
    assert_eq!(losses(&written), ["~max_completion_tokens"]);
    tight.max_tokens_legacy = true;
    assert_eq!(losses(&write_for(&tight, &facts)), ["~max_tokens"]);
    let small = ModelFacts { max_output: Some(3000), ..facts.clone() };
    let body = json(&write_for(&tight, &small));
    assert_eq!((&body["max_tokens"], &body["thinking"]["budget_tokens"]), (&json!(3000), &json!(2999)));
    tight.max_tokens = None;
    assert!(losses(&write_for(&tight, &facts)).is_empty());
    let unable = thinks(ThinkingMode::None, OffSwitch::Omit);
    assert_eq!(
        sent(&asking(Effort::High), &ModelFacts { thinking: Thinking { efforts: &[], ..unable.thinking }, ..unable }).2,
        ["reasoning_effort"]
    );
    assert_eq!(sent(&asking(Effort::Other("huge".into())), &facts), (Value::Null, Value::Null, vec!["reasoning_effort".into()]));
}

#[test]
fn a_budget_becomes_a_word_where_the_model_takes_words() {
    let facts = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never);
    for (budget, word) in [(1024, "low"), (2048, "medium"), (5000, "high"), (10_000, "xhigh"), (20_000, "max")] {
        let mut chat = hello();
        chat.reasoning.budget = Some(budget);
        assert_eq!(sent(&chat, &facts).1, json!(word));
    }
    let budgeted = thinks(ThinkingMode::Budget, OffSwitch::Omit);
    let mut chat = hello();
    chat.max_tokens = Some(8000);
    chat.reasoning.budget = Some(500);
    assert_eq!(sent(&chat, &budgeted), (json!({"type": "enabled", "budget_tokens": 1024}), Value::Null, vec!["~reasoning_effort".into()]));
}

#[test]
fn the_providers_own_thinking_object_goes_on_where_the_model_takes_it() {
    let own = |text: &str| {
        let mut chat = hello();
        chat.extras = openai(&[("thinking", text)]);
        chat.max_tokens = Some(5000);
        chat
    };
    let (enabled, adaptive, disabled) =
        (r#"{"type":"enabled","budget_tokens":2000}"#, r#"{"type":"adaptive","display":"omitted"}"#, r#"{"type":"disabled"}"#);
    let budget = thinks(ThinkingMode::Budget, OffSwitch::Omit);
    let always = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never);
    let between = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::BetweenTools);
    let same = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(sent(&own(enabled), &budget), (same(enabled), Value::Null, vec![]));
    assert_eq!(sent(&own(adaptive), &always), (same(adaptive), Value::Null, vec![]));
    assert_eq!(sent(&own(disabled), &ModelFacts::default()), (same(disabled), Value::Null, vec![]), "the provider judges what is unknown");
    let summarized = json!({"type": "adaptive", "display": "summarized"});
    assert_eq!(sent(&own(enabled), &always), (summarized, json!("low"), vec!["~thinking".into()]));
    assert_eq!(sent(&own(disabled), &between), (json!({"type": "between_tools"}), Value::Null, vec!["~thinking".into()]));
    assert_eq!(sent(&own(disabled), &always), (Value::Null, json!("low"), vec!["~thinking".into()]));
    assert_eq!(sent(&own(adaptive), &budget), (json!({"type": "enabled", "budget_tokens": 2048}), Value::Null, vec!["~thinking".into()]));
    let mut tight = own(enabled);
    tight.max_tokens = Some(100);
    assert_eq!(json(&write_for(&tight, &budget))["max_tokens"], 3024);
}

/// `providers/anthropic.md`, gotchas: thinking on, and the round of calls came back without its thought.
#[test]
fn thinking_is_off_where_the_caller_did_not_return_the_thought() {
    let history = |with_thought: bool| {
        let mut parts = vec![call("a", "f", "{}")];
        if with_thought {
            parts.insert(0, thought("Hm", "sig"));
        }
        let mut chat = asking(Effort::XHigh);
        chat.turns = vec![says(Role::User, "Hi"), turn(Role::Assistant, parts), result("a", "ok")];
        chat.tools = vec![tool("f")];
        chat
    };
    let lost = "~reasoning_effort".to_owned();
    let rows = [
        (thinks(ThinkingMode::Budget, OffSwitch::Omit), Value::Null, Value::Null, vec![lost.clone()]),
        (thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Disabled), json!({"type": "disabled"}), json!("xhigh"), vec![lost.clone()]),
        (thinks(ThinkingMode::AdaptiveAlways, OffSwitch::DisabledUpToHigh), json!({"type": "disabled"}), json!("high"), vec![lost]),
        (
            thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never),
            json!({"type": "adaptive", "display": "summarized"}),
            json!("xhigh"),
            vec![],
        ),
    ];
    for (facts, thinking, effort, told) in rows {
        assert_eq!(sent(&history(false), &facts), (thinking, effort, told), "{facts:?}");
        let (kept, _, told) = sent(&history(true), &facts);
        assert!(kept["type"] != "disabled" && !kept.is_null() && told.is_empty(), "{facts:?}");
    }
    let mut unasked = history(false);
    unasked.reasoning.effort = None;
    let on = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Disabled);
    assert_eq!(sent(&unasked, &on), (json!({"type": "disabled"}), Value::Null, vec![]), "nothing that the caller asked for is lost");
    unasked.turns.extend([says(Role::Assistant, "Done."), says(Role::User, "And?")]);
    assert_eq!(sent(&unasked, &on).0, Value::Null, "a finished round needs no thought");
}

#[test]
fn thinking_bounds_sampling_forced_tools_and_prefill() {
    let mut chat = asking(Effort::High);
    chat.sampling.temperature = serde_json::Number::from_f64(0.5);
    chat.sampling.top_p = serde_json::Number::from_f64(0.97);
    chat.sampling.top_k = Some(3.into());
    chat.tools = vec![tool("f")];
    chat.tool_choice = Some(ToolChoice::Required);
    chat.turns.push(says(Role::Assistant, "So"));
    let budget = thinks(ThinkingMode::Budget, OffSwitch::Omit);
    let written = write_for(&chat, &budget);
    let body = json(&written);
    assert_eq!((body.get("temperature"), &body["top_p"], body.get("top_k")), (None, &json!(0.97), None));
    assert_eq!(body["tool_choice"], json!({"type": "auto"}));
    assert_eq!(body["messages"].as_array().unwrap().len(), 3);
    assert_eq!(losses(&written), ["~messages[1]", "~tool_choice", "temperature", "top_k"]);
    let adaptive = thinks(ThinkingMode::AdaptiveOnRequest, OffSwitch::Omit);
    assert_eq!(json(&write_for(&chat, &adaptive))["tool_choice"], json!({"type": "any"}), "only a budget forbids forcing");
}
