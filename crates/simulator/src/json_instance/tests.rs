use super::of;
use serde_json::json;

#[test]
fn an_object_holds_what_is_required() {
    let schema = json!({ "type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer", "minimum": 3}, "unit": {"enum": ["c", "f"]}, "note": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2}, "at": {"type": "string", "format": "date"}, "kind": {"const": "x"},
        "maybe": {"type": ["null", "boolean"]}
    }, "required": ["city", "days", "unit", "tags", "at", "kind", "maybe"] });
    let expected =
        json!({ "city": "city 1", "days": 3, "unit": "c", "tags": ["tags 1", "tags 1"], "at": "2026-01-01", "kind": "x", "maybe": true });
    assert_eq!(of(&schema, 0), expected);
    assert_eq!(of(&schema, 1)["city"], "city 2");
}

#[test]
fn references_unions_and_merges_are_followed() {
    let schema = json!({ "$defs": { "step": { "type": "object", "properties": { "n": {"type": "number"} }, "required": ["n"] } },
        "type": "object", "required": ["step", "either", "all"],
        "properties": {
            "step": {"$ref": "#/$defs/step"}, "either": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "all": {"allOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]}, {"properties": {"b": {"type": "integer"}}, "required": ["b"]}]}
        } });
    assert_eq!(of(&schema, 0), json!({ "step": {"n": 1}, "either": true, "all": {"a": null, "b": 1} }));
}

#[test]
fn a_recursive_schema_ends() {
    let schema = json!({ "$defs": { "node": { "type": "object", "required": ["next"], "properties": { "next": { "anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}] } } } },
        "$ref": "#/$defs/node" });
    assert!(of(&schema, 0).is_object());
    let hopeless = json!({ "$ref": "#" });
    assert!(of(&hopeless, 0).is_null());
}

#[test]
fn bounds_are_kept() {
    assert_eq!(of(&json!({"type": "integer", "maximum": -4}), 0), json!(-4));
    assert_eq!(of(&json!({"type": "integer", "exclusiveMinimum": 10, "multipleOf": 4}), 0), json!(16));
    assert_eq!(of(&json!({"type": "string", "minLength": 12}), 0), json!("value 1xxxxx"));
    assert_eq!(of(&json!({"type": "string", "maxLength": 3}), 0), json!("val"));
}
