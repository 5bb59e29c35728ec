//! JSON into the tree of places. A value's line is where it begins: each value is borrowed from the text, so its address tells the offset.

use super::problem::Problems;
use super::tree::{Content, Entry, Lines, MAX_DEPTH, Node, Place};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::sync::Arc;

pub(super) fn read(text: &str, file: &Arc<str>) -> Result<Node, Problems> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1);
        Problems::one(Place::Line(Arc::clone(file), line), format!("not valid JSON: {}", without_position(&error)))
    })?;
    let mut reader = Reader { text, lines: Lines::of(text), file, problems: Problems::default() };
    let node = reader.node(raw, 0);
    reader.problems.into_result()?;
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    file: &'a Arc<str>,
    problems: Problems,
}

impl<'a> Reader<'a> {
    fn place(&self, raw: &str) -> Place {
        let offset = (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Place::Line(Arc::clone(self.file), self.lines.at(offset))
    }

    fn node(&mut self, raw: &'a RawValue, depth: usize) -> Node {
        let place = self.place(raw.get());
        if depth > MAX_DEPTH {
            self.problems.add(&place, format!("nested deeper than {MAX_DEPTH} levels"));
            return Node { place, content: Content::Null };
        }
        let content = match raw.get().as_bytes().first() {
            Some(b'{') => self.map(raw, depth),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
                Content::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect())
            }
            _ => self.scalar(raw.get(), &place),
        };
        Node { place, content }
    }

    fn map(&mut self, raw: &'a RawValue, depth: usize) -> Content {
        let Fields(fields) = serde_json::from_str(raw.get()).unwrap_or_default();
        let mut entries: Vec<Entry> = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let node = self.node(value, depth + 1);
            if let Some(first) = entries.iter().find(|entry| entry.name == name) {
                let message = format!("`{name}` is set twice, first at {}: remove one of them", first.place);
                self.problems.add(&node.place, message);
            }
            entries.push(Entry { name, place: node.place.clone(), node });
        }
        Content::Map(entries)
    }

    fn scalar(&mut self, raw: &str, place: &Place) -> Content {
        match serde_json::from_str(raw) {
            Ok(serde_json::Value::Null) => Content::Null,
            Ok(serde_json::Value::Bool(value)) => Content::Bool(value),
            Ok(serde_json::Value::String(text)) => Content::Text(text),
            Ok(serde_json::Value::Number(number)) => match number.to_string().parse() {
                Ok(integer) => Content::Integer(integer),
                Err(_) => Content::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            // The syntax was checked; what is left is a number out of range or half an escaped character.
            _ => {
                self.problems.add(place, "a value that cannot be read: a number out of range, or an invalid escape in a text");
                Content::Null
            }
        }
    }
}

/// The fields of an object in their order, repeated names kept.
#[derive(Default)]
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}
