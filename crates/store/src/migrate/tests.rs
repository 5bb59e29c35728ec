use super::*;
use crate::testing::{keys, on_each_database, on_each_url};
use crate::{Store, StoreConfig};

const EXTRA: Migration =
    Migration { version: 1_002, name: "extra", sql: "CREATE TABLE extra (id BIGINT NOT NULL PRIMARY KEY, data {bytes})" };
const BROKEN: Migration =
    Migration { version: 1_003, name: "broken", sql: "CREATE TABLE halves (id BIGINT); INSERT INTO no_such_table VALUES (1)" };

fn with(more: &[Migration]) -> Vec<Migration> {
    [MIGRATIONS, more].concat()
}

/// R42: five nodes boot at once on an empty database; each is served, one migrates.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_five_nodes_booting_at_once_one_migrates() {
    on_each_url(async |url| {
        let nodes: Vec<_> = (0..5).map(|_| tokio::spawn(Store::open(StoreConfig::new(url), keys()))).collect();
        let mut stores = Vec::new();
        for node in nodes {
            stores.push(node.await.unwrap().unwrap());
        }
        let migrators: Vec<_> =
            stores.iter().cloned().map(|store| tokio::spawn(async move { apply_all(&store, &with(&[EXTRA])).await })).collect();
        let mut applied = Vec::new();
        for migrator in migrators {
            applied.push(migrator.await.unwrap().unwrap());
        }
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, 0, 1], "{url}");
        let rows =
            stores[0].reader().query_all_raw(Statement::from_string(stores[0].backend(), "SELECT version FROM schema_migrations")).await;
        assert_eq!(rows.unwrap().len(), MIGRATIONS.len() + 1);
        for store in stores {
            store.close().await.unwrap();
        }
    })
    .await;
}

async fn apply_all(store: &Store, migrations: &[Migration]) -> Result<usize, StoreError> {
    let tx = store.begin().await?;
    let applied = migrate(&tx, migrations).await?;
    store.commit(tx).await?;
    Ok(applied)
}

#[tokio::test]
async fn a_failing_migration_leaves_nothing_behind() {
    on_each_database(async |store| {
        let error = apply_all(store, &with(&[EXTRA, BROKEN])).await.unwrap_err();
        assert!(error.to_string().contains("migration 1003 (broken) failed"), "{error}");
        assert!(store.reader().execute_unprepared("SELECT 1 FROM halves").await.is_err());
        assert!(store.reader().execute_unprepared("SELECT 1 FROM extra").await.is_err());
        assert_eq!(apply_all(store, &with(&[EXTRA])).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_newer_or_different_schema_is_refused() {
    on_each_database(async |store| {
        apply_all(store, &with(&[EXTRA])).await.unwrap();
        let newer = apply_all(store, MIGRATIONS).await.unwrap_err().to_string();
        assert!(newer.contains("version 1002"), "{newer}");
        let edited = Migration { sql: "CREATE TABLE extra (id BIGINT)", ..EXTRA };
        let edited = apply_all(store, &with(&[edited])).await.unwrap_err().to_string();
        assert!(edited.contains("another text"), "{edited}");
    })
    .await;
}
