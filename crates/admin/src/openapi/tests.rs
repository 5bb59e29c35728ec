use super::{document, shapes};
use crate::table;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the interpreter of schemas enforces, and what is only told.
const ENFORCED: &[&str] = &[
    "type",
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "oneOf",
    "anyOf",
    "allOf",
    "$ref",
    "format",
];
const TOLD: &[&str] = &["pattern", "description", "example", "default"];

/// ADR 0102: a keyword that nobody enforces would be a promise that nobody keeps.
#[test]
fn the_schemas_use_only_keywords_that_are_enforced_or_known_not_to_be() {
    let mut unknown = BTreeSet::new();
    for route in table::ROUTES {
        for shape in route.body.shape().into_iter().chain(&route.query) {
            keywords(shapes().get(&(shape.name)()).unwrap(), &mut unknown);
        }
    }
    assert_eq!(unknown, BTreeSet::new());
}

fn keywords(schema: &Value, unknown: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else { return };
    for (name, value) in members {
        if !ENFORCED.contains(&name.as_str()) && !TOLD.contains(&name.as_str()) {
            unknown.insert(name.clone());
        }
        match (name.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values().for_each(|field| keywords(field, unknown)),
            ("items" | "additionalProperties", inner) => keywords(inner, unknown),
            ("oneOf" | "anyOf" | "allOf", Value::Array(all)) => all.iter().for_each(|each| keywords(each, unknown)),
            _ => {}
        }
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_a_summary_and_answers() {
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for item in document()["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            count += 1;
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{}", operation["operationId"]);
            assert!(!operation["summary"].as_str().unwrap().is_empty());
            assert!(!operation["responses"].as_object().unwrap().is_empty());
            assert!(operation["security"].is_array());
        }
    }
    assert!(count >= table::ROUTES.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let mut references = BTreeSet::new();
    collect(document(), &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document().pointer(path).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("$ref", Value::String(path)) => drop(references.insert(path.clone())),
                    _ => collect(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// The members of bodies are closed, so that a misspelt one is not taken for a wish that was granted.
#[test]
fn bodies_and_queries_take_no_unknown_members() {
    for route in table::ROUTES {
        for shape in route.body.shape().into_iter().chain(&route.query) {
            let schema = shapes().get(&(shape.name)()).unwrap();
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{}", (shape.name)());
        }
    }
}
