//! What a start makes of what it finds.

use super::*;
use gateway::ports::OutcomeStatus;

/// Leaves a journal behind as kill -9 would: nothing drained, some attempts open.
async fn leave_behind(directory: &Path, settled: u128, open_ones: u128) {
    let table = Arc::<Table>::default();
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory, &table, quick());
    for id in 1..=settled {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(id as u64));
    }
    for id in settled + 1..=settled + open_ones {
        journal.intend(&intent(id)).unwrap();
    }
}

async fn recover(directory: &Path) -> (Arc<Table>, JournalStats) {
    let table = Arc::<Table>::default();
    let journal = open(directory, &table, quick());
    journal.flush(PATIENCE).await.unwrap();
    let stats = journal.stats();
    (table, stats)
}

fn only_segment(directory: &Path) -> std::path::PathBuf {
    let numbers = segments(directory);
    assert_eq!(numbers.len(), 1);
    segment::path(&directory.join("journal"), numbers[0])
}

#[tokio::test]
async fn outcomes_become_rows_and_open_intents_become_unknown() {
    let directory = tempfile::tempdir().unwrap();
    leave_behind(directory.path(), 600, 3).await;
    let (table, stats) = recover(directory.path()).await;
    let rows = std::mem::take(&mut *table.rows.lock());
    assert_eq!(rows.len(), 603);
    for (id, row) in rows.iter() {
        assert_eq!(row.intent, intent(*id));
        if *id <= 600 {
            assert_eq!(row.outcome, outcome(*id as u64));
        } else {
            assert_eq!((row.outcome.status, row.outcome.usage, row.outcome.usage_estimated), (OutcomeStatus::Unknown, None, true));
        }
    }
    assert_eq!((stats.open, stats.backlog, stats.segments), (0, 0, 1));
    let (table, _) = recover(directory.path()).await;
    assert!(table.rows.lock().is_empty(), "what is drained is not replayed again");
}

/// A crash after the drain and before the segment's removal replays rows that are there: nothing changes.
#[tokio::test]
async fn an_old_copy_of_a_drained_segment_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    leave_behind(directory.path(), 20, 2).await;
    let copy = std::fs::read(only_segment(directory.path())).unwrap();
    let (table, _) = recover(directory.path()).await;
    std::fs::write(segment::path(&directory.path().join("journal"), 99), copy).unwrap();
    let before = table.rows.lock().clone();
    let journal = open(directory.path(), &table, quick());
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(*table.rows.lock(), before);
    assert!(segments(directory.path()).iter().all(|number| *number == 100), "{:?}", segments(directory.path()));
}

/// The intent in one segment, the outcome in another: both stay until the row is in the table.
#[tokio::test]
async fn an_outcome_in_a_later_segment_is_not_lost() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let options = JournalOptions { segment_bytes: 2_048, ..quick() };
    let journal = open(directory.path(), &table, options);
    let long = journal.intend(&intent(1)).unwrap();
    for id in 2..=30 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    journal.flush(PATIENCE).await.unwrap();
    table.down.store(true, Ordering::SeqCst);
    journal.settle(long, outcome(77));
    for id in 31..=60 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    drop(journal);
    table.down.store(false, Ordering::SeqCst);
    let journal = open(directory.path(), &table, options);
    journal.flush(PATIENCE).await.unwrap();
    let rows = table.rows.lock();
    assert_eq!(rows.len(), 60);
    assert!(rows.values().all(|row| row.outcome == outcome(if row.intent.attempt_id == 1 { 77 } else { 1 })));
}

/// A journal cut at any byte is recovered without panic: what was whole is there, and nothing else.
#[tokio::test]
async fn a_journal_cut_at_any_byte_is_recovered() {
    let directory = tempfile::tempdir().unwrap();
    leave_behind(directory.path(), 2, 1).await;
    let whole = std::fs::read(only_segment(directory.path())).unwrap();
    let mut ends = Vec::new();
    let mut rest = whole.as_slice();
    while let (frame::Found::Record(record), after) = frame::next(rest) {
        rest = after;
        ends.push((whole.len() - rest.len(), record.kind));
    }
    assert_eq!(ends.len(), 5);
    let place = tempfile::tempdir().unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(segment::path(place.path(), 1), &whole[..cut]).unwrap();
        let recovery = replay::replay(place.path()).unwrap();
        let before = |kind| ends.iter().filter(|(end, its)| *end <= cut && *its == kind).count();
        let settled = recovery.rows.iter().filter(|row| row.outcome_segment.is_some()).count();
        assert_eq!((recovery.rows.len(), settled), (before(frame::Kind::Intent), before(frame::Kind::Outcome)), "cut at {cut}");
        let last = ends.iter().map(|(end, _)| *end).filter(|end| *end <= cut).max().unwrap_or(0);
        assert_eq!((recovery.torn_bytes, recovery.damaged.len()), (cut - last, 0), "cut at {cut}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_reported_and_the_rest_recovered() {
    let directory = tempfile::tempdir().unwrap();
    leave_behind(directory.path(), 50, 0).await;
    let path = only_segment(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, &bytes).unwrap();
    let recovery = replay::replay(&directory.path().join("journal")).unwrap();
    let damages: Vec<_> = recovery.damaged.values().flatten().collect();
    assert_eq!(damages.len(), 1);
    assert!((damages[0].offset..damages[0].offset + damages[0].length).contains(&middle));
    // Either an intent was hit, and its outcome is an orphan, or an outcome, and its attempt is unknown.
    assert_eq!((recovery.rows.len() + recovery.orphans, recovery.orphans + recovery.unknown), (50, 1));
    recover(directory.path()).await;
    assert!(path.with_extension("damaged").exists(), "the file is kept");
    let recovery = replay::replay(&directory.path().join("journal")).unwrap();
    assert!(recovery.rows.is_empty() && recovery.damaged.is_empty());
}
