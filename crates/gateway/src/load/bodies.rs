//! The bytes of request bodies that are held at once.
//!
//! Places bound how many requests there are, `max_body` how long each is; together they allow more than any machine has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bodies up to this length are not counted: the places bound what they take up.
const SMALL: usize = 64 << 10;

/// The bytes of all large bodies.
#[derive(Clone, Debug, Default)]
pub(super) struct Bodies(Arc<AtomicUsize>);

/// What one request's body takes up; given back by its drop.
#[derive(Debug)]
pub(crate) struct Weight {
    held: Bodies,
    bytes: usize,
    budget: usize,
}

/// All bodies together are as large as they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooHeavy;

impl Bodies {
    pub(super) fn weigh(&self, budget: usize) -> Weight {
        Weight { held: self.clone(), bytes: 0, budget }
    }
}

impl Weight {
    /// Whether there is room for a body of this length. Nothing is taken: who announces much and sends nothing takes nothing from others.
    pub(crate) fn allows(&self, length: usize) -> Result<(), TooHeavy> {
        let held = self.held.0.load(Ordering::Relaxed).saturating_sub(self.bytes);
        if length <= SMALL || held.saturating_add(length) <= self.budget { Ok(()) } else { Err(TooHeavy) }
    }

    /// The body is this long by now.
    pub(crate) fn grows_to(&mut self, length: usize) -> Result<(), TooHeavy> {
        let more = length.saturating_sub(self.bytes);
        if length <= SMALL || more == 0 {
            return Ok(());
        }
        let raised = |held: usize| held.checked_add(more).filter(|held| *held <= self.budget);
        self.held.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, raised).map_err(|_| TooHeavy)?;
        self.bytes = length;
        Ok(())
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.held.0.fetch_sub(self.bytes, Ordering::AcqRel);
        }
    }
}
