//! The task that carries finished attempts to the database, and waits out its failures.

use super::book::{Batch, Book};
use super::{JournalOptions, JournalStats, Shared};
use crate::usage::UsageRow;
use crate::{Store, StoreError};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where the rows go: the usage table, or a test's stand-in.
#[async_trait::async_trait]
pub(super) trait Sink: Send + Sync + 'static {
    /// All rows or none; rows that are there already are no error.
    async fn insert(&self, rows: &[UsageRow]) -> Result<(), StoreError>;
}

#[async_trait::async_trait]
impl Sink for Store {
    async fn insert(&self, rows: &[UsageRow]) -> Result<(), StoreError> {
        self.usage().insert(rows).await.map(drop)
    }
}

/// The signals between the callers and the task.
#[derive(Default)]
pub(super) struct Drain {
    /// Something waits.
    wake: Notify,
    /// Enough waits, or somebody flushes: do not wait for more.
    hurry: Notify,
    /// A batch was drained.
    progress: Notify,
    failures: AtomicU64,
    /// Set from the options when the task begins.
    batch_rows: AtomicUsize,
}

impl Drain {
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Called with the number of rows that wait after one was added. Most calls signal nothing.
    pub(super) fn notice(&self, waiting: usize) {
        if waiting == 1 {
            self.wake.notify_one();
        }
        if waiting == self.batch_rows.load(Ordering::Relaxed) {
            self.hurry.notify_one();
        }
    }

    /// Waits until nothing is on its way to the database.
    pub(super) async fn emptied(&self, book: &Mutex<Book>) {
        loop {
            let progress = self.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            if book.lock().backlog() == 0 {
                return;
            }
            self.wake.notify_one();
            self.hurry.notify_one();
            progress.await;
        }
    }

    pub(super) fn add_to(&self, stats: JournalStats) -> JournalStats {
        JournalStats { drain_failures: self.failures.load(Ordering::Relaxed), ..stats }
    }
}

pub(super) async fn run(shared: Arc<Shared>, sink: Arc<dyn Sink>, options: JournalOptions) {
    shared.drain.batch_rows.store(options.batch_rows, Ordering::Relaxed);
    let directory = shared.book.lock().directory();
    let mut disk = DiskWatch::default();
    loop {
        shared.drain.wake.notified().await;
        tokio::select! {
            () = tokio::time::sleep(options.drain_interval) => {}
            () = shared.drain.hurry.notified() => {}
        }
        loop {
            disk.look(&shared);
            let batch = shared.book.lock().take(options.batch_rows);
            if batch.rows.is_empty() {
                break;
            }
            let was_all = batch.rows.len() < options.batch_rows;
            deliver(&shared, sink.as_ref(), &batch, &mut disk).await;
            let unpinned = shared.book.lock().drained(&batch);
            Book::remove(&directory, unpinned);
            shared.drain.progress.notify_waiters();
            // What came in meanwhile has signalled its coming and waits for its turn: else a busy gateway would write a few rows at a time.
            if was_all {
                break;
            }
        }
    }
}

/// Tries until the database has taken the batch. One line when it begins to fail, one when it has recovered.
async fn deliver(shared: &Shared, sink: &dyn Sink, batch: &Batch, disk: &mut DiskWatch) {
    let mut pause = FIRST_PAUSE;
    let mut failing_since: Option<Instant> = None;
    while let Err(error) = sink.insert(&batch.rows).await {
        shared.drain.failures.fetch_add(1, Ordering::Relaxed);
        if failing_since.is_none() {
            tracing::error!(%error, "usage rows cannot be written to the database; the journal keeps them and tries again");
        }
        failing_since.get_or_insert_with(Instant::now);
        disk.look(shared);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.drain.hurry.notified() => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if let Some(since) = failing_since {
        let backlog = shared.book.lock().backlog();
        tracing::info!(after = ?since.elapsed(), backlog, "usage rows reach the database again");
    }
}

/// Tells once when the disk begins to refuse outcomes and once when it takes them again.
#[derive(Default)]
struct DiskWatch {
    failing: bool,
}

impl DiskWatch {
    fn look(&mut self, shared: &Shared) {
        let left = shared.book.lock().retry_refused();
        if left > 0 && !self.failing {
            tracing::error!(outcomes = left, "the disk refuses journal records; they are kept in memory and tried again");
        } else if left == 0 && self.failing {
            tracing::info!("the disk takes journal records again");
        }
        self.failing = left > 0;
    }
}

/// For the sync policy with an interval: what was written since the last time is forced to the disk, off the runtime's threads.
pub(super) async fn sync_regularly(shared: Arc<Shared>, every: Duration) {
    let mut failing = false;
    loop {
        tokio::time::sleep(every).await;
        let Some(file) = shared.book.lock().take_dirty() else { continue };
        let synced = tokio::task::spawn_blocking(move || file.sync_data()).await;
        let failed = !matches!(synced, Ok(Ok(())));
        if failed {
            shared.book.lock().mark_dirty();
        }
        if failed && !failing {
            tracing::error!(?synced, "the journal cannot be forced to the disk; it is tried again");
        }
        failing = failed;
    }
}
