//! Losses and faults of a request, in the terms of its caller.
//!
//! Quirks and writers name fields as OpenAI chat spells them, and turns by their number. For a caller of another dialect they are told by
//! the names and places of its own body, once, when the request is written.

use chat::{Chat, DialectId, Fault, Loss, PartKind, Place, Turn};
use std::collections::{HashMap, HashSet};

/// Names the fields of these losses as the caller knows them.
pub fn tell_losses(chat: &Chat, losses: &mut Vec<Loss>) {
    if chat.from == Some(DialectId::AnthropicMessages) {
        let mut terms = Terms { chat, turns: HashMap::new() };
        for loss in losses.iter_mut() {
            loss.path = terms.in_messages(&loss.path);
        }
        // What stands in two fields of one dialect may be one of the other.
        tell_once(losses);
    }
}

/// The same for the field that a fault is about.
pub fn tell_fault(chat: &Chat, mut fault: Fault) -> Fault {
    if chat.from == Some(DialectId::AnthropicMessages) {
        fault.param = fault.param.map(|path| Terms { chat, turns: HashMap::new() }.in_messages(&path));
    }
    fault
}

/// A field is told once, with the first reason.
pub(crate) fn tell_once(losses: &mut Vec<Loss>) {
    let mut told = HashSet::with_capacity(losses.len());
    let new: Vec<bool> = losses.iter().map(|loss| told.insert((loss.path.as_str(), loss.kind))).collect();
    let mut new = new.into_iter();
    losses.retain(|_| new.next().unwrap_or(true));
}

/// Fields at the top that the dialects call differently; the longest name of a beginning stands first.
const FIELDS: &[(&str, &str)] = &[
    ("response_format.json_schema.schema", "output_config.format.schema"),
    ("response_format.json_schema.strict", "output_config.format"),
    ("response_format", "output_config.format"),
    ("reasoning_effort", "output_config.effort"),
    ("max_completion_tokens", "max_tokens"),
    ("parallel_tool_calls", "tool_choice.disable_parallel_tool_use"),
    ("stop", "stop_sequences"),
    ("user", "metadata.user_id"),
];

/// A conversation whose parts are told by number. What is counted is counted once: the caller says how many losses a turn has.
struct Terms<'c> {
    chat: &'c Chat,
    turns: HashMap<usize, Index<'c>>,
}

impl<'c> Terms<'c> {
    /// A path of the Messages dialect.
    fn in_messages(&mut self, path: &str) -> String {
        if let Some((number, rest)) = indexed(path, "messages") {
            return self.in_turn(number, rest).unwrap_or_else(|| path.to_owned());
        }
        if let Some((number, rest)) = indexed(path, "tools") {
            let rest = rest.strip_prefix(".function").unwrap_or(rest);
            return match rest.strip_prefix(".parameters") {
                Some(inner) => format!("tools[{number}].input_schema{inner}"),
                None => format!("tools[{number}]{rest}"),
            };
        }
        for (openai, own) in FIELDS {
            if let Some(rest) = path.strip_prefix(openai).filter(|rest| rest.is_empty() || rest.starts_with(['.', '['])) {
                return format!("{own}{rest}");
            }
        }
        path.to_owned()
    }

    /// `messages[2].tool_calls[0].function.arguments` as the block that it was.
    fn in_turn(&mut self, number: usize, rest: &str) -> Option<String> {
        let (turn, place) = (self.chat.turns.get(number)?, self.chat.places.get(number)?);
        let index = self.turns.entry(number).or_insert_with(|| Index::of(turn));
        let inner = rest.strip_prefix('.').unwrap_or(rest);
        if let Some((PartKind::ToolResult(_), block)) = turn.parts.first().map(|part| &part.kind).zip(place.parts.first()) {
            return Some(in_result(index, place, block, rest));
        }
        let kinds = [
            ("tool_calls", &index.calls),
            ("thinking_blocks", &index.sealed),
            ("reasoning", &index.thoughts),
            ("annotations", &index.sources),
            ("content", &index.content),
        ];
        for (name, of_kind) in kinds {
            let Some((at, more)) = indexed(inner, name) else { continue };
            return Some(format!("{}{}", place.parts.get(*of_kind.get(at)?)?, member(more)));
        }
        let block = |at: usize| place.parts.get(at).cloned();
        let whole = match inner.split('.').next().unwrap_or_default() {
            // Sealed thought has no other name here where a turn holds nothing else.
            "reasoning_content" => index.unsealed.or(index.thoughts.first().copied()).and_then(block),
            "thinking_blocks" => index.sealed.first().copied().and_then(block),
            // Of content that is one text it stands on the message.
            "cache_control" => index.marked.and_then(block).map(|block| format!("{block}.cache_control")),
            "content" => index.content.first().copied().and_then(block),
            _ => None,
        };
        match whole {
            Some(block) => Some(format!("{block}{}", inner.split_once('.').map_or_else(String::new, |(_, more)| format!(".{more}")))),
            None => Some(format!("{}{rest}", place.turn)),
        }
    }
}

/// Which parts of a turn are of a kind that is counted on its own.
#[derive(Default)]
struct Index<'c> {
    calls: Vec<usize>,
    thoughts: Vec<usize>,
    sealed: Vec<usize>,
    sources: Vec<usize>,
    content: Vec<usize>,
    /// The first thought that is not sealed.
    unsealed: Option<usize>,
    /// The first part with a cache marker.
    marked: Option<usize>,
    /// Names of the message's own members.
    members: HashSet<&'c str>,
}

impl<'c> Index<'c> {
    fn of(turn: &'c Turn) -> Self {
        let mut index = Self { members: turn.extras.iter().map(|(name, _)| name).collect(), ..Self::default() };
        for (at, part) in turn.parts.iter().enumerate() {
            match &part.kind {
                PartKind::ToolCall(_) => index.calls.push(at),
                PartKind::Citation { .. } => index.sources.push(at),
                PartKind::Reasoning(thought) => {
                    index.thoughts.push(at);
                    if thought.signature.is_some() || thought.encrypted.is_some() {
                        index.sealed.push(at);
                    } else {
                        index.unsealed.get_or_insert(at);
                    }
                }
                _ => index.content.push(at),
            }
            if part.cache.is_some() {
                index.marked.get_or_insert(at);
            }
        }
        index
    }
}

/// Of a tool's result the turn is the block, and what is inside has the block's names; but a member of the message stands beside it.
fn in_result(index: &Index<'_>, place: &Place, block: &str, rest: &str) -> String {
    if let Some(inside) = rest.strip_prefix(".result") {
        return in_block(block, inside);
    }
    let name = rest.strip_prefix('.').unwrap_or(rest);
    if index.members.contains(name) { format!("{}{rest}", place.turn) } else { in_block(block, rest) }
}

/// What is inside a result: its own blocks have this dialect's names too.
fn in_block(block: &str, rest: &str) -> String {
    match rest.strip_prefix('.').and_then(|inner| indexed(inner, "content")) {
        Some((at, more)) => format!("{block}.content[{at}]{}", member(more)),
        None => format!("{block}{rest}"),
    }
}

/// The member of a block, as this dialect calls it.
fn member(rest: &str) -> &str {
    match rest {
        ".function.arguments" | ".custom.input" => ".input",
        ".file.filename" => ".title",
        ".file" => ".source",
        ".image_url.url" => ".source",
        other => other.strip_prefix(".function").unwrap_or(other),
    }
}

/// `name[3]rest` as the number and the rest.
fn indexed<'p>(path: &'p str, name: &str) -> Option<(usize, &'p str)> {
    let (number, rest) = path.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests;
