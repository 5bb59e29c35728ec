//! TOML into the tree of places.

use super::problem::Problems;
use super::tree::{Content, Entry, Lines, MAX_DEPTH, Node, Place};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

pub(super) fn read(text: &str, file: &Arc<str>) -> Result<Node, Problems> {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { lines, file, problems: Problems::default() };
    for error in &errors {
        let place = reader.place(error.span().map_or(0, |span| span.start));
        reader.problems.add(&place, format!("not valid TOML: {}", error.message()));
    }
    let place = reader.place(0);
    let content = if errors.is_empty() { reader.table(root.into_inner(), 0) } else { Content::Null };
    reader.problems.into_result()?;
    Ok(Node { place, content })
}

struct Reader<'a> {
    lines: Lines,
    file: &'a Arc<str>,
    problems: Problems,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        Place::Line(Arc::clone(self.file), self.lines.at(offset))
    }

    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Content {
        let mut entries = Vec::new();
        for (name, value) in table {
            let place = self.place(name.span().start);
            let node = self.node(value, depth + 1);
            entries.push(Entry { name: name.into_inner().into_owned(), place, node });
        }
        Content::Map(entries)
    }

    fn node(&mut self, value: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let place = self.place(value.span().start);
        if depth > MAX_DEPTH {
            self.problems.add(&place, format!("nested deeper than {MAX_DEPTH} levels"));
            return Node { place, content: Content::Null };
        }
        let content = match value.into_inner() {
            DeValue::String(text) => Content::Text(text.into_owned()),
            DeValue::Integer(integer) => self.integer(&integer, &place),
            DeValue::Float(float) => Content::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(value) => Content::Bool(value),
            DeValue::Datetime(_) => {
                self.problems.add(&place, "a date is not a value that Conduit uses: put text in quotes");
                Content::Null
            }
            DeValue::Array(items) => Content::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect()),
            DeValue::Table(table) => self.table(table, depth),
        };
        Node { place, content }
    }

    fn integer(&mut self, integer: &DeInteger<'_>, place: &Place) -> Content {
        match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Content::Integer(value),
            Err(_) => {
                self.problems.add(place, "a number out of range");
                Content::Null
            }
        }
    }
}
