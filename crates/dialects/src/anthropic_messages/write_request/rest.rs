//! What stands at the top of a request beside conversation, tools and thought: passed on where the provider knows it, else lost.

use super::draft::Draft;
use super::object;
use crate::anthropic_messages::types::HERE;
use chat::{Chat, Extras};
use serde_json::Number;
use wire::Raw;
use wire::json::Kind;
use wire::object::ObjectWriter;

/// Parameters of the provider's own that a caller of another dialect may send: they reach the provider as they are
/// (the endpoint's reference; `thinking`, `top_k`, `output_config` and `metadata` are known too and have their own rules).
const PASSED_ON: &[&str] = &["container", "context_management", "inference_geo", "mcp_servers"];

#[derive(Default)]
pub(super) struct Passed {
    pub(super) members: Vec<(String, Raw)>,
    /// The provider's own `thinking` object.
    pub(super) thinking: Option<Raw>,
    pub(super) top_k: Option<Number>,
    /// Members of the provider's own `output_config` object.
    pub(super) output_config: Vec<(String, Raw)>,
    /// The whole object, as JSON.
    pub(super) metadata: Option<String>,
    pub(super) service_tier: Option<&'static str>,
}

impl Passed {
    /// The caller set this member of `output_config` itself.
    pub(super) fn configures(&self, name: &str) -> bool {
        self.output_config.iter().any(|(have, _)| have == name)
    }
}

pub(super) fn passed(draft: &mut Draft<'_>) -> Passed {
    let chat = draft.chat;
    let mut passed = Passed { service_tier: service_tier(draft), ..Passed::default() };
    let mut user = chat.user.clone();
    let mut metadata = None;
    for (name, value) in chat.extras.iter().chain(chat.reasoning.extras.iter()).filter(|(_, value)| !value.is_null()) {
        match name {
            "thinking" => passed.thinking = Some(value.clone()),
            "reasoning" if value.by_ref().kind() == Kind::Object => note_reasoning(draft, value),
            "top_k" if value.read::<Number>().is_ok() => passed.top_k = value.read().ok(),
            "output_config" if value.by_ref().kind() == Kind::Object => {
                passed.output_config = value.fields().map(|fields| fields.rest()).unwrap_or_default();
            }
            "metadata" if value.by_ref().kind() == Kind::Object => metadata = Some(value),
            // The newer spelling of `user`.
            "safety_identifier" if user.is_none() && value.read::<String>().is_ok() => user = value.read().ok(),
            // Text is the default; `write_request` refused the rest.
            "modalities" => {}
            _ if chat.extras.from() == Some(HERE) || PASSED_ON.contains(&name) => passed.members.push((name.to_owned(), value.clone())),
            _ => draft.losses.dropped(name, "the provider has no such parameter"),
        }
    }
    passed.metadata = merged_metadata(draft, user.as_deref(), metadata);
    note_unknown_switches(draft, chat);
    passed
}

fn merged_metadata(draft: &mut Draft<'_>, user: Option<&str>, given: Option<&Raw>) -> Option<String> {
    let members = given.and_then(|raw| raw.fields().ok()).map(|fields| fields.rest()).unwrap_or_default();
    let ours = draft.chat.extras.from() == Some(HERE);
    let mut kept = Vec::new();
    for (name, value) in members {
        match name.as_str() {
            "user_id" if user.is_none() => kept.push((name, value)),
            _ if ours && name != "user_id" => kept.push((name, value)),
            _ => draft.losses.dropped(format!("metadata.{name}"), "the provider keeps the user's id alone"),
        }
    }
    let write = |metadata: &mut ObjectWriter<'_>| {
        metadata.optional("user_id", &user).extend(&kept);
    };
    if user.is_none() && kept.is_empty() { None } else { object(write).ok() }
}

/// `default` is the tier without priority; `auto` takes priority where the account has it.
fn service_tier(draft: &mut Draft<'_>) -> Option<&'static str> {
    match draft.chat.service_tier.as_deref()? {
        "auto" => Some("auto"),
        "default" | "standard_only" => Some("standard_only"),
        "priority" => {
            draft.losses.approximated("service_tier", "sent as `auto`, which takes priority where the account has it");
            Some("auto")
        }
        _ => {
            draft.losses.dropped("service_tier", "the provider has the tiers auto and standard_only");
            None
        }
    }
}

/// Another API's object of the same purpose: what the canonical form has read of it is carried.
fn note_reasoning(draft: &mut Draft<'_>, reasoning: &Raw) {
    const READ: &[&str] = &["effort", "max_tokens", "budget_tokens", "enabled", "exclude", "type"];
    let members = reasoning.fields().map(|fields| fields.rest()).unwrap_or_default();
    for (name, _) in members.iter().filter(|(name, value)| !READ.contains(&name.as_str()) && !value.is_null()) {
        draft.losses.dropped(format!("reasoning.{name}"), "the provider has no such parameter");
    }
}

fn note_unknown_switches(draft: &mut Draft<'_>, chat: &Chat) {
    const REASON: &str = "the provider gives no log probabilities";
    if chat.logprobs == Some(true) {
        draft.losses.dropped("logprobs", REASON);
    }
    if chat.top_logprobs.is_some() {
        draft.losses.dropped("top_logprobs", REASON);
    }
}

/// Members that the provider knows on an object of this kind go on, from whatever dialect; the others are losses.
pub(super) fn known_members(draft: &mut Draft<'_>, place: &str, extras: &Extras, known: &[&str]) -> Vec<(String, Raw)> {
    let mut kept = Vec::new();
    for (name, value) in extras.iter() {
        if extras.from() == Some(HERE) || (known.contains(&name) && !value.is_null()) {
            kept.push((name.to_owned(), value.clone()));
        } else if !value.is_null() {
            draft.losses.dropped(format!("{place}.{name}"), "the provider has no such field");
        }
    }
    kept
}
