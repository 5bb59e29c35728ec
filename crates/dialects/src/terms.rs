//! Losses and faults of a request, in the terms of its caller.
//!
//! Quirks and writers name fields as OpenAI chat spells them, and turns by their number. For a caller of another dialect they are told by
//! the names and places of its own body, once, when the request is written.

use chat::{Chat, DialectId, Fault, Loss, LossKind, Part, PartKind, Place, Turn};

/// Names the fields of these losses as the caller knows them.
pub fn tell_losses(chat: &Chat, losses: &mut Vec<Loss>) {
    if chat.from == Some(DialectId::AnthropicMessages) {
        for loss in losses.iter_mut() {
            loss.path = in_messages(chat, &loss.path);
        }
        // What stands in two fields of one dialect may be one of the other.
        let mut told: Vec<(String, LossKind)> = Vec::new();
        losses.retain(|loss| {
            let new = !told.iter().any(|(path, kind)| *path == loss.path && *kind == loss.kind);
            if new {
                told.push((loss.path.clone(), loss.kind));
            }
            new
        });
    }
}

/// The same for the field that a fault is about.
pub fn tell_fault(chat: &Chat, mut fault: Fault) -> Fault {
    if chat.from == Some(DialectId::AnthropicMessages) {
        fault.param = fault.param.map(|path| in_messages(chat, &path));
    }
    fault
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

/// A path of the Messages dialect.
fn in_messages(chat: &Chat, path: &str) -> String {
    if let Some((number, rest)) = indexed(path, "messages") {
        return in_turn(chat, number, rest).unwrap_or_else(|| path.to_owned());
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
fn in_turn(chat: &Chat, number: usize, rest: &str) -> Option<String> {
    let (turn, place) = (chat.turns.get(number)?, chat.places.get(number)?);
    let kinds: [(&str, OfKind); 5] = [
        ("tool_calls", is_call),
        ("thinking_blocks", is_sealed),
        ("reasoning", is_thought),
        ("annotations", is_citation),
        ("content", is_content),
    ];
    let inner = rest.strip_prefix('.').unwrap_or(rest);
    if let Some((PartKind::ToolResult(_), block)) = turn.parts.first().map(|part| &part.kind).zip(place.parts.first()) {
        return Some(in_result(turn, place, block, rest));
    }
    for (name, of_kind) in kinds {
        let Some((at, more)) = indexed(inner, name) else { continue };
        let found = turn.parts.iter().zip(&place.parts).filter(|(part, _)| of_kind(part)).nth(at)?;
        return Some(format!("{}{}", found.1, member(more)));
    }
    let whole = match inner.split('.').next().unwrap_or_default() {
        "reasoning_content" => place_of(turn.parts.iter(), place, |part| is_thought(part) && !is_sealed(part)),
        "thinking_blocks" => place_of(turn.parts.iter(), place, is_sealed),
        // Of content that is one text it stands on the message.
        "cache_control" => place_of(turn.parts.iter(), place, |part| part.cache.is_some()).map(|block| format!("{block}.cache_control")),
        "content" => place_of(turn.parts.iter(), place, is_content),
        _ => None,
    };
    match whole {
        Some(block) => Some(format!("{block}{}", inner.split_once('.').map_or_else(String::new, |(_, more)| format!(".{more}")))),
        None => Some(format!("{}{rest}", place.turn)),
    }
}

/// Of a tool's result the turn is the block, and what is inside has the block's names; but a member of the message stands beside it.
fn in_result(turn: &Turn, place: &Place, block: &str, rest: &str) -> String {
    if let Some(inside) = rest.strip_prefix(".result") {
        return in_block(block, inside);
    }
    let name = rest.strip_prefix('.').unwrap_or(rest);
    if turn.extras.get(name).is_some() { format!("{}{rest}", place.turn) } else { in_block(block, rest) }
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

/// Whether a part is of a kind that is counted on its own.
type OfKind = fn(&Part) -> bool;

fn place_of<'p>(mut parts: impl Iterator<Item = &'p Part>, place: &Place, of_kind: OfKind) -> Option<String> {
    let at = parts.position(of_kind)?;
    place.parts.get(at).cloned()
}

fn is_call(part: &Part) -> bool {
    matches!(part.kind, PartKind::ToolCall(_))
}

fn is_thought(part: &Part) -> bool {
    matches!(part.kind, PartKind::Reasoning(_))
}

fn is_sealed(part: &Part) -> bool {
    matches!(&part.kind, PartKind::Reasoning(thought) if thought.signature.is_some() || thought.encrypted.is_some())
}

fn is_citation(part: &Part) -> bool {
    matches!(part.kind, PartKind::Citation { .. })
}

fn is_content(part: &Part) -> bool {
    !is_call(part) && !is_thought(part) && !is_citation(part)
}

/// `name[3]rest` as the number and the rest.
fn indexed<'p>(path: &'p str, name: &str) -> Option<(usize, &'p str)> {
    let (number, rest) = path.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest))
}
