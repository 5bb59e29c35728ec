//! Members of a dialect that the canonical form has no name for.

use crate::DialectId;
use wire::Raw;

/// Named raw values, tagged with the dialect that they came from; empty for most values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    from: Option<DialectId>,
    members: Vec<(String, Raw)>,
}

impl Extras {
    pub fn new(from: DialectId, members: Vec<(String, Raw)>) -> Self {
        if members.is_empty() { Self::default() } else { Self { from: Some(from), members } }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The dialect that the members came from; `None` when there are none.
    pub fn from(&self) -> Option<DialectId> {
        self.from
    }

    /// Every member, whatever its dialect, in the order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The members that may be written to `dialect`: all of them if they came from it, else none.
    pub fn of(&self, dialect: DialectId) -> &[(String, Raw)] {
        if self.from == Some(dialect) { &self.members } else { &[] }
    }

    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Takes one member out: used by a quirk that drops a field, or a dialect that knows it under another name.
    pub fn remove(&mut self, name: &str) -> Option<Raw> {
        let at = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(at).1)
    }

    pub fn push(&mut self, from: DialectId, name: impl Into<String>, value: Raw) {
        self.from = Some(from);
        self.members.push((name.into(), value));
    }
}
