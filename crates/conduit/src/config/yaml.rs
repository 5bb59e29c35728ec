//! YAML into the tree of places.

use super::problem::Problems;
use super::tree::{Content, Entry, MAX_DEPTH, Node, Place};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Error, Location, Spanned};
use std::fmt;
use std::sync::Arc;

pub(super) fn read(text: &str, file: &Arc<str>) -> Result<Node, Problems> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: 2_000_000, max_events: 4_000_000 },
        strict_booleans: true,
        with_snippet: false,
    };
    let root: Option<Spanned<Value>> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map_or_else(|| Place::File(Arc::clone(file)), |location| line(file, location));
        Problems::one(place, in_our_words(&error))
    })?;
    Ok(root.map_or_else(|| Node::empty_map(Place::Line(Arc::clone(file), 1)), |root| place_all(root, file)))
}

/// What YAML says, before the file's name is added to each place.
enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Value>>),
    Map(Vec<(Spanned<String>, Spanned<Value>)>),
}

fn place_all(value: Spanned<Value>, file: &Arc<str>) -> Node {
    let place = line(file, value.referenced);
    let content = match value.value {
        Value::Null => Content::Null,
        Value::Bool(value) => Content::Bool(value),
        Value::Integer(value) => Content::Integer(value),
        Value::Float(value) => Content::Float(value),
        Value::Text(text) => Content::Text(text),
        Value::List(items) => Content::List(items.into_iter().map(|item| place_all(item, file)).collect()),
        Value::Map(fields) => Content::Map(
            fields
                .into_iter()
                .map(|(name, value)| Entry { place: line(file, name.referenced), name: name.value, node: place_all(value, file) })
                .collect(),
        ),
    };
    Node { place, content }
}

fn line(file: &Arc<str>, location: Location) -> Place {
    Place::Line(Arc::clone(file), usize::try_from(location.line()).unwrap_or(1).max(1))
}

/// What is wrong, for someone who writes a configuration: the parser's own advice is for those who program with it.
fn in_our_words(error: &Error) -> String {
    match error {
        Error::AliasError { error, .. } => in_our_words(error),
        Error::DuplicateMappingKey { key: Some(name), .. } => format!("`{name}` is set twice in one map: remove one of them"),
        Error::DuplicateMappingKey { key: None, .. } => "a field is set twice in one map: remove one of them".to_owned(),
        Error::MultipleDocuments { .. } => "a second document begins here: write one document in one file".to_owned(),
        Error::NullIntoString { .. } => "a field has no name: write one before the `:`".to_owned(),
        Error::BinaryNotUtf8 { .. } => "a `!!binary` value is not text: write the text itself".to_owned(),
        Error::NonFiniteFloat { .. } => "a number without end is not a value that Conduit uses".to_owned(),
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias stands inside of what it refers to: write the value out".to_owned(),
        Error::Budget { .. } => format!("larger than a configuration may be, or nested deeper than {MAX_DEPTH} levels"),
        other => format!("not valid YAML: {}", without_position(&other.to_string())),
    }
}

/// The parser's message without "line 3 column 5: ", which the place says already.
fn without_position(message: &str) -> String {
    let first_line = message.lines().next().unwrap_or(message);
    let cut = first_line.find(" at line ").unwrap_or(first_line.len());
    let message = first_line.get(..cut).unwrap_or(first_line);
    match message.strip_prefix("error: ").unwrap_or(message).split_once(": ") {
        Some((position, rest)) if position.starts_with("line ") => rest.to_owned(),
        _ => message.to_owned(),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Map(fields))
    }
}
