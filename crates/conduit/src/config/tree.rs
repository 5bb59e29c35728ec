//! A configuration file as values that know where they stand: the same tree for YAML, TOML and JSON.

use std::fmt;
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of a file, counted from 1.
    Line(Arc<str>, usize),
    /// An environment variable.
    Variable(String),
    /// An option of the command line.
    Option(&'static str),
    /// Nowhere in particular: the file as a whole.
    File(Arc<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(file, line) => write!(f, "{file}:{line}"),
            Place::Variable(name) => f.write_str(name),
            Place::Option(name) => f.write_str(name),
            Place::File(file) => f.write_str(file),
        }
    }
}

/// A value with its place. It may hold secrets, so there is no `Debug`.
#[derive(Clone)]
pub(super) struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A field of a map; its place is that of the name.
#[derive(Clone)]
pub(super) struct Entry {
    pub name: String,
    pub place: Place,
    pub node: Node,
}

/// Nesting that no configuration needs; deeper files are refused before they cost stack.
pub(super) const MAX_DEPTH: usize = 64;

impl Node {
    pub(super) fn empty_map(place: Place) -> Self {
        Self { place, content: Content::Map(Vec::new()) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a person calls such a value.
    pub(super) fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Integer(_) | Content::Float(_) => "a number",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// Sets the value at a path of field names, making maps on the way. False where something else than a map is in the way.
    pub(super) fn set(&mut self, path: &[String], text: String, place: Place) -> bool {
        let Some((first, rest)) = path.split_first() else {
            *self = Node { place, content: Content::Text(text) };
            return true;
        };
        if matches!(self.content, Content::Null) {
            self.content = Content::Map(Vec::new());
        }
        let Content::Map(entries) = &mut self.content else { return false };
        match entries.iter_mut().find(|entry| entry.name == *first) {
            Some(entry) => entry.node.set(rest, text, place),
            None => {
                let mut node = Node { place: place.clone(), content: Content::Null };
                let done = node.set(rest, text, place.clone());
                entries.push(Entry { name: first.clone(), place, node });
                done
            }
        }
    }
}

/// Turns byte offsets into line numbers.
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    pub(super) fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).max(1)
    }
}
