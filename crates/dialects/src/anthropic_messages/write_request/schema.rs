//! JSON Schema cut to the subset that the provider compiles: what it has no keyword for moves into descriptions, where the model reads it.

use super::draft::Losses;
use chat::Fault;
use serde_json::{Map, Value};
use std::collections::HashSet;
use wire::Raw;

pub(super) enum Rewritten {
    /// Within the subset as it is.
    Same,
    Changed(String),
    /// Refers to itself, which the provider refuses.
    Recursive,
}

const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];
/// Keywords that stay as they are. (`$schema` is accepted and ignored.)
const KEPT: &[&str] = &["type", "enum", "const", "required", "description", "title", "$ref", "$schema"];

/// Rewrites a schema; `place` is where it stands in the caller's request.
pub(super) fn rewrite(schema: &Raw, place: &str, losses: &mut Losses) -> Result<Rewritten, Fault> {
    let original: Value = schema.read().map_err(|error| Fault::invalid(place, format!("The schema is malformed: {error}")))?;
    if is_recursive(&original, &original, &mut Vec::new(), &mut HashSet::new()) {
        return Ok(Rewritten::Recursive);
    }
    let mut cut = original.clone();
    narrow(&mut cut, place, losses);
    Ok(if cut == original { Rewritten::Same } else { Rewritten::Changed(cut.to_string()) })
}

fn narrow(node: &mut Value, place: &str, losses: &mut Losses) {
    let Value::Object(members) = node else { return };
    let mut notes = Vec::new();
    for keyword in members.keys().cloned().collect::<Vec<_>>() {
        let inner = format!("{place}.{keyword}");
        match (keyword.as_str(), members.get_mut(&keyword)) {
            ("properties" | "$defs" | "definitions", Some(Value::Object(named))) => {
                for (name, child) in named.iter_mut() {
                    narrow(child, &format!("{inner}.{name}"), losses);
                }
            }
            ("items", Some(child @ Value::Object(_))) => narrow(child, &inner, losses),
            ("anyOf" | "allOf" | "oneOf", Some(Value::Array(children))) => {
                for (n, child) in children.iter_mut().enumerate() {
                    narrow(child, &format!("{inner}[{n}]"), losses);
                }
            }
            ("additionalProperties", _) => {}
            ("minItems", Some(Value::Number(least))) if least.as_u64().is_some_and(|least| least <= 1) => {}
            ("format", Some(Value::String(format))) if FORMATS.contains(&format.as_str()) => {}
            (kept, _) if KEPT.contains(&kept) => {}
            _ => {
                // shift_remove keeps the order of the others.
                if let Some(value) = members.shift_remove(&keyword) {
                    losses.approximated(inner, "the provider's schemas have no such keyword: it stands in the description");
                    notes.push(format!("{keyword}: {value}"));
                }
            }
        }
    }
    one_of_as_any_of(members, place, losses);
    close_object(members, place, losses, &mut notes);
    describe(members, &notes);
}

fn one_of_as_any_of(members: &mut Map<String, Value>, place: &str, losses: &mut Losses) {
    let Some(choices) = members.shift_remove("oneOf") else { return };
    losses.approximated(format!("{place}.oneOf"), "the provider's schemas have anyOf in its place");
    if !members.contains_key("anyOf") {
        members.insert("anyOf".into(), choices);
        return;
    }
    let both = Value::Object(Map::from_iter([("anyOf".to_owned(), choices)]));
    match members.entry("allOf").or_insert_with(|| Value::Array(Vec::new())) {
        Value::Array(all) => all.push(both),
        other => *other = Value::Array(vec![both]),
    }
}

/// Every object is closed there.
fn close_object(members: &mut Map<String, Value>, place: &str, losses: &mut Losses, notes: &mut Vec<String>) {
    let is_object = match members.get("type") {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
        _ => members.contains_key("properties"),
    };
    let given = members.get("additionalProperties");
    if given == Some(&Value::Bool(false)) || (given.is_none() && !is_object) {
        return;
    }
    if let Some(Value::Object(form)) = given {
        notes.push(format!("additionalProperties: {}", Value::Object(form.clone())));
    }
    losses.approximated(format!("{place}.additionalProperties"), "the provider's objects have the listed properties alone");
    members.insert("additionalProperties".into(), Value::Bool(false));
}

fn describe(members: &mut Map<String, Value>, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    let notes = format!("({})", notes.join("; "));
    let text = match members.get("description") {
        Some(Value::String(own)) if !own.is_empty() => format!("{own} {notes}"),
        _ => notes,
    };
    members.insert("description".into(), text.into());
}

/// Whether following references from `node` comes back to one on the way. Names in `done` lead nowhere of that kind.
fn is_recursive(root: &Value, node: &Value, way: &mut Vec<String>, done: &mut HashSet<String>) -> bool {
    let children: Vec<&Value> = match node {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref")
                && leads_back(root, reference, way, done)
            {
                return true;
            }
            // A definition counts where it is referred to.
            members
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "$defs" | "definitions" | "enum" | "const" | "default" | "examples"))
                .map(|(_, child)| child)
                .collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return false,
    };
    children.into_iter().any(|child| is_recursive(root, child, way, done))
}

fn leads_back(root: &Value, reference: &str, way: &mut Vec<String>, done: &mut HashSet<String>) -> bool {
    if reference == "#" || way.iter().any(|on| on == reference) {
        return true;
    }
    if done.contains(reference) {
        return false;
    }
    let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) else { return false };
    way.push(reference.to_owned());
    let recursive = is_recursive(root, target, way, done);
    way.pop();
    done.insert(reference.to_owned());
    recursive
}
