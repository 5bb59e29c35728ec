//! Quirks that reach into messages and tools: on the canonical form alone.

use super::messages;
use crate::{Names, Quirk, Text};
use chat::{Chat, DialectId, Loss, Part, PartKind, ReasoningPart, Role, Source, ToolChoice, ToolKind, Turn};
use wire::Raw;

/// The names under which OpenAI's look-alikes keep the thought of an earlier turn.
pub(super) const REASONING_MEMBERS: [&str; 2] = ["reasoning_content", "reasoning"];
pub(super) fn apply(quirk: &Quirk, chat: &mut Chat, losses: &mut Vec<Loss>) {
    match quirk {
        Quirk::DropCacheMarkers { reason } => drop_tool_markers(chat, reason, losses),
        Quirk::SystemFirst { reason } => messages::system_first(chat, reason, losses),
        Quirk::MergeSameRole => messages::merge_same_role(chat, losses),
        Quirk::FunctionToolsOnly { reason } => function_tools_only(chat, reason, losses),
        Quirk::TakesTopK => carry_top_k(chat),
        _ => {}
    }
    for (at, turn) in chat.turns.iter_mut().enumerate() {
        match quirk {
            Quirk::DropTurnNames => drop_name(at, turn, losses),
            Quirk::DropNullMembers if turn.role == Role::Assistant => drop_nulls(turn),
            Quirk::DropMessageMembers { members, reason } => drop_members(at, turn, members, reason, losses),
            Quirk::DeveloperAsSystem if turn.role == Role::Developer => turn.role = Role::System,
            Quirk::RefusalAsText { reason } => refusals_as_text(at, turn, reason, losses),
            Quirk::ReasoningMember { name } if turn.role == Role::Assistant => name_reasoning(at, turn, name, losses),
            Quirk::DropReasoning { reason } if turn.role == Role::Assistant => drop_reasoning(at, turn, reason, losses),
            Quirk::EmptyContentForNull if turn.role == Role::Assistant => fill_content(turn),
            Quirk::FlattenTextParts => messages::flatten(at, turn, losses),
            Quirk::DropCacheMarkers { reason } => drop_markers(&format!("messages[{at}].content"), &mut turn.parts, reason, losses),
            _ => {}
        }
    }
}

fn drop_name(at: usize, turn: &mut Turn, losses: &mut Vec<Loss>) {
    if turn.name.take().is_some() {
        losses.push(Loss::dropped(format!("messages[{at}].name"), "messages have no name there"));
    }
}

/// Where nothing else is said the writer's null for content becomes an empty text, which means the same.
fn fill_content(turn: &mut Turn) {
    let is_content = |part: &Part| {
        !matches!(part.kind, PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::Audio { source: Source::FileId { .. }, .. })
    };
    if !turn.listed && !turn.parts.iter().any(is_content) {
        turn.parts.push(Part::text(""));
    }
}

fn drop_nulls(turn: &mut Turn) {
    fill_content(turn);
    let nulls: Vec<String> = turn.extras.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.to_owned()).collect();
    for name in nulls {
        turn.extras.remove(&name);
    }
}

fn drop_members(at: usize, turn: &mut Turn, members: &Names, reason: &Text, losses: &mut Vec<Loss>) {
    if members.contains("audio") {
        let before = turn.parts.len();
        turn.parts.retain(|part| !matches!(part.kind, PartKind::Audio { source: Source::FileId { .. }, .. }));
        if turn.parts.len() < before {
            losses.push(Loss::dropped(format!("messages[{at}].audio"), reason.clone()));
        }
    }
    for member in members.iter() {
        if let Some(value) = turn.extras.remove(member)
            && !says_nothing(&value)
        {
            losses.push(Loss::dropped(format!("messages[{at}].{member}"), reason.clone()));
        }
    }
}

/// Null or an empty list or object: clients that send a reply back as they got it send many.
fn says_nothing(value: &Raw) -> bool {
    let dense: String = value.text().chars().filter(|c| !c.is_ascii_whitespace()).collect();
    matches!(dense.as_str(), "null" | "[]" | "{}")
}

