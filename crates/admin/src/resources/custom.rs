//! What sets a custom endpoint apart: its members in bodies, their schemas, and how they are shown.

use super::credential_shape::schema;
use super::provider_change::reference;
use crate::json::join;
use crate::problem::FieldError;
use providers::CustomOptions;
use providers::custom::{CustomDialect, PATHS, Preset};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::virtual_key;
use utoipa::openapi::{RefOr, Schema};

/// The options with the given members in the place of the present ones; a member that is null goes. `None`: none was given.
pub(super) fn options(
    present: Option<&CustomOptions>,
    given: Vec<(&'static str, Value)>,
    errors: &mut Vec<FieldError>,
) -> Option<CustomOptions> {
    // Taking away what is not there is no wish: forms send null for what was left empty.
    if given.is_empty() || (present.is_none() && given.iter().all(|(_, value)| value.is_null())) {
        return None;
    }
    errors.extend(given.iter().flat_map(|(member, value)| references(member, value)));
    let mut members = match present.map(serde_json::to_value) {
        Some(Ok(Value::Object(members))) => members,
        _ => Map::new(),
    };
    for (name, value) in given {
        match value {
            Value::Null => drop(members.shift_remove(name)),
            value => drop(members.insert(name.to_owned(), value)),
        }
    }
    match CustomOptions::read(&Value::Object(members)) {
        Ok(options) => Some(options),
        Err(faults) => {
            errors.extend(faults.into_iter().map(FieldError::from));
            None
        }
    }
}

/// Values of headers and query parameters that would be stored as if they were the secrets.
fn references(member: &str, value: &Value) -> Vec<FieldError> {
    let values = value.as_object().filter(|_| matches!(member, "headers" | "query")).into_iter().flatten();
    values.filter_map(|(name, value)| reference(&join(member, name), value.as_str()?)).collect()
}

/// As an answer shows them: the names of headers and query parameters, and of their values only whether there is one and how it ends.
/// `unreadable` says why one that is stored cannot be opened.
pub(super) fn shown(options: &CustomOptions, unreadable: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut members = match serde_json::to_value(options) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    for (member, kind, pairs) in [("headers", "header", &options.headers), ("query", "query", &options.query)] {
        let Some(Value::Object(values)) = members.get_mut(member) else { continue };
        for (name, secret) in pairs {
            let shown = match (secret, unreadable.get(&format!("{kind}:{name}"))) {
                (Some(secret), _) => look(secret),
                (None, Some(reason)) => json!({ "set": true, "unreadable": reason }),
                (None, None) => json!({ "set": false }),
            };
            values.insert(name.clone(), shown);
        }
    }
    members
}

fn look(secret: &secrecy::SecretString) -> Value {
    use secrecy::ExposeSecret;
    match virtual_key::tail(secret.expose_secret()) {
        tail if tail.is_empty() => json!({ "set": true }),
        tail => json!({ "set": true, "tail": tail }),
    }
}

pub(super) fn preset() -> RefOr<Schema> {
    let mut names: Vec<Value> = Preset::ALL.iter().map(|(name, _)| json!(name)).collect();
    names.push(Value::Null);
    schema(json!({ "type": ["string", "null"], "enum": names }))
}

pub(super) fn dialects() -> RefOr<Schema> {
    let names: Vec<&str> = CustomDialect::ALL.iter().map(|(name, _)| *name).collect();
    schema(json!({ "type": ["array", "null"], "items": { "type": "string", "enum": names }, "minItems": 1, "maxItems": names.len() }))
}

pub(super) fn paths() -> RefOr<Schema> {
    let path = json!({ "type": "string", "minLength": 1, "maxLength": 500, "pattern": "^/", "example": "/v1/chat/completions" });
    let members: Map<String, Value> = PATHS.iter().map(|name| ((*name).to_owned(), path.clone())).collect();
    schema(json!({ "type": ["object", "null"], "properties": members, "additionalProperties": false }))
}

pub(super) fn flag() -> RefOr<Schema> {
    schema(json!({ "type": ["boolean", "null"] }))
}

pub(super) fn header_name() -> RefOr<Schema> {
    schema(json!({ "type": ["string", "null"], "minLength": 1, "maxLength": 100, "example": "authorization" }))
}

pub(super) fn prefix() -> RefOr<Schema> {
    schema(json!({ "type": ["string", "null"], "maxLength": 100, "example": "Bearer" }))
}

pub(super) fn values() -> RefOr<Schema> {
    schema(
        json!({ "type": ["object", "null"], "additionalProperties": { "type": ["string", "null"], "maxLength": 8192 }, "maxProperties": 50 }),
    )
}

pub(super) fn quirks() -> RefOr<Schema> {
    let quirk =
        json!({ "oneOf": [{ "type": "string", "minLength": 1, "maxLength": 200 }, { "type": "object", "additionalProperties": true }] });
    schema(json!({ "type": ["array", "null"], "items": quirk, "maxItems": 100, "example": ["developer_as_system", { "drop": "user" }] }))
}

pub(super) fn leniency() -> RefOr<Schema> {
    schema(json!({ "type": ["object", "null"], "additionalProperties": true, "maxProperties": 20 }))
}

pub(super) fn probe() -> RefOr<Schema> {
    schema(json!({ "type": ["object", "null"], "required": ["path"], "additionalProperties": false, "properties": {
        "path": { "type": "string", "minLength": 1, "maxLength": 500, "pattern": "^/", "example": "/health" },
        "method": { "type": "string", "enum": ["GET", "HEAD"], "default": "GET" },
        "expect": { "type": "array", "items": { "type": "integer", "minimum": 100, "maximum": 599 }, "minItems": 1, "maxItems": 20, "example": [200] },
        "expect_body_contains": { "type": "string", "minLength": 1, "maxLength": 200 },
    } }))
}

pub(super) fn names() -> RefOr<Schema> {
    schema(
        json!({ "type": ["array", "null"], "items": { "type": "string", "minLength": 1, "maxLength": 100 }, "maxItems": 20, "example": ["provider", "models"] }),
    )
}
