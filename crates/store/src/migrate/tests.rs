use super::*;
use crate::testing::{both_keys, keys, on_each_database, on_each_url, open, open_with, other_keys};
use crate::{Purpose, Store, StoreConfig};
use gateway::keys::KeyHasher;

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

/// What version 1 has left: rows of each table, and no pepper, because that was derived from the root secret.
async fn leave_a_database_of_version_1(url: &str) {
    let store = Store::open_at(StoreConfig::new(url), keys(), &MIGRATIONS[..1]).await.unwrap();
    let tx = store.begin().await.unwrap();
    run(&tx, "DELETE FROM settings WHERE name = 'virtual_key_pepper'").await.unwrap();
    run(&tx, "INSERT INTO providers VALUES ('p', 'main', 'openai', NULL, TRUE, '{}', TRUE, 3, 1, 2)").await.unwrap();
    run(&tx, "INSERT INTO credentials VALUES ('c', 'p', 'default', 1)").await.unwrap();
    run(&tx, "INSERT INTO model_mappings VALUES ('m', 'my', 'p', 'gpt', 1, 1, FALSE, '{}', '{}', '{}', TRUE, 1, 1, 1)").await.unwrap();
    let backend = store.backend();
    let place = crate::seal::Place { table: "credential_fields", column: "api_key", row: "c" };
    let sealed = keys().seal(Purpose::Credentials, &place, b"sk-1").unwrap();
    let field = "INSERT INTO credential_fields VALUES ('c', 'api_key', NULL, $1)";
    tx.execute_raw(Statement::from_sql_and_values(backend, field, [sealed.into()])).await.unwrap();
    let hash = derived_pepper().hash("an old key").to_vec();
    let key = "INSERT INTO virtual_keys VALUES ('k', 'ci', $1, 'condt_', 'tail', '[\"my\"]', NULL, TRUE, FALSE, 1, 1, 1)";
    tx.execute_raw(Statement::from_sql_and_values(backend, key, [hash.into()])).await.unwrap();
    // Two requests under one x-request-id, the second one with two attempts; a third of another key.
    for (id, request, attempt, key) in [(1u128, "r", 1i64, "k"), (2, "r", 1, "k"), (3, "r", 2, "k"), (4, "r", 2, "other")] {
        let sql = "INSERT INTO usage VALUES ($1, $2, $3, 5, $4, 'chat', 'my', 'main', 'gpt', TRUE, 'succeeded', 200, NULL, 1, NULL, NULL, NULL, 2, \
                   NULL, NULL, NULL, 3, FALSE, 4, NULL, 5, '[\"top_k\"]')";
        let values = [id.to_be_bytes().to_vec().into(), request.into(), attempt.into(), key.into()];
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.unwrap();
    }
    store.commit(tx).await.unwrap();
    store.close().await.unwrap();
}

fn derived_pepper() -> crate::virtual_key::Pepper {
    let keys = keys();
    let set = keys.of_blob(&keys.header()).unwrap();
    crate::virtual_key::Pepper::new(&set.key(Purpose::KeyPepper))
}

/// A database of the first version: its rows are there, its keys are valid, its attempts know their requests.
#[tokio::test]
async fn a_database_of_version_1_is_taken_over() {
    on_each_url(async |url| {
        leave_a_database_of_version_1(url).await;
        let store = open(url).await;
        let stored = store.stored().await.unwrap();
        assert!(stored.unreadable.is_empty(), "{:?}", stored.unreadable);
        let (provider, key) = (&stored.providers[0], &stored.virtual_keys[0]);
        assert_eq!((provider.version, provider.custom.is_none(), provider.credentials[0].unreadable()), (3, true, None));
        assert_eq!(stored.mappings[0].spec.provider_model, "gpt");
        assert_eq!((key.hash, &key.previous, &key.spec.operations), (store.pepper().hash("an old key"), &None, &None));
        let rows = store.requests().page(&crate::requests::RequestFilter::default(), None, 10).await.unwrap().rows;
        let seen: Vec<_> = rows.iter().map(|row| (row.request, row.attempts, row.last.outcome.losses.len())).collect();
        assert_eq!(seen, [(4, 2, 1), (2, 2, 1), (1, 1, 1)]);
        store.close().await.unwrap();
    })
    .await;
}

/// R66: a database of the first version is opened for the first time with a new root secret and the old one: the pepper is that of the old.
#[tokio::test]
async fn a_database_of_version_1_keeps_its_keys_through_a_rotation() {
    on_each_url(async |url| {
        leave_a_database_of_version_1(url).await;
        let store = open_with(url, both_keys()).await;
        store.rotate().await.unwrap();
        store.close().await.unwrap();
        let store = open_with(url, other_keys()).await;
        let hash = store.pepper().hash("an old key");
        assert!(store.virtual_keys().find_by_hash(&hash).await.unwrap().is_some());
        store.close().await.unwrap();
    })
    .await;
}
