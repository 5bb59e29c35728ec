//! A request whose caller speaks another dialect, in the words of this one: what must change before it is written, and what is lost by it.

use crate::names::{NameMap, Unique};
use crate::{ModelFacts, ThinkingMode};
use chat::{Chat, Effort, Loss, Output, PartKind, ToolChoice, ToolKind};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use wire::json::Kind;
use wire::object::Fields;
use wire::{Raw, RawRef};

/// OpenAI's limits of a function's name and of an end user's id.
const LONGEST_NAME: usize = 64;
const LONGEST_USER: usize = 64;

/// The request as it is to be written. One of this dialect's own callers is left as it is.
pub(super) fn adapted<'c>(chat: &'c Chat, facts: &ModelFacts, losses: &mut Vec<Loss>) -> (Cow<'c, Chat>, NameMap) {
    if chat.from.is_none() {
        return (Cow::Borrowed(chat), NameMap::default());
    }
    let mut adapted = chat.clone();
    take_effort(&mut adapted, facts, losses);
    take_tier(&mut adapted);
    take_user(&mut adapted, losses);
    take_bounds(&mut adapted, losses);
    let names = shorten_names(&mut adapted);
    (Cow::Owned(adapted), names)
}

/// There is one word for how hard to think. A budget of tokens becomes the nearest one; thinking as much as the model finds right is what
/// its models do by themselves.
fn take_effort(chat: &mut Chat, facts: &ModelFacts, losses: &mut Vec<Loss>) {
    let thinking = chat.reasoning.extras.get("thinking").cloned();
    let kind = thinking.as_ref().and_then(|raw| Some(raw.fields().ok()?.peek("type")?.as_str()?.into_owned()));
    if facts.thinking.mode == ThinkingMode::None {
        if chat.reasoning.effort.take().is_some() {
            losses.push(Loss::dropped("reasoning_effort", "the model cannot think before it answers"));
        }
        if kind.as_deref().is_some_and(|kind| kind != "disabled") {
            losses.push(Loss::dropped("thinking", "the model cannot think before it answers"));
        }
        return;
    }
    match kind.as_deref() {
        None => {}
        Some("enabled") if chat.reasoning.effort.is_none() => {
            chat.reasoning.effort = chat.reasoning.budget.map(effort_of).or(Some(Effort::Medium));
            losses.push(Loss::approximated("thinking.budget_tokens", "OpenAI chat takes a word of effort, not a number of tokens"));
        }
        Some("enabled") => {
            losses.push(Loss::dropped("thinking.budget_tokens", "`output_config.effort` says how hard to think"));
        }
        Some("adaptive") if chat.reasoning.effort.is_some() => {}
        Some("adaptive") => losses.push(Loss::approximated("thinking", "OpenAI's models decide by themselves whether to think")),
        Some(_) => losses.push(Loss::dropped("thinking", "OpenAI chat has no switch for this that every model takes")),
    }
}

/// The budgets that stand for these words elsewhere, as bounds.
fn effort_of(budget: u64) -> Effort {
    match budget {
        0..2048 => Effort::Low,
        2048..4096 => Effort::Medium,
        _ => Effort::High,
    }
}

/// The tier without priority, in this dialect's word.
fn take_tier(chat: &mut Chat) {
    if chat.service_tier.as_deref() == Some("standard_only") {
        chat.service_tier = Some("default".to_owned());
    }
}

fn take_user(chat: &mut Chat, losses: &mut Vec<Loss>) {
    if chat.user.take_if(|user| user.chars().count() > LONGEST_USER).is_some() {
        losses.push(Loss::dropped("user", "OpenAI takes an id of 64 characters at most"));
    }
}

/// Where the other dialect binds the model to any schema, this one does only to schemas whose members are all required.
fn take_bounds(chat: &mut Chat, losses: &mut Vec<Loss>) {
    const REASON: &str = "OpenAI binds a model only to schemas whose members are all required: the schema is sent as a wish";
    if let Some(Output::JsonSchema { schema: Some(schema), strict, .. }) = &mut chat.output
        && *strict == Some(true)
        && !is_bindable(schema)
    {
        *strict = None;
        losses.push(Loss::approximated("response_format.json_schema.strict", REASON));
    }
    for (at, tool) in chat.tools.iter_mut().enumerate() {
        if tool.strict == Some(true) && tool.parameters.as_ref().is_none_or(|schema| !is_bindable(schema)) {
            tool.strict = None;
            losses.push(Loss::approximated(format!("tools[{at}].function.strict"), REASON));
        }
    }
}

/// Every object of the schema names all of its members as required and allows no others.
fn is_bindable(schema: &Raw) -> bool {
    is_bindable_at(schema.by_ref())
}

fn is_bindable_at(schema: RawRef<'_>) -> bool {
    if schema.kind() == Kind::Array {
        return schema.items().is_ok_and(|items| items.into_iter().all(is_bindable_at));
    }
    if schema.kind() != Kind::Object {
        return true;
    }
    let Ok(fields) = schema.fields() else { return false };
    // Each schema is looked at once: a second look at every level would double the work with each one.
    let whole = fields.peek("properties").and_then(|raw| raw.fields().ok()).is_none_or(|members| is_whole(&fields, &members));
    let inner = ["items", "anyOf"].iter().filter_map(|name| fields.peek(name));
    let mut named = ["$defs", "definitions"].iter().filter_map(|name| fields.peek(name));
    whole && inner.into_iter().all(is_bindable_at) && named.all(are_bindable)
}

/// An object's members are all required, no others are allowed, and each is bindable itself.
fn is_whole(schema: &Fields<'_>, members: &Fields<'_>) -> bool {
    let required: HashSet<String> = schema.peek("required").and_then(|raw| raw.read().ok()).unwrap_or_default();
    let closed = schema.peek("additionalProperties").is_some_and(|raw| raw.text() == "false");
    closed && members.iter().all(|(name, member)| required.contains(name) && is_bindable_at(member))
}

/// Schemas by name.
fn are_bindable(definitions: RawRef<'_>) -> bool {
    match definitions.kind() {
        Kind::Object => definitions.fields().is_ok_and(|all| all.iter().all(|(_, schema)| is_bindable_at(schema))),
        _ => is_bindable_at(definitions),
    }
}

/// Names that are too long, cut, with the way back.
fn shorten_names(chat: &mut Chat) -> NameMap {
    let too_long = |name: &String| name.len() > LONGEST_NAME;
    let mut map = NameMap::default();
    if !chat.tools.iter().any(|tool| too_long(&tool.name)) {
        return map;
    }
    let mut used = Unique::default();
    used.reserve(chat.tools.iter().map(|tool| tool.name.clone()).filter(|name| !too_long(name)));
    let mut sent: HashMap<String, String> = HashMap::new();
    let mut shorten = |name: &mut String| {
        if !too_long(name) {
            return;
        }
        let short = sent.entry(name.clone()).or_insert_with(|| {
            let short = used.take(name.chars().take(LONGEST_NAME).collect(), LONGEST_NAME);
            map.note(short.clone(), name.clone());
            short
        });
        name.clone_from(short);
    };
    for tool in chat.tools.iter_mut().filter(|tool| !matches!(tool.kind, ToolKind::Native { .. })) {
        shorten(&mut tool.name);
    }
    if let Some(ToolChoice::Function { name }) = &mut chat.tool_choice {
        shorten(name);
    }
    for part in chat.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        if let PartKind::ToolCall(call) = &mut part.kind {
            shorten(&mut call.name);
        }
    }
    map
}
