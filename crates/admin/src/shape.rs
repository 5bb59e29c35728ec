//! Checks a JSON value against a schema of the OpenAPI document, so that what the document says is what is enforced (docs/adr/0102).
//!
//! It knows the part of JSON Schema that the document uses. `pattern` and most `format`s are not checked here: what they describe is checked
//! where it has its meaning, by the inventory.

use crate::json::{join, shown_path};
use crate::problem::FieldError;
use crate::resources::times;
use crate::suggest;
use serde_json::{Map, Value};

/// So many mistakes of one body are told.
const TOLD: usize = 50;

/// The schemas of the OpenAPI document, by name.
pub(crate) struct Shapes {
    schemas: Map<String, Value>,
}

struct Check<'a> {
    shapes: &'a Shapes,
    errors: Vec<FieldError>,
}

impl Shapes {
    /// Takes them from the whole document.
    pub(crate) fn of(document: &Value) -> Self {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned();
        Self { schemas: schemas.unwrap_or_default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.schemas.get(name)
    }

    /// All mistakes of the value, in the order of the schema.
    pub(crate) fn check(&self, schema: &Value, value: &Value) -> Vec<FieldError> {
        let mut check = Check { shapes: self, errors: Vec::new() };
        check.value(schema, value, "");
        check.errors.truncate(TOLD);
        check.errors
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        name.and_then(|name| self.schemas.get(name)).unwrap_or(schema)
    }
}

impl Check<'_> {
    fn wrong(&mut self, path: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        if self.errors.len() < TOLD {
            self.errors.push(FieldError::new(shown_path(path), problem, remedy));
        }
    }

    fn value(&mut self, schema: &Value, value: &Value, path: &str) {
        let schema = self.shapes.resolve(schema);
        for combination in ["oneOf", "anyOf"] {
            if let Some(alternatives) = schema.get(combination).and_then(Value::as_array) {
                return self.one_of(alternatives, value, path);
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.value(part, value, path);
        }
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|kind| is_of(kind, value)) {
            return self.wrong(path, format!("expected {}, found {}", named(&types), kind_of(value)), "write a value of that type");
        }
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            return self.not_allowed(allowed, value, path);
        }
        match value {
            Value::String(text) => self.text(schema, text, path),
            Value::Number(number) => self.number(schema, number, path),
            Value::Array(items) => self.list(schema, items, path),
            Value::Object(members) => self.object(schema, members, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The alternatives of a document of ours differ by their type: the one of the value's type says what is wrong with it.
    fn one_of(&mut self, alternatives: &[Value], value: &Value, path: &str) {
        let fits = |schema: &&Value| {
            let types = types(self.shapes.resolve(schema));
            types.is_empty() || types.iter().any(|kind| is_of(kind, value))
        };
        let fitting: Vec<&Value> = alternatives.iter().filter(fits).collect();
        match fitting.as_slice() {
            [] => {
                let all: Vec<&str> = alternatives.iter().flat_map(|schema| types(self.shapes.resolve(schema))).collect();
                self.wrong(path, format!("expected {}, found {}", named(&all), kind_of(value)), "write a value of that type");
            }
            [only] => self.value(only, value, path),
            [first, ..] => {
                let sound = fitting.iter().any(|schema| self.shapes.check(schema, value).is_empty());
                if !sound {
                    self.value(first, value, path);
                }
            }
        }
    }

    fn not_allowed(&mut self, allowed: &[Value], value: &Value, path: &str) {
        let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
        let given = value.as_str().unwrap_or_default();
        let remedy = match suggest::closest(given, words.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => "write one of them".to_owned(),
        };
        // The value itself is not repeated: it may be a secret in the wrong place.
        self.wrong(path, format!("is not one of {}", words.join(", ")), remedy);
    }

    fn text(&mut self, schema: &Value, text: &str, path: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        let length = text.chars().count();
        if let Some(least) = bound("minLength").filter(|least| length < *least) {
            let problem = if length == 0 { "is empty".to_owned() } else { format!("has {length} characters") };
            return self.wrong(path, problem, format!("write at least {least}"));
        }
        if let Some(most) = bound("maxLength").filter(|most| length > *most) {
            return self.wrong(path, format!("has {length} characters"), format!("write at most {most}"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            return self.wrong(path, "holds a control character", "remove it");
        }
        if schema.get("format").and_then(Value::as_str) == Some("date-time")
            && let Err(error) = times::read(path, text)
        {
            self.wrong(path, error.problem, error.remedy);
        }
    }

    fn number(&mut self, schema: &Value, number: &serde_json::Number, path: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let value = number.as_f64().unwrap_or(f64::INFINITY);
        if let Some(least) = bound("minimum").filter(|least| value < *least) {
            self.wrong(path, format!("{number} is too small"), format!("write {least} or more"));
        }
        if let Some(most) = bound("maximum").filter(|most| value > *most) {
            self.wrong(path, format!("{number} is too large"), format!("write {most} or less"));
        }
    }

    fn list(&mut self, schema: &Value, items: &[Value], path: &str) {
        let bound = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        if let Some(least) = bound("minItems").filter(|least| items.len() < *least) {
            return self.wrong(path, format!("has {} items", items.len()), format!("write at least {least}"));
        }
        if let Some(most) = bound("maxItems").filter(|most| items.len() > *most) {
            return self.wrong(path, format!("has {} items", items.len()), format!("write at most {most}"));
        }
        if let Some(inner) = schema.get("items") {
            for (at, item) in items.iter().enumerate() {
                self.value(inner, item, &format!("{path}[{at}]"));
            }
        }
    }

    fn object(&mut self, schema: &Value, members: &Map<String, Value>, path: &str) {
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.wrong(&join(path, name), "is missing", "add it");
            }
        }
        if let Some(least) = schema.get("minProperties").and_then(Value::as_u64).filter(|least| (members.len() as u64) < *least) {
            return self.wrong(path, format!("has {} members", members.len()), format!("write at least {least}"));
        }
        if let Some(most) = schema.get("maxProperties").and_then(Value::as_u64).filter(|most| members.len() as u64 > *most) {
            return self.wrong(path, format!("has {} members", members.len()), format!("write at most {most}"));
        }
        for (name, value) in members {
            let inner = join(path, name);
            match (known.and_then(|known| known.get(name)), others) {
                (Some(field), _) => self.value(field, value, &inner),
                (None, Some(Value::Bool(false))) => self.unknown(name, known, &inner),
                (None, Some(any)) => {
                    if name.chars().any(char::is_control) {
                        self.wrong(&inner, "the name holds a control character", "remove it");
                    }
                    self.value(any, value, &inner);
                }
                (None, None) => {}
            }
        }
    }

    fn unknown(&mut self, name: &str, known: Option<&Map<String, Value>>, path: &str) {
        let names = || known.into_iter().flat_map(|fields| fields.keys().map(String::as_str));
        let remedy = match suggest::closest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("remove it; known are {}", names().collect::<Vec<_>>().join(", ")),
        };
        self.wrong(path, "is not known here", remedy);
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        // JSON has no integers: 1.0 is one.
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn named(types: &[&str]) -> String {
    let words: Vec<&str> = types
        .iter()
        .map(|kind| match *kind {
            "integer" => "a whole number",
            "number" => "a number",
            "string" => "a string",
            "boolean" => "true or false",
            "array" => "a list",
            "object" => "an object",
            _ => "null",
        })
        .collect();
    words.join(" or ")
}

#[cfg(test)]
mod tests;
