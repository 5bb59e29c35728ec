//! Checks a tree against the schema: unknown fields, wrong types, missing fields, values that cannot be read, features that are not built.
//!
//! Every mistake is reported with its place; what is sound comes back as plain JSON, from which the model is read.

mod credentials;

use super::environment::Environment;
use super::problem::Problems;
use super::schema::{type_of, without_null};
use super::tree::{Content, Entry, Node, Place};
use super::{scalars, secret, suggest};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

pub(super) struct Shape<'a> {
    pub(super) environment: &'a Environment,
    pub(super) problems: &'a mut Problems,
}

impl Shape<'_> {
    /// The value in the form that the model reads, or `None` after a mistake.
    pub(super) fn check(&mut self, node: &Node, schema: &Value, path: &str) -> Option<Value> {
        if schema.get("format").and_then(Value::as_str) == Some("credentials") {
            return credentials::Reader { shape: self }.read(node, path);
        }
        let schema = without_null(schema);
        match type_of(schema) {
            Some("object") => self.object(node, schema, path),
            Some("array") => self.list(node, schema, path),
            Some("string") => self.text(node, schema, path),
            Some("integer") => self.integer(node, schema, path),
            Some("number") => self.number(node, path),
            Some("boolean") => self.boolean(node, path),
            _ => self.free(node, path),
        }
    }

    /// Any JSON: what it means is judged by the part that it is for.
    fn free(&mut self, node: &Node, path: &str) -> Option<Value> {
        match &node.content {
            Content::Null => Some(Value::Null),
            Content::Bool(value) => Some(Value::from(*value)),
            Content::Integer(value) => match i64::try_from(*value) {
                Ok(value) => Some(Value::from(value)),
                Err(_) => self.wrong(&node.place, path, format!("{value} is out of range: a whole number of 64 bits")),
            },
            Content::Float(value) if value.is_finite() => Some(Value::from(*value)),
            Content::Float(_) => self.wrong(&node.place, path, "expected a number that JSON can write"),
            Content::Text(text) => Some(Value::from(text.as_str())),
            Content::List(items) => {
                let values = items.iter().enumerate().filter_map(|(at, item)| self.free(item, &format!("{path}[{at}]")));
                Some(Value::Array(values.collect()))
            }
            Content::Map(entries) => {
                let fields = entries.iter().filter_map(|entry| {
                    let value = self.free(&entry.node, &join(path, &entry.name))?;
                    Some((entry.name.clone(), value))
                });
                Some(Value::Object(fields.collect()))
            }
        }
    }

    fn wrong(&mut self, place: &Place, path: &str, message: impl AsRef<str>) -> Option<Value> {
        self.problems.add(place, format!("{path}: {}", message.as_ref()));
        None
    }

    fn object(&mut self, node: &Node, schema: &Value, path: &str) -> Option<Value> {
        let Content::Map(entries) = &node.content else {
            return self.wrong(&node.place, shown(path), format!("expected a map, found {}", node.kind()));
        };
        let known = schema.get("properties").and_then(Value::as_object);
        let mut values = Map::new();
        for entry in entries {
            let inner = join(path, &entry.name);
            let field = known
                .and_then(|fields| fields.get(&entry.name))
                .or_else(|| schema.get("additionalProperties").filter(|any| any.is_object() || **any == Value::Bool(true)));
            match field {
                None => self.unknown_field(entry, known, &inner),
                Some(field) if is_not_built(field) => self.not_built(entry, field, &inner),
                Some(field) if is_empty(&entry.node) && when_empty(field).is_some() => {
                    self.wrong(&entry.place, &inner, format!("is empty: {}", when_empty(field).unwrap_or_default()));
                }
                // A field without a value is a field that is not set.
                Some(_) if matches!(entry.node.content, Content::Null) => {}
                Some(field) => {
                    if let Some(value) = self.check(&entry.node, field, &inner) {
                        values.insert(entry.name.clone(), value);
                    }
                }
            }
        }
        self.required(node, schema, path, &values).then_some(Value::Object(values))
    }

    fn unknown_field(&mut self, entry: &Entry, known: Option<&Map<String, Value>>, path: &str) {
        let hint = suggest::hint(&entry.name, known.into_iter().flat_map(|fields| fields.keys().map(String::as_str)));
        self.problems.add(&entry.place, format!("{path} is not a field of the configuration{hint}"));
    }

    fn not_built(&mut self, entry: &Entry, schema: &Value, path: &str) {
        let neutral = match &entry.node.content {
            Content::Null => true,
            Content::List(items) => items.is_empty(),
            Content::Map(entries) => entries.is_empty(),
            Content::Bool(value) => schema.get("x-neutral").and_then(Value::as_bool) == Some(*value),
            Content::Integer(value) => schema.get("x-neutral").and_then(Value::as_i64).map(i128::from) == Some(*value),
            Content::Text(text) => schema.get("x-neutral").and_then(Value::as_str) == Some(text),
            Content::Float(_) => false,
        };
        if neutral {
            return;
        }
        let message = match (schema.get("x-neutral"), entry.node.text()) {
            (None, _) => format!("{path} is not built yet: remove it"),
            (Some(Value::String(only)), Some(text)) => format!("{path}: `{text}` is not built yet: only `{only}` is"),
            (Some(only), _) => format!("{path} is not built yet: remove it, or leave it at {only}"),
        };
        self.problems.add(&entry.place, message);
    }

    /// Whether every required field has a sound value; a missing one is reported, a wrong one has been.
    fn required(&mut self, node: &Node, schema: &Value, path: &str, values: &Map<String, Value>) -> bool {
        let mut complete = true;
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let written = node.get(name).is_some_and(|value| !matches!(value.content, Content::Null));
            if !written {
                self.problems.add(&node.place, format!("{} is missing", join(path, name)));
            }
            complete &= values.contains_key(name);
        }
        complete
    }

    /// Objects with a mistake keep their position as null, so that positions still lead to places.
    fn list(&mut self, node: &Node, schema: &Value, path: &str) -> Option<Value> {
        let Content::List(items) = &node.content else {
            return self.wrong(&node.place, path, format!("expected a list, found {}", node.kind()));
        };
        let inner = schema.get("items").unwrap_or(&Value::Null);
        let of_objects = type_of(without_null(inner)) == Some("object");
        let checked = items.iter().enumerate().map(|(at, item)| self.check(item, inner, &format!("{path}[{at}]")));
        let values = checked.filter_map(|value| if of_objects { Some(value.unwrap_or(Value::Null)) } else { value });
        Some(Value::Array(values.collect()))
    }

    fn text(&mut self, node: &Node, schema: &Value, path: &str) -> Option<Value> {
        let Some(text) = node.text() else {
            return self.wrong(&node.place, path, format!("expected text, found {}{}", node.kind(), quote_hint(node)));
        };
        let checked = match schema.get("format").and_then(Value::as_str) {
            Some("secret") => return self.secret(node, text, path),
            Some("duration-with-unit") => scalars::period(text).and_then(|value| within(value, text, schema, scalars::period)),
            Some("size-with-unit") => scalars::size(text).and_then(|value| within(value, text, schema, scalars::size)),
            Some("socket-address") => super::listen_address(text).map(|_| ()),
            Some("name") => name(text),
            Some("date-time") => moment(text),
            _ if text.is_empty() && schema.get("x-may-be-empty").is_some() => Ok(()),
            _ if text.trim().is_empty() => Err("is empty".to_owned()),
            _ => Ok(()),
        };
        let allowed = schema.get("enum").and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        match (checked, allowed) {
            (Err(message), _) => self.wrong(&node.place, path, message),
            (Ok(()), Some(allowed)) if !allowed.contains(&text) => self.wrong(
                &node.place,
                path,
                format!("`{text}` is not one of {}{}", allowed.join(", "), suggest::hint(text, allowed.iter().copied())),
            ),
            _ => Some(Value::from(text)),
        }
    }

    fn secret(&mut self, node: &Node, text: &str, path: &str) -> Option<Value> {
        match secret::resolve(text, self.environment) {
            Ok(value) => Some(Value::from(value.expose_secret())),
            Err(message) => self.wrong(&node.place, path, message),
        }
    }

    fn integer(&mut self, node: &Node, schema: &Value, path: &str) -> Option<Value> {
        let value = match (&node.content, &node.place) {
            (Content::Integer(value), _) => *value,
            (Content::Text(text), Place::Variable(_)) if text.parse::<i128>().is_ok() => text.parse().unwrap_or_default(),
            _ => return self.wrong(&node.place, path, format!("expected a whole number, found {}", node.kind())),
        };
        let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
        let (least, most) = (bound("minimum").unwrap_or(f64::from(i32::MIN)), bound("maximum").unwrap_or(f64::from(i32::MAX)));
        #[expect(clippy::cast_precision_loss, reason = "the bounds are small")]
        if (value as f64) < least || (value as f64) > most {
            return self.wrong(&node.place, path, format!("{value} is out of range: {least} to {most}"));
        }
        i64::try_from(value).ok().map(Value::from)
    }

    fn number(&mut self, node: &Node, path: &str) -> Option<Value> {
        match node.content {
            Content::Float(value) if value.is_finite() => Some(Value::from(value)),
            Content::Integer(value) => i64::try_from(value).ok().map(Value::from),
            _ => self.wrong(&node.place, path, format!("expected a number, found {}", node.kind())),
        }
    }

    fn boolean(&mut self, node: &Node, path: &str) -> Option<Value> {
        match (&node.content, &node.place) {
            (Content::Bool(value), _) => Some(Value::from(*value)),
            (Content::Text(text), Place::Variable(_)) if text == "true" || text == "false" => Some(Value::from(text == "true")),
            _ => self.wrong(&node.place, path, format!("expected true or false, found {}", node.kind())),
        }
    }
}

