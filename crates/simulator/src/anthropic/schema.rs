//! The subset of JSON Schema that structured outputs and strict tools take.

use super::refusal::Refusal;
use serde_json::Value;

const UNSUPPORTED: &[&str] = &[
    "oneOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "not",
    "if",
];
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

pub(super) fn check(schema: &Value, path: &str) -> Result<(), Refusal> {
    problem(schema).map_or(Ok(()), |problem| Err(Refusal::field(path, &problem)))
}

fn problem(schema: &Value) -> Option<String> {
    let members = schema.as_object()?;
    let kind = members.get("type").and_then(Value::as_str).unwrap_or(if members.contains_key("properties") { "object" } else { "any" });
    if let Some(keyword) = UNSUPPORTED.iter().find(|keyword| members.contains_key(**keyword)) {
        return Some(format!("For '{kind}' type, property '{keyword}' is not supported"));
    }
    if kind == "object" && members.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Some("For 'object' type, 'additionalProperties' must be explicitly set to false".to_owned());
    }
    if members.get("minItems").is_some_and(|least| !matches!(least.as_u64(), Some(0 | 1))) {
        return Some("For 'array' type, 'minItems' values other than 0 or 1 are not supported".to_owned());
    }
    if let Some(format) = members.get("format").and_then(Value::as_str).filter(|format| !FORMATS.contains(format)) {
        return Some(format!("For 'string' type, format '{format}' is not supported"));
    }
    let inner = |key: &str| members.get(key).and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    let options = |key: &str| members.get(key).and_then(Value::as_array).into_iter().flatten();
    let below = inner("properties").chain(inner("$defs")).chain(inner("definitions")).chain(options("anyOf")).chain(options("allOf"));
    below.chain(members.get("items")).find_map(problem)
}
