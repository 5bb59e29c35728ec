//! Requests under way by name: of a key, of a provider.

use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Past this many names those without a request are forgotten.
const MANY: usize = 4_096;

/// Counters by id. They are counts of what is there, not windows of time, so nothing has to be reset (R33).
#[derive(Default)]
pub(super) struct Slots(DashMap<String, Arc<AtomicUsize>>);

/// One request under way.
#[derive(Debug)]
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Slots {
    /// `None` if there are `limit` already.
    pub(super) fn take(&self, id: &str, limit: usize) -> Option<Slot> {
        Slot::of(&self.counter(id), limit)
    }

    fn counter(&self, id: &str) -> Arc<AtomicUsize> {
        if let Some(known) = self.0.get(id) {
            return Arc::clone(&known);
        }
        if self.0.len() >= MANY {
            // One that somebody else holds at the moment is about to be taken.
            self.0.retain(|_, counter| Arc::strong_count(counter) > 1);
        }
        Arc::clone(&self.0.entry(id.to_owned()).or_default())
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> usize {
        self.0.len()
    }
}

impl Slot {
    /// `None` if the counter has reached the limit.
    pub(super) fn of(counter: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let taken = counter.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| (count < limit).then_some(count + 1));
        taken.ok().map(|_| Self(Arc::clone(counter)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
