//! PostgreSQL: timeouts on everything, and a way out of a primary that has become a replica.

use super::{Pools, StoreConfig};
use crate::StoreError;
use crate::location::masked;
use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions, Executor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Remembers when a write met a read-only server: connections older than that lead to a replica and are dropped instead of used (R42).
#[derive(Debug)]
pub(super) struct Failover {
    epoch: Instant,
    /// Milliseconds after `epoch`; 0 for never.
    seen: AtomicU64,
}

impl Default for Failover {
    fn default() -> Self {
        Self { epoch: Instant::now(), seen: AtomicU64::new(0) }
    }
}

impl Failover {
    pub(super) fn note(&self, error: &StoreError) {
        if let StoreError::Unavailable { cause, .. } = error
            && cause.ends_with("(code 25006)")
        {
            self.seen.store(self.now().max(1), Ordering::Relaxed);
        }
    }

    fn is_older(&self, age: Duration) -> bool {
        let seen = self.seen.load(Ordering::Relaxed);
        seen > 0 && self.now().saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)) <= seen
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

pub(super) async fn open(url: &str, config: &StoreConfig) -> Result<Pools, StoreError> {
    let shown = masked(url);
    // The parser's own message could quote the URL, so it is not passed on.
    let options: PgConnectOptions = url.parse().map_err(|_| {
        StoreError::Config(format!("storage.url {shown} is not a PostgreSQL URL: postgres://user:password@host:5432/database"))
    })?;
    let options = options.application_name("conduit").disable_statement_logging();
    let failover = Arc::new(Failover::default());
    let pool = pool(config, &failover).connect_with(options).await;
    let pool = pool.map_err(|error| match &error {
        sea_orm::SqlxError::Configuration(_) | sea_orm::SqlxError::Tls(_) => {
            StoreError::Config(format!("storage.url {shown} cannot be used: {error}"))
        }
        sea_orm::SqlxError::Database(refusal) if refusal.code().is_some_and(|code| is_about_the_url(&code)) => {
            StoreError::Config(format!("storage.url {shown} is refused by the server: {refusal}; check user, password and database name"))
        }
        _ => StoreError::Unavailable { doing: format!("connecting to {shown}"), cause: error.to_string() },
    })?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Pools { reader: connection.clone(), writer: connection, failover })
}

/// A wrong user or password (class 28) and an unknown database do not go away by waiting.
fn is_about_the_url(code: &str) -> bool {
    code.starts_with("28") || code == "3D000"
}

fn pool(config: &StoreConfig, failover: &Arc<Failover>) -> PgPoolOptions {
    let milliseconds = config.statement_timeout.as_millis();
    let set: Arc<str> = format!(
        "SET statement_timeout = {milliseconds}; SET lock_timeout = {milliseconds}; SET idle_in_transaction_session_timeout = {}",
        milliseconds.saturating_mul(2)
    )
    .into();
    let failover = Arc::clone(failover);
    PgPoolOptions::new()
        .max_connections(config.connections.max(2))
        .acquire_timeout(config.connect_timeout)
        .after_connect(move |connection, _| {
            let set = Arc::clone(&set);
            Box::pin(async move { connection.execute(sea_orm::sqlx::AssertSqlSafe(set.to_string())).await.map(drop) })
        })
        .before_acquire(move |_, about| {
            let usable = !failover.is_older(about.age);
            Box::pin(async move { Ok(usable) })
        })
}
