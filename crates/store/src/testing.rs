//! Databases and attempts for this crate's tests.

use crate::{Keys, RootSecret, Store, StoreConfig};
use chat::{Operation, Usage};
use gateway::ports::{Intent, Outcome, OutcomeStatus};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const FIRST: &str = "a root secret for the tests of this crate, 42";
const OTHER: &str = "another root secret for the same tests, 43";

pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys::derive(&RootSecret::parse(FIRST).unwrap()))
}

pub(crate) fn other_keys() -> Arc<Keys> {
    Arc::new(Keys::derive(&RootSecret::parse(OTHER).unwrap()))
}

/// The other root secret as the current one, the first one as an old one.
pub(crate) fn both_keys() -> Arc<Keys> {
    let root = |text: &str| RootSecret::parse(text).unwrap();
    Arc::new(Keys::derive_with_old(&root(OTHER), &[root(FIRST)]))
}

pub(crate) fn sqlite_url(directory: &Path) -> String {
    format!("sqlite://{}", directory.join("data/conduit.db").display())
}

pub(crate) async fn open(url: &str) -> Store {
    open_with(url, keys()).await
}

pub(crate) async fn open_with(url: &str, keys: Arc<Keys>) -> Store {
    Store::open(StoreConfig::new(url), keys).await.unwrap()
}

/// Runs the test on an empty SQLite database and on an empty PostgreSQL one.
pub(crate) async fn on_each_database(test: impl AsyncFn(&Store)) {
    on_each_url(async |url| {
        let store = open(url).await;
        test(&store).await;
        store.close().await.unwrap();
    })
    .await;
}

pub(crate) async fn on_each_url(test: impl AsyncFn(&str)) {
    let directory = tempfile::tempdir().unwrap();
    test(&sqlite_url(directory.path())).await;
    if let Some(postgres) = testkit::postgres::Postgres::shared() {
        test(&postgres.database()).await;
    }
}

pub(crate) fn intent(attempt_id: u128) -> Intent {
    Intent {
        attempt_id,
        request: attempt_id,
        request_id: format!("req-{attempt_id}"),
        attempt: 1,
        started_at: 1_700_000_000_000_000,
        key_id: "key-1".into(),
        operation: Operation::Chat,
        virtual_model: "my-gpt4".into(),
        provider: "openai-main".into(),
        provider_model: "gpt-4o".into(),
        stream: true,
    }
}

pub(crate) fn outcome(output: u64) -> Outcome {
    Outcome {
        status: OutcomeStatus::Succeeded,
        http_status: 200,
        fault: None,
        usage: Some(Usage { input: Some(11), output: Some(output), cache_read: Some(0), ..Usage::default() }),
        usage_estimated: false,
        latency: Duration::from_micros(1_234_567),
        first_token: Some(Duration::from_micros(345)),
        upstream: Duration::from_micros(1_234_000),
        losses: vec!["top_k".into()],
    }
}
