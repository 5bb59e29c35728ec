//! Reads what an earlier process left behind. Damage is reported, and everything else is recovered.

use super::frame::{self, Found, Kind, Record};
use super::segment;
use crate::StoreError;
use crate::usage::UsageRow;
use gateway::ports::{Intent, Outcome, OutcomeStatus};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    pub rows: Vec<Recovered>,
    /// All segments, with the bytes in each that are no record.
    pub segments: BTreeSet<u64>,
    pub damaged: BTreeMap<u64, Vec<Damage>>,
    /// Intents without outcome: rows with status unknown.
    pub unknown: usize,
    /// Outcomes whose intent is gone. Without damage their rows are in the database already.
    pub orphans: usize,
    pub torn_bytes: usize,
    directory: PathBuf,
}

/// A row for the database and the segments that must stay until it is there.
#[derive(Debug)]
pub(super) struct Recovered {
    pub row: UsageRow,
    pub intent_segment: u64,
    pub outcome_segment: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub offset: usize,
    pub length: usize,
    pub why: String,
}

#[derive(Default)]
struct Records {
    intents: Vec<(u64, Intent)>,
    outcomes: HashMap<u128, (u64, Outcome)>,
}

pub(super) fn replay(directory: &Path) -> Result<Recovery, StoreError> {
    let mut recovery = Recovery { directory: directory.to_owned(), ..Recovery::default() };
    let mut records = Records::default();
    for number in segment::list(directory)? {
        let path = segment::path(directory, number);
        let bytes = std::fs::read(&path).map_err(StoreError::file("cannot read the journal segment", path))?;
        recovery.segments.insert(number);
        read_segment(&bytes, number, &mut records, &mut recovery);
    }
    for (intent_segment, intent) in records.intents {
        let (outcome_segment, outcome) = match records.outcomes.remove(&intent.attempt_id) {
            Some((segment, outcome)) => (Some(segment), outcome),
            None => (None, unknown()),
        };
        recovery.unknown += usize::from(outcome_segment.is_none());
        recovery.rows.push(Recovered { row: UsageRow { intent, outcome }, intent_segment, outcome_segment });
    }
    recovery.orphans = records.outcomes.len();
    Ok(recovery)
}

fn read_segment(bytes: &[u8], number: u64, records: &mut Records, recovery: &mut Recovery) {
    let mut rest = bytes;
    loop {
        let offset = bytes.len() - rest.len();
        let (found, after) = frame::next(rest);
        let mut damage = |why: String| {
            let length = rest.len() - after.len();
            recovery.damaged.entry(number).or_default().push(Damage { offset, length, why });
        };
        match found {
            Found::Record(record) => {
                if let Err(error) = take(&record, number, records) {
                    damage(format!("a whole record that this version cannot read: {error}"));
                }
            }
            Found::Damage(_) => damage("no record".into()),
            Found::Torn(length) => recovery.torn_bytes += length,
            Found::End => return,
        }
        rest = after;
    }
}

fn take(record: &Record<'_>, number: u64, records: &mut Records) -> Result<(), serde_json::Error> {
    match record.kind {
        Kind::Intent => records.intents.push((number, serde_json::from_slice(record.body)?)),
        Kind::Outcome => {
            // A late copy of an outcome says the same as the first.
            let outcome = serde_json::from_slice(record.body)?;
            records.outcomes.entry(record.attempt_id).or_insert((number, outcome));
        }
    }
    Ok(())
}

/// The outcome of an attempt that nobody lived to record. Its usage is not known, and never 0.
fn unknown() -> Outcome {
    Outcome {
        status: OutcomeStatus::Unknown,
        http_status: 0,
        fault: None,
        usage: None,
        usage_estimated: true,
        latency: Duration::ZERO,
        first_token: None,
        upstream: Duration::ZERO,
        losses: Vec::new(),
    }
}

impl Recovery {
    pub(super) fn report(&self) {
        if !self.rows.is_empty() || self.torn_bytes > 0 {
            tracing::info!(
                rows = self.rows.len(),
                unknown = self.unknown,
                torn_bytes = self.torn_bytes,
                "the journal of an earlier run was replayed; attempts that it did not finish are recorded as unknown"
            );
        }
        for (number, damages) in &self.damaged {
            let path = segment::path(&self.directory, *number);
            for Damage { offset, length, why } in damages {
                tracing::error!(
                    segment = %path.display(), offset, length, why, orphans = self.orphans,
                    "a journal segment is damaged: these bytes are lost, the rest was recovered; the file is kept with the ending .damaged"
                );
            }
        }
    }
}
