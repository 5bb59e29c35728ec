//! `messages`.

use super::parts;
use super::take_cache;
use crate::openai_chat::read_reply::{read_audio_reference, read_reasoning, read_tool_call};
use crate::openai_chat::types::{ME, given};
use chat::{Part, PartKind, Role, ToolResult, Turn};
use wire::RawRef;
use wire::object::{FieldError, Fields};

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<Turn>, FieldError> {
    let items = fields.take_items("messages")?.ok_or_else(|| FieldError::new("messages", "is missing"))?;
    if items.is_empty() {
        return Err(FieldError::new("messages", "must have at least one message"));
    }
    items.into_iter().enumerate().map(|(at, item)| read_turn(item).map_err(|error| error.within(&format!("messages[{at}]")))).collect()
}

fn read_turn(item: RawRef<'_>) -> Result<Turn, FieldError> {
    let mut fields = item.fields()?;
    let role: String = fields.require("role")?;
    let role = match role.as_str() {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => return read_legacy(item),
        other => {
            let known = "must be one of system, developer, user, assistant, tool";
            return Err(FieldError::new("role", format!("is \"{}\"; {known}", other.chars().take(32).collect::<String>())));
        }
    };
    let name = fields.take_as("name")?;
    let cache = take_cache(&mut fields);
    let (mut parts, mut listed) = parts::read_content(&mut fields)?;
    match role {
        Role::Tool => {
            let call_id = fields.take_as("tool_call_id")?.unwrap_or_default();
            parts = vec![Part::new(PartKind::ToolResult(ToolResult { call_id, parts, listed, is_error: None }))];
            listed = false;
        }
        Role::Assistant => parts = assistant_parts(&mut fields, parts)?,
        Role::System | Role::Developer | Role::User => {}
    }
    if let (Some(cache), Some(last)) = (cache, parts.last_mut()) {
        last.cache.get_or_insert(cache);
    }
    Ok(Turn { role, parts, name, listed, extras: given(fields) })
}

/// The result of a deprecated function call: nothing ties it to a call, so other dialects cannot carry it.
fn read_legacy(item: RawRef<'_>) -> Result<Turn, FieldError> {
    let raw = item.to_raw().map_err(|error| FieldError::new("", error.to_string()))?;
    let part = Part::new(PartKind::Native { raw, from: ME });
    Ok(Turn { role: Role::Tool, parts: vec![part], name: None, listed: false, extras: chat::Extras::default() })
}

/// Thought first, as it came before what was said; then content, refusal, sound and calls.
fn assistant_parts(fields: &mut Fields<'_>, content: Vec<Part>) -> Result<Vec<Part>, FieldError> {
    let mut parts = read_reasoning(fields);
    parts.extend(content);
    if let Some(text) = fields.take_as("refusal")? {
        parts.push(Part::new(PartKind::Refusal { text }));
    }
    if let Some(audio) = fields.take_fields("audio")? {
        parts.push(read_audio_reference(audio));
    }
    for (at, item) in fields.take_items("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        let call = read_tool_call(item).ok_or_else(|| FieldError::new(format!("tool_calls[{at}]"), "is not a tool call"))?;
        // A call of an unknown form is told from content by its identity.
        if matches!(&call.kind, PartKind::Native { raw, .. } if !raw.fields().is_ok_and(|fields| fields.peek("id").is_some())) {
            return Err(FieldError::new(format!("tool_calls[{at}].id"), "is missing"));
        }
        parts.push(call);
    }
    Ok(parts)
}
