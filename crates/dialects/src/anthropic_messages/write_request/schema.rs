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
    if is_recursive(&original) {
        return Ok(Rewritten::Recursive);
    }
    let mut cut = original.clone();
    narrow(&mut cut, place, losses);
    Ok(if cut == original { Rewritten::Same } else { Rewritten::Changed(cut.to_string()) })
}

fn narrow(node: &mut Value, place: &str, losses: &mut Losses) {
    let Value::Object(members) = node else { return };
    let mut notes = Vec::new();
    // Taken out and put back one by one: it keeps the order, and removing from the middle would move all that follow each time.
    for (keyword, mut value) in std::mem::take(members) {
        let inner = format!("{place}.{keyword}");
        match (keyword.as_str(), &mut value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                for (name, child) in named.iter_mut() {
                    narrow(child, &format!("{inner}.{name}"), losses);
                }
            }
            ("items", child @ Value::Object(_)) => narrow(child, &inner, losses),
            ("anyOf" | "allOf" | "oneOf", Value::Array(children)) => {
                for (n, child) in children.iter_mut().enumerate() {
                    narrow(child, &format!("{inner}[{n}]"), losses);
                }
            }
            ("additionalProperties", _) => {}
            ("minItems", Value::Number(least)) if least.as_u64().is_some_and(|least| least <= 1) => {}
            ("format", Value::String(format)) if FORMATS.contains(&format.as_str()) => {}
            (kept, _) if KEPT.contains(&kept) => {}
            _ => {
                losses.approximated(inner, "the provider's schemas have no such keyword: it stands in the description");
                notes.push(format!("{keyword}: {value}"));
                continue;
            }
        }
        members.insert(keyword, value);
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

/// Whether following references from the root comes back to one on the way. The way is a list of its own: a chain of references may be longer
/// than the stack is deep.
fn is_recursive(root: &Value) -> bool {
    let (mut on_way, mut done) = (HashSet::new(), HashSet::new());
    let mut way: Vec<(Option<&str>, Vec<&str>)> = vec![(None, references(root))];
    while let Some((_, ahead)) = way.last_mut() {
        let Some(reference) = ahead.pop() else {
            if let Some((Some(name), _)) = way.pop() {
                on_way.remove(name);
                done.insert(name);
            }
            continue;
        };
        if reference == "#" || on_way.contains(reference) {
            return true;
        }
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        if let Some(target) = target.filter(|_| !done.contains(reference)) {
            on_way.insert(reference);
            way.push((Some(reference), references(target)));
        }
    }
    false
}

/// What a schema refers to, the schemas inside it included.
fn references(schema: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    let mut open = vec![schema];
    while let Some(node) = open.pop() {
        match node {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    found.push(reference.as_str());
                }
                // A definition counts where it is referred to.
                let apart = |name: &str| matches!(name, "$defs" | "definitions" | "enum" | "const" | "default" | "examples");
                open.extend(members.iter().filter(|(name, _)| !apart(name)).map(|(_, child)| child));
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}
