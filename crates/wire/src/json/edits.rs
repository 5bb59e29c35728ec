//! Changes to the members of a scanned object that leave every other byte as it came.

use super::{Object, json_string};

/// A list of changes, applied to the text in one copy. Each change sees the names that the ones before it made.
pub struct Edits<'o, 'a> {
    object: &'o Object<'a>,
    /// One for each member of the object; empty until the first change.
    slots: Vec<Slot>,
    appended: Vec<(String, String)>,
    changed: bool,
}

#[derive(Clone, Default)]
struct Slot {
    name: Option<String>,
    value: Option<String>,
    removed: bool,
}

/// Where a member is now.
enum Place {
    Slot(usize),
    Appended(usize),
}

impl<'o, 'a> Edits<'o, 'a> {
    pub fn new(object: &'o Object<'a>) -> Self {
        Self { object, slots: Vec::new(), appended: Vec::new(), changed: false }
    }

    /// True while nothing would change.
    pub fn is_empty(&self) -> bool {
        !self.changed
    }

    /// Gives a member this value, which must be one JSON value as text; a member that is missing is appended at the end.
    pub fn set(&mut self, key: &str, raw_json: impl Into<String>) -> &mut Self {
        let value = raw_json.into();
        match self.find(key) {
            Some(Place::Slot(at)) => self.change(at, |slot| slot.value = Some(value)),
            Some(Place::Appended(at)) => {
                if let Some(pair) = self.appended.get_mut(at) {
                    pair.1 = value;
                }
            }
            None => self.appended.push((key.to_owned(), value)),
        }
        self.changed = true;
        self
    }

    /// Gives a member another name. Nothing happens, and the answer is false, where there is no `from` or where there is a `to` already:
    /// a body never gets the same name twice.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        if self.find(to).is_some() {
            return false;
        }
        match self.find(from) {
            Some(Place::Slot(at)) => self.change(at, |slot| slot.name = Some(to.to_owned())),
            Some(Place::Appended(at)) => {
                if let Some(pair) = self.appended.get_mut(at) {
                    to.clone_into(&mut pair.0);
                }
            }
            None => return false,
        }
        self.changed = true;
        true
    }

    /// Takes a member out; says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        match self.find(key) {
            Some(Place::Slot(at)) => self.change(at, |slot| slot.removed = true),
            Some(Place::Appended(at)) => {
                self.appended.remove(at);
            }
            None => return false,
        }
        self.changed = true;
        true
    }

    /// The body with the changes.
    pub fn apply(&self) -> Vec<u8> {
        let body = self.object.body();
        if !self.changed {
            return body.to_vec();
        }
        let mut out = Vec::with_capacity(body.len() + self.growth());
        let members = self.object.members();
        let (head, tail) = match (members.first(), members.last()) {
            (Some(first), Some(last)) => (first.key_span.start, last.value_span.end),
            _ => self.inside_of_empty(),
        };
        out.extend_from_slice(slice(body, 0, head));
        let mut written = 0_usize;
        let mut previous_end = head;
        for (at, member) in members.iter().enumerate() {
            let slot = self.slots.get(at);
            if !slot.is_some_and(|slot| slot.removed) {
                // The separator is the one before this member, so the spacing of a list that loses members stays that of the list.
                if written > 0 {
                    out.extend_from_slice(slice(body, previous_end, member.key_span.start));
                }
                match slot.and_then(|slot| slot.name.as_deref()) {
                    Some(name) => out.extend_from_slice(json_string(name).as_bytes()),
                    None => out.extend_from_slice(slice(body, member.key_span.start, member.key_span.end)),
                }
                out.extend_from_slice(slice(body, member.key_span.end, member.value_span.start));
                out.extend_from_slice(slot.and_then(|slot| slot.value.as_deref()).unwrap_or(member.value).as_bytes());
                written += 1;
            }
            previous_end = member.value_span.end;
        }
        self.append(&mut out, written);
        out.extend_from_slice(slice(body, tail, body.len()));
        out
    }

    fn append(&self, out: &mut Vec<u8>, mut written: usize) {
        for (name, value) in &self.appended {
            if written > 0 {
                out.push(b',');
            }
            super::push_json_string(out, name);
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
            written += 1;
        }
    }

    /// The place right after the brace of an object without members.
    fn inside_of_empty(&self) -> (usize, usize) {
        let brace = memchr::memchr(b'{', self.object.body()).map_or(0, |at| at + 1);
        (brace, brace)
    }

    fn growth(&self) -> usize {
        let changed = self.slots.iter().map(|slot| slot.name.as_ref().map_or(0, String::len) + slot.value.as_ref().map_or(0, String::len));
        let appended = self.appended.iter().map(|(name, value)| name.len() + value.len() + 8);
        changed.sum::<usize>() + appended.sum::<usize>() + 16
    }

    fn change(&mut self, at: usize, change: impl FnOnce(&mut Slot)) {
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); self.object.members().len()];
        }
        if let Some(slot) = self.slots.get_mut(at) {
            change(slot);
        }
    }

    /// By the name that it has now.
    fn find(&self, key: &str) -> Option<Place> {
        let mut members = self.object.members().iter().enumerate();
        let slot = members.find(|(at, member)| match self.slots.get(*at) {
            Some(slot) if slot.removed => false,
            Some(Slot { name: Some(name), .. }) => name == key,
            _ => member.key == key,
        });
        let appended = || self.appended.iter().position(|(name, _)| name == key).map(Place::Appended);
        slot.map(|(at, _)| Place::Slot(at)).or_else(appended)
    }
}

fn slice(body: &[u8], start: usize, end: usize) -> &[u8] {
    body.get(start..end).unwrap_or_default()
}
