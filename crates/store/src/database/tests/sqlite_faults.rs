//! SQLite on a disk that is full, fails, or belongs to somebody else at the moment (R41).

use super::*;
use crate::journal::JournalOptions;
use crate::testing::{intent, outcome};
use crate::usage::UsageRow;
use crate::{Journal, Keys};
use gateway::ports::Ledger;
use std::process::Command;
use std::sync::Arc;

const DIRECTORY: &str = "STORE_DISK_TEST_DIRECTORY";

fn rows(from: u128, count: u128) -> Vec<UsageRow> {
    (from..from + count).map(|id| UsageRow { intent: intent(id), outcome: outcome(1) }).collect()
}

async fn integrity(store: &Store) -> String {
    let check = Statement::from_string(store.backend(), "PRAGMA integrity_check");
    store.reader().query_one_raw(check).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// R41: there is no room: writes fail as ones that may be repeated, nothing is half there, and what is written once there is room is there for
/// everybody. SQLite rolls back by itself here, which its driver does not notice. The limit of pages gives the error of a full disk.
#[tokio::test]
async fn after_a_full_disk_writes_are_writes() {
    let directory = tempfile::tempdir().unwrap();
    let url = sqlite_url(directory.path());
    let store = open(&url).await;
    store.usage().insert(&rows(1, 100)).await.unwrap();
    for round in 1..=3 {
        for _ in 0..2 {
            store.inner.writer.execute_unprepared("PRAGMA max_page_count = 60").await.unwrap();
            let full = store.usage().insert(&rows(round * 10_000, 5_000)).await.unwrap_err();
            assert!(full.is_transient() && full.to_string().contains("full"), "{full}");
        }
        store.inner.writer.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
        store.usage().insert(&rows(round * 100_000, 10)).await.unwrap();
        store.settings().put("round", &round.to_string()).await.unwrap();
        let other = open(&url).await;
        let seen = (store.usage().count().await.unwrap(), other.usage().count().await.unwrap());
        assert_eq!(seen, (100 + 10 * round as u64, 100 + 10 * round as u64), "all or nothing, and for everybody");
        assert_eq!(other.settings().get("round").await.unwrap().unwrap().value, round.to_string());
    }
    assert_eq!(integrity(&store).await, "ok");
}

/// How large a file may be, from now on, in this process.
fn limit_files(bytes: Option<u64>) {
    let limit = rustix::process::Rlimit { current: bytes, maximum: None };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
}

/// The victim: writes until the system lets it write no more, journals on, and has room again in the end.
#[tokio::test]
#[ignore = "started by the test below"]
async fn victim() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let url = sqlite_url(directory.as_ref());
    let store = open(&url).await;
    limit_files(Some(3 << 20));
    let mut written = 0;
    let error = loop {
        match store.usage().insert(&rows(written, 500)).await {
            Ok(new) => written += u128::from(new),
            Err(error) => break error,
        }
    };
    assert!(error.is_transient(), "{error}");
    assert_eq!(u128::from(store.usage().count().await.unwrap()), written, "reading goes on");

    let options = JournalOptions { drain_interval: Duration::from_millis(5), ..JournalOptions::default() };
    let journal = Journal::open(directory.as_ref(), store.clone(), options).await.unwrap();
    for id in 1_000_000..1_000_500 {
        let ticket = journal.intend(&intent(id)).unwrap();
        journal.settle(ticket, outcome(1));
    }
    assert_eq!(journal.flush(Duration::from_millis(700)).await, Err(500));
    assert!(journal.stats().drain_failures > 0);
    limit_files(None);
    journal.flush(Duration::from_secs(20)).await.unwrap();
    println!("\nWROTE {}", written + 500);
}

/// R41: the system refuses a write in the middle (a limit of file sizes stands for a failing disk): what was committed is there, the rest is
/// not, requests go on into the journal, and all of it arrives once the disk works again.
#[tokio::test]
async fn a_failing_disk_loses_no_row() {
    let directory = tempfile::tempdir().unwrap();
    let victim = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" database::tests::sqlite_faults::victim --exact --ignored --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&victim.stdout).into_owned();
    let written = said.lines().find_map(|line| line.strip_prefix("WROTE ")).unwrap_or_else(|| panic!("{said} {victim:?}"));
    let store = open(&sqlite_url(directory.path())).await;
    assert_eq!((store.usage().count().await.unwrap().to_string().as_str(), integrity(&store).await.as_str()), (written, "ok"));
}

/// R39: a database that somebody else has locked is a reason to wait, and then it opens.
#[tokio::test]
async fn a_locked_database_opens_later() {
    let directory = tempfile::tempdir().unwrap();
    let url = sqlite_url(directory.path());
    let other = open(&url).await;
    let holder = other.begin().await.unwrap();
    let impatient = || StoreConfig { statement_timeout: Duration::from_millis(50), ..StoreConfig::new(&url) };
    let locked = Store::open(impatient(), keys()).await.unwrap_err();
    assert!(locked.is_transient(), "{locked}");
    holder.rollback().await.unwrap();
    Store::open(impatient(), keys()).await.unwrap();
}

/// R39: what waiting does not change ends the start.
#[tokio::test]
async fn final_errors_are_not_transient() {
    let directory = tempfile::tempdir().unwrap();
    let no_database = directory.path().join("letter.db");
    std::fs::write(&no_database, "Dear grandmother, this is no database at all, I only wanted to write to you").unwrap();
    let url = sqlite_url(directory.path());
    let store = open(&url).await;
    let newer = "INSERT INTO schema_migrations VALUES (999, 'from the future', 1, 1)";
    store.inner.writer.execute_unprepared(newer).await.unwrap();
    let attempts: [(String, Arc<Keys>); 5] = [
        (format!("sqlite://{}", no_database.display()), keys()),
        ("sqlite:///proc/nowhere/x.db".into(), keys()),
        ("mysql://x".into(), keys()),
        (url.clone(), keys()),
        (format!("sqlite://{}", directory.path().display()), keys()),
    ];
    for (url, keys) in attempts {
        let error = Store::open(StoreConfig::new(&url), keys).await.unwrap_err();
        assert!(!error.is_transient(), "{url}: {error}");
    }
    store.inner.writer.execute_unprepared("DELETE FROM schema_migrations WHERE version = 999").await.unwrap();
    let wrong = Store::open(StoreConfig::new(&url), other_keys()).await.unwrap_err();
    assert!(matches!(wrong, StoreError::WrongRootSecret) && !wrong.is_transient());
}

/// R41: a database that can be read and not written is refused at the start, with the remedy. `query_only` stands for the file system.
#[tokio::test]
async fn a_read_only_database_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&sqlite_url(directory.path())).await;
    store.inner.writer.execute_unprepared("PRAGMA query_only = ON").await.unwrap();
    let refused = super::super::sqlite::assert_writable(&store.inner.writer, directory.path()).await.unwrap_err();
    assert!(!refused.is_transient() && refused.to_string().contains("read-only"), "{refused}");
    let error = store.settings().put("a", "b").await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { cause, .. } if cause.contains("readonly")), "{error}");
}
