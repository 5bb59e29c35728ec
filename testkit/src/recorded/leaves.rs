//! The leaves of a JSON text, and what of one text is missing in another.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// A place in a JSON text, as `choices[0].message.content`, and the value there: a number as it is spelled, a string in one escaping. An
/// empty object or list is a leaf too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    pub path: String,
    pub value: String,
}

/// Leaves that may be missing: a path pattern, and why. In a pattern `[*]` stands for any index, and a pattern also covers what lies under it.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub pattern: &'static str,
    /// The value that the leaf must have to be covered, in JSON spelling; `None` is any.
    pub value: Option<&'static str>,
    pub reason: &'static str,
}

/// Every leaf in document order. Text that is not JSON has none.
pub fn leaves(json: &str) -> Vec<Leaf> {
    let mut found = Vec::new();
    walk(json, String::new(), &mut found);
    found
}

/// The leaves of `original` that stand nowhere in `written` with the same path and value, save those that an allowance or a lost path covers.
pub fn missing(original: &str, written: &str, allowed: &[Allowance], lost: &[String]) -> Vec<Leaf> {
    let kept: BTreeSet<Leaf> = leaves(written).into_iter().collect();
    let covered = |leaf: &Leaf| {
        allowed.iter().any(|allowance| matches(allowance.pattern, &leaf.path) && allowance.value.is_none_or(|value| value == leaf.value))
            || lost.iter().any(|path| matches(path, &leaf.path))
    };
    leaves(original).into_iter().filter(|leaf| !kept.contains(leaf) && !covered(leaf)).collect()
}

/// Whether `path` is at or under the place that `pattern` names.
pub fn matches(pattern: &str, path: &str) -> bool {
    let mut rest = path;
    for (n, piece) in pattern.split("[*]").enumerate() {
        if n > 0 {
            let Some(close) = rest.strip_prefix('[').and_then(|inner| inner.find(']').map(|at| at + 2)) else { return false };
            rest = rest.get(close..).unwrap_or_default();
        }
        let Some(after) = rest.strip_prefix(piece) else { return false };
        rest = after;
    }
    rest.is_empty() || rest.starts_with('.') || rest.starts_with('[')
}

/// What a stream of JSON chunks says in all, for comparing two streams that are cut into chunks differently: for each path (list indexes of
/// `keyed` members replaced by the member's own `index`, others erased) the strings of `joined` paths in one piece, and of all others the
/// set of values.
pub fn stream_account(chunks: &[&str], joined: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut pieces: BTreeMap<String, String> = BTreeMap::new();
    let mut account: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for chunk in chunks {
        for leaf in leaves(chunk) {
            let path = keyed(chunk, &leaf.path);
            match serde_json::from_str::<String>(&leaf.value) {
                Ok(text) if joined.iter().any(|pattern| matches(pattern, &path)) => pieces.entry(path).or_default().push_str(&text),
                _ => {
                    account.entry(path).or_default().insert(leaf.value);
                }
            }
        }
    }
    for (path, text) in pieces {
        account.entry(path).or_default().insert(text);
    }
    account
}

/// Replaces each list index by the `index` member of the element, where it has one, and by 0 where it has none.
fn keyed(chunk: &str, path: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(chunk).unwrap_or_default();
    let mut at = Some(&value);
    let mut out = String::new();
    for step in path.split_inclusive(['.', '[', ']']) {
        let (name, end) = match step.char_indices().last() {
            Some((n, '.' | '[' | ']')) => (step.get(..n).unwrap_or(step), step.get(n..).unwrap_or("")),
            _ => (step, ""),
        };
        if end == "]" {
            at = at.and_then(|list| list.get(name.parse::<usize>().ok()?));
            let index = at.and_then(|element| element.get("index")).and_then(serde_json::Value::as_u64).unwrap_or(0);
            out.push_str(&index.to_string());
        } else {
            at = if name.is_empty() { at } else { at.and_then(|object| object.get(name)) };
            out.push_str(name);
        }
        out.push_str(end);
    }
    out
}

fn walk(json: &str, path: String, found: &mut Vec<Leaf>) {
    let text = json.trim();
    match text.as_bytes().first() {
        Some(b'{') => match serde_json::from_str::<Members<'_>>(text) {
            Ok(Members(members)) if !members.is_empty() => {
                for (name, value) in members {
                    let inner = if path.is_empty() { name } else { format!("{path}.{name}") };
                    walk(value.get(), inner, found);
                }
            }
            Ok(_) => found.push(Leaf { path, value: "{}".into() }),
            Err(_) => {}
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(elements) if !elements.is_empty() => {
                for (n, value) in elements.iter().enumerate() {
                    walk(value.get(), format!("{path}[{n}]"), found);
                }
            }
            Ok(_) => found.push(Leaf { path, value: "[]".into() }),
            Err(_) => {}
        },
        Some(b'"') => {
            if let Ok(value) = serde_json::from_str::<String>(text).and_then(|decoded| serde_json::to_string(&decoded)) {
                found.push(Leaf { path, value });
            }
        }
        Some(_) => found.push(Leaf { path, value: text.to_owned() }),
        None => {}
    }
}

/// The members of an object in order, repeated names included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(entry);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
