//! Names that a writer had to spell differently, and the way back.

use chat::{Event, PartKind, PartOpen, Reply};
use std::collections::{HashMap, HashSet};

/// Tool names as they were sent to the provider, with the caller's own: a provider may allow fewer characters than the caller used. A codec
/// keeps no state between request and reply, so the map travels with the request and is applied to what comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMap {
    tools: HashMap<String, String>,
}

impl NameMap {
    /// Notes that the caller's tool `own` is called `sent` at the provider.
    pub fn note(&mut self, sent: impl Into<String>, own: impl Into<String>) {
        self.tools.entry(sent.into()).or_insert(own.into());
    }

    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The caller's name of the tool that the provider calls `sent`, where it differs.
    pub fn own(&self, sent: &str) -> Option<&str> {
        self.tools.get(sent).map(String::as_str)
    }

    /// Puts the caller's names into a reply.
    pub fn restore_reply(&self, reply: &mut Reply) {
        if self.is_empty() {
            return;
        }
        for part in reply.choices.iter_mut().flat_map(|choice| &mut choice.parts) {
            if let PartKind::ToolCall(call) = &mut part.kind {
                self.restore(&mut call.name);
            }
        }
    }

    /// Puts the caller's name into an event.
    pub fn restore_event(&self, event: &mut Event) {
        if let Event::PartStart { open: PartOpen::ToolCall { name, .. }, .. } = event {
            self.restore(name);
        }
    }

    fn restore(&self, name: &mut String) {
        if let Some(own) = self.own(name) {
            own.clone_into(name);
        }
    }
}

/// Names that are given once each.
#[derive(Default)]
pub(crate) struct Unique {
    used: HashSet<String>,
    /// The next number after a stem, for each count of digits: what was tried is not tried again, however many names clean to the same text.
    next: HashMap<(String, u32), u64>,
}

impl Unique {
    /// Nobody else gets these.
    pub(crate) fn reserve(&mut self, names: impl Iterator<Item = String>) {
        self.used.extend(names);
    }

    /// The name, or the name with a number where it is taken.
    pub(crate) fn take(&mut self, name: String, longest: usize) -> String {
        if self.used.insert(name.clone()) {
            return name;
        }
        let mut digits = 1;
        loop {
            let suffix = usize::try_from(digits).unwrap_or(usize::MAX).saturating_add(1);
            let stem: String = name.chars().take(longest.saturating_sub(suffix)).collect();
            if let Some(free) = self.numbered(stem, digits) {
                return free;
            }
            digits += 1;
        }
    }

    /// The stem with the next free number of so many digits.
    fn numbered(&mut self, stem: String, digits: u32) -> Option<String> {
        let first = if digits == 1 { 2 } else { 10_u64.saturating_pow(digits - 1) };
        let next = self.next.entry((stem.clone(), digits)).or_insert(first);
        while *next < 10_u64.saturating_pow(digits) {
            let candidate = format!("{stem}_{next}");
            *next += 1;
            if self.used.insert(candidate.clone()) {
                return Some(candidate);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
