//! Names that a writer had to spell differently, and the way back.

use chat::{Event, PartKind, PartOpen, Reply};
use std::collections::HashSet;

/// Tool names as they were sent to the provider, with the caller's own: a provider may allow fewer characters than the caller used. A codec
/// keeps no state between request and reply, so the map travels with the request and is applied to what comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameMap {
    tools: Vec<(String, String)>,
}

impl NameMap {
    /// Notes that the caller's tool `own` is called `sent` at the provider.
    pub fn note(&mut self, sent: impl Into<String>, own: impl Into<String>) {
        self.tools.push((sent.into(), own.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The caller's name of the tool that the provider calls `sent`, where it differs.
    pub fn own(&self, sent: &str) -> Option<&str> {
        self.tools.iter().find(|(name, _)| name == sent).map(|(_, own)| own.as_str())
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

/// The name, or the name with a number where it is taken.
pub(crate) fn unique(name: String, longest: usize, used: &mut HashSet<String>) -> String {
    if used.insert(name.clone()) {
        return name;
    }
    let mut n: u64 = 2;
    loop {
        let suffix = format!("_{n}");
        let stem: String = name.chars().take(longest.saturating_sub(suffix.len())).collect();
        let candidate = stem + &suffix;
        if used.insert(candidate.clone()) {
            return candidate;
        }
        n += 1;
    }
}
