//! The top-level fields of a body that passes through.

use super::top::Fields;
use std::borrow::Cow;
use wire::json::{Edits, Kind, Object};

/// A scanned body with the edits made so far by quirks.
pub(super) struct Spliced<'e, 'b, 't, 'o, 'a> {
    body: &'b Object<'t>,
    edits: &'e mut Edits<'o, 'a>,
    /// What quirks changed, for the ones after them: the edits cannot be read back.
    changed: Vec<(String, Option<String>)>,
}

impl<'e, 'b, 't, 'o, 'a> Spliced<'e, 'b, 't, 'o, 'a> {
    pub(super) fn new(body: &'b Object<'t>, edits: &'e mut Edits<'o, 'a>) -> Self {
        Self { body, edits, changed: Vec::new() }
    }

    fn note(&mut self, field: &str, value: Option<String>) {
        self.changed.retain(|(name, _)| name != field);
        self.changed.push((field.to_owned(), value));
    }
}

impl Fields for Spliced<'_, '_, '_, '_, '_> {
    fn get(&self, field: &str) -> Option<Cow<'_, str>> {
        match self.changed.iter().find(|(name, _)| name == field) {
            Some((_, value)) => value.as_deref().map(Cow::Borrowed),
            None => self.body.get(field).map(|member| Cow::Borrowed(member.value)),
        }
    }

    fn nulls(&self) -> Vec<String> {
        let members = self.body.members().iter().filter(|member| member.kind == Kind::Null);
        members.map(|member| member.key.to_string()).filter(|name| self.get(name).is_some_and(|value| value == "null")).collect()
    }

    fn set(&mut self, field: &str, value: String) {
        self.edits.set(field, value.clone());
        self.note(field, Some(value));
    }

    fn remove(&mut self, field: &str) {
        if self.edits.remove(field) {
            self.note(field, None);
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let value = self.get(from).map(Cow::into_owned);
        self.edits.rename(from, to);
        self.note(from, None);
        self.note(to, value);
    }
}
