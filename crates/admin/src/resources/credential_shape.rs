//! The schemas of a provider's credentials, which no derive can write: their fields depend on the type.

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

/// The longest value of a credential's field: service accounts are whole files.
const LONGEST_VALUE: usize = 16_384;
const MOST_FIELDS: usize = 40;
const MOST_CREDENTIALS: usize = 100;

pub(super) fn type_schema() -> RefOr<Schema> {
    let types: Vec<&str> = providers::ALL.iter().map(|declaration| declaration.kind).collect();
    schema(json!({ "type": "string", "enum": types, "example": "openai" }))
}

fn value_schema(null: bool) -> Value {
    let text = if null { json!(["string", "null"]) } else { json!("string") };
    json!({ "oneOf": [
        { "type": text, "minLength": 1, "maxLength": LONGEST_VALUE },
        { "type": "array", "items": { "type": "string", "minLength": 1, "maxLength": 1024 }, "maxItems": 100 },
    ] })
}

fn both_forms(null: bool) -> RefOr<Schema> {
    let value = value_schema(null);
    schema(json!({ "oneOf": [
        { "type": "object", "additionalProperties": value, "maxProperties": MOST_FIELDS },
        { "type": "array", "maxItems": MOST_CREDENTIALS, "items": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 200 },
                "weight": { "type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 1 },
            },
            "additionalProperties": value,
            "maxProperties": MOST_FIELDS,
        } },
    ] }))
}

pub(super) fn credentials_schema() -> RefOr<Schema> {
    both_forms(false)
}

pub(super) fn changed_credentials_schema() -> RefOr<Schema> {
    both_forms(true)
}

pub(super) fn fields_schema() -> RefOr<Schema> {
    schema(json!({ "type": "object", "additionalProperties": value_schema(true), "minProperties": 1, "maxProperties": MOST_FIELDS }))
}

pub(super) fn names_schema() -> RefOr<Schema> {
    schema(json!({ "type": "array", "items": { "type": "string", "minLength": 1, "maxLength": 200 }, "maxItems": MOST_CREDENTIALS }))
}

/// A schema written down as it stands in the document.
pub(super) fn schema(value: Value) -> RefOr<Schema> {
    serde_json::from_value(value).unwrap_or_else(|_| RefOr::T(Schema::default()))
}
