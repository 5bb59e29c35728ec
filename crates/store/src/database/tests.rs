mod postgres_faults;
mod sqlite_faults;

use crate::testing::{keys, on_each_url, open, other_keys, sqlite_url};
use crate::{Store, StoreConfig, StoreError};
use sea_orm::{ConnectionTrait, Statement};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

async fn pragma(connection: &sea_orm::DatabaseConnection, name: &str) -> String {
    let statement = Statement::from_string(connection.get_database_backend(), format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"));
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// R41: write-ahead log, every commit synced, foreign keys checked, readers that cannot write.
#[tokio::test]
async fn sqlite_is_opened_as_it_must_be() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&sqlite_url(directory.path())).await;
    assert_eq!(pragma(&store.inner.writer, "journal_mode").await, "wal");
    assert_eq!(pragma(&store.inner.writer, "foreign_keys").await, "1");
    let synchronous = Statement::from_string(store.backend(), "PRAGMA synchronous");
    let synchronous: i64 = store.inner.writer.query_one_raw(synchronous).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert_eq!(synchronous, 2, "FULL");
    let refused = store.reader().execute_unprepared("DELETE FROM settings").await.unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
    let folder = directory.path().join("data");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for file in std::fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.file_name());
    }
}

#[test]
fn an_old_sqlite_is_recognised() {
    use super::sqlite::{OLDEST, version_of};
    assert!(version_of("3.51.2") < OLDEST && version_of("3.46.0") < OLDEST && version_of("") < OLDEST);
    assert!(version_of("3.51.3") >= OLDEST && version_of("3.54.1") >= OLDEST && version_of("4.0.0") >= OLDEST);
}

#[tokio::test]
async fn memory_databases_work_and_are_apart() {
    let (one, other) = (open("sqlite::memory:").await, open("sqlite::memory:").await);
    one.settings().put("a", "1").await.unwrap();
    assert_eq!(one.settings().get("a").await.unwrap().unwrap().value, "1");
    assert!(other.settings().get("a").await.unwrap().is_none());
    one.ping().await.unwrap();
}

/// R66: a wrong root secret stops the start; the right one still opens everything afterwards.
#[tokio::test]
async fn a_wrong_root_secret_stops_the_start() {
    on_each_url(async |url| {
        open(url).await.close().await.unwrap();
        let error = Store::open(StoreConfig::new(url), other_keys()).await.unwrap_err();
        assert!(matches!(error, StoreError::WrongRootSecret), "{error}");
        assert!(error.to_string().contains("CONDUIT_ROOT_SECRET"));
        open(url).await.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn errors_of_opening_name_the_remedy_and_no_password() {
    let config = |url: &str| StoreConfig { connect_timeout: Duration::from_millis(500), ..StoreConfig::new(url) };
    for url in
        ["postgres://me:hunter2@127.0.0.1:1/db", "postgres://me:hunter2@no-such-host.invalid/db", "postgres://me:hunter2@host:notaport/db"]
    {
        let error = Store::open(config(url), keys()).await.unwrap_err();
        let (message, debug) = (error.to_string(), format!("{error:?}"));
        assert!(message.contains("postgres://me:***@"), "{message}");
        assert!(!message.contains("hunter2") && !debug.contains("hunter2"), "{message} {debug}");
    }
    let nowhere = Store::open(config("sqlite:///proc/nowhere/conduit.db"), keys()).await.unwrap_err().to_string();
    assert!(nowhere.contains("/proc/nowhere"), "{nowhere}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    std::fs::write(&path, "this is a letter to my grandmother, and not a database at all").unwrap();
    let error = Store::open(StoreConfig::new(format!("sqlite://{}", path.display())), keys()).await.unwrap_err().to_string();
    assert!(error.contains("x.db") && error.contains("not a database"), "{error}");
}

/// Many writers at once: they queue, none of them meets a busy database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_all_succeed() {
    on_each_url(async |url| {
        let store = open(url).await;
        let writers: Vec<_> = (0..40)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    store.settings().put("shared", &number.to_string()).await.unwrap();
                    store.settings().get("shared").await.unwrap().unwrap()
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(store.settings().get("shared").await.unwrap().unwrap().version, 40);
        store.close().await.unwrap();
    })
    .await;
}

/// R42: a primary that became a replica answers 25006; connections of before are dropped, and the next write goes to the new primary.
#[tokio::test]
async fn connections_to_a_read_only_server_are_dropped() {
    let Some(postgres) = testkit::postgres::Postgres::shared() else { return };
    let url = postgres.database();
    let store = open(&url).await;
    for _ in 0..4 {
        let all: Vec<_> =
            vec![store.begin().await.unwrap(), store.begin().await.unwrap(), store.begin().await.unwrap(), store.begin().await.unwrap()];
        for tx in all {
            tx.execute_unprepared("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    let error = store.settings().put("a", "1").await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    store.settings().put("a", "2").await.unwrap();
    assert_eq!(store.settings().get("a").await.unwrap().unwrap().value, "2");
}

#[tokio::test]
async fn statements_of_postgres_time_out() {
    let Some(postgres) = testkit::postgres::Postgres::shared() else { return };
    let config = StoreConfig { statement_timeout: Duration::from_millis(300), ..StoreConfig::new(postgres.database()) };
    let store = Store::open(config, keys()).await.unwrap();
    let begun = std::time::Instant::now();
    let error = store.reader().execute_unprepared("SELECT pg_sleep(20)").await.map_err(StoreError::database("sleeping")).unwrap_err();
    assert!(error.is_transient() && begun.elapsed() < Duration::from_secs(5), "{error}");
}
