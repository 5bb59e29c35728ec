//! What is open, what is settled, and which segments still matter. All under one lock that is held for one write(2) and a map access.

use super::replay::{Recovered, Recovery};
use super::segment::{self, Segment};
use super::{JournalOptions, JournalStats};
use crate::StoreError;
use crate::usage::UsageRow;
use chat::{Fault, FaultKind, Origin, Step};
use gateway::ports::{Intent, Outcome};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

/// Why an intent is not taken.
pub(super) enum Refusal {
    Full { capacity: usize },
    Duplicate,
    Unwritable(String),
}

impl Refusal {
    pub(super) fn into_fault(self) -> Fault {
        let fault = |message| Fault::new(FaultKind::StorageUnavailable, Origin::Gateway, Step::Admit, message);
        match self {
            Refusal::Full { capacity } => fault("the usage journal is full; try again later")
                .with_cause(format!("{capacity} attempts are under way or wait for the database (journal capacity)")),
            Refusal::Duplicate => fault("the usage journal refused this attempt").with_cause("its attempt id was used before"),
            Refusal::Unwritable(cause) => fault("the usage journal cannot be written; try again later").with_cause(cause),
        }
    }
}

/// A finished attempt on its way to the database.
#[derive(Debug)]
pub(super) struct Settled {
    intent_segment: u64,
    /// `None`: the disk refused the outcome, or there never was one.
    outcome_segment: Option<u64>,
}

/// Finished attempts in the two halves that the database and the book need.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub rows: Vec<UsageRow>,
    settled: Vec<Settled>,
}

/// An outcome that the disk refused; tried again until it is written or its row is in the database.
#[derive(Debug)]
struct Refused {
    record: Vec<u8>,
    segment: Option<u64>,
}

pub(super) struct Book {
    directory: PathBuf,
    options: JournalOptions,
    current: Segment,
    /// How many undrained records each segment has. One without any is deleted, unless it is the current one.
    pins: BTreeMap<u64, usize>,
    damaged: HashSet<u64>,
    open: HashMap<u128, (Intent, u64)>,
    waiting: VecDeque<(UsageRow, Settled)>,
    /// Rows that the drain has taken and not yet reported.
    in_flight: usize,
    refused_outcomes: HashMap<u128, Refused>,
    stats: JournalStats,
}

impl Book {
    pub(super) fn open(directory: PathBuf, options: JournalOptions, recovery: Recovery) -> Result<Book, StoreError> {
        let number = recovery.segments.last().map_or(1, |last| last + 1);
        let path = segment::path(&directory, number);
        let current =
            Segment::create(&directory, number, options.sync).map_err(StoreError::file("cannot create the journal segment", path))?;
        let mut book = Book {
            directory,
            options,
            current,
            pins: recovery.segments.iter().map(|number| (*number, 0)).collect(),
            damaged: recovery.damaged.keys().copied().collect(),
            open: HashMap::new(),
            waiting: VecDeque::with_capacity(recovery.rows.len()),
            in_flight: 0,
            refused_outcomes: HashMap::new(),
            stats: JournalStats::default(),
        };
        book.pins.insert(number, 0);
        for Recovered { row, intent_segment, outcome_segment } in recovery.rows {
            book.pin(intent_segment);
            outcome_segment.into_iter().for_each(|segment| book.pin(segment));
            book.waiting.push_back((row, Settled { intent_segment, outcome_segment }));
        }
        book.take_unpinned().into_iter().for_each(|(number, damaged)| segment::remove(&book.directory, number, damaged));
        Ok(book)
    }

    /// Reserves room for the attempt and writes its intent; gives the segment.
    pub(super) fn intend(&mut self, intent: &Intent, record: &[u8]) -> Result<u64, Refusal> {
        if let Err(full) = self.has_room() {
            self.stats.refused += 1;
            return Err(full);
        }
        if self.open.contains_key(&intent.attempt_id) {
            return Err(Refusal::Duplicate);
        }
        let segment = self.append(record).map_err(|error| Refusal::Unwritable(error.to_string()))?;
        self.open.insert(intent.attempt_id, (intent.clone(), segment));
        Ok(segment)
    }

