//! Quirks that reach into messages and tools: on the canonical form alone.

use crate::Quirk;
use chat::{Chat, DialectId, Loss, Part, PartKind, ReasoningPart, Role, Source, Turn};
use memchr::memmem;
use wire::Raw;
use wire::json::Object;

/// The names under which OpenAI's look-alikes keep the thought of an earlier turn.
const REASONING_MEMBERS: [&str; 2] = ["reasoning_content", "reasoning"];
/// Where Conduit's own clients keep thought that is signed or encrypted.
const SEALED_MEMBER: &str = "thinking_blocks";
const CACHE_MEMBER: &str = "cache_control";

/// Words that a quirk looks for in quotes in the messages, so that one pass over the text serves all quirks of a provider.
#[derive(Default)]
struct Words {
    in_messages: Vec<&'static str>,
    nulls: bool,
    cache_markers: bool,
}

impl Words {
    fn add(&mut self, quirk: &'static Quirk) {
        match quirk {
            Quirk::DropTurnNames => self.in_messages.push("name"),
            Quirk::DropNullMembers => self.nulls = true,
            Quirk::DropMessageMembers { members, .. } => self.in_messages.extend(*members),
            Quirk::DeveloperAsSystem => self.in_messages.push("developer"),
            Quirk::RefusalAsText { .. } => self.in_messages.push("refusal"),
            Quirk::ReasoningMember { name } => {
                let others = REASONING_MEMBERS.iter().chain(&[SEALED_MEMBER]).filter(|member| *member != name);
                self.in_messages.extend(others);
            }
            Quirk::DropReasoning { .. } => self.in_messages.extend(REASONING_MEMBERS.iter().chain(&[SEALED_MEMBER])),
            Quirk::DropCacheMarkers { .. } => {
                self.in_messages.push(CACHE_MEMBER);
                self.cache_markers = true;
            }
            Quirk::Drop { .. } | Quirk::Rename { .. } | Quirk::Clamp { .. } | Quirk::Default { .. } | Quirk::Words { .. } => {}
        }
    }
}

/// Whether the text of the body could hold what one of the quirks is about. A name in an unusual spelling (`"n\u0061me"`) is not found: it goes
/// through as it came, and the provider judges.
pub(super) fn may_touch(quirks: impl Iterator<Item = &'static Quirk>, body: &Object<'_>) -> bool {
    let mut words = Words::default();
    quirks.for_each(|quirk| words.add(quirk));
    let text = |member: &str| body.get(member).map_or("", |found| found.value);
    has_quoted(text("messages"), &words.in_messages)
        || (words.nulls && memmem::find(text("messages").as_bytes(), b"null").is_some())
        || (words.cache_markers && has_quoted(text("tools"), &[CACHE_MEMBER]))
}

/// Whether one of the words stands in quotes somewhere. Goes from quote to quote, because the long stretches of a body (an image, a document) are
/// single texts without one.
fn has_quoted(text: &str, words: &[&str]) -> bool {
    if words.is_empty() {
        return false;
    }
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'"', bytes).any(|quote| {
        let rest = bytes.get(quote + 1..).unwrap_or_default();
        words.iter().any(|word| rest.strip_prefix(word.as_bytes()).is_some_and(|after| after.first() == Some(&b'"')))
    })
}

pub(super) fn apply(quirk: &'static Quirk, chat: &mut Chat, losses: &mut Vec<Loss>) {
    if let Quirk::DropCacheMarkers { reason } = quirk {
        drop_tool_markers(chat, reason, losses);
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
fn drop_nulls(turn: &mut Turn) {
    let is_content = |part: &Part| {
        !matches!(part.kind, PartKind::Reasoning(_) | PartKind::ToolCall(_) | PartKind::Audio { source: Source::FileId { .. }, .. })
    };
    if !turn.listed && !turn.parts.iter().any(is_content) {
        turn.parts.push(Part::text(""));
    }
    let nulls: Vec<String> = turn.extras.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.to_owned()).collect();
    for name in nulls {
        turn.extras.remove(&name);
    }
}

fn drop_members(at: usize, turn: &mut Turn, members: &[&'static str], reason: &'static str, losses: &mut Vec<Loss>) {
    if members.contains(&"audio") {
        let before = turn.parts.len();
        turn.parts.retain(|part| !matches!(part.kind, PartKind::Audio { source: Source::FileId { .. }, .. }));
        if turn.parts.len() < before {
            losses.push(Loss::dropped(format!("messages[{at}].audio"), reason));
        }
    }
    for member in members {
        if let Some(value) = turn.extras.remove(member)
            && !says_nothing(&value)
        {
            losses.push(Loss::dropped(format!("messages[{at}].{member}"), reason));
        }
    }
}

/// Null or an empty list or object: clients that send a reply back as they got it send many.
fn says_nothing(value: &Raw) -> bool {
    let dense: String = value.text().chars().filter(|c| !c.is_ascii_whitespace()).collect();
    matches!(dense.as_str(), "null" | "[]" | "{}")
}

fn refusals_as_text(at: usize, turn: &mut Turn, reason: &'static str, losses: &mut Vec<Loss>) {
    for part in &mut turn.parts {
        if let PartKind::Refusal { text } = &mut part.kind {
            part.kind = PartKind::Text { text: std::mem::take(text) };
            losses.push(Loss::approximated(format!("messages[{at}].refusal"), reason));
        }
    }
}

/// Moves the thought into the member that the provider reads it from. Thought that another dialect sealed goes back only to its maker.
fn name_reasoning(at: usize, turn: &mut Turn, name: &'static str, losses: &mut Vec<Loss>) {
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
        turn.extras.push(DialectId::OpenaiChat, name, text);
    }
}

fn drop_reasoning(at: usize, turn: &mut Turn, reason: &'static str, losses: &mut Vec<Loss>) {
    let before = turn.parts.len();
    turn.parts.retain(|part| !matches!(part.kind, PartKind::Reasoning(_)));
    let mut dropped = turn.parts.len() < before;
    for member in REASONING_MEMBERS {
        dropped |= turn.extras.remove(member).is_some_and(|found| !says_nothing(&found));
    }
    if dropped {
        losses.push(Loss::dropped(format!("messages[{at}].reasoning_content"), reason));
    }
}

fn drop_markers(path: &str, parts: &mut [Part], reason: &'static str, losses: &mut Vec<Loss>) {
    for (at, part) in parts.iter_mut().enumerate() {
        if part.cache.take().is_some() {
            losses.push(Loss::dropped(format!("{path}[{at}].cache_control"), reason));
        }
        if let PartKind::ToolResult(result) = &mut part.kind {
            drop_markers(path, &mut result.parts, reason, losses);
        }
    }
}

fn drop_tool_markers(chat: &mut Chat, reason: &'static str, losses: &mut Vec<Loss>) {
    for (at, tool) in chat.tools.iter_mut().enumerate() {
        if tool.cache.take().is_some() {
            losses.push(Loss::dropped(format!("tools[{at}].cache_control"), reason));
        }
    }
}
