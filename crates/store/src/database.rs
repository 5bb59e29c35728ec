//! The database itself: opening it, one writer and several readers, transactions that begin as writes.

mod postgres;
mod sqlite;

use crate::location::Location;
use crate::migrate::{MIGRATIONS, migrate};
use crate::providers::Providers;
use crate::settings::Settings;
use crate::usage::UsageRows;
use crate::virtual_keys::VirtualKeys;
use crate::{Keys, StoreError, mappings::Mappings};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::sync::Arc;
use std::time::Duration;

/// Where the database is and how long to wait for it.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// `storage.url`.
    pub url: String,
    /// How many connections read at once (SQLite), or are open at all (PostgreSQL).
    pub connections: u32,
    /// How long a connection may take to be had.
    pub connect_timeout: Duration,
    /// How long a statement may take, waiting for locks included.
    pub statement_timeout: Duration,
}

impl StoreConfig {
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 4, connect_timeout: Duration::from_secs(5), statement_timeout: Duration::from_secs(15) }
    }
}

/// The database, open and migrated. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    reader: DatabaseConnection,
    /// SQLite: a pool of exactly one connection, so that writers queue here and never meet a busy database of their own making.
    writer: DatabaseConnection,
    keys: Arc<Keys>,
    failover: Arc<postgres::Failover>,
}

/// The two ends of a database that was just opened.
struct Pools {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    failover: Arc<postgres::Failover>,
}

impl Store {
    /// Opens the database, creates it where it is SQLite and missing, migrates it, and checks that the root secret is its own.
    pub async fn open(config: StoreConfig, keys: Arc<Keys>) -> Result<Store, StoreError> {
        let pools = match Location::parse(&config.url)? {
            Location::Memory => sqlite::open_memory(&config).await?,
            Location::Sqlite(path) => sqlite::open_file(&path, &config).await?,
            Location::Postgres(url) => postgres::open(&url, &config).await?,
        };
        let store = Store { inner: Arc::new(Inner { reader: pools.reader, writer: pools.writer, keys, failover: pools.failover }) };
        let tx = store.begin().await?;
        let applied = migrate(&tx, MIGRATIONS).await?;
        store.commit(tx).await?;
        if applied > 0 {
            tracing::info!(migrations = applied, "the database schema was brought up to date");
        }
        store.settings().verify_root_secret().await?;
        Ok(store)
    }

    pub fn providers(&self) -> Providers<'_> {
        Providers::new(self)
    }

    pub fn mappings(&self) -> Mappings<'_> {
        Mappings::new(self)
    }

    pub fn virtual_keys(&self) -> VirtualKeys<'_> {
        VirtualKeys::new(self)
    }

    pub fn usage(&self) -> UsageRows<'_> {
        UsageRows::new(self)
    }

    pub fn settings(&self) -> Settings<'_> {
        Settings::new(self)
    }

    /// The keys that this store seals with.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.inner.keys
    }

    /// Whether the database answers: for `/health/ready`.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader().execute_unprepared("SELECT 1").await.map(drop).map_err(StoreError::database("asking whether it is there"))
    }

    /// Closes all connections; SQLite then folds its write-ahead log into the database file.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.reader.close_by_ref().await.map_err(StoreError::database("closing it"))?;
        self.inner.writer.close_by_ref().await.map_err(StoreError::database("closing it"))
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.inner.reader.get_database_backend()
    }

    /// Begins a transaction that writes: `BEGIN IMMEDIATE` on SQLite, so that it never has to be upgraded and thus never fails half way.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        let options =
            TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..TransactionOptions::default() };
        self.inner.writer.begin_with_options(options).await.map_err(StoreError::database("beginning a transaction"))
    }

    pub(crate) async fn commit(&self, tx: DatabaseTransaction) -> Result<(), StoreError> {
        tx.commit().await.map_err(StoreError::database("committing"))
    }

    /// Tells the pool what a write's failure means for its connections; passes the error on.
    pub(crate) fn noted(&self, error: StoreError) -> StoreError {
        self.inner.failover.note(&error);
        error
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.backend())
    }
}

#[cfg(test)]
mod tests;