    /// Writes an attempt that is over already, as one, and hands its row to the drain; gives how many rows wait there.
    pub(super) fn record(&mut self, intent: Intent, outcome: Outcome, records: &[u8]) -> Result<usize, Refusal> {
        self.has_room()?;
        let segment = self.append(records).map_err(|error| Refusal::Unwritable(error.to_string()))?;
        // Two records stand there.
        self.pin(segment);
        let settled = Settled { intent_segment: segment, outcome_segment: Some(segment) };
        self.waiting.push_back((UsageRow { intent, outcome }, settled));
        Ok(self.waiting.len())
    }

    pub(super) fn count_unrecorded(&mut self) -> u64 {
        self.stats.unrecorded += 1;
        self.stats.unrecorded
    }

    fn has_room(&self) -> Result<(), Refusal> {
        let taken = self.open.len() + self.waiting.len() + self.in_flight;
        if taken < self.options.capacity { Ok(()) } else { Err(Refusal::Full { capacity: self.options.capacity }) }
    }

    /// Writes the outcome and hands the row to the drain; gives how many rows wait there.
    pub(super) fn settle(&mut self, attempt_id: u128, outcome: Outcome, record: Result<Vec<u8>, serde_json::Error>) -> usize {
        let Some((intent, intent_segment)) = self.open.remove(&attempt_id) else {
            tracing::error!(
                attempt = format!("{attempt_id:032x}"),
                "an attempt was settled that the journal does not know, or twice; ignored"
            );
            return 0;
        };
        let outcome_segment = match record {
            Ok(record) => {
                self.append(&record).map_err(|_| self.refused_outcomes.insert(attempt_id, Refused { record, segment: None })).ok()
            }
            Err(error) => {
                tracing::error!(attempt = format!("{attempt_id:032x}"), %error, "an outcome cannot be written as JSON; it goes to the database alone");
                None
            }
        };
        self.waiting.push_back((UsageRow { intent, outcome }, Settled { intent_segment, outcome_segment }));
        self.waiting.len()
    }

    /// Takes up to `limit` rows; they stay in the book's count until [`Book::drained`] or [`Book::give_back`].
    pub(super) fn take(&mut self, limit: usize) -> Batch {
        let count = limit.min(self.waiting.len());
        let (rows, settled) = self.waiting.drain(..count).unzip();
        self.in_flight += count;
        Batch { rows, settled }
    }

    /// The rows are in the database. Gives the segments that nothing needs any more, to be removed outside the lock.
    pub(super) fn drained(&mut self, batch: &Batch) -> Vec<(u64, bool)> {
        self.in_flight = self.in_flight.saturating_sub(batch.rows.len());
        self.stats.drained += batch.rows.len() as u64;
        for (row, settled) in batch.rows.iter().zip(&batch.settled) {
            let late = self.refused_outcomes.remove(&row.intent.attempt_id).and_then(|refused| refused.segment);
            [Some(settled.intent_segment), settled.outcome_segment, late].into_iter().flatten().for_each(|segment| self.unpin(segment));
        }
        self.retire_if_idle(IDLE_BYTES);
        self.give_memory_back();
        self.take_unpinned()
    }

    /// Writes outcomes that the disk refused before. Gives how many it still refuses.
    pub(super) fn retry_refused(&mut self) -> usize {
        let missing: Vec<u128> = self.refused_outcomes.iter().filter(|(_, refused)| refused.segment.is_none()).map(|(id, _)| *id).collect();
        let mut left = missing.len();
        for id in missing {
            let Some(mut refused) = self.refused_outcomes.remove(&id) else { continue };
            refused.segment = self.append(&refused.record).ok();
            let written = refused.segment.is_some();
            self.refused_outcomes.insert(id, refused);
            if !written {
                break;
            }
            left -= 1;
        }
        left
    }

