//! The journal in front of the usage table: what was begun and what became of it, on disk before anybody waits for a database.
//!
//! Two records an attempt, each one write(2) into an append-only segment file: the intent before the provider is called, the outcome before
//! the last byte leaves. A request that was refused before any provider was called has both in one write. A task drains finished attempts into the database in batches; a segment is deleted once everything in it is there.
//! A start replays what segments it finds: an intent without outcome becomes a row with status unknown. The attempt id makes all of it idempotent.

mod book;
mod drain;
mod frame;
mod replay;
mod segment;

use crate::{Store, StoreError};
use book::{Book, Refusal};
use drain::{Drain, Sink};
use gateway::ports::{Intent, Ledger, Outcome, Ticket};
use parking_lot::Mutex;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How much the journal holds and how it treats the disk.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// Attempts that are under way or not yet in the database. Beyond it new ones are refused with 503. The default bridges an outage of the
    /// database of ten minutes at 300 requests a second (R37), with room for retries; nothing is reserved for it in advance.
    pub capacity: usize,
    /// A segment that has grown to this is followed by a new one.
    pub segment_bytes: u64,
    /// A batch goes to the database when it has so many rows (the larger, the fewer pages of the indexes are written again and again),
    pub batch_rows: usize,
    /// or when its first row has waited so long.
    pub drain_interval: Duration,
    pub sync: SyncPolicy,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            capacity: 250_000,
            segment_bytes: 16 << 20,
            batch_rows: 2_048,
            drain_interval: Duration::from_millis(200),
            sync: SyncPolicy::Never,
        }
    }
}

/// When records are forced from the operating system to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Left to the operating system: survives kill -9 and a crash of Conduit, not a power failure.
    Never,
    /// At most so much is lost at a power failure.
    Interval(Duration),
    /// Before each call returns: nothing is lost, and each request waits for the disk twice.
    Always,
}

/// What the journal has done and has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JournalStats {
    /// Attempts under way.
    pub open: usize,
    /// Finished attempts that are not in the database yet.
    pub backlog: usize,
    /// Rows that the database took since the start.
    pub drained: u64,
    /// Batches that the database refused since the start.
    pub drain_failures: u64,
    /// Records that the disk refused since the start.
    pub disk_failures: u64,
    /// Attempts refused for want of room since the start.
    pub refused: u64,
    /// Records of refused requests that the journal could not take since the start.
    pub unrecorded: u64,
    /// Segment files on disk.
    pub segments: usize,
}

/// The ledger of this process. Dropping it stops the drain; what is not drained is replayed by the next start.
pub struct Journal {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    /// Held, not read: its lock keeps other processes out of the directory.
    _lock: File,
}

/// What the callers and the drain task share.
struct Shared {
    book: Mutex<Book>,
    drain: Drain,
}

impl Journal {
    /// Opens `<data_dir>/journal`, replays what an earlier process left, and begins to drain into `store`. Must be called in a tokio runtime.
    pub async fn open(data_dir: &Path, store: Store, options: JournalOptions) -> Result<Journal, StoreError> {
        Self::open_into(data_dir, Arc::new(store), options)
    }

    fn open_into(data_dir: &Path, sink: Arc<dyn Sink>, options: JournalOptions) -> Result<Journal, StoreError> {
        private_directory(data_dir)?;
        let directory = data_dir.join("journal");
        private_directory(&directory)?;
        let lock = lock(&directory)?;
        let recovery = replay::replay(&directory)?;
        recovery.report();
        let book = Book::open(directory, options, recovery)?;
        let shared = Arc::new(Shared { book: Mutex::new(book), drain: Drain::default() });
        shared.drain.wake();
        let mut tasks = vec![tokio::spawn(drain::run(Arc::clone(&shared), sink, options))];
        if let SyncPolicy::Interval(every) = options.sync {
            tasks.push(tokio::spawn(drain::sync_regularly(Arc::clone(&shared), every)));
        }
        Ok(Journal { shared, tasks, _lock: lock })
    }

    /// Waits until every finished attempt is in the database; at most `patience`. `Err` is how many are not: the next start takes them up.
    pub async fn flush(&self, patience: Duration) -> Result<(), usize> {
        let _ = tokio::time::timeout(patience, self.shared.drain.emptied(&self.shared.book)).await;
        let mut book = self.shared.book.lock();
        book.retire_if_idle(0);
        match book.stats().backlog {
            0 => Ok(()),
            left => Err(left),
        }
    }

    pub fn stats(&self) -> JournalStats {
        self.shared.drain.add_to(self.shared.book.lock().stats())
    }
}

impl Ledger for Journal {
    fn intend(&self, intent: &Intent) -> Result<Ticket, chat::Fault> {
        let record = frame::intent(intent).map_err(|error| Refusal::Unwritable(error.to_string()).into_fault())?;
        let segment = self.shared.book.lock().intend(intent, &record).map_err(Refusal::into_fault)?;
        Ok(Ticket { attempt_id: intent.attempt_id, segment })
    }

    fn settle(&self, ticket: Ticket, outcome: Outcome) {
        let record = frame::outcome(ticket.attempt_id, &outcome);
        let waiting = self.shared.book.lock().settle(ticket.attempt_id, outcome, record);
        self.shared.drain.notice(waiting);
    }

    /// Both records in one write(2): nobody was called, so that nothing has to be on disk before something else.
    fn record(&self, intent: Intent, outcome: Outcome) {
        let records = frame::intent(&intent).and_then(|mut records| {
            records.extend(frame::outcome(intent.attempt_id, &outcome)?);
            Ok(records)
        });
        let recorded = match records {
            Ok(records) => self.shared.book.lock().record(intent, outcome, &records),
            Err(error) => Err(Refusal::Unwritable(error.to_string())),
        };
        match recorded {
            Ok(waiting) => self.shared.drain.notice(waiting),
            Err(refusal) => self.shared.note_unrecorded(refusal),
        }
    }
}

impl Shared {
    /// A flood of refused requests must not become a flood of log lines: the first one is told, then each time their number has doubled.
    fn note_unrecorded(&self, refusal: Refusal) {
        let count = self.book.lock().count_unrecorded();
        if count.is_power_of_two() {
            let fault = refusal.into_fault();
            tracing::warn!(cause = fault.cause, count, "records of refused requests are lost: {}", fault.message);
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Journal({:?})", self.stats())
    }
}

/// Takes the directory for this process; the lock goes with the process, however it ends.
fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join("lock");
    let file = segment::create_private(&path, false).map_err(StoreError::file("cannot open the journal's lock", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::Locked { path: directory.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::file("cannot lock the journal", path)(error)),
    }
}

/// Creates a directory that only its owner enters; one that exists is left as it is.
pub(crate) fn private_directory(path: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(StoreError::file("cannot create the directory", path))
}

#[cfg(test)]
mod tests;
