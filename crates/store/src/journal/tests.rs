mod crash;
mod outage;
mod recovery;

use super::*;
use crate::testing::{intent, outcome};
use crate::usage::UsageRow;
use parking_lot::Mutex as Lock;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

const PATIENCE: Duration = Duration::from_secs(20);

/// A usage table that can be switched off.
#[derive(Default)]
struct Table {
    rows: Lock<BTreeMap<u128, UsageRow>>,
    inserts: Lock<Vec<usize>>,
    down: AtomicBool,
}

#[async_trait::async_trait]
impl Sink for Table {
    async fn insert(&self, rows: &[UsageRow]) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { doing: "testing".into(), cause: "switched off".into() });
        }
        self.inserts.lock().push(rows.len());
        let mut table = self.rows.lock();
        rows.iter().for_each(|row| {
            table.entry(row.intent.attempt_id).or_insert_with(|| row.clone());
        });
        Ok(())
    }
}

fn quick() -> JournalOptions {
    JournalOptions { drain_interval: Duration::from_millis(5), ..JournalOptions::default() }
}

fn open(directory: &Path, table: &Arc<Table>, options: JournalOptions) -> Journal {
    Journal::open_into(directory, Arc::clone(table) as Arc<dyn Sink>, options).unwrap()
}

fn segments(directory: &Path) -> Vec<u64> {
    segment::list(&directory.join("journal")).unwrap()
}

#[tokio::test]
async fn what_is_settled_reaches_the_table_once() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, quick());
    for id in 1..=1_000u128 {
        let ticket = journal.intend(&intent(id)).unwrap();
        assert_eq!(ticket.attempt_id, id);
        journal.settle(ticket, outcome(id as u64));
    }
    journal.flush(PATIENCE).await.unwrap();
    let rows = table.rows.lock();
    assert_eq!(rows.len(), 1_000);
    assert!(rows.values().all(|row| row.outcome == outcome(row.intent.attempt_id as u64) && row.intent == intent(row.intent.attempt_id)));
    assert!(table.inserts.lock().iter().all(|count| *count <= JournalOptions::default().batch_rows));
    assert_eq!(journal.stats(), JournalStats { drained: 1_000, segments: 1, ..JournalStats::default() });
}

/// A steady stream of attempts goes to the table in batches, not in a row of small writes that never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_steady_load_is_drained_in_batches() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal =
        open(directory.path(), &table, JournalOptions { drain_interval: Duration::from_millis(100), ..JournalOptions::default() });
    let begun = std::time::Instant::now();
    let mut id = 0;
    while begun.elapsed() < Duration::from_millis(600) {
        id += 1;
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let inserts = table.inserts.lock().len();
    assert!((1..=8).contains(&inserts), "{inserts} inserts for {id} attempts");
}

/// R37: the bound holds, counts what is open and what is not drained, and settling never meets it.
#[tokio::test]
async fn a_full_journal_refuses_intents_and_never_outcomes() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory.path(), &table, JournalOptions { capacity: 10, ..quick() });
    let mut tickets: Vec<_> = (1..=10).map(|id| journal.intend(&intent(id)).unwrap()).collect();
    let fault = journal.intend(&intent(11)).unwrap_err();
    assert_eq!((fault.kind, fault.status()), (chat::FaultKind::StorageUnavailable, 503));
    tickets.drain(..5).for_each(|ticket| journal.settle(ticket, outcome(1)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(journal.intend(&intent(11)).is_err(), "a settled attempt that is not drained still counts");
    tickets.into_iter().for_each(|ticket| journal.settle(ticket, outcome(1)));
    assert_eq!((journal.stats().open, journal.stats().backlog, journal.stats().refused), (0, 10, 2));
    table.down.store(false, Ordering::SeqCst);
    journal.flush(PATIENCE).await.unwrap();
    let ticket = journal.intend(&intent(11)).unwrap();
    journal.settle(ticket, outcome(1));
}

#[tokio::test]
async fn an_attempt_is_taken_and_settled_once() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, quick());
    let ticket = journal.intend(&intent(1)).unwrap();
    assert_eq!(journal.intend(&intent(1)).unwrap_err().status(), 503);
    let forged = Ticket { attempt_id: 1, segment: ticket.segment };
    journal.settle(ticket, outcome(1));
    journal.settle(forged, outcome(2));
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(table.rows.lock()[&1].outcome, outcome(1));
}