fn refusals_as_text(at: usize, turn: &mut Turn, reason: &Text, losses: &mut Vec<Loss>) {
    for part in &mut turn.parts {
        if let PartKind::Refusal { text } = &mut part.kind {
            part.kind = PartKind::Text { text: std::mem::take(text) };
            losses.push(Loss::approximated(format!("messages[{at}].refusal"), reason.clone()));
        }
    }
}

/// Moves the thought into the member that the provider reads it from. Thought that another dialect sealed goes back only to its maker.
fn name_reasoning(at: usize, turn: &mut Turn, name: &Text, losses: &mut Vec<Loss>) {
    let is_open = |thought: &ReasoningPart| thought.from == DialectId::OpenaiChat && thought.encrypted.is_none();
    let mut thought = String::new();
    let mut sealed = false;
    turn.parts.retain(|part| match &part.kind {
        PartKind::Reasoning(reasoning) if is_open(reasoning) => {
            thought.push_str(&reasoning.text);
            false
        }
        PartKind::Reasoning(_) => {
            sealed = true;
            false
        }
        _ => true,
    });
    if sealed {
        losses
            .push(Loss::dropped(format!("messages[{at}].thinking_blocks"), "a sealed thought goes back only to the provider that made it"));
    }
    let mut text = (!thought.is_empty()).then(|| Raw::of(&thought).ok()).flatten();
    for member in REASONING_MEMBERS {
        if let Some(found) = turn.extras.remove(member).filter(|found| !found.is_null()) {
            text = text.or(Some(found));
        }
    }
    if let Some(text) = text {
        turn.extras.push(DialectId::OpenaiChat, &**name, text);
    }
}

fn drop_reasoning(at: usize, turn: &mut Turn, reason: &Text, losses: &mut Vec<Loss>) {
    let before = turn.parts.len();
    turn.parts.retain(|part| !matches!(part.kind, PartKind::Reasoning(_)));
    let mut dropped = turn.parts.len() < before;
    for member in REASONING_MEMBERS {
        dropped |= turn.extras.remove(member).is_some_and(|found| !says_nothing(&found));
    }
    if dropped {
        losses.push(Loss::dropped(format!("messages[{at}].reasoning_content"), reason.clone()));
    }
}

fn drop_markers(path: &str, parts: &mut [Part], reason: &Text, losses: &mut Vec<Loss>) {
    for (at, part) in parts.iter_mut().enumerate() {
        if part.cache.take().is_some() {
            losses.push(Loss::dropped(format!("{path}[{at}].cache_control"), reason.clone()));
        }
        if let PartKind::ToolResult(result) = &mut part.kind {
            drop_markers(path, &mut result.parts, reason, losses);
        }
    }
}

fn drop_tool_markers(chat: &mut Chat, reason: &Text, losses: &mut Vec<Loss>) {
    for (at, tool) in chat.tools.iter_mut().enumerate() {
        if tool.cache.take().is_some() {
            losses.push(Loss::dropped(format!("tools[{at}].cache_control"), reason.clone()));
        }
    }
}

fn function_tools_only(chat: &mut Chat, reason: &Text, losses: &mut Vec<Loss>) {
    let mut at = 0;
    chat.tools.retain(|tool| {
        let kept = matches!(tool.kind, ToolKind::Function);
        if !kept {
            losses.push(Loss::dropped(format!("tools[{at}]"), reason.clone()));
        }
        at += 1;
        kept
    });
    if matches!(chat.tool_choice, Some(ToolChoice::Custom { .. } | ToolChoice::Native { .. })) {
        losses.push(Loss::dropped("tool_choice", reason.clone()));
        chat.tool_choice = None;
    }
    // Without tools these two are refused, and say nothing.
    if chat.tools.is_empty() && at > 0 {
        chat.tool_choice = None;
        chat.parallel_tools = None;
    }
}

/// The writer of OpenAI's dialect knows no `top_k`; as a member of that dialect it goes out as it is.
fn carry_top_k(chat: &mut Chat) {
    if let Some(raw) = chat.sampling.top_k.take().and_then(|number| Raw::of(&number).ok()) {
        chat.extras.push(DialectId::OpenaiChat, "top_k", raw);
    }
}
