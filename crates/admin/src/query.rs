//! Reads a query: only names that the route knows, each once, each of its type. A filter that is accepted and not applied would mislead.

use crate::json::shown;
use crate::problem::{FieldError, Problem};
use crate::route::Shape;
use crate::shape::Shapes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

pub(crate) fn read(shape: Option<&Shape>, query: Option<&str>, shapes: &Shapes) -> Result<Value, Problem> {
    let empty = Value::Object(Map::new());
    let name = shape.map(|shape| (shape.name)());
    let schema = name.as_deref().and_then(|name| shapes.get(name));
    let mut members = Map::new();
    let mut errors = Vec::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(text)) = (decoded(name), decoded(value)) else {
            errors.push(FieldError::new(shown(name), "is not UTF-8", "encode it as UTF-8, then as percent signs"));
            continue;
        };
        let Some(schema) = schema else {
            errors.push(FieldError::new(shown(&name), "is not known here", "this route takes no query: remove it"));
            continue;
        };
        let value = coerced(schema.pointer("/properties").and_then(|fields| fields.get(&name)), &text);
        if members.insert(name.clone(), value).is_some() {
            errors.push(FieldError::new(shown(&name), "stands twice", "send it once"));
        }
    }
    let value = Value::Object(members);
    errors.extend(shapes.check(schema.unwrap_or(&empty), &value));
    if errors.is_empty() { Ok(value) } else { Err(Problem::invalid(errors)) }
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// The text as the type that its field has; as text where it is none, so that the check says what was expected.
fn coerced(field: Option<&Value>, text: &str) -> Value {
    let is = |kind: &str| match field.and_then(|field| field.get("type")) {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|each| each == kind),
        _ => false,
    };
    let plain = || Value::from(text);
    if is("integer") {
        return text.parse::<i64>().map_or_else(|_| plain(), Value::from);
    }
    match text {
        "true" if is("boolean") => Value::Bool(true),
        "false" if is("boolean") => Value::Bool(false),
        _ => plain(),
    }
}

#[cfg(test)]
mod tests;
