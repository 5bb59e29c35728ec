//! The database is away for a while; the disk is full for a while.

use super::*;
use crate::StoreConfig;
use crate::testing::{keys, open as open_store, sqlite_url};
use sea_orm::ConnectionTrait;

/// R37: the table is away; everything is taken, and afterwards everything is there.
#[tokio::test]
async fn nothing_is_lost_while_the_table_is_away() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory.path(), &table, quick());
    for id in 1..=2_000 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    assert_eq!(journal.flush(Duration::from_millis(300)).await, Err(2_000));
    assert!(journal.stats().drain_failures > 0 && table.rows.lock().is_empty());
    table.down.store(false, Ordering::SeqCst);
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!((table.rows.lock().len(), journal.stats().drained, journal.stats().backlog), (2_000, 2_000, 0));
}

/// R41: the disk refuses outcomes: they are kept, reach the table, and are written when there is room again. Intents are refused with 503.
#[tokio::test]
async fn a_full_disk_refuses_intents_and_loses_no_outcome() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory.path(), &table, quick());
    let tickets: Vec<_> = (1..=3).map(|id| journal.intend(&intent(id)).unwrap()).collect();
    journal.shared.book.lock().fill_the_disk().unwrap();
    tickets.into_iter().for_each(|ticket| journal.settle(ticket, outcome(5)));
    let fault = journal.intend(&intent(4)).unwrap_err();
    assert_eq!(fault.status(), 503);
    assert!(journal.stats().disk_failures >= 4);
    assert_eq!(journal.shared.book.lock().retry_refused(), 3);

    journal.shared.book.lock().free_the_disk(&directory.path().join("journal"));
    assert_eq!(journal.shared.book.lock().retry_refused(), 0);
    let ticket = journal.intend(&intent(4)).unwrap();
    journal.settle(ticket, outcome(5));
    drop(journal);
    let recovered = Arc::<Table>::default();
    let journal = open(directory.path(), &recovered, quick());
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(recovered.rows.lock().values().filter(|row| row.outcome == outcome(5)).count(), 4);
}

/// The disk stays full and the table takes the rows: nothing is left to write, and the journal goes on when there is room.
#[tokio::test]
async fn rows_reach_the_table_past_a_full_disk() {
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    let journal = open(directory.path(), &table, quick());
    let ticket = journal.intend(&intent(1)).unwrap();
    journal.shared.book.lock().fill_the_disk().unwrap();
    journal.settle(ticket, outcome(5));
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!((table.rows.lock().len(), journal.shared.book.lock().retry_refused()), (1, 0));
    journal.shared.book.lock().free_the_disk(&directory.path().join("journal"));
    journal.intend(&intent(2)).unwrap();
}

/// A database that another process holds locked: writes wait, fail, are tried again, and are all there in the end.
#[tokio::test]
async fn a_locked_sqlite_is_waited_out() {
    let directory = tempfile::tempdir().unwrap();
    let url = sqlite_url(directory.path());
    let other = open_store(&url).await;
    let impatient = StoreConfig { statement_timeout: Duration::from_millis(50), ..StoreConfig::new(&url) };
    let store = Store::open(impatient, keys()).await.unwrap();
    let journal = Journal::open(&directory.path().join("data"), store.clone(), quick()).await.unwrap();
    let holder = other.begin().await.unwrap();
    for id in 1..=300 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    assert!(journal.flush(Duration::from_millis(400)).await.is_err());
    assert!(journal.stats().drain_failures > 0);
    holder.rollback().await.unwrap();
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(store.usage().count().await.unwrap(), 300);
}

/// R37, R42: PostgreSQL is stopped under load and comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_postgres_loses_no_row() {
    let Some(mut postgres) = testkit::postgres::Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let config = StoreConfig { connect_timeout: Duration::from_millis(500), ..StoreConfig::new(postgres.database()) };
    let store = Store::open(config, keys()).await.unwrap();
    let journal = Journal::open(directory.path(), store.clone(), quick()).await.unwrap();
    let run = |from: u128| {
        for id in from..from + 500 {
            let ticket = journal.intend(&intent(id)).unwrap();
            journal.settle(ticket, outcome(1));
        }
    };
    run(0);
    journal.flush(PATIENCE).await.unwrap();
    postgres.stop();
    run(1_000);
    assert!(journal.flush(Duration::from_millis(800)).await.is_err());
    let away = store.reader().execute_unprepared("SELECT 1").await.map_err(StoreError::database("asking")).unwrap_err();
    assert!(away.is_transient(), "{away}");
    postgres.resume();
    run(2_000);
    journal.flush(PATIENCE).await.unwrap();
    assert_eq!(store.usage().count().await.unwrap(), 1_500);
}

/// R37: ten minutes without the database at 300 requests a second are taken with the default capacity, nothing is reserved for them in
/// advance, and they cost little memory: 512 bytes each in the queue, beside their short texts.
#[tokio::test]
async fn the_default_capacity_bridges_ten_minutes() {
    const TEN_MINUTES: u128 = 600 * 300;
    let (directory, table) = (tempfile::tempdir().unwrap(), Arc::<Table>::default());
    table.down.store(true, Ordering::SeqCst);
    let journal = open(directory.path(), &table, JournalOptions::default());
    assert_eq!(journal.shared.book.lock().room(), (0, 0));
    for id in 1..=TEN_MINUTES {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    assert_eq!((journal.stats().backlog as u128, journal.stats().refused), (TEN_MINUTES, 0));
    const { assert!(size_of::<(UsageRow, book::Settled)>() <= 512) }
}
