//! `response_format`, where a server has other forms of it than OpenAI.

use super::top::Fields;
use crate::{JsonForm, Text};
use chat::Loss;
use serde_json::{Map, Value, json};

const RESPONSE_FORMAT: &str = "response_format";

pub(super) fn json_object_as(form: JsonForm, reason: &Text, fields: &mut dyn Fields, losses: &mut Vec<Loss>) {
    let Some(given) = fields.get(RESPONSE_FORMAT).and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok()) else { return };
    let kind = given.get("type").and_then(Value::as_str).unwrap_or_default();
    let sent = match (form, kind) {
        (JsonForm::Text, "json_object") => {
            losses.push(Loss::approximated(RESPONSE_FORMAT, reason.clone()));
            json!({"type": "text"})
        }
        (JsonForm::Schema, "json_object") => {
            json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": schema_of_object(&given)}})
        }
        (JsonForm::Value, "json_object") if !given.contains_key("value") => {
            json!({"type": "json_object", "value": schema_of_object(&given)})
        }
        (JsonForm::Value, "json_schema") => match given.get("json_schema").and_then(|inner| inner.get("schema")) {
            Some(schema) => json!({"type": "json_object", "value": schema}),
            None => return,
        },
        _ => return,
    };
    fields.set(RESPONSE_FORMAT, sent.to_string());
}

/// The schema that llama.cpp's callers put beside the type, or one that every object fits.
fn schema_of_object(given: &Map<String, Value>) -> Value {
    given.get("schema").filter(|schema| schema.is_object()).cloned().unwrap_or_else(|| json!({"type": "object"}))
}
