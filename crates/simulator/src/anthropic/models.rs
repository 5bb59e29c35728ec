//! Claude models and what each takes: the table of providers/anthropic.md, "reasoning_effort / thinking".

use super::refusal::Refusal;
use crate::answer::Answer;
use serde_json::{Value, json};

/// How a model's thinking is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// `enabled` with a budget, or none.
    Manual,
    /// `enabled` (deprecated) or `adaptive`; off unless sent.
    ManualOrAdaptive,
    /// `adaptive`; off unless sent.
    AdaptiveOff,
    /// On unless switched off in the given way.
    AdaptiveOn(OffSwitch),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffSwitch {
    None,
    Disabled,
    /// `disabled`, at effort high or below.
    DisabledUpToHigh,
    /// `between_tools`, at effort high or below.
    BetweenToolsUpToHigh,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Model {
    name: &'static str,
    display: &'static str,
    pub(super) thinking: Thinking,
    /// Values of `output_config.effort`; none: the member is refused.
    pub(super) efforts: &'static [&'static str],
    pub(super) default_effort: &'static str,
    /// `temperature`, `top_p` and `top_k` other than their defaults.
    pub(super) sampling: bool,
    /// A tool choice of `any` or `tool`.
    pub(super) forced_tools: bool,
    /// A conversation may end with an assistant turn.
    pub(super) prefill: bool,
    /// `system` turns among the messages.
    pub(super) system_turns: bool,
    /// Thinking text is left out unless asked for.
    pub(super) omits_thinking: bool,
    /// Signatures hold for this model only.
    pub(super) bound_signatures: bool,
    pub(super) most_output: i64,
    most_input: i64,
}

const ALL: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const NO_XHIGH: &[&str] = &["low", "medium", "high", "max"];
const OLD: &[&str] = &["low", "medium", "high"];

/// The newest kind; the others are written as differences from it.
const NEWEST: Model = Model {
    name: "",
    display: "",
    thinking: Thinking::AdaptiveOn(OffSwitch::None),
    efforts: ALL,
    default_effort: "high",
    sampling: false,
    forced_tools: true,
    prefill: false,
    system_turns: false,
    omits_thinking: true,
    bound_signatures: false,
    most_output: 128_000,
    most_input: 1_000_000,
};
const V46: Model = Model { thinking: Thinking::ManualOrAdaptive, efforts: NO_XHIGH, sampling: true, omits_thinking: false, ..NEWEST };
const V45: Model = Model {
    thinking: Thinking::Manual,
    efforts: &[],
    sampling: true,
    omits_thinking: false,
    prefill: true,
    most_output: 64_000,
    most_input: 200_000,
    ..NEWEST
};

const MODELS: &[Model] = &[
    Model { name: "claude-fable-5", display: "Claude Fable 5", system_turns: true, ..NEWEST },
    Model { name: "claude-fable-5-1", display: "Claude Fable 5.1", system_turns: true, forced_tools: false, ..NEWEST },
    Model { name: "claude-mythos-5", display: "Claude Mythos 5", ..NEWEST },
    Model { name: "claude-mythos-5-1", display: "Claude Mythos 5.1", forced_tools: false, ..NEWEST },
    Model {
        name: "claude-opus-5-5",
        display: "Claude Opus 5.5",
        default_effort: "medium",
        system_turns: true,
        forced_tools: false,
        bound_signatures: true,
        ..NEWEST
    },
    Model {
        name: "claude-opus-5",
        display: "Claude Opus 5",
        thinking: Thinking::AdaptiveOn(OffSwitch::DisabledUpToHigh),
        system_turns: true,
        ..NEWEST
    },
    Model { name: "claude-opus-4-8", display: "Claude Opus 4.8", thinking: Thinking::AdaptiveOff, system_turns: true, ..NEWEST },
    Model { name: "claude-opus-4-7", display: "Claude Opus 4.7", thinking: Thinking::AdaptiveOff, ..NEWEST },
    Model { name: "claude-opus-4-6", display: "Claude Opus 4.6", ..V46 },
    Model { name: "claude-opus-4-5", display: "Claude Opus 4.5", efforts: OLD, ..V45 },
    Model {
        name: "claude-sonnet-5-5",
        display: "Claude Sonnet 5.5",
        thinking: Thinking::AdaptiveOn(OffSwitch::BetweenToolsUpToHigh),
        system_turns: true,
        forced_tools: false,
        bound_signatures: true,
        ..NEWEST
    },
    Model { name: "claude-sonnet-5", display: "Claude Sonnet 5", thinking: Thinking::AdaptiveOn(OffSwitch::Disabled), ..NEWEST },
    Model { name: "claude-sonnet-4-6", display: "Claude Sonnet 4.6", ..V46 },
    Model { name: "claude-sonnet-4-5", display: "Claude Sonnet 4.5", ..V45 },
    Model {
        name: "claude-haiku-5-5",
        display: "Claude Haiku 5.5",
        thinking: Thinking::AdaptiveOn(OffSwitch::DisabledUpToHigh),
        default_effort: "medium",
        bound_signatures: true,
        most_output: 64_000,
        ..NEWEST
    },
    Model { name: "claude-haiku-4-5", display: "Claude Haiku 4.5", ..V45 },
];

/// By name, or by name and date.
pub(super) fn find(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| name == model.name || is_dated(name, model.name))
}

fn is_dated(name: &str, model: &str) -> bool {
    let date = name.strip_prefix(model).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
    date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit())
}

fn describe(model: &Model) -> Value {
    let supported = |supported: bool| json!({ "supported": supported });
    json!({
        "type": "model", "id": model.name, "display_name": model.display, "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active",
        "max_input_tokens": model.most_input, "max_tokens": model.most_output,
        "capabilities": { "effort": supported(!model.efforts.is_empty()), "thinking": supported(true), "structured_outputs": supported(true),
            "image_input": supported(true), "pdf_input": supported(true) }
    })
}

pub(super) fn retrieve(id: &str) -> Result<Answer, Refusal> {
    find(id).map(|model| Answer::json(200, &describe(model))).ok_or_else(|| Refusal::new(404, "not_found_error", format!("model: {id}")))
}

/// One page: `limit`, `after_id` and `before_id`.
pub(super) fn list(query: &str) -> Result<Answer, Refusal> {
    let parameter =
        |name: &str| query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
    let limit = match parameter("limit") {
        None => 20,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if (1..=1000).contains(&limit) => limit,
            _ => return Err(Refusal::field("limit", "Input should be an integer from 1 to 1000")),
        },
    };
    let position = |name| parameter(name).and_then(|id| MODELS.iter().position(|model| model.name == id));
    let start = position("after_id").map_or(0, |at| at + 1);
    let end = position("before_id").unwrap_or(MODELS.len());
    let window = MODELS.get(start..end).unwrap_or_default();
    let page: Vec<Value> = window.iter().take(limit).map(describe).collect();
    let id = |model: Option<&Value>| model.and_then(|model| model.get("id")).cloned();
    let (first, last) = (id(page.first()), id(page.last()));
    Ok(Answer::json(200, &json!({ "data": page, "has_more": window.len() > limit, "first_id": first, "last_id": last })))
}
