//! A small value that satisfies a JSON Schema: arguments of tool calls and structured answers.

use serde_json::{Map, Value, json};

/// Past this depth optional things are left out, so that a recursive schema ends.
const DEEP: usize = 6;

/// An instance of `schema`; `variant` makes the strings and numbers of several instances differ.
pub(crate) fn of(schema: &Value, variant: u64) -> Value {
    Maker { root: schema, variant }.make(schema, "value", 0)
}

struct Maker<'a> {
    root: &'a Value,
    variant: u64,
}

impl Maker<'_> {
    fn make(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if let Some(fixed) = fixed(schema) {
            return fixed;
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            return self.follow(target, name, depth);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(options) = schema.get(key).and_then(Value::as_array) {
                return self.choose(options, name, depth);
            }
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            return self.make(&merged(all), name, depth);
        }
        match type_of(schema, depth) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, name, depth),
            "integer" | "number" => number(schema, self.variant),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::String(self.string(schema, name)),
        }
    }

    fn follow(&self, target: &str, name: &str, depth: usize) -> Value {
        let pointer = target.strip_prefix('#').unwrap_or(target);
        match self.root.pointer(pointer) {
            Some(found) if depth < 2 * DEEP => self.make(found, name, depth + 1),
            _ => Value::Null,
        }
    }

    /// The first option; deep down rather one that ends.
    fn choose(&self, options: &[Value], name: &str, depth: usize) -> Value {
        let ends = |option: &&Value| option.get("type").and_then(Value::as_str) == Some("null");
        let chosen = if depth >= DEEP { options.iter().find(ends).or(options.first()) } else { options.first() };
        chosen.map_or(Value::Null, |option| self.make(option, name, depth + 1))
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut members = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in required {
            let property = properties.and_then(|properties| properties.get(name)).unwrap_or(&Value::Null);
            members.insert(name.to_owned(), self.make(property, name, depth + 1));
        }
        Value::Object(members)
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let wished = if depth >= DEEP { 0 } else { 1 };
        let count = bound("minItems").unwrap_or(0).max(wished).min(bound("maxItems").unwrap_or(u64::MAX)).min(64);
        let item = schema.get("items").unwrap_or(&Value::Null);
        (0..count).map(|_| self.make(item, name, depth + 1)).collect()
    }

    fn string(&self, schema: &Value, name: &str) -> String {
        let day = 1 + self.variant % 28;
        let mut text = match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => format!("2026-01-{day:02}T00:00:00Z"),
            Some("date") => format!("2026-01-{day:02}"),
            Some("time") => "00:00:00Z".to_owned(),
            Some("duration") => "PT1S".to_owned(),
            Some("email") => "someone@example.com".to_owned(),
            Some("hostname") => "example.com".to_owned(),
            Some("uri") => "https://example.com/".to_owned(),
            Some("ipv4") => "192.0.2.1".to_owned(),
            Some("ipv6") => "2001:db8::1".to_owned(),
            Some("uuid") => format!("00000000-0000-4000-8000-{:012}", self.variant % 1_000_000),
            _ => format!("{name} {}", self.variant + 1),
        };
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(4096) as usize;
        while text.chars().count() < least {
            text.push('x');
        }
        match schema.get("maxLength").and_then(Value::as_u64) {
            Some(most) => text.chars().take(most as usize).collect(),
            None => text,
        }
    }
}

fn fixed(schema: &Value) -> Option<Value> {
    let first = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first());
    schema.get("const").or(first).or(schema.get("default")).cloned()
}

/// The schema's type; of several the first that is not null, deep down null where it may be.
fn type_of(schema: &Value, depth: usize) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            let names = || names.iter().filter_map(Value::as_str);
            let null = names().find(|name| *name == "null").filter(|_| depth >= DEEP);
            null.or(names().find(|name| *name != "null")).unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn merged(all: &[Value]) -> Value {
    let mut whole = json!({ "type": "object", "properties": {}, "required": [] });
    for (key, value) in all.iter().filter_map(Value::as_object).flatten() {
        match (whole.get_mut(key), value) {
            (Some(Value::Object(have)), Value::Object(more)) => have.extend(more.clone()),
            (Some(Value::Array(have)), Value::Array(more)) => have.extend(more.iter().cloned()),
            _ => {
                if let Some(members) = whole.as_object_mut() {
                    members.insert(key.clone(), value.clone());
                }
            }
        }
    }
    whole
}

fn number(schema: &Value, variant: u64) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let step = bound("multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least + step));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|most| most - step));
    let wished = (variant + 1) as f64;
    let clamped = wished.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX));
    let stepped = if least.is_some() { (clamped / step).ceil() * step } else { (clamped / step).floor() * step };
    if stepped.fract() == 0.0 && stepped.abs() < 9e15 { Value::from(stepped as i64) } else { Value::from(stepped) }
}

#[cfg(test)]
mod tests;
