//! What is counted of the requests of one operation, virtual model and provider: found once a request, then a few atomic additions.

use super::family::Found;
use chat::Usage;
use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use std::fmt;
use std::time::Duration;

/// From an answer out of a cache to the longest reasoning.
const SECONDS: [f64; 15] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

pub(crate) struct Traffic {
    /// By status class and fault: both come from closed lists.
    outcomes: RwLock<Vec<(Result, Counter)>>,
    pub(super) duration: Histogram,
    pub(super) first_token: Histogram,
    tokens: [Counter; 5],
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Result {
    pub(crate) status: u16,
    pub(crate) fault: Option<&'static str>,
}

impl Result {
    fn class(self) -> &'static str {
        match self.status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "none",
        }
    }

    fn fault(self) -> &'static str {
        self.fault.unwrap_or("none")
    }
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self {
            outcomes: RwLock::default(),
            duration: Histogram::new(SECONDS),
            first_token: Histogram::new(SECONDS),
            tokens: std::array::from_fn(|_| Counter::default()),
        }
    }

    pub(crate) fn finished(&self, result: Result, took: Duration, first_token: Option<Duration>) {
        self.outcome(result).inc();
        self.duration.observe(took.as_secs_f64());
        if let Some(first_token) = first_token {
            self.first_token.observe(first_token.as_secs_f64());
        }
    }

    fn outcome(&self, result: Result) -> Counter {
        let same = |known: &Result| known.class() == result.class() && known.fault == result.fault;
        if let Some((_, counter)) = self.outcomes.read().iter().find(|(known, _)| same(known)) {
            return counter.clone();
        }
        let mut outcomes = self.outcomes.write();
        if let Some((_, counter)) = outcomes.iter().find(|(known, _)| same(known)) {
            return counter.clone();
        }
        let counter = Counter::default();
        outcomes.push((result, counter.clone()));
        counter
    }

    pub(crate) fn used(&self, usage: &Usage) {
        let [input, output, cache_read, cache_write, reasoning] = &self.tokens;
        for (counter, count) in [
            (input, usage.input),
            (output, usage.output),
            (cache_read, usage.cache_read),
            (cache_write, usage.cache_write),
            (reasoning, usage.reasoning),
        ] {
            if let Some(count) = count.filter(|count| *count > 0) {
                counter.inc_by(count);
            }
        }
    }

    pub(super) fn each_outcome(&self, found: &mut Found<'_>) -> fmt::Result {
        let outcomes = self.outcomes.read().clone();
        outcomes.iter().try_for_each(|(result, counter)| found(&[("status", result.class()), ("fault", result.fault())], counter))
    }

    /// Kinds that were never seen are left out.
    pub(super) fn each_kind(&self, found: &mut Found<'_>) -> fmt::Result {
        let kinds = ["input", "output", "cache_read", "cache_write", "reasoning"];
        let seen = kinds.into_iter().zip(&self.tokens).filter(|(_, counter)| counter.get() > 0);
        seen.into_iter().try_for_each(|(kind, counter)| found(&[("kind", kind)], counter))
    }
}
