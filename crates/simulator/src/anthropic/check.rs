//! Checks of single JSON values, in Anthropic's words: `messages.0.content: Field required`.

use super::refusal::Refusal;
use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

/// A member that is there and not null.
pub(super) fn given<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

pub(super) fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

pub(super) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Refusal> {
    value.as_object().ok_or_else(|| Refusal::field(path, "Input should be a valid dictionary"))
}

pub(super) fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], Refusal> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Refusal::field(path, "Input should be a valid list"))
}

pub(super) fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::field(path, "Input should be a valid string"))
}

pub(super) fn required<'a>(object: &'a Object, name: &str, path: &str) -> Result<&'a Value, Refusal> {
    object.get(name).ok_or_else(|| Refusal::field(&member(path, name), "Field required"))
}

pub(super) fn required_text<'a>(object: &'a Object, name: &str, path: &str) -> Result<&'a str, Refusal> {
    text(required(object, name, path)?, &member(path, name))
}

pub(super) fn flag(object: &Object, name: &str, path: &str) -> Result<Option<bool>, Refusal> {
    given(object, name)
        .map(|value| value.as_bool().ok_or_else(|| Refusal::field(&member(path, name), "Input should be a valid boolean")))
        .transpose()
}

pub(super) fn integer(object: &Object, name: &str, path: &str) -> Result<Option<i64>, Refusal> {
    given(object, name)
        .map(|value| value.as_i64().ok_or_else(|| Refusal::field(&member(path, name), "Input should be a valid integer")))
        .transpose()
}

/// A decimal from 0 to 1.
pub(super) fn fraction(object: &Object, name: &str) -> Result<Option<f64>, Refusal> {
    let Some(value) = given(object, name) else { return Ok(None) };
    match value.as_f64() {
        Some(number) if (0.0..=1.0).contains(&number) => Ok(Some(number)),
        Some(_) => Err(Refusal::field(name, "range: 0..1")),
        None => Err(Refusal::field(name, "Input should be a valid number")),
    }
}

pub(super) fn one_of<'a>(value: &'a Value, path: &str, supported: &[&str]) -> Result<&'a str, Refusal> {
    match value.as_str() {
        Some(got) if supported.contains(&got) => Ok(got),
        _ => Err(Refusal::field(path, &format!("Input should be {}", alternatives(supported)))),
    }
}

fn alternatives(supported: &[&str]) -> String {
    match supported {
        [] => "absent".to_owned(),
        [only] => format!("'{only}'"),
        [most @ .., last] => format!("'{}' or '{last}'", most.join("', '")),
    }
}

pub(super) fn closed(object: &Object, path: &str, known: &[&str]) -> Result<(), Refusal> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Refusal::field(&member(path, name), "Extra inputs are not permitted")),
        None => Ok(()),
    }
}

/// `^[a-zA-Z0-9_-]{1,most}$`.
pub(super) fn identifier(value: &str, path: &str, most: usize) -> Result<(), Refusal> {
    let valid = (1..=most).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if valid { Ok(()) } else { Err(Refusal::field(path, &format!("String should match pattern '^[a-zA-Z0-9_-]{{1,{most}}}$'"))) }
}
