//! kill -9 at random moments: this test binary runs itself as the victim.

use super::*;
use crate::testing::{on_each_url, open as open_store};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const URL: &str = "STORE_CRASH_TEST_URL";
const DIRECTORY: &str = "STORE_CRASH_TEST_DIRECTORY";

/// The victim: intends and settles from four threads and prints each attempt that it has answered. Runs until it is killed.
#[test]
#[ignore = "started by the tests below"]
fn victim() {
    let (Ok(url), Ok(directory)) = (std::env::var(URL), std::env::var(DIRECTORY)) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open_store(&url).await;
        let options = JournalOptions { segment_bytes: 64 << 10, batch_rows: 100, ..quick() };
        let journal = Journal::open(Path::new(&directory), store, options).await.unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| answer_for_ever(&journal));
            }
        });
    });
}

fn answer_for_ever(journal: &Journal) {
    loop {
        let id = crate::new_uuid().unwrap();
        match journal.intend(&intent(id)) {
            Ok(ticket) => journal.settle(ticket, outcome(id as u32 as u64)),
            Err(_) => continue,
        }
        let line = format!("\nANSWERED {id:032x}\n");
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Starts the victim, lets it answer for so long, kills it; gives the attempts that it answered.
fn kill_after(url: &str, directory: &Path, time: Duration) -> Vec<u128> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["journal::tests::crash::victim", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(URL, url)
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let answered =
        |line: String| line.strip_prefix("ANSWERED ").filter(|id| id.len() == 32).and_then(|id| u128::from_str_radix(id, 16).ok());
    let first = lines.by_ref().find_map(answered).expect("the victim answers");
    let killer = std::thread::spawn(move || {
        std::thread::sleep(time);
        victim.kill().unwrap();
        victim.wait().unwrap();
    });
    let ids = std::iter::once(first).chain(lines.filter_map(answered)).collect();
    killer.join().unwrap();
    ids
}

/// R30: killed at 20 random moments, each time on what the time before left; every answered attempt has its row exactly once, as it was.
#[tokio::test]
async fn every_answered_attempt_survives_kill_9() {
    on_each_url(async |url| {
        let directory = tempfile::tempdir().unwrap();
        let mut answered = HashSet::new();
        for _ in 0..10 {
            let mut random = [0u8; 1];
            crate::seal::fill_random(&mut random).unwrap();
            let (url, directory) = (url.to_owned(), directory.path().to_owned());
            let time = Duration::from_millis(10 + u64::from(random[0]));
            answered.extend(tokio::task::spawn_blocking(move || kill_after(&url, &directory, time)).await.unwrap());
        }
        let store = open_store(url).await;
        let journal = Journal::open(directory.path(), store.clone(), quick()).await.unwrap();
        journal.flush(PATIENCE).await.unwrap();
        let rows = store.usage().list(None, u64::MAX >> 1).await.unwrap();
        let mut seen = HashSet::new();
        for row in &rows {
            let id = row.intent.attempt_id;
            assert!(seen.insert(id), "{id:032x} has two rows");
            if answered.contains(&id) {
                assert_eq!(row.outcome, outcome(id as u32 as u64), "{id:032x}");
            }
        }
        let lost = answered.difference(&seen).count();
        assert_eq!(lost, 0, "of {} answered attempts", answered.len());
        assert!(answered.len() > 500, "the victims did some work: {}", answered.len());
        check_integrity(&store).await;
        println!("{} answered, {} rows", answered.len(), rows.len());
        store.close().await.unwrap();
    })
    .await;
}

/// R41: SQLite's own check finds nothing, and neither do the foreign keys.
async fn check_integrity(store: &Store) {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    if store.backend() != DbBackend::Sqlite {
        return;
    }
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let answer: String = store.reader().query_one_raw(check).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!(answer, "ok");
}
