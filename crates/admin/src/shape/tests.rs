use super::Shapes;
use serde_json::{Value, json};

fn shapes() -> Shapes {
    Shapes::of(&json!({ "components": { "schemas": {
        "Name": { "type": "string", "minLength": 1, "maxLength": 5 },
        "Inner": { "type": "object", "required": ["name"], "properties": { "name": { "$ref": "#/components/schemas/Name" } }, "additionalProperties": false },
    } } }))
}

/// Field and problem of each mistake.
fn faults(schema: &Value, value: &Value) -> Vec<(String, String)> {
    shapes().check(schema, value).into_iter().map(|error| (error.field, error.problem)).collect()
}

fn only(schema: &Value, value: &Value) -> (String, String) {
    let mut faults = faults(schema, value);
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

#[test]
fn every_mistake_is_told_with_its_path() {
    let schema = json!({ "type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
        "a": { "type": "integer", "minimum": 1, "maximum": 9 },
        "b": { "type": "array", "maxItems": 3, "items": { "$ref": "#/components/schemas/Inner" } },
    } });
    let value = json!({ "a": 10, "b": [{ "name": "fine" }, { "nmae": "x" }, { "name": "too long" }], "c": 1 });
    let fields: Vec<String> = faults(&schema, &value).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["a", "b[1].name", "b[1].nmae", "b[2].name", "c"]);
    assert!(faults(&schema, &json!({ "a": 1, "b": [] })).is_empty());
}

#[test]
fn an_unknown_member_is_named_with_its_neighbour() {
    let errors = shapes().check(&json!({ "$ref": "#/components/schemas/Inner" }), &json!({ "name": "x", "nam": 1 }));
    assert_eq!(errors.first().map(|error| error.remedy.as_str()), Some("did you mean `name`?"));
}

#[test]
fn types_and_their_names() {
    let text = json!({ "type": ["string", "null"] });
    assert!(faults(&text, &Value::Null).is_empty());
    assert_eq!(only(&text, &json!(1)), ("body".into(), "expected a string or null, found a number".into()));
    assert_eq!(only(&json!({ "type": "integer" }), &json!(1.5)).1, "expected a whole number, found a number with a fraction");
    assert_eq!(only(&json!({ "type": "integer" }), &json!("1")).1, "expected a whole number, found a string");
    assert!(faults(&json!({}), &json!([{ "anything": 1 }])).is_empty());
}

#[test]
fn alternatives_that_differ_by_type_say_what_is_wrong_inside() {
    let schema = json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Inner" }, { "type": "array", "items": { "type": "string" } }] });
    assert!(faults(&schema, &Value::Null).is_empty());
    assert_eq!(only(&schema, &json!({})).0, "name");
    assert_eq!(only(&schema, &json!(["a", 1])).0, "[1]");
    assert_eq!(only(&schema, &json!(true)).1, "expected null or an object or a list, found true or false");
}

#[test]
fn hostile_text_is_refused_and_not_repeated_at_length() {
    let schema = json!({ "type": "object", "properties": { "when": { "type": "string", "format": "date-time" }, "s": { "type": "string", "maxLength": 10 } },
        "additionalProperties": false });
    assert_eq!(only(&schema, &json!({ "s": "a\u{0}b" })), ("s".into(), "holds a control character".into()));
    assert_eq!(only(&schema, &json!({ "s": "x".repeat(10_000_000) })).1, "has 10000000 characters");
    assert_eq!(only(&schema, &json!({ "when": "tomorrow" })).1, "is no time");
    assert!(faults(&schema, &json!({ "when": "2026-12-31T23:59:59+01:00", "s": "tab\tok" })).is_empty());
    let name = "n".repeat(1_000_000);
    let error = &shapes().check(&schema, &json!({ name: 1 }))[0];
    assert!(error.field.len() < 100, "{}", error.field.len());
}

#[test]
fn only_so_many_mistakes_are_told() {
    let schema = json!({ "type": "array", "items": { "type": "string" } });
    assert_eq!(faults(&schema, &json!(vec![1; 10_000])).len(), super::TOLD);
}
