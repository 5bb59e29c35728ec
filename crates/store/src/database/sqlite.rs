//! SQLite: write-ahead log, every commit synced, one writer connection, files that only their owner reads.

use super::{Pools, StoreConfig};
use crate::StoreError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{ConnectOptions, Connection, Pool, Sqlite};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, SqlxSqliteConnector, Statement};
use std::path::Path;
use std::sync::Arc;

/// Versions before it can corrupt a database in write-ahead mode.
pub(super) const OLDEST: (u32, u32, u32) = (3, 51, 3);

pub(super) async fn open_file(path: &Path, config: &StoreConfig) -> Result<Pools, StoreError> {
    prepare_file(path)?;
    let options = options(config).filename(path).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let writer = connect(clean(pool(config)).max_connections(1), options.clone(), path).await?;
    assert_version(&writer).await?;
    assert_writable(&writer, path).await?;
    let reader = connect(clean(pool(config)).max_connections(config.connections.max(1)), options.pragma("query_only", "ON"), path).await?;
    Ok(Pools { reader, writer, failover: Arc::default() })
}

/// One connection for all, because each connection to `:memory:` is a database of its own.
pub(super) async fn open_memory(config: &StoreConfig) -> Result<Pools, StoreError> {
    let path = Path::new(":memory:");
    let only = connect(pool(config).max_connections(1).min_connections(1), options(config).in_memory(true).filename(path), path).await?;
    assert_version(&only).await?;
    Ok(Pools { reader: only.clone(), writer: only, failover: Arc::default() })
}

fn options(config: &StoreConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new().foreign_keys(true).busy_timeout(config.statement_timeout).disable_statement_logging()
}

fn pool(config: &StoreConfig) -> SqlitePoolOptions {
    // A writer waits in the pool for the writer before it: that is a statement's wait, not a connection's.
    SqlitePoolOptions::new().acquire_timeout(config.connect_timeout + config.statement_timeout).idle_timeout(None).max_lifetime(None)
}

/// A connection is used again only outside a transaction.
///
/// On a full disk or a failing one SQLite itself rolls back. The driver's ROLLBACK then finds nothing, and the driver goes on as if the transaction
/// were open: all that follows would be savepoints in it, never committed, and reported as done. Such a connection is closed, and a new one opened.
fn clean(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // A rollback may be on its way to the connection's thread; this comes back after it.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    })
}

async fn connect(pool: SqlitePoolOptions, options: SqliteConnectOptions, path: &Path) -> Result<DatabaseConnection, StoreError> {
    let pool: Pool<Sqlite> = pool.connect_with(options).await.map_err(|error| {
        let message = format!("the SQLite database {} cannot be opened: {error}", path.display());
        if crate::error::is_transient_sqlx(&error) {
            StoreError::Unavailable { doing: "opening it".into(), cause: message }
        } else {
            StoreError::Config(message)
        }
    })?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn assert_version(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let doing = "asking for SQLite's version";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version()")).await;
    let text: String =
        row.and_then(|row| row.map(|row| row.try_get_by_index(0)).transpose()).map_err(StoreError::database(doing))?.unwrap_or_default();
    if version_of(&text) < OLDEST {
        let (major, minor, patch) = OLDEST;
        return Err(StoreError::Schema(format!(
            "SQLite {text} can corrupt databases; {major}.{minor}.{patch} or later is needed: build Conduit with its bundled SQLite"
        )));
    }
    Ok(())
}

/// A file system that was mounted read-only lets the file be opened, and fails at the first write.
pub(super) async fn assert_writable(writer: &DatabaseConnection, path: &Path) -> Result<(), StoreError> {
    let tried = writer.execute_unprepared("BEGIN IMMEDIATE; PRAGMA user_version = 1; ROLLBACK").await;
    match tried.map_err(StoreError::database("trying to write")) {
        Err(StoreError::Refused { cause, .. }) => Err(StoreError::Config(format!(
            "the SQLite database {} cannot be written: {cause}; give Conduit's user the right to write the file and its directory, on a file system \
             that is not read-only",
            path.display()
        ))),
        other => other.map(drop),
    }
}

pub(super) fn version_of(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// Creates directory (0700) and file (0600) before SQLite would with the process's umask; its side files take the file's mode.
fn prepare_file(path: &Path) -> Result<(), StoreError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        crate::journal::private_directory(directory)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(StoreError::file(
        "cannot open the SQLite database (storage.url; sqlite:/// begins an absolute path, sqlite:// a relative one)",
        path,
    ))
}