fn is_not_built(schema: &Value) -> bool {
    schema.get("x-not-built").is_some()
}

/// The remedy for a field that may be left out and must not be empty, because "nothing" could be read as "everything".
fn when_empty(schema: &Value) -> Option<&str> {
    schema.get("x-when-empty").and_then(Value::as_str)
}

fn is_empty(node: &Node) -> bool {
    match &node.content {
        Content::Null => true,
        Content::List(items) => items.is_empty(),
        _ => false,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the configuration" } else { path }
}

fn quote_hint(node: &Node) -> &'static str {
    match node.content {
        Content::Integer(_) | Content::Float(_) | Content::Bool(_) => ": put the value in quotes",
        _ => "",
    }
}

fn within<T: PartialOrd>(value: T, text: &str, schema: &Value, read: fn(&str) -> Result<T, String>) -> Result<(), String> {
    let bound = |name: &str| schema.get(name).and_then(Value::as_str).unwrap_or_default();
    let (least, most) = (bound("x-minimum"), bound("x-maximum"));
    let below = read(least).is_ok_and(|least| value < least);
    let above = read(most).is_ok_and(|most| value > most);
    if below || above { Err(format!("{text} is out of range: {least} to {most}")) } else { Ok(()) }
}

fn moment(text: &str) -> Result<(), String> {
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("`{text}` is no moment: write date, time and zone, like `2027-01-31T00:00:00Z`")),
    }
}

/// Names appear in response headers and logs.
fn name(text: &str) -> Result<(), String> {
    if text.is_empty() || text.trim() != text {
        return Err("a name must not be empty, and must not begin or end with a space".to_owned());
    }
    if text.len() > 200 {
        return Err("a name has at most 200 bytes".to_owned());
    }
    if text.chars().any(|c| !c.is_ascii_graphic() && c != ' ') {
        return Err("a name has only visible ASCII characters: it is sent in response headers".to_owned());
    }
    Ok(())
}
