//! `system` and `messages`.

use super::blocks::{self, Block};
use crate::anthropic_messages::types::{HERE, extras};
use chat::{Chat, Extras, Part, PartKind, Place, Role, Turn};
use wire::RawRef;
use wire::json::Kind;
use wire::object::{FieldError, Fields};

pub(super) fn read(fields: &mut Fields<'_>, chat: &mut Chat) -> Result<(), FieldError> {
    if let Some(content) = fields.take_ref("system").filter(|content| !content.is_null()) {
        let (blocks, listed) = read_content(content, "system", "system")?;
        // No system prompt at all is sent as an empty one.
        if listed || blocks.iter().any(|block| !matches!(&block.part.kind, PartKind::Text { text } if text.is_empty())) {
            push(chat, Role::System, blocks, listed, "system");
        }
    }
    let items = fields.take_items("messages")?.ok_or_else(|| FieldError::new("messages", "is missing"))?;
    if items.is_empty() {
        return Err(FieldError::new("messages", "must have at least one message"));
    }
    for (at, item) in items.into_iter().enumerate() {
        let place = format!("messages[{at}]");
        read_message(item, &place, chat).map_err(|error| error.within(&place))?;
    }
    Ok(())
}

fn read_message(item: RawRef<'_>, place: &str, chat: &mut Chat) -> Result<(), FieldError> {
    let mut fields = item.fields()?;
    let role: String = fields.require("role")?;
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => {
            let shown: String = other.chars().take(32).collect();
            return Err(FieldError::new("role", format!("is \"{shown}\"; must be one of user, assistant, system")));
        }
    };
    let content = fields.take_ref("content").ok_or_else(|| FieldError::new("content", "is missing"))?;
    let (blocks, listed) = read_content(content, "content", &format!("{place}.content"))?;
    let first = chat.turns.len();
    push(chat, role, blocks, listed, place);
    if let Some(turn) = chat.turns.get_mut(first) {
        turn.extras = extras(fields);
    }
    Ok(())
}

/// The blocks, each with its place, and whether they came as a list. A text is one block.
fn read_content(raw: RawRef<'_>, name: &str, place: &str) -> Result<(Vec<Block>, bool), FieldError> {
    match raw.kind() {
        Kind::String => {
            let text = raw.as_str().ok_or_else(|| FieldError::new(name, "must be a string of Unicode text"))?;
            Ok((vec![Block { part: Part::text(text), citations: Vec::new(), place: place.to_owned() }], false))
        }
        Kind::Array => {
            let items = raw.items().map_err(|error| FieldError::from(error).within(name))?;
            let blocks = items
                .into_iter()
                .enumerate()
                .map(|(at, item)| blocks::read(item, format!("{place}[{at}]")).map_err(|error| error.within(&format!("{name}[{at}]"))));
            Ok((blocks.collect::<Result<_, _>>()?, true))
        }
        _ => Err(FieldError::new(name, "must be a string or a list of content blocks")),
    }
}

/// The turns of one message: each result of a tool is a turn of its own, what stands between results is another.
fn push(chat: &mut Chat, role: Role, blocks: Vec<Block>, listed: bool, place: &str) {
    let mut open = false;
    if blocks.is_empty() {
        begin(chat, role, listed, place.to_owned());
    }
    for block in blocks {
        let is_result = matches!(block.part.kind, PartKind::ToolResult(_));
        if is_result {
            begin(chat, Role::Tool, false, place.to_owned());
        } else if !open {
            begin(chat, role, listed, place.to_owned());
        }
        open = !is_result;
        let (Some(turn), Some(at)) = (chat.turns.last_mut(), chat.places.last_mut()) else { continue };
        turn.parts.push(block.part);
        at.parts.push(block.place.clone());
        for (n, citation) in block.citations.into_iter().enumerate() {
            turn.parts.push(Part::new(PartKind::Citation { raw: citation, from: HERE }));
            at.parts.push(format!("{}.citations[{n}]", block.place));
        }
    }
}

fn begin(chat: &mut Chat, role: Role, listed: bool, place: String) {
    chat.turns.push(Turn { role, parts: Vec::new(), name: None, listed, extras: Extras::default() });
    chat.places.push(Place { turn: place, parts: Vec::new() });
}
