//! Recorded traffic of OpenAI, Groq and servers that imitate them, through the `openai_chat` dialect. Records are read in place.
//!
//! Replies and streams lose nothing: each leaf is written back, or is allowed to go by name and with a reason. Streams say the same however
//! they are cut. Requests round-trip, save declared losses. A record that cannot pass is listed in [`exceptions`].
// A test fails by panicking, and tells what it counted.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)]

mod errors;
mod exceptions;
mod replies;
mod requests;
mod streams;

use std::collections::BTreeMap;
use testkit::recorded::{Record, records, shared_dir};

/// What one kind of check found.
struct Tally {
    what: &'static str,
    passed: BTreeMap<String, usize>,
    excused: Vec<String>,
    failed: Vec<String>,
}

impl Tally {
    fn new(what: &'static str) -> Self {
        Self { what, passed: BTreeMap::new(), excused: Vec::new(), failed: Vec::new() }
    }

    fn add(&mut self, record: &Record, result: Result<(), String>) {
        let excuse = exceptions::excuse(&record.id, self.what);
        match (result, excuse) {
            (Ok(()), None) => *self.passed.entry(format!("{} {}", record.provider, record.operation)).or_default() += 1,
            (Err(why), Some(reason)) => self.excused.push(format!("{} {}: {reason} ({why})", record.provider, record.id)),
            (Ok(()), Some(_)) => self.failed.push(format!("{} {}: listed as an exception, but passes", record.provider, record.id)),
            (Err(why), None) => self.failed.push(format!("{} {} {}: {why}", record.provider, record.operation, record.id)),
        }
    }

    /// Prints the counts. A test that checked nothing is no test.
    fn settle(self, at_least: usize) {
        for (group, count) in &self.passed {
            println!("{}: {group}: {count} passed", self.what);
        }
        for line in &self.excused {
            println!("{}: cannot pass: {line}", self.what);
        }
        assert!(self.failed.is_empty(), "{}: {} failed\n{}", self.what, self.failed.len(), self.failed.join("\n"));
        let total: usize = self.passed.values().sum();
        assert!(total >= at_least, "{}: only {total} records were checked", self.what);
    }
}

/// Checks the records of these providers that `wanted` takes.
fn check(
    what: &'static str,
    providers: &[&str],
    at_least: usize,
    wanted: impl Fn(&Record) -> bool,
    test: impl Fn(&Record) -> Result<(), String>,
) {
    if shared_dir().is_none() {
        return;
    }
    let mut tally = Tally::new(what);
    for record in providers.iter().flat_map(|provider| records(provider)).filter(wanted) {
        let result = test(&record);
        tally.add(&record, result);
    }
    tally.settle(at_least);
}

fn text(record: &Record) -> Result<&str, String> {
    record.response.text().ok_or_else(|| "the answer is no text".to_owned())
}
