//! Brings the schema to what this version needs: numbered SQL files, each applied once, all in one transaction under a lock.

use crate::StoreError;
use crate::id::now_us;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement};

/// One step of the schema. A released one is never edited: its text is checked against the checksum of when it was applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "first", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "whole core", sql: include_str!("../migrations/0002_whole_core.sql") },
];

/// The key of PostgreSQL's advisory lock: "conduit" in ASCII.
const LOCK: i64 = 0x0063_6f6e_6475_6974;
/// Waiting for other nodes that migrate is no failure; the pool's statement timeout is too short for it.
const PATIENCE: &str = "SET LOCAL statement_timeout = '120s'; SET LOCAL lock_timeout = '120s'";
const BOOKS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BIGINT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing. `tx` is a write transaction: on SQLite `BEGIN IMMEDIATE` is the lock. Returns how many were applied.
pub(crate) async fn migrate(tx: &DatabaseTransaction, migrations: &[Migration]) -> Result<usize, StoreError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        run(tx, PATIENCE).await?;
        run(tx, &format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    run(tx, BOOKS).await?;
    let applied = applied(tx).await?;
    refuse_strangers(&applied, migrations)?;
    let missing: Vec<_> = migrations.iter().filter(|migration| applied.iter().all(|done| done.version != migration.version)).collect();
    for migration in &missing {
        apply(tx, migration).await?;
    }
    Ok(missing.len())
}

struct Applied {
    version: i64,
    checksum: i64,
}

async fn applied(tx: &DatabaseTransaction) -> Result<Vec<Applied>, StoreError> {
    let doing = "reading the schema's version";
    let query = Statement::from_string(tx.get_database_backend(), "SELECT version, checksum FROM schema_migrations ORDER BY version");
    let rows = tx.query_all_raw(query).await.map_err(StoreError::database(doing))?;
    let read = |row: &QueryResult| Ok(Applied { version: row.try_get_by_index(0)?, checksum: row.try_get_by_index(1)? });
    rows.iter().map(read).collect::<Result<_, sea_orm::DbErr>>().map_err(StoreError::database(doing))
}

/// A database that a newer version has migrated, or whose migrations had another text, is left alone.
fn refuse_strangers(applied: &[Applied], migrations: &[Migration]) -> Result<(), StoreError> {
    for done in applied {
        let Some(known) = migrations.iter().find(|migration| migration.version == done.version) else {
            return Err(StoreError::Schema(format!(
                "the database's schema is at version {}, which this version of Conduit does not know: start the newer one, or restore a backup of before",
                done.version
            )));
        };
        if checksum(known) != done.checksum {
            return Err(StoreError::Schema(format!(
                "migration {} ({}) was applied to this database with another text: it belongs to a different build of Conduit",
                known.version, known.name
            )));
        }
    }
    Ok(())
}

async fn apply(tx: &DatabaseTransaction, migration: &Migration) -> Result<(), StoreError> {
    let backend = tx.get_database_backend();
    let (bytes, clustered) = if backend == DbBackend::Postgres { ("BYTEA", "") } else { ("BLOB", " WITHOUT ROWID") };
    let failed =
        |error: sea_orm::DbErr| StoreError::Schema(format!("migration {} ({}) failed: {error}", migration.version, migration.name));
    tx.execute_unprepared(&migration.sql.replace("{bytes}", bytes).replace("{clustered}", clustered)).await.map_err(failed)?;
    let entry = Statement::from_sql_and_values(
        backend,
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
        [migration.version.into(), migration.name.into(), checksum(migration).into(), now_us().into()],
    );
    tx.execute_raw(entry).await.map_err(failed)?;
    Ok(())
}

async fn run(tx: &DatabaseTransaction, sql: &str) -> Result<(), StoreError> {
    tx.execute_unprepared(sql).await.map(drop).map_err(StoreError::database("migrating the schema"))
}

fn checksum(migration: &Migration) -> i64 {
    i64::from(crc32fast::hash(migration.sql.as_bytes()))
}

#[cfg(test)]
mod tests;
