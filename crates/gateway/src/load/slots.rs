//! Requests under way by name: of a key, of a provider.

use dashmap::DashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// Past this many names those without a request are forgotten.
const MANY: usize = 4_096;

/// Counters by id. They are counts of what is there, not windows of time, so nothing has to be reset (R33).
///
/// Asked once for each key and provider that is configured; from then on the object itself knows its counter. One that takes the object's place
/// under the same id finds the same counter here.
pub(super) struct Slots {
    counters: DashMap<String, Arc<AtomicUsize>>,
    /// The next time that those without a request are looked for: not at every new name where many are in use.
    forget_at: AtomicUsize,
}

/// Where a key or a provider keeps its counter.
///
/// It says nothing about what the object is, so that all are equal.
#[derive(Clone, Debug, Default)]
pub struct UnderWay(OnceLock<Arc<AtomicUsize>>);

/// One request under way.
#[derive(Debug)]
pub(crate) struct Slot(Arc<AtomicUsize>);

impl Default for Slots {
    fn default() -> Self {
        Self { counters: DashMap::new(), forget_at: AtomicUsize::new(MANY) }
    }
}

impl Slots {
    /// `None` if there are `limit` already.
    pub(super) fn take(&self, id: &str, under_way: &UnderWay, limit: usize) -> Option<Slot> {
        Slot::of(under_way.0.get_or_init(|| self.counter(id)), limit)
    }

    fn counter(&self, id: &str) -> Arc<AtomicUsize> {
        if let Some(known) = self.counters.get(id) {
            return Arc::clone(&known);
        }
        if self.counters.len() >= self.forget_at.load(Ordering::Relaxed) {
            // One that somebody else holds is in use, or about to be taken.
            self.counters.retain(|_, counter| Arc::strong_count(counter) > 1);
            self.forget_at.store(MANY.max(self.counters.len() * 2), Ordering::Relaxed);
        }
        Arc::clone(&self.counters.entry(id.to_owned()).or_default())
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> usize {
        self.counters.len()
    }
}

impl PartialEq for UnderWay {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for UnderWay {}

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
