//! Tokens of one reply, in one meaning.

use serde::{Deserialize, Serialize};

/// Counts in tokens. `None` is "the provider did not say"; a zero that it sent is a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input, cache reads and cache writes included.
    pub input: Option<u64>,
    pub cache_read: Option<u64>,
    pub cache_write: Option<u64>,
    /// The part of `cache_write` that is kept for an hour.
    pub cache_write_1h: Option<u64>,
    /// All output, reasoning included.
    pub output: Option<u64>,
    pub reasoning: Option<u64>,
    pub audio_input: Option<u64>,
    pub audio_output: Option<u64>,
    /// The provider's own total, where it sends one.
    pub total: Option<u64>,
}

impl Usage {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Cumulative counts overwrite, absent ones keep what is known: providers repeat counts, they never send increments.
    pub fn overwrite(&mut self, newer: &Usage) {
        let fields = [
            (&mut self.input, newer.input),
            (&mut self.cache_read, newer.cache_read),
            (&mut self.cache_write, newer.cache_write),
            (&mut self.cache_write_1h, newer.cache_write_1h),
            (&mut self.output, newer.output),
            (&mut self.reasoning, newer.reasoning),
            (&mut self.audio_input, newer.audio_input),
            (&mut self.audio_output, newer.audio_output),
            (&mut self.total, newer.total),
        ];
        for (old, new) in fields {
            *old = new.or(*old);
        }
    }
}

#[cfg(test)]
mod tests;
