//! PostgreSQL that restarts, is slow, cuts connections, or has none to give (R42).

use super::*;
use std::time::Instant;
use testkit::postgres::Postgres;

fn config(url: String) -> StoreConfig {
    StoreConfig { connect_timeout: Duration::from_millis(1_500), ..StoreConfig::new(url) }
}

async fn sleep(store: &Store, seconds: f64) -> Result<(), StoreError> {
    let sql = format!("SELECT pg_sleep({seconds})");
    store.reader().execute_unprepared(&sql).await.map(drop).map_err(StoreError::database("sleeping"))
}

/// All four connections of the pool can be had at the same time: none has been lost.
async fn assert_whole_pool(store: &Store) {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let tx = store.begin().await?;
                tokio::time::sleep(Duration::from_millis(1_200)).await;
                store.commit(tx).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap_or_else(|error| panic!("after {:?}: {error}", begun.elapsed()));
    }
    assert!(begun.elapsed() < Duration::from_millis(2_300), "with one connection less it would be 2.4 s: {:?}", begun.elapsed());
}

/// R42: every connection is cut under load: calls fail for less than 5 s, as ones that may be repeated, and then the pool is whole again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_replaced() {
    let Some(postgres) = Postgres::start() else { return };
    let store = Store::open(config(postgres.database()), keys()).await.unwrap();
    assert_whole_pool(&store).await;
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let (begun, mut last_failure) = (Instant::now(), Duration::ZERO);
                while begun.elapsed() < Duration::from_secs(2) {
                    if let Err(error) = store.changes().await {
                        assert!(error.is_transient(), "{error}");
                        last_failure = begun.elapsed();
                    }
                }
                last_failure
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'conduit'");
    for caller in callers {
        let last_failure = caller.await.unwrap();
        assert!(last_failure < Duration::from_millis(1_900), "calls failed until {last_failure:?}");
    }
    assert_whole_pool(&store).await;
    store.close().await.unwrap();
}

/// R42: with every connection taken, one more call waits its time and fails as one that may be repeated; nothing is lost by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_pool_recovers() {
    let Some(postgres) = Postgres::shared() else { return };
    let store = Store::open(config(postgres.database()), keys()).await.unwrap();
    let sleepers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { sleep(&store, 3.0).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let error = store.changes().await.unwrap_err();
    assert!(error.is_transient() && begun.elapsed() < Duration::from_millis(2_500), "{:?}: {error}", begun.elapsed());
    for sleeper in sleepers {
        sleeper.await.unwrap().unwrap();
    }
    assert_whole_pool(&store).await;
    store.close().await.unwrap();
}

/// R42: callers that give up at any moment, also while they wait for a connection, take none with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_give_up_leak_no_connection() {
    let Some(postgres) = Postgres::shared() else { return };
    let store = Store::open(config(postgres.database()), keys()).await.unwrap();
    for round in 0..400u64 {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let _ = store.ping().await;
                    let _ = store.changes().await;
                    let _ = store.stored().await;
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_micros(round * 13 % 3_000)).await;
        callers.iter().for_each(tokio::task::JoinHandle::abort);
    }
    assert_whole_pool(&store).await;
    assert_whole_pool(&store).await;
    store.close().await.unwrap();
}

/// R42: a slow statement ends at its time, and so does a wait for somebody else's lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_statements_and_locks_end() {
    let Some(postgres) = Postgres::shared() else { return };
    let config = StoreConfig { statement_timeout: Duration::from_millis(400), ..config(postgres.database()) };
    let store = Store::open(config, keys()).await.unwrap();
    let begun = Instant::now();
    let slow = sleep(&store, 30.0).await.unwrap_err();
    let holder = store.begin_change().await.unwrap();
    let locked = store.settings().put("a", "b").await.unwrap_err();
    assert!(slow.is_transient() && locked.is_transient(), "{slow}; {locked}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    holder.rollback().await.unwrap();
    store.settings().put("a", "b").await.unwrap();
    store.close().await.unwrap();
}

/// R39: a server that is not there yet is waited for; a database that it does not have, and a user whom it does not know, are told.
#[tokio::test]
async fn what_waiting_does_not_change_is_final() {
    let Some(mut postgres) = Postgres::start() else { return };
    let url = postgres.database();
    let open = |url: String| Store::open(config(url), keys());
    for wrong in [url.replace("/test_0", "/nowhere"), url.replace("conduit@", "nobody@")] {
        let error = open(wrong).await.unwrap_err();
        assert!(!error.is_transient() && error.to_string().contains("storage.url"), "{error}");
    }
    postgres.stop();
    let away = open(url.clone()).await.unwrap_err();
    assert!(away.is_transient(), "{away}");
    postgres.resume();
    open(url).await.unwrap();
}
