//! `tools` and `tool_choice`.

use super::markers;
use crate::anthropic_messages::types::{HERE, extras, owned};
use chat::{Extras, Tool, ToolChoice, ToolKind};
use wire::RawRef;
use wire::object::{FieldError, Fields};

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<Tool>, FieldError> {
    let items = fields.take_items("tools")?.unwrap_or_default();
    items.into_iter().enumerate().map(|(at, item)| read_tool(item).map_err(|error| error.within(&format!("tools[{at}]")))).collect()
}

/// The caller's own tool, or one of the provider's, which has a type and goes to this dialect alone.
fn read_tool(item: RawRef<'_>) -> Result<Tool, FieldError> {
    let mut fields = item.fields()?;
    let kind: Option<String> = fields.take_as("type")?;
    if let Some(kind) = kind.filter(|kind| kind != "custom") {
        let name = fields.take_as("name")?.unwrap_or(kind);
        return Ok(tool(name, ToolKind::Native { raw: owned(item)?, from: HERE }));
    }
    let mut tool = tool(fields.require("name")?, ToolKind::Function);
    tool.description = fields.take_as("description")?;
    tool.parameters = fields.take("input_schema").filter(|schema| !schema.is_null());
    // `false` is the default.
    tool.strict = fields.take_as("strict")?.filter(|strict| *strict);
    tool.cache = markers::take(&mut fields);
    tool.extras = extras(fields);
    Ok(tool)
}

fn tool(name: String, kind: ToolKind) -> Tool {
    Tool {
        kind,
        name,
        description: None,
        parameters: None,
        strict: None,
        cache: None,
        extras: Extras::default(),
        inner_extras: Extras::default(),
    }
}

/// The choice, and whether several calls may come at once.
pub(super) fn read_choice(fields: &mut Fields<'_>) -> Result<(Option<ToolChoice>, Option<bool>), FieldError> {
    const NAME: &str = "tool_choice";
    let Some(raw) = fields.take_ref(NAME).filter(|raw| !raw.is_null()) else { return Ok((None, None)) };
    let within = |error: FieldError| error.within(NAME);
    let mut choice = raw.fields().map_err(|error| within(error.into()))?;
    let kind: String = choice.require("type").map_err(within)?;
    let single: Option<bool> = choice.take_as("disable_parallel_tool_use").map_err(within)?;
    let read = match kind.as_str() {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        "any" => Some(ToolChoice::Required),
        "tool" => Some(ToolChoice::Function { name: choice.require("name").map_err(within)? }),
        _ => None,
    };
    match read {
        Some(read) if choice.is_empty() => Ok((Some(read), single.map(|single| !single))),
        _ => Ok((Some(ToolChoice::Native { from: HERE, raw: owned(raw).map_err(within)? }), None)),
    }
}
