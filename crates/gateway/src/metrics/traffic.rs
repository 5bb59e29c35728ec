//! What is counted of the requests of one operation, virtual model and provider: found once a request, then a few atomic additions.

use super::family::Found;
use super::histogram::Histogram;
use chat::Usage;
use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use std::fmt;
use std::time::Duration;

pub(crate) struct Traffic {
    /// Most end so: found without a search.
    succeeded: Counter,
    /// The others, by status class and fault: both come from closed lists.
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

    fn is_success(self) -> bool {
        self.fault.is_none() && self.status / 100 == 2
    }

    fn fault(self) -> &'static str {
        self.fault.unwrap_or("none")
    }
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self {
            succeeded: Counter::default(),
            outcomes: RwLock::default(),
            duration: Histogram::default(),
            first_token: Histogram::default(),
            tokens: std::array::from_fn(|_| Counter::default()),
        }
    }

    pub(crate) fn finished(&self, result: Result, took: Duration, first_token: Option<Duration>) {
        match result.is_success() {
            true => self.succeeded.inc(),
            false => self.outcome(result).inc(),
        };
        self.duration.observe(took);
        if let Some(first_token) = first_token {
            self.first_token.observe(first_token);
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
        let success = Some((Result { status: 200, fault: None }, self.succeeded.clone())).filter(|(_, counter)| counter.get() > 0);
        let others = self.outcomes.read().clone();
        success
            .iter()
            .chain(&others)
            .try_for_each(|(result, counter)| found(&[("status", result.class()), ("fault", result.fault())], counter))
    }

    /// Kinds that were never seen are left out.
    pub(super) fn each_kind(&self, found: &mut Found<'_>) -> fmt::Result {
        let kinds = ["input", "output", "cache_read", "cache_write", "reasoning"];
        let seen = kinds.into_iter().zip(&self.tokens).filter(|(_, counter)| counter.get() > 0);
        seen.into_iter().try_for_each(|(kind, counter)| found(&[("kind", kind)], counter))
    }
}
