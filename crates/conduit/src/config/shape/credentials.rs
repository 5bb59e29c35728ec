//! The two ways to write a provider's credentials: one map of fields, or a list of such maps, each with its `name` and `weight`.
//!
//! Both come back in one form: a list of `{ name, weight, fields }`. Which fields there are depends on the provider's type and is checked later.

use super::{Shape, join, name, quote_hint};
use crate::config::scalars::MAX_WEIGHT;
use crate::config::tree::{Content, Entry, Node, Place};
use inventory::object::DEFAULT_CREDENTIAL;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(super) struct Reader<'r, 'a> {
    pub(super) shape: &'r mut Shape<'a>,
}

impl Reader<'_, '_> {
    pub(super) fn read(&mut self, node: &Node, path: &str) -> Option<Value> {
        match &node.content {
            Content::Map(entries) if entries.is_empty() => Some(json!([])),
            Content::Map(entries) => {
                let fields = self.fields(entries.iter(), path);
                Some(json!([{ "name": DEFAULT_CREDENTIAL, "weight": 1, "fields": fields }]))
            }
            Content::List(items) if items.is_empty() => {
                self.shape.wrong(&node.place, path, "is empty: write one map of fields, or a list of credentials")
            }
            Content::List(items) => Some(self.several(items, path)),
            _ => self.shape.wrong(&node.place, path, format!("expected a map, or a list of maps, found {}", node.kind())),
        }
    }

    /// An entry with a mistake keeps its position, so that positions still lead to places.
    fn several(&mut self, items: &[Node], path: &str) -> Value {
        let mut first: HashMap<&str, &Place> = HashMap::new();
        let mut list = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let Content::Map(entries) = &item.content else {
                self.shape.wrong(&item.place, &path, format!("expected a map, found {}", item.kind()));
                list.push(json!({ "name": "", "weight": 1, "fields": {} }));
                continue;
            };
            let name = self.name(item, &path);
            if let (Some(name), Some(place)) = (name, item.get("name").map(|node| &node.place)) {
                match first.get(name) {
                    Some(other) => {
                        let message = format!("`{name}` is taken: it stands at {other} already");
                        self.shape.wrong(place, &join(&path, "name"), message);
                    }
                    None => drop(first.insert(name, place)),
                }
            }
            let weight = u32::try_from(self.weight(item, &path)).unwrap_or(1);
            let fields = self.fields(entries.iter().filter(|entry| entry.name != "name" && entry.name != "weight"), &path);
            list.push(json!({ "name": name.unwrap_or_default(), "weight": weight, "fields": fields }));
        }
        Value::Array(list)
    }

    fn name<'n>(&mut self, item: &'n Node, path: &str) -> Option<&'n str> {
        let path = join(path, "name");
        let Some(node) = item.get("name") else {
            self.shape.wrong(&item.place, &path, "is missing: each credential of a list has a name");
            return None;
        };
        match node.text().map(|text| (text, name(text))) {
            Some((text, Ok(()))) => return Some(text),
            Some((_, Err(message))) => self.shape.wrong(&node.place, &path, message),
            None => self.shape.wrong(&node.place, &path, format!("expected text, found {}{}", node.kind(), quote_hint(node))),
        };
        None
    }

    fn weight(&mut self, item: &Node, path: &str) -> i128 {
        let Some(node) = item.get("weight") else { return 1 };
        match node.content {
            Content::Null => 1,
            Content::Integer(weight) if (0..=MAX_WEIGHT).contains(&weight) => weight,
            _ => {
                let message = format!("expected a whole number, 0 to {MAX_WEIGHT}");
                self.shape.wrong(&node.place, &join(path, "weight"), message);
                1
            }
        }
    }

    fn fields<'n>(&mut self, entries: impl Iterator<Item = &'n Entry>, path: &str) -> Map<String, Value> {
        let mut values = Map::new();
        for Entry { name, node, .. } in entries {
            let inner = join(path, name);
            let value = match &node.content {
                Content::Null => self.shape.wrong(&node.place, &inner, "is empty"),
                Content::Text(text) => self.shape.secret(node, text, &inner),
                Content::List(items) => self.joined(items, &inner),
                _ => self.shape.wrong(&node.place, &inner, format!("expected text, found {}{}", node.kind(), quote_hint(node))),
            };
            if let Some(value) = value {
                values.insert(name.clone(), value);
            }
        }
        values
    }

    fn joined(&mut self, items: &[Node], path: &str) -> Option<Value> {
        let mut texts = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let inner = format!("{path}[{at}]");
            let value = match item.text() {
                Some(text) => self.shape.secret(item, text, &inner),
                None => self.shape.wrong(&item.place, &inner, format!("expected text, found {}", item.kind())),
            };
            texts.extend(value.as_ref().and_then(Value::as_str).map(str::to_owned));
        }
        Some(Value::from(texts.join(",")))
    }
}
