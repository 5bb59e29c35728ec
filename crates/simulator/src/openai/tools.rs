//! Tools and tool choice of a chat request.

use super::check::{self, Object};
use super::refusal::Refusal;
use crate::author::{Choice, Tool};
use crate::tokens;
use serde_json::{Value, json};

const MOST: usize = 128;

pub(crate) fn read(body: &Object) -> Result<Vec<Tool>, Refusal> {
    let Some(value) = check::given(body, "tools") else { return Ok(Vec::new()) };
    let items = check::list(value, "tools", "an array of objects")?;
    if items.is_empty() {
        let problem = "empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Refusal::invalid("tools", problem, "empty_array"));
    }
    if items.len() > MOST {
        let problem =
            format!("array too long. Expected an array with maximum length {MOST}, but got an array with length {} instead.", items.len());
        return Err(Refusal::invalid("tools", &problem, "array_above_max_length"));
    }
    items.iter().enumerate().map(|(at, item)| tool(item, &format!("tools[{at}]"))).collect()
}

fn tool(value: &Value, path: &str) -> Result<Tool, Refusal> {
    let outer = check::object(value, path)?;
    let kind_path = format!("{path}.type");
    let kind = check::given(outer, "type").ok_or_else(|| Refusal::missing(&kind_path))?;
    let kind = check::one_of(kind, &kind_path, &["function", "custom"])?;
    check::closed(outer, path, &["type", kind])?;
    let path = format!("{path}.{kind}");
    let inner = check::object(check::given(outer, kind).ok_or_else(|| Refusal::missing(&path))?, &path)?;
    let name = check::required_text(inner, "name", &path)?;
    check::identifier(name, &format!("{path}.name"))?;
    if let Some(description) = check::given(inner, "description") {
        check::text(description, &format!("{path}.description"))?;
    }
    if kind == "custom" {
        check::closed(inner, &path, &["name", "description", "format"])?;
        return Ok(Tool { name: name.to_owned(), schema: None });
    }
    check::closed(inner, &path, &["name", "description", "parameters", "strict"])?;
    let schema = check::given(inner, "parameters").cloned().unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    check_parameters(&schema, name, &path)?;
    if check::flag(inner, "strict")?.unwrap_or(false) {
        check_strict(
            &schema,
            &format!("Invalid schema for function '{name}'"),
            &format!("{path}.parameters"),
            "invalid_function_parameters",
        )?;
    }
    Ok(Tool { name: name.to_owned(), schema: Some(schema) })
}

pub(crate) fn check_parameters(schema: &Value, name: &str, path: &str) -> Result<(), Refusal> {
    let path = format!("{path}.parameters");
    let members = check::object(schema, &path)?;
    match members.get("type").and_then(Value::as_str) {
        Some("object") => Ok(()),
        None if members.is_empty() || members.contains_key("$ref") || members.contains_key("anyOf") => Ok(()),
        other => {
            let got = other.unwrap_or("None");
            let message =
                format!("Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{got}\"'.");
            Err(Refusal::new(400, message).param(path).code("invalid_function_parameters"))
        }
    }
}

/// Strict schemas: every object is closed and requires all its properties.
pub(crate) fn check_strict(schema: &Value, subject: &str, param: &str, code: &'static str) -> Result<(), Refusal> {
    match strict_problem(schema, &mut Vec::new()) {
        Some(problem) => Err(Refusal::new(400, format!("{subject}: {problem}")).param(param.to_owned()).code(code)),
        None => Ok(()),
    }
}

fn strict_problem(schema: &Value, context: &mut Vec<String>) -> Option<String> {
    let members = schema.as_object()?;
    if let Some(properties) = members.get("properties").and_then(Value::as_object) {
        if members.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Some(format!("In context={}, 'additionalProperties' is required to be supplied and to be false.", show(context)));
        }
        let required: Vec<&str> =
            members.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(missing) = properties.keys().find(|name| !required.contains(&name.as_str())) {
            return Some(format!(
                "In context={}, 'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'.",
                show(context)
            ));
        }
    }
    members.iter().find_map(|(key, value)| {
        context.push(key.clone());
        let problem = match (key.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(inner)) => inner.iter().find_map(|(name, schema)| {
                context.push(name.clone());
                let problem = strict_problem(schema, context);
                context.pop();
                problem
            }),
            ("items", schema) => strict_problem(schema, context),
            ("anyOf", Value::Array(options)) => options.iter().find_map(|schema| strict_problem(schema, context)),
            _ => None,
        };
        context.pop();
        problem
    })
}

/// A Python tuple, as OpenAI prints it.
fn show(context: &[String]) -> String {
    match context {
        [] => "()".to_owned(),
        [only] => format!("('{only}',)"),
        several => format!("('{}')", several.join("', '")),
    }
}

pub(crate) fn choice(body: &Object, tools: &[Tool]) -> Result<Choice, Refusal> {
    let Some(value) = check::given(body, "tool_choice") else { return Ok(Choice::Auto) };
    if tools.is_empty() {
        return Err(Refusal::new(
            400,
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.".to_owned(),
        )
        .param("tool_choice"));
    }
    match value {
        Value::String(_) => Ok(match check::one_of(value, "tool_choice", &["none", "auto", "required"])? {
            "none" => Choice::None,
            "required" => Choice::Required,
            _ => Choice::Auto,
        }),
        Value::Object(choice) => object_choice(choice, tools),
        other => Err(Refusal::invalid_type("tool_choice", "one of a string or an object", other)),
    }
}

fn object_choice(choice: &Object, tools: &[Tool]) -> Result<Choice, Refusal> {
    let kind = check::given(choice, "type").ok_or_else(|| Refusal::missing("tool_choice.type"))?;
    let kind = check::one_of(kind, "tool_choice.type", &["function", "custom", "allowed_tools"])?;
    let path = format!("tool_choice.{kind}");
    let inner = check::object(check::given(choice, kind).ok_or_else(|| Refusal::missing(&path))?, &path)?;
    if kind == "allowed_tools" {
        return allowed(inner, &path);
    }
    let name = check::required_text(inner, "name", &path)?;
    if tools.iter().any(|tool| tool.name == name) {
        return Ok(Choice::Named(name.to_owned()));
    }
    Err(Refusal::new(400, format!("Tool choice '{name}' not found in 'tools' parameter.")).param("tool_choice"))
}

fn allowed(inner: &Object, path: &str) -> Result<Choice, Refusal> {
    let mode_path = format!("{path}.mode");
    let mode = check::one_of(check::given(inner, "mode").ok_or_else(|| Refusal::missing(&mode_path))?, &mode_path, &["auto", "required"])?;
    let tools_path = format!("{path}.tools");
    let tools =
        check::list(check::given(inner, "tools").ok_or_else(|| Refusal::missing(&tools_path))?, &tools_path, "an array of objects")?;
    let name_of = |tool: &Value| {
        tool.get("function").or(tool.get("custom")).and_then(|inner| inner.get("name")).and_then(Value::as_str).map(str::to_owned)
    };
    Ok(Choice::Allowed { names: tools.iter().filter_map(name_of).collect(), required: mode == "required" })
}

pub(crate) fn tokens(body: &Object) -> u64 {
    check::given(body, "tools").map_or(0, |tools| tokens::of_input(&tools.to_string()))
}
