//! Parts into content blocks.

use super::draft::{Block, BlockKind, Draft};
use super::{media, object, places};
use crate::anthropic_messages::types::{HERE, VERSION_WITHOUT_SAMPLING, type_of};
use chat::{Fault, Part, PartKind, ReasoningPart, Role, ToolCall, ToolResult, Turn};
use wire::json::Kind;
use wire::{Raw, RawRef};

const NO_SOUND: &str = "The provider takes no audio or video: send the words as text.";
const NO_MARKER: &str = "the provider takes no cache marker here";

/// The block of one part; none for what says nothing or cannot be carried. `citations` are those of a text.
pub(super) fn block(draft: &mut Draft<'_>, turn: &Turn, part: &Part, place: &str, citations: &[&Raw]) -> Result<Option<Block>, Fault> {
    let own = matches!(part.kind, PartKind::Text { .. }) || matches!(part.kind, PartKind::Native { from, .. } if from == HERE);
    let foreign_to_system = matches!(turn.role, Role::System | Role::Developer) && !own;
    if foreign_to_system {
        draft.losses.dropped(place, "the provider takes text alone in a system turn");
        return Ok(None);
    }
    let written = match &part.kind {
        PartKind::Text { text } => text_block(draft, turn, part, text, place, citations)?,
        PartKind::Refusal { text } => {
            draft.losses.approximated(place, "a refusal of an earlier turn is sent as text");
            text_block(draft, turn, part, text, place, &[])?
        }
        PartKind::Image { .. } | PartKind::File { .. } | PartKind::Audio { .. } if turn.role == Role::Assistant => {
            draft.losses.dropped(place, "the provider takes media from the user alone");
            None
        }
        PartKind::Image { .. } | PartKind::File { .. } | PartKind::Audio { .. } => media_block(draft, part, place)?,
        PartKind::ToolCall(call) => Some(tool_use(draft, part, call, place)?),
        PartKind::ToolResult(result) => Some(tool_result(draft, part, result, place)?),
        PartKind::Reasoning(thought) => thinking(draft, part, thought, place)?,
        PartKind::Citation { from, .. } => {
            if *from != HERE {
                draft.losses.dropped(place, "a source that another provider cited");
            }
            None
        }
        PartKind::Native { raw, from } => native(draft, raw, *from == HERE, place)?,
    };
    tell_extras(draft, part, place, written.is_some());
    if part.cache.is_none() {
        return Ok(written);
    }
    let markable = written.as_ref().is_some_and(|block| block.kind != BlockKind::Thinking);
    if !markable {
        draft.losses.dropped(format!("{place}.cache_control"), NO_MARKER);
    }
    Ok(written.map(|block| if markable { block.marked(part.cache.as_ref()) } else { block }))
}

fn text_block(
    draft: &mut Draft<'_>,
    turn: &Turn,
    part: &Part,
    text: &str,
    place: &str,
    citations: &[&Raw],
) -> Result<Option<Block>, Fault> {
    if text.trim().is_empty() {
        if !text.is_empty() {
            draft.losses.dropped(place, "a text of whitespace alone, which the provider refuses");
        }
        return Ok(None);
    }
    let refused = turn.role != Role::Assistant && draft.target.version.is_some_and(|version| version >= VERSION_WITHOUT_SAMPLING);
    if refused && !citations.is_empty() {
        draft.losses.dropped(format!("{place}.citations"), "this API version takes no citations from the user");
    }
    let json = object(|block| {
        block.member("type", "text").member("text", text);
        if !citations.is_empty() && !refused {
            block.member("citations", citations);
        }
        block.extend(part.extras.of(HERE));
    })?;
    Ok(Some(Block::new(BlockKind::Text, json, place)))
}

/// The same text block without whitespace at its end; none where there is none, or where nothing would be left.
pub(super) fn trimmed(block: &Block) -> Result<Option<Block>, Fault> {
    let Ok(mut fields) = wire::object::Fields::parse(block.json()) else { return Ok(None) };
    let text: String = fields.take_as("text").ok().flatten().unwrap_or_default();
    let kept = text.trim_end();
    if kept.len() == text.len() || kept.is_empty() {
        return Ok(None);
    }
    fields.take_ref("type");
    let json = object(|object| {
        object.member("type", "text").member("text", kept).extend(&fields.rest());
    })?;
    Ok(Some(Block::new(BlockKind::Text, json, block.place.clone()).marked(block.cache.as_ref())))
}

fn media_block(draft: &mut Draft<'_>, part: &Part, place: &str) -> Result<Option<Block>, Fault> {
    match &part.kind {
        PartKind::Image { source, detail } => {
            if detail.as_deref().is_some_and(|detail| detail != "auto") {
                draft.losses.dropped(format!("{place}.image_url.detail"), "the provider chooses the resolution itself");
            }
            media::image(source, part, place).map(Some)
        }
        PartKind::File { source, filename } => media::document(draft, source, filename.as_deref(), part, place).map(Some),
        _ => Err(Fault::unsupported(place, NO_SOUND)),
    }
}