/// R35: a request that was refused before any provider was called is one row, on disk as a whole; a full journal loses it and counts that.
#[tokio::test]
async fn a_refused_request_is_recorded_in_one_step() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory.path(), &table, JournalOptions { capacity: 4, segment_bytes: 1_000, ..quick() });
    let refused = |id| gateway::ports::Intent { attempt: 0, ..intent(id) };
    (1..=6).for_each(|id| journal.record(refused(id), outcome(id as u64)));
    let stats = journal.stats();
    assert_eq!((stats.open, stats.backlog, stats.unrecorded, stats.refused), (0, 4, 2, 0));
    drop(journal);

    let journal = open(directory.path(), &table, JournalOptions { segment_bytes: 1_000, ..quick() });
    journal.record(refused(7), outcome(7));
    table.down.store(false, Ordering::SeqCst);
    journal.flush(PATIENCE).await.unwrap();
    let rows = table.rows.lock();
    let seen: Vec<_> = rows
        .values()
        .map(|row| (row.intent.attempt_id, row.intent.attempt, row.outcome == outcome(row.intent.attempt_id as u64)))
        .collect();
    assert_eq!(seen, [1, 2, 3, 4, 7].map(|id| (id, 0, true)));
    assert_eq!(journal.stats().segments, 1, "what is in the table is no longer in the journal");
}

#[tokio::test]
async fn segments_rotate_and_go_when_all_in_them_is_drained() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, JournalOptions { segment_bytes: 4_096, ..quick() });
    let long = journal.intend(&intent(1)).unwrap();
    for id in 2..=200 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    assert!(segments(directory.path()).len() > 5 || journal.stats().drained > 0);
    journal.flush(PATIENCE).await.unwrap();
    let left = segments(directory.path());
    assert!(left.len() == 2 && left[0] == 1, "the first stays for its open attempt: {left:?}");
    journal.settle(long, outcome(1));
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(segments(directory.path()).len(), 1);
    let path = segment::path(&directory.path().join("journal"), segments(directory.path())[0]);
    assert_eq!(std::fs::metadata(path).unwrap().len(), 0, "a flush leaves nothing to replay");
    assert_eq!(table.rows.lock().len(), 200);
}

#[tokio::test]
async fn two_processes_cannot_share_a_directory() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, quick());
    let error = Journal::open_into(directory.path(), table.clone(), quick()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }) && error.to_string().contains("another process"), "{error}");
    drop(journal);
    open(directory.path(), &table, quick());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_the_journal() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let data = directory.path().join("data");
    let _journal = open(&data, &table, quick());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&data.join("journal"))), (0o700, 0o700));
    for file in std::fs::read_dir(data.join("journal")).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

/// The ledger is called from destructors on any thread, with and without a runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_without_a_runtime_may_settle() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, quick());
    std::thread::scope(|scope| {
        for thread in 0..8u128 {
            let journal = &journal;
            scope.spawn(move || {
                for id in 0..250 {
                    let ticket = journal.intend(&intent(thread * 1_000 + id)).unwrap();
                    journal.settle(ticket, outcome(1));
                }
            });
        }
    });
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(table.rows.lock().len(), 2_000);
}

#[tokio::test]
async fn every_sync_policy_works() {
    for sync in [SyncPolicy::Never, SyncPolicy::Interval(Duration::from_millis(2)), SyncPolicy::Always] {
        let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
        let journal = open(directory.path(), &table, JournalOptions { sync, segment_bytes: 2_048, ..quick() });
        for id in 1..=20 {
            let ticket = journal.intend(&intent(id)).unwrap();
            journal.settle(ticket, outcome(1));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        journal.flush(PATIENCE).await.unwrap();
        assert_eq!(table.rows.lock().len(), 20, "{sync:?}");
    }
}
