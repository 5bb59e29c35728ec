//! Reads a body as strict JSON: a mistake is told with the path of the value that it stands in, and no member stands twice.

use crate::problem::FieldError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// Names that a caller made up are shown up to this many characters.
const SHOWN: usize = 64;

/// The value of a whole body.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, FieldError> {
    let path = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Tree { path: &path }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let place = path.borrow().iter().fold(String::new(), |path, step| step.after(&path));
        FieldError::new(shown_path(&place), error.to_string(), "send one JSON object, in UTF-8, each member once")
    })
}

/// One step from a value to a value inside it.
enum Step {
    Member(String),
    Item(usize),
}

impl Step {
    fn after(&self, path: &str) -> String {
        match self {
            Self::Member(name) => join(path, name),
            Self::Item(at) => format!("{path}[{at}]"),
        }
    }
}

/// The path of a member.
pub(crate) fn join(path: &str, name: &str) -> String {
    let name = shown(name);
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// A path for people: the body itself has a name too.
pub(crate) fn shown_path(path: &str) -> String {
    if path.is_empty() { "body".to_owned() } else { path.to_owned() }
}

/// A name or value of the caller's, short and in visible characters: it may be ten megabytes of anything.
pub(crate) fn shown(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(SHOWN).map(clean).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}

struct Tree<'p> {
    path: &'p RefCell<Vec<Step>>,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            self.path.borrow_mut().push(Step::Item(list.len()));
            let next = items.next_element_seed(Tree { path: self.path })?;
            self.path.borrow_mut().pop();
            match next {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let twice = object.contains_key(&name);
            self.path.borrow_mut().push(Step::Member(name.clone()));
            if twice {
                return Err(A::Error::custom("the member stands twice"));
            }
            let value = members.next_value_seed(Tree { path: self.path })?;
            self.path.borrow_mut().pop();
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
