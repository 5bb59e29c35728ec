//! The database itself: opening it, one writer and several readers, transactions that begin as writes.

mod postgres;
mod sqlite;

use crate::idempotency::Idempotency;
use crate::location::Location;
use crate::migrate::{MIGRATIONS, Migration, migrate};
use crate::providers::Providers;
use crate::requests::Requests;
use crate::settings::Settings;
use crate::usage::UsageRows;
use crate::virtual_key::Pepper;
use crate::virtual_keys::VirtualKeys;
use crate::{Keys, StoreError, mappings::Mappings};
use arc_swap::ArcSwap;
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

/// The file of a `storage.url` that names one; `None` for PostgreSQL and for what is no such URL.
pub fn sqlite_file(url: &str) -> Option<std::path::PathBuf> {
    match Location::parse(url) {
        Ok(Location::Sqlite(path)) => Some(path),
        _ => None,
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
    /// Exchanged as a whole when a root secret is added or retired while the gateway runs.
    keys: ArcSwap<Keys>,
    pepper: Pepper,
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
    ///
    /// An error that [`StoreError::is_transient`] may go away by itself: the same call is worth repeating. Any other is final.
    pub async fn open(config: StoreConfig, keys: Arc<Keys>) -> Result<Store, StoreError> {
        Self::open_at(config, keys, MIGRATIONS).await
    }

    pub(crate) async fn open_at(config: StoreConfig, keys: Arc<Keys>, migrations: &[Migration]) -> Result<Store, StoreError> {
        let pools = match Location::parse(&config.url)? {
            Location::Memory => sqlite::open_memory(&config).await?,
            Location::Sqlite(path) => sqlite::open_file(&path, &config).await?,
            Location::Postgres(url) => postgres::open(&url, &config).await?,
        };
        let tx = begin(&pools.writer).await?;
        let applied = migrate(&tx, migrations).await?;
        commit(tx).await?;
        if applied > 0 {
            tracing::info!(migrations = applied, "the database schema was brought up to date");
        }
        let tx = begin(&pools.writer).await?;
        let pepper = crate::settings::identify(&tx, &keys).await?;
        commit(tx).await?;
        let (Pools { reader, writer, failover }, keys) = (pools, ArcSwap::new(keys));
        Ok(Store { inner: Arc::new(Inner { reader, writer, keys, pepper, failover }) })
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

    pub fn idempotency(&self) -> Idempotency<'_> {
        Idempotency::new(self)
    }

    pub fn requests(&self) -> Requests<'_> {
        Requests::new(self)
    }

    pub fn settings(&self) -> Settings<'_> {
        Settings::new(self)
    }

    /// The keys that this store seals and opens with.
    pub fn keys(&self) -> Arc<Keys> {
        self.inner.keys.load_full()
    }

    /// Takes other keys into use, for a root secret that was added or retired. Keys that cannot open what this database is tied to are refused.
    pub async fn replace_keys(&self, keys: Arc<Keys>) -> Result<(), StoreError> {
        crate::settings::check_keys(self, &keys).await?;
        self.inner.keys.store(keys);
        Ok(())
    }

    /// Makes the hashes of virtual keys. It is the database's own, whatever its root secret is now.
    pub fn pepper(&self) -> Pepper {
        self.inner.pepper.clone()
    }

    /// Whether the database answers: for `/health/ready`. It may be given up at any moment: the connection is asked for by a task of its own.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let doing = "asking whether it is there";
        let store = self.clone();
        let asked = tokio::spawn(async move { store.reader().execute_unprepared("SELECT 1").await.map(drop) });
        match asked.await {
            Ok(answer) => answer.map_err(StoreError::database(doing)),
            Err(ended) => Err(StoreError::Unavailable { doing: doing.into(), cause: ended.to_string() }),
        }
    }

    /// Closes all connections; SQLite then folds its write-ahead log into the database file.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.reader.close_by_ref().await.map_err(StoreError::database("closing it"))?;
        self.inner.writer.close_by_ref().await.map_err(StoreError::database("closing it"))
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// For batches that are bound by the driver itself; everything else begins with [`Store::begin`].
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.inner.reader.get_database_backend()
    }

    /// Begins a transaction that writes: `BEGIN IMMEDIATE` on SQLite, so that it never has to be upgraded and thus never fails half way.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        begin(&self.inner.writer).await
    }

    pub(crate) async fn commit(&self, tx: DatabaseTransaction) -> Result<(), StoreError> {
        commit(tx).await
    }

    /// Tells the pool what a write's failure means for its connections; passes the error on.
    pub(crate) fn noted(&self, error: StoreError) -> StoreError {
        self.inner.failover.note(&error);
        error
    }
}

async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..TransactionOptions::default() };
    writer.begin_with_options(options).await.map_err(StoreError::database("beginning a transaction"))
}

async fn commit(tx: DatabaseTransaction) -> Result<(), StoreError> {
    tx.commit().await.map_err(StoreError::database("committing"))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.backend())
    }
}

#[cfg(test)]
mod tests;
