//! The JSON Schema of the configuration, generated from the model. The same schema drives the check of a file's shape.

use super::model::File;
use schemars::generate::SchemaSettings;
use serde_json::Value;
use std::sync::LazyLock;

/// The schema that files are checked against.
pub(super) static SHAPE: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<File>().to_value()
});

/// The schema as users get it: `conduit config schema` and docs/config.schema.json.
pub fn document() -> String {
    let mut schema = SHAPE.clone();
    name_provider_types(&mut schema);
    say_in_words(&mut schema);
    // A map of strings and numbers always serializes.
    serde_json::to_string_pretty(&schema).map(|text| text + "\n").unwrap_or_default()
}

/// Ranges, and that a field is refused, are said where an editor shows it: in the description.
fn say_in_words(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let refused = fields.remove("x-not-built").is_some();
            fields.remove("x-when-empty");
            let neutral = fields.remove("x-neutral").map(|value| format!(" but for {value}")).unwrap_or_default();
            let mut words: Vec<String> = fields.get("description").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
            if let (Some(Value::String(least)), Some(Value::String(most))) = (fields.remove("x-minimum"), fields.remove("x-maximum")) {
                words.push(format!("From {least} to {most}."));
            }
            if refused {
                words.push(format!("Not built yet: refused{neutral}."));
            }
            if !words.is_empty() && (fields.contains_key("description") || refused) {
                fields.insert("description".to_owned(), Value::String(words.join(" ")));
            }
            fields.values_mut().for_each(say_in_words);
        }
        Value::Array(items) => items.iter_mut().for_each(say_in_words),
        _ => {}
    }
}

fn name_provider_types(schema: &mut Value) {
    let kinds: Vec<Value> = providers::ALL.iter().map(|declaration| Value::from(declaration.kind)).collect();
    if let Some(Value::Object(kind)) = schema.pointer_mut("/properties/providers/items/properties/type") {
        kind.insert("enum".to_owned(), Value::Array(kinds));
    }
}

/// The schema of a field, without the "or null" of an optional one.
pub(super) fn without_null(schema: &Value) -> &Value {
    let alternatives = schema.get("anyOf").and_then(Value::as_array);
    alternatives.and_then(|list| list.iter().find(|one| one.get("type").and_then(Value::as_str) != Some("null"))).unwrap_or(schema)
}

/// The type that a schema asks for: `string`, `object`, ...
pub(super) fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => Some(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// Paths of all scalars outside lists: those that an environment variable may set.
pub(super) fn scalar_paths() -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    collect(&SHAPE, &mut Vec::new(), &mut paths);
    paths
}

fn collect(schema: &Value, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let schema = without_null(schema);
    match type_of(schema) {
        Some("object") => {
            for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if name != "$schema" {
                    path.push(name.clone());
                    collect(field, path, paths);
                    path.pop();
                }
            }
        }
        Some("array") | None => {}
        Some(_) => paths.push(path.clone()),
    }
}
