//! Tools and tool choice.

use super::check::{self, Object};
use super::models::Model;
use super::refusal::Refusal;
use super::{cache, schema};
use crate::author::{Choice, Tool};
use serde_json::Value;

pub(super) fn read(body: &Object, markers: &mut cache::Markers) -> Result<Vec<Tool>, Refusal> {
    let Some(value) = check::given(body, "tools") else { return Ok(Vec::new()) };
    let mut tools: Vec<Tool> = Vec::new();
    for (at, item) in check::list(value, "tools")?.iter().enumerate() {
        let path = format!("tools.{at}");
        let item = check::object(item, &path)?;
        markers.pass(crate::tokens::of_input(&Value::Object(item.clone()).to_string()));
        markers.read(item, &path)?;
        match check::given(item, "type").map(|kind| check::text(kind, &format!("{path}.type"))).transpose()? {
            None | Some("custom") => tools.push(custom(item, &format!("{path}.custom"))?),
            Some(kind) if kind.bytes().any(|byte| byte.is_ascii_digit()) => drop(check::required_text(item, "name", &path)?),
            Some(kind) => {
                return Err(Refusal::field(
                    &path,
                    &format!("Input tag '{kind}' found using 'type' does not match any of the expected tags"),
                ));
            }
        }
    }
    let duplicate = tools.iter().enumerate().any(|(at, tool)| tools.iter().take(at).any(|earlier| earlier.name == tool.name));
    if duplicate { Err(Refusal::field("tools", "Tool names must be unique.")) } else { Ok(tools) }
}

fn custom(item: &Object, path: &str) -> Result<Tool, Refusal> {
    check::closed(
        item,
        path,
        &["type", "name", "description", "input_schema", "strict", "cache_control", "eager_input_streaming", "input_examples"],
    )?;
    let name = check::required_text(item, "name", path)?;
    check::identifier(name, &format!("{path}.name"), 128)?;
    if let Some(description) = check::given(item, "description") {
        check::text(description, &format!("{path}.description"))?;
    }
    let schema_path = format!("{path}.input_schema");
    let input_schema = check::required(item, "input_schema", path)?;
    let members = check::object(input_schema, &schema_path)?;
    let kind_path = format!("{schema_path}.type");
    let kind = members.get("type").ok_or_else(|| Refusal::field(&kind_path, "Field required"))?;
    check::one_of(kind, &kind_path, &["object"])?;
    if check::flag(item, "strict", path)?.unwrap_or(false) {
        schema::check(input_schema, path)?;
    }
    Ok(Tool { name: name.to_owned(), schema: Some(input_schema.clone()) })
}

/// The choice, and whether several calls at once are allowed.
pub(super) fn choice(body: &Object, tools: &[Tool], model: &Model, manual_thinking: bool) -> Result<(Choice, bool), Refusal> {
    let Some(value) = check::given(body, "tool_choice") else { return Ok((Choice::Auto, true)) };
    let choice = check::object(value, "tool_choice")?;
    let kind = check::one_of(check::required(choice, "type", "tool_choice")?, "tool_choice.type", &["auto", "any", "tool", "none"])?;
    let known: &[&str] = match kind {
        "tool" => &["type", "name", "disable_parallel_tool_use"],
        "none" => &["type"],
        _ => &["type", "disable_parallel_tool_use"],
    };
    check::closed(choice, &format!("tool_choice.{kind}"), known)?;
    if tools.is_empty() && check::given(body, "tools").is_none() && kind != "none" {
        return Err(Refusal::field("tool_choice", "tool_choice may only be specified while providing tools."));
    }
    let parallel = !check::flag(choice, "disable_parallel_tool_use", "tool_choice")?.unwrap_or(false);
    if matches!(kind, "any" | "tool") {
        if !model.forced_tools {
            return Err(Refusal::invalid(&format!("tool_choice: '{kind}' is not supported for this model. Use 'auto' or 'none'.")));
        }
        if manual_thinking {
            return Err(Refusal::invalid("Thinking may not be enabled when tool_choice forces tool use."));
        }
    }
    let choice = match kind {
        "none" => Choice::None,
        "any" => Choice::Required,
        "tool" => {
            let name = check::required_text(choice, "name", "tool_choice.tool")?;
            if !tools.iter().any(|tool| tool.name == name) {
                return Err(Refusal::invalid(&format!("Tool '{name}' not found in provided tools")));
            }
            Choice::Named(name.to_owned())
        }
        _ => Choice::Auto,
    };
    Ok((choice, parallel))
}
