//! Content blocks.

use super::markers;
use crate::anthropic_messages::types::{HERE, extras, owned, type_of};
use chat::{DialectId, Extras, Part, PartKind, ReasoningPart, Source, ToolCall, ToolResult};
use wire::json::Kind;
use wire::object::{FieldError, Fields};
use wire::{Raw, RawRef};

/// One block: its part, the sources that a text rests on, and where it stood.
pub(super) struct Block {
    pub(super) part: Part,
    pub(super) citations: Vec<Raw>,
    pub(super) place: String,
}

pub(super) fn read(item: RawRef<'_>, place: String) -> Result<Block, FieldError> {
    let mut citations = Vec::new();
    let part = read_part(item, &mut citations)?;
    Ok(Block { part, citations, place })
}

fn read_part(item: RawRef<'_>, citations: &mut Vec<Raw>) -> Result<Part, FieldError> {
    let kind = type_of(item);
    let mut fields = item.fields()?;
    let kind = kind.ok_or_else(|| FieldError::new("type", "is missing"))?;
    let known = match kind.as_str() {
        "text" => {
            let text = fields.require("text")?;
            for citation in fields.take_items("citations")?.unwrap_or_default() {
                citations.push(owned(citation)?);
            }
            Some(PartKind::Text { text })
        }
        "image" => take_source(&mut fields)?.map(|source| PartKind::Image { source, detail: None }),
        "document" => match take_source(&mut fields)? {
            Some(source) => Some(PartKind::File { source, filename: fields.take_as("title")? }),
            None => None,
        },
        "tool_use" => Some(PartKind::ToolCall(read_call(&mut fields)?)),
        "tool_result" => Some(PartKind::ToolResult(read_result(&mut fields)?)),
        "thinking" => Some(PartKind::Reasoning(read_thought(&mut fields)?)),
        "redacted_thinking" => {
            let encrypted = Some(fields.require("data")?);
            Some(PartKind::Reasoning(ReasoningPart { text: String::new(), signature: None, encrypted, from: HERE }))
        }
        _ => None,
    };
    // The provider's own tools and their results, and whatever comes next: whole, for this dialect alone.
    let Some(kind) = known else { return Ok(Part::new(PartKind::Native { raw: owned(item)?, from: HERE })) };
    fields.take_ref("type");
    let cache = markers::take(&mut fields);
    Ok(Part { kind, cache, extras: extras(fields) })
}

/// Where the bytes are; none for a source of another form than these, whose block stays as it came.
fn take_source(fields: &mut Fields<'_>) -> Result<Option<Source>, FieldError> {
    let within = |error: FieldError| error.within("source");
    let raw = fields.peek("source").filter(|raw| !raw.is_null()).ok_or_else(|| FieldError::new("source", "is missing"))?;
    let mut source = raw.fields().map_err(|error| within(error.into()))?;
    let kind: String = source.require("type").map_err(within)?;
    let read = match kind.as_str() {
        "base64" => {
            Source::Base64 { media_type: source.take_as("media_type").map_err(within)?, data: source.require("data").map_err(within)? }
        }
        "url" => Source::Url { url: source.require("url").map_err(within)? },
        "file" => Source::FileId { id: source.require("file_id").map_err(within)? },
        "text" => Source::Text { media_type: source.take_as("media_type").map_err(within)?, text: source.require("data").map_err(within)? },
        _ => return Ok(None),
    };
    if !source.is_empty() {
        return Ok(None);
    }
    fields.take_ref("source");
    Ok(Some(read))
}

fn read_call(fields: &mut Fields<'_>) -> Result<ToolCall, FieldError> {
    let (id, name) = (fields.require("id")?, fields.require("name")?);
    let input = fields.take_ref("input").filter(|input| !input.is_null());
    if input.is_some_and(|input| input.kind() != Kind::Object) {
        return Err(FieldError::new("input", "must be an object"));
    }
    let arguments = input.map_or("{}", RawRef::text).to_owned();
    Ok(ToolCall { id, name, arguments, custom: false, inner_extras: Extras::default() })
}

fn read_result(fields: &mut Fields<'_>) -> Result<ToolResult, FieldError> {
    let call_id = fields.require("tool_use_id")?;
    let is_error = fields.take_as("is_error")?;
    let Some(content) = fields.take_ref("content").filter(|content| !content.is_null()) else {
        return Ok(ToolResult { call_id, parts: Vec::new(), listed: false, is_error });
    };
    let (parts, listed) = match content.kind() {
        Kind::String => {
            let text = content.as_str().ok_or_else(|| FieldError::new("content", "must be a string of Unicode text"))?;
            (vec![Part::text(text)], false)
        }
        Kind::Array => (read_inner(content)?, true),
        _ => return Err(FieldError::new("content", "must be a string or a list of content blocks")),
    };
    Ok(ToolResult { call_id, parts, listed, is_error })
}

fn read_inner(content: RawRef<'_>) -> Result<Vec<Part>, FieldError> {
    let items = content.items().map_err(|error| FieldError::from(error).within("content"))?;
    let mut parts = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        let within = |error: FieldError| error.within(&format!("content[{at}]"));
        let mut citations = Vec::new();
        let part = read_part(item, &mut citations).map_err(within)?;
        // What a result may not hold, and a text with sources, which has no place inside one: as they came.
        let plain = matches!(part.kind, PartKind::Text { .. } | PartKind::Image { .. } | PartKind::File { .. } | PartKind::Native { .. });
        parts.push(match plain && citations.is_empty() {
            true => part,
            false => Part::new(PartKind::Native { raw: owned(item).map_err(within)?, from: HERE }),
        });
    }
    Ok(parts)
}

/// A thought without a signature is one that this dialect's provider did not have: it goes back where thought is plain text.
fn read_thought(fields: &mut Fields<'_>) -> Result<ReasoningPart, FieldError> {
    let text = fields.take_as("thinking")?.unwrap_or_default();
    let signature = fields.take_as::<String>("signature")?.filter(|signature| !signature.is_empty());
    let from = if signature.is_some() { HERE } else { DialectId::OpenaiChat };
    Ok(ReasoningPart { text, signature, encrypted: None, from })
}