fn tool_use(draft: &mut Draft<'_>, part: &Part, call: &ToolCall, place: &str) -> Result<Block, Fault> {
    let (id, name) = (draft.ids.sent(&call.id), draft.tools.sent(&call.name));
    draft.losses.extras(&format!("{place}.function"), &call.inner_extras);
    let text = call.arguments.trim();
    let whole = RawRef::parse(text).is_ok_and(|value| value.kind() == Kind::Object);
    let json = object(|block| {
        block.member("type", "tool_use").member("id", &id).member("name", &name);
        match text {
            "" => block.json("input", "{}"),
            text if whole => block.json("input", text),
            _ => block.object("input", |input| {
                input.member("input", &call.arguments);
            }),
        };
        block.extend(part.extras.of(HERE));
    })?;
    if !text.is_empty() && !whole {
        let member = if call.custom { "custom.input" } else { "function.arguments" };
        draft.losses.approximated(format!("{place}.{member}"), "not a JSON object: sent as the text member `input` of one");
    }
    Ok(Block::new(BlockKind::ToolUse, json, place))
}

fn tool_result(draft: &mut Draft<'_>, part: &Part, result: &ToolResult, place: &str) -> Result<Block, Fault> {
    let id = draft.ids.sent(&result.call_id);
    let mut inner = Vec::with_capacity(result.parts.len());
    let mut marker = None;
    for (part, part_place) in result.parts.iter().zip(places::of_result(place, &result.parts, result.listed)) {
        if let Some(mut block) = result_part(draft, part, &part_place)? {
            // A marker inside counts like one on the result, which is where the prefix can be cut.
            marker = block.cache.take().or(marker);
            inner.push(block);
        }
    }
    let json = object(|block| {
        block.member("type", "tool_result").member("tool_use_id", &id);
        if !inner.is_empty() {
            block.array("content", |content| {
                for block in &inner {
                    content.json(&block.with_marker());
                }
            });
        }
        block.optional("is_error", &result.is_error).extend(part.extras.of(HERE));
    })?;
    Ok(Block::new(BlockKind::ToolResult, json, place).marked(marker.as_ref()))
}

fn result_part(draft: &mut Draft<'_>, part: &Part, place: &str) -> Result<Option<Block>, Fault> {
    let written = match &part.kind {
        PartKind::Text { text } => {
            let turn = Turn { role: Role::Tool, parts: Vec::new(), name: None, listed: true, extras: chat::Extras::default() };
            text_block(draft, &turn, part, text, place, &[])?
        }
        PartKind::Image { .. } | PartKind::File { .. } | PartKind::Audio { .. } => media_block(draft, part, place)?,
        PartKind::Native { raw, from } => native(draft, raw, *from == HERE, place)?,
        _ => {
            draft.losses.dropped(place, "the provider takes text, images and documents in a tool's result");
            None
        }
    };
    tell_extras(draft, part, place, written.is_some());
    if written.is_none() && part.cache.is_some() {
        draft.losses.dropped(format!("{place}.cache_control"), NO_MARKER);
    }
    Ok(written.map(|block| block.marked(part.cache.as_ref())))
}

/// Members of a part that are not in its block. (A document tells its own: some of another dialect's it knows.)
fn tell_extras(draft: &mut Draft<'_>, part: &Part, place: &str, written: bool) {
    if !(written && matches!(part.kind, PartKind::File { .. })) {
        draft.losses.extras(place, &part.extras);
    }
    if !written || matches!(part.kind, PartKind::Native { .. }) {
        for (name, _) in part.extras.of(HERE) {
            draft.losses.dropped(format!("{place}.{name}"), "its part is not sent");
        }
    }
}

/// Thoughts go back unchanged, to the one who can check the signature.
fn thinking(draft: &mut Draft<'_>, part: &Part, thought: &ReasoningPart, place: &str) -> Result<Option<Block>, Fault> {
    let ours = thought.from == HERE;
    let json = match (&thought.encrypted, &thought.signature) {
        (Some(data), _) if ours => object(|block| {
            block.member("type", "redacted_thinking").member("data", data).extend(part.extras.of(HERE));
        })?,
        (None, Some(signature)) if ours => object(|block| {
            block.member("type", "thinking").member("thinking", &thought.text).member("signature", signature).extend(part.extras.of(HERE));
        })?,
        _ => {
            draft.losses.dropped(place, "thought without this provider's signature, which it refuses");
            return Ok(None);
        }
    };
    Ok(Some(Block::new(BlockKind::Thinking, json, place)))
}

/// Blocks of the provider's own that a caller of another dialect may send as content.
const OWN_BLOCKS: &[&str] = &["container_upload", "document", "image", "search_result"];

fn native(draft: &mut Draft<'_>, raw: &Raw, ours: bool, place: &str) -> Result<Option<Block>, Fault> {
    let kind = type_of(raw.by_ref()).unwrap_or_default();
    if raw.by_ref().kind() == Kind::Object && (ours || OWN_BLOCKS.contains(&kind.as_str())) {
        return Ok(Some(Block::new(BlockKind::Other, raw.text().trim().to_owned(), place)));
    }
    if kind.contains("video") || kind.contains("audio") {
        return Err(Fault::unsupported(place, NO_SOUND));
    }
    draft.losses.dropped(place, "a part that this provider does not know");
    Ok(None)
}
