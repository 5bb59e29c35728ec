//! What a model takes of thinking, effort and sampling.

use super::Version;
use super::check::{self, Object};
use super::models::{Model, OffSwitch, Thinking};
use super::refusal::Refusal;
use crate::author::Reasoning;

/// How the model thinks in this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) reasoning: Reasoning,
    /// `enabled` with a budget.
    pub(super) manual: bool,
    /// The text of thinking is shown; else the blocks hold a signature only.
    pub(super) shown: bool,
    /// Only after tool results.
    pub(super) between_tools: bool,
}

const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];

/// The effort that holds: what was sent, else the model's default.
pub(super) fn effort<'a>(output_config: Option<&'a Object>, model: &Model) -> Result<&'a str, Refusal>
where
    'static: 'a,
{
    let Some(value) = output_config.and_then(|config| check::given(config, "effort")) else { return Ok(model.default_effort) };
    let effort = check::one_of(value, "output_config.effort", EFFORTS)?;
    if model.efforts.is_empty() {
        return Err(Refusal::invalid("This model does not support the effort parameter."));
    }
    if !model.efforts.contains(&effort) {
        let mut supported = model.efforts.to_vec();
        supported.sort_unstable();
        return Err(Refusal::invalid(&format!(
            "This model does not support effort level '{effort}'. Supported levels: {}.",
            supported.join(", ")
        )));
    }
    Ok(effort)
}

pub(super) fn plan(body: &Object, model: &Model, effort: &str, max_tokens: i64) -> Result<Plan, Refusal> {
    let off = Plan { reasoning: Reasoning::None, manual: false, shown: false, between_tools: false };
    let adaptive = Plan { reasoning: Reasoning::of_effort(effort), shown: !model.omits_thinking, ..off };
    let Some(value) = check::given(body, "thinking") else {
        return Ok(if matches!(model.thinking, Thinking::AdaptiveOn(_)) { adaptive } else { off });
    };
    let thinking = check::object(value, "thinking")?;
    let kind = check::required(thinking, "type", "thinking")?;
    match check::one_of(kind, "thinking.type", &["enabled", "disabled", "adaptive", "between_tools"])? {
        "enabled" => manual(thinking, model, max_tokens).map(|reasoning| Plan { reasoning, manual: true, ..adaptive }),
        "adaptive" if model.thinking == Thinking::Manual => Err(Refusal::invalid("adaptive thinking is not supported on this model")),
        "adaptive" => Ok(Plan { shown: shown(thinking, "adaptive", model)?, ..adaptive }),
        "between_tools" => {
            off_switch(thinking, model, effort, OffSwitch::BetweenToolsUpToHigh).map(|()| Plan { between_tools: true, ..adaptive })
        }
        _ => off_switch(thinking, model, effort, OffSwitch::Disabled).map(|()| off),
    }
}

fn shown(thinking: &Object, kind: &str, model: &Model) -> Result<bool, Refusal> {
    let path = format!("thinking.{kind}");
    let known: &[&str] = if kind == "enabled" { &["type", "display", "budget_tokens"] } else { &["type", "display"] };
    check::closed(thinking, &path, known)?;
    match check::given(thinking, "display") {
        Some(display) => Ok(check::one_of(display, &format!("{path}.display"), &["summarized", "omitted"])? == "summarized"),
        None => Ok(!model.omits_thinking),
    }
}

fn manual(thinking: &Object, model: &Model, max_tokens: i64) -> Result<Reasoning, Refusal> {
    if !matches!(model.thinking, Thinking::Manual | Thinking::ManualOrAdaptive) {
        return Err(Refusal::invalid(
            "\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
        ));
    }
    shown(thinking, "enabled", model)?;
    let path = "thinking.enabled";
    let budget = check::integer(thinking, "budget_tokens", path)?
        .ok_or_else(|| Refusal::field("thinking.enabled.budget_tokens", "Field required"))?;
    if budget < 1024 {
        return Err(Refusal::field("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024"));
    }
    if budget >= max_tokens {
        return Err(Refusal::invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    Ok(Reasoning::of_effort(match budget {
        ..2048 => "low",
        2048..4096 => "medium",
        4096..8192 => "high",
        _ => "xhigh",
    }))
}

/// Whether thinking may be switched off this way, at this effort.
fn off_switch(thinking: &Object, model: &Model, effort: &str, asked: OffSwitch) -> Result<(), Refusal> {
    let kind = if asked == OffSwitch::Disabled { "disabled" } else { "between_tools" };
    check::closed(thinking, &format!("thinking.{kind}"), &["type"])?;
    let up_to_high = !matches!(effort, "xhigh" | "max");
    let allowed = match (model.thinking, asked) {
        (Thinking::AdaptiveOn(OffSwitch::BetweenToolsUpToHigh), OffSwitch::BetweenToolsUpToHigh) => up_to_high,
        (Thinking::AdaptiveOn(OffSwitch::DisabledUpToHigh), OffSwitch::Disabled) => up_to_high,
        (Thinking::AdaptiveOn(OffSwitch::Disabled), OffSwitch::Disabled) => true,
        (Thinking::AdaptiveOn(_), _) => false,
        (_, asked) => asked == OffSwitch::Disabled,
    };
    if allowed {
        Ok(())
    } else {
        Err(Refusal::invalid(&format!("\"thinking.type.{kind}\" is not supported for this model at effort '{effort}'.")))
    }
}

pub(super) fn check_sampling(body: &Object, model: &Model, version: Version, plan: Plan) -> Result<(), Refusal> {
    const NAMES: [&str; 3] = ["temperature", "top_p", "top_k"];
    if let (Version::V2026, Some(name)) = (version, NAMES.iter().find(|name| body.contains_key(**name))) {
        return Err(Refusal::field(name, "Extra inputs are not permitted"));
    }
    let temperature = check::fraction(body, "temperature")?.filter(|temperature| *temperature != 1.0);
    let top_p = check::fraction(body, "top_p")?.filter(|top_p| *top_p != 1.0);
    let top_k = check::integer(body, "top_k", "")?;
    if top_k.is_some_and(|top_k| top_k < 1) {
        return Err(Refusal::field("top_k", "Input should be greater than or equal to 1"));
    }
    let set = [temperature.is_some(), top_p.is_some(), top_k.is_some()];
    let set = NAMES.iter().zip(set).find(|(_, set)| *set).map(|(name, _)| name);
    if let (false, Some(name)) = (model.sampling, set) {
        return Err(Refusal::invalid(&format!("`{name}` is deprecated for this model.")));
    }
    let thinks = plan.reasoning != Reasoning::None;
    if thinks && temperature.is_some() {
        return Err(Refusal::invalid("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if thinks && top_k.is_some() {
        return Err(Refusal::invalid("`top_k` must be unset when thinking is enabled."));
    }
    Ok(())
}
