//! `tools` and `tool_choice`.

use super::take_cache;
use crate::openai_chat::types::{ME, given};
use chat::{Extras, Tool, ToolChoice, ToolKind};
use wire::RawRef;
use wire::object::{FieldError, Fields};

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<Tool>, FieldError> {
    let items = fields.take_items("tools")?.unwrap_or_default();
    items.into_iter().enumerate().map(|(at, item)| read_tool(item).map_err(|error| error.within(&format!("tools[{at}]")))).collect()
}

fn read_tool(item: RawRef<'_>) -> Result<Tool, FieldError> {
    let mut fields = item.fields()?;
    let kind: Option<String> = fields.take_as("type")?;
    match kind.as_deref() {
        Some("function") | None => read_function(fields),
        Some("custom") => read_custom(fields),
        Some(other) => {
            let raw = item.to_raw().map_err(|error| FieldError::new("", error.to_string()))?;
            let name = fields.peek("name").and_then(RawRef::as_str).map_or_else(|| other.to_owned(), std::borrow::Cow::into_owned);
            Ok(Tool { name, ..blank(ToolKind::Native { raw, from: ME }) })
        }
    }
}

fn blank(kind: ToolKind) -> Tool {
    Tool {
        kind,
        name: String::new(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
        extras: Extras::default(),
        inner_extras: Extras::default(),
    }
}

fn read_function(mut fields: Fields<'_>) -> Result<Tool, FieldError> {
    let within = |error: FieldError| error.within("function");
    let mut inner = fields.take_fields("function")?.ok_or_else(|| FieldError::new("function", "is missing"))?;
    let cache = take_cache(&mut fields).or_else(|| take_cache(&mut inner));
    Ok(Tool {
        kind: ToolKind::Function,
        name: inner.require("name").map_err(within)?,
        description: inner.take_as("description").map_err(within)?,
        parameters: inner.take("parameters").filter(|raw| !raw.is_null()),
        strict: inner.take_as("strict").map_err(within)?,
        cache,
        extras: given(fields),
        inner_extras: given(inner),
    })
}

fn read_custom(mut fields: Fields<'_>) -> Result<Tool, FieldError> {
    let within = |error: FieldError| error.within("custom");
    let mut inner = fields.take_fields("custom")?.ok_or_else(|| FieldError::new("custom", "is missing"))?;
    let cache = take_cache(&mut fields);
    let format = inner.take("format").filter(|raw| !raw.is_null());
    Ok(Tool {
        name: inner.require("name").map_err(within)?,
        description: inner.take_as("description").map_err(within)?,
        cache,
        extras: given(fields),
        inner_extras: given(inner),
        ..blank(ToolKind::Custom { format })
    })
}

pub(super) fn read_choice(fields: &mut Fields<'_>) -> Result<Option<ToolChoice>, FieldError> {
    let Some(raw) = fields.take_ref("tool_choice").filter(|raw| !raw.is_null()) else { return Ok(None) };
    let native = || {
        let raw = raw.to_raw().map_err(|error| FieldError::new("tool_choice", error.to_string()))?;
        Ok(Some(ToolChoice::Native { from: ME, raw }))
    };
    match raw.as_str().as_deref() {
        Some("auto") => Ok(Some(ToolChoice::Auto)),
        Some("none") => Ok(Some(ToolChoice::None)),
        Some("required") => Ok(Some(ToolChoice::Required)),
        Some(_) => native(),
        None => match named_choice(raw) {
            Some(choice) => Ok(Some(choice)),
            None if raw.kind() == wire::json::Kind::Object => native(),
            None => Err(FieldError::new("tool_choice", "must be a string or an object")),
        },
    }
}

/// `{"type":"function","function":{"name"}}` or the same for a custom tool, and nothing else in it.
fn named_choice(raw: RawRef<'_>) -> Option<ToolChoice> {
    let mut fields = raw.fields().ok()?;
    let kind = fields.take_ref("type")?.as_str()?;
    let mut inner = fields.take_fields(&kind).ok()??;
    let name = inner.take_ref("name")?.as_str()?.into_owned();
    if !fields.is_empty() || !inner.is_empty() {
        return None;
    }
    match kind.as_ref() {
        "function" => Some(ToolChoice::Function { name }),
        "custom" => Some(ToolChoice::Custom { name }),
        _ => None,
    }
}