    /// With nothing under way, a grown segment is replaced by an empty one, so that the next start has nothing to replay.
    pub(super) fn retire_if_idle(&mut self, grown: u64) {
        if self.current.written() > grown && self.pins.values().all(|pins| *pins == 0) {
            self.rotate();
            self.take_unpinned().into_iter().for_each(|(number, damaged)| segment::remove(&self.directory, number, damaged));
        }
    }

    pub(super) fn remove(directory: &std::path::Path, unpinned: Vec<(u64, bool)>) {
        unpinned.into_iter().for_each(|(number, damaged)| segment::remove(directory, number, damaged));
    }

    pub(super) fn directory(&self) -> PathBuf {
        self.directory.clone()
    }

    /// How many attempts memory is reserved for: under way, and waiting.
    #[cfg(test)]
    pub(super) fn room(&self) -> (usize, usize) {
        (self.open.capacity(), self.waiting.capacity())
    }

    #[cfg(test)]
    pub(super) fn fill_the_disk(&mut self) -> std::io::Result<()> {
        self.current = Segment::on_full_disk(self.current.number)?;
        self.directory = "/proc/no-such-directory".into();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn free_the_disk(&mut self, directory: &std::path::Path) {
        self.directory = directory.to_owned();
    }

    pub(super) fn backlog(&self) -> usize {
        self.waiting.len() + self.in_flight
    }

    pub(super) fn take_dirty(&mut self) -> Option<Arc<File>> {
        self.current.take_dirty()
    }

    pub(super) fn mark_dirty(&mut self) {
        self.current.mark_dirty();
    }

    pub(super) fn stats(&self) -> JournalStats {
        JournalStats { open: self.open.len(), backlog: self.backlog(), segments: self.pins.len(), ..self.stats }
    }

    /// Writes a record, into a new segment where the current one is full, and pins the segment.
    fn append(&mut self, record: &[u8]) -> std::io::Result<u64> {
        if self.current.is_full(self.options.segment_bytes) {
            self.rotate();
        }
        if let Err(error) = self.current.append(record) {
            self.stats.disk_failures += 1;
            return Err(error);
        }
        let number = self.current.number;
        self.pin(number);
        Ok(number)
    }

    /// Where no new segment can be had, the old one goes on growing.
    fn rotate(&mut self) {
        let number = self.current.number + 1;
        match Segment::create(&self.directory, number, self.options.sync) {
            Ok(next) => {
                let done = std::mem::replace(&mut self.current, next);
                self.pins.insert(number, 0);
                done.finish();
            }
            Err(_) => self.stats.disk_failures += 1,
        }
    }

    /// After an outage of the database the book would keep the memory of its fullest moment.
    fn give_memory_back(&mut self) {
        if self.waiting.capacity() > 4 * ROOM && self.waiting.len() < ROOM {
            self.waiting.shrink_to(ROOM);
        }
        if self.open.capacity() > 4 * ROOM && self.open.len() < ROOM {
            self.open.shrink_to(ROOM);
        }
    }

    fn pin(&mut self, segment: u64) {
        *self.pins.entry(segment).or_default() += 1;
    }

    fn unpin(&mut self, segment: u64) {
        if let Some(pins) = self.pins.get_mut(&segment) {
            *pins = pins.saturating_sub(1);
        }
    }

    fn take_unpinned(&mut self) -> Vec<(u64, bool)> {
        let current = self.current.number;
        let free: Vec<u64> =
            self.pins.iter().filter(|(number, pins)| **pins == 0 && **number != current).map(|(number, _)| *number).collect();
        free.into_iter()
            .map(|number| {
                self.pins.remove(&number);
                (number, self.damaged.remove(&number))
            })
            .collect()
    }
}

/// A segment smaller than this is left alone when everything is drained: replaying it is quick.
const IDLE_BYTES: u64 = 1 << 20;
/// Attempts that the book keeps room for.
const ROOM: usize = 4_096;
