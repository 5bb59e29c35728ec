//! Checks of single JSON values, with OpenAI's words for what is wrong. A null of an optional member counts as absent.

use super::refusal::Refusal;
use serde_json::{Map, Value};

pub(crate) type Object = Map<String, Value>;

/// A member that is there and not null.
pub(crate) fn given<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Object, Refusal> {
    value.as_object().ok_or_else(|| Refusal::invalid_type(path, "an object", value))
}

pub(crate) fn list<'a>(value: &'a Value, path: &str, of: &str) -> Result<&'a [Value], Refusal> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Refusal::invalid_type(path, of, value))
}

pub(crate) fn text<'a>(value: &'a Value, path: &str) -> Result<&'a str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::invalid_type(path, "a string", value))
}

pub(crate) fn required_text<'a>(object: &'a Object, name: &str, path: &str) -> Result<&'a str, Refusal> {
    let path = member(path, name);
    text(given(object, name).ok_or_else(|| Refusal::missing(&path))?, &path)
}

pub(crate) fn flag(object: &Object, name: &str) -> Result<Option<bool>, Refusal> {
    given(object, name).map(|value| value.as_bool().ok_or_else(|| Refusal::invalid_type(name, "a boolean", value))).transpose()
}

pub(crate) fn one_of<'a>(value: &'a Value, path: &str, supported: &[&str]) -> Result<&'a str, Refusal> {
    let got = text(value, path)?;
    if supported.contains(&got) { Ok(got) } else { Err(Refusal::invalid_value(path, got, supported)) }
}

pub(crate) fn choice<'a>(object: &'a Object, name: &str, supported: &[&str]) -> Result<Option<&'a str>, Refusal> {
    given(object, name).map(|value| one_of(value, name, supported)).transpose()
}

pub(crate) fn integer(object: &Object, name: &str, least: i64, most: i64) -> Result<Option<i64>, Refusal> {
    let Some(value) = given(object, name) else { return Ok(None) };
    let got = value.as_i64().ok_or_else(|| Refusal::invalid_type(name, "an integer", value))?;
    if got < least {
        let problem = format!("integer below minimum value. Expected a value >= {least}, but got {got} instead.");
        return Err(Refusal::invalid(name, &problem, "integer_below_min_value"));
    }
    if got > most {
        let problem = format!("integer above maximum value. Expected a value <= {most}, but got {got} instead.");
        return Err(Refusal::invalid(name, &problem, "integer_above_max_value"));
    }
    Ok(Some(got))
}

pub(crate) fn decimal(object: &Object, name: &str, least: f64, most: f64) -> Result<Option<f64>, Refusal> {
    let Some(value) = given(object, name) else { return Ok(None) };
    let got = value.as_f64().ok_or_else(|| Refusal::invalid_type(name, "a decimal", value))?;
    if got < least {
        let problem = format!("decimal below minimum value. Expected a value >= {least}, but got {value} instead.");
        return Err(Refusal::invalid(name, &problem, "decimal_below_min_value"));
    }
    if got > most {
        let problem = format!("decimal above maximum value. Expected a value <= {most}, but got {value} instead.");
        return Err(Refusal::invalid(name, &problem, "decimal_above_max_value"));
    }
    Ok(Some(got))
}

/// Refuses members that the provider does not know, in an object below the top level.
pub(crate) fn closed(object: &Object, path: &str, known: &[&str]) -> Result<(), Refusal> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let path = member(path, name);
            Err(Refusal::new(400, format!("Unknown parameter: '{path}'.")).param(path).code("unknown_parameter"))
        }
        None => Ok(()),
    }
}

pub(crate) fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A function's or a schema's name: letters, digits, `_` and `-`, at most 64.
pub(crate) fn identifier(name: &str, path: &str) -> Result<(), Refusal> {
    if name.len() > 64 {
        let problem =
            format!("string too long. Expected a string with maximum length 64, but got a string with length {} instead.", name.len());
        return Err(Refusal::invalid(path, &problem, "string_above_max_length"));
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        let problem = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
        return Err(Refusal::invalid(path, problem, "invalid_value"));
    }
    Ok(())
}
