//! Quirks about the shape and the order of messages: what chat templates of local servers refuse.

use crate::Text;
use chat::{Chat, Loss, Part, PartKind, Role, Turn};

/// Content that is a list of nothing but texts becomes one text; servers that take both forms join them by lines too.
pub(super) fn flatten(at: usize, turn: &mut Turn, losses: &mut Vec<Loss>) {
    let path = format!("messages[{at}].content");
    if turn.listed && flatten_parts(&mut turn.parts, &path, losses) {
        turn.listed = false;
    }
    for part in &mut turn.parts {
        if let PartKind::ToolResult(result) = &mut part.kind
            && result.listed
            && flatten_parts(&mut result.parts, &path, losses)
        {
            result.listed = false;
        }
    }
}

/// Whether it could be done: an image among the texts has no other form.
fn flatten_parts(parts: &mut Vec<Part>, path: &str, losses: &mut Vec<Loss>) -> bool {
    if !parts.iter().all(|part| is_text(part) || !is_content(part)) {
        return false;
    }
    let mut texts = Vec::new();
    let mut others = Vec::new();
    let mut number = 0;
    for part in parts.drain(..) {
        match part.kind {
            PartKind::Text { text } => {
                report_members(&format!("{path}[{number}]"), part.cache.is_some(), &part.extras, losses);
                texts.push(text);
                number += 1;
            }
            kind => others.push(Part { kind, cache: part.cache, extras: part.extras }),
        }
    }
    // Thought stands before the text, calls after it.
    let calls = others.iter().position(|part| matches!(part.kind, PartKind::ToolCall(_))).unwrap_or(others.len());
    others.insert(calls, Part::text(texts.join("\n")));
    *parts = others;
    true
}

fn is_text(part: &Part) -> bool {
    matches!(part.kind, PartKind::Text { .. })
}

/// Not a member beside the content.
fn is_content(part: &Part) -> bool {
    !matches!(part.kind, PartKind::Reasoning(_) | PartKind::ToolCall(_))
}

fn report_members(path: &str, cached: bool, extras: &chat::Extras, losses: &mut Vec<Loss>) {
    const REASON: &str = "texts of one message are joined there";
    if cached {
        losses.push(Loss::dropped(format!("{path}.cache_control"), REASON));
    }
    losses.extend(extras.iter().map(|(name, _)| Loss::dropped(format!("{path}.{name}"), REASON)));
}

/// All instructions in one message before all others.
pub(super) fn system_first(chat: &mut Chat, reason: &Text, losses: &mut Vec<Loss>) {
    let is_system = |turn: &Turn| matches!(turn.role, Role::System | Role::Developer);
    let mut leading = true;
    for (at, turn) in chat.turns.iter().enumerate() {
        leading &= is_system(turn);
        if !leading && is_system(turn) {
            losses.push(Loss::approximated(format!("messages[{at}]"), reason.clone()));
        }
    }
    let (mut system, others): (Vec<_>, Vec<_>) = std::mem::take(&mut chat.turns).into_iter().partition(is_system);
    let mut all = system.drain(..);
    chat.turns = all.next().into_iter().collect();
    for next in all {
        if let Some(first) = chat.turns.first_mut() {
            join(first, next);
        }
    }
    chat.turns.extend(others);
}

pub(super) fn merge_same_role(chat: &mut Chat, losses: &mut Vec<Loss>) {
    let mut merged: Vec<Turn> = Vec::with_capacity(chat.turns.len());
    for (at, mut turn) in std::mem::take(&mut chat.turns).into_iter().enumerate() {
        match merged.last_mut() {
            Some(last) if last.role == turn.role && turn.role != Role::Tool => {
                if turn.name.take_if(|name| last.name.as_ref() != Some(name)).is_some() {
                    losses.push(Loss::dropped(format!("messages[{at}].name"), "messages of one role go as one there"));
                }
                join(last, turn);
            }
            _ => merged.push(turn),
        }
    }
    chat.turns = merged;
}

/// Texts are set apart by an empty line; with anything else among them the content becomes a list.
fn join(into: &mut Turn, from: Turn) {
    let plain = |turn: &Turn| !turn.listed && turn.parts.iter().all(|part| is_text(part) || !is_content(part));
    let both_plain = plain(into) && plain(&from);
    let (mut texts, mut others) = (Vec::new(), Vec::new());
    for part in std::mem::take(&mut into.parts).into_iter().chain(from.parts) {
        if is_content(&part) { texts.push(part) } else { others.push(part) }
    }
    if both_plain {
        let text = texts.iter().filter_map(|part| if let PartKind::Text { text } = &part.kind { Some(text.as_str()) } else { None });
        let text = text.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
        let had_any = !texts.is_empty();
        texts = if had_any { vec![Part::text(text)] } else { Vec::new() };
    } else {
        into.listed = true;
    }
    let calls = others.iter().position(|part| matches!(part.kind, PartKind::ToolCall(_))).unwrap_or(others.len());
    let (thought, calls) = (others.drain(..calls).collect::<Vec<_>>(), others);
    into.parts = thought.into_iter().chain(texts).chain(calls).collect();
    for (name, value) in from.extras.iter() {
        if into.extras.get(name).is_none()
            && let Some(dialect) = from.extras.from()
        {
            into.extras.push(dialect, name, value.clone());
        }
    }
}
