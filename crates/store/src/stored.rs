//! Everything that is configured in the database, read as of one moment.

use crate::mappings::{self, MappingRow};
use crate::providers::{self, ProviderRow};
use crate::virtual_keys::{self, VirtualKeyRow};
use crate::{Store, StoreError, changes};
use sea_orm::{AccessMode, DatabaseTransaction, DbBackend, IsolationLevel, TransactionOptions, TransactionTrait};

/// All rows that the gateway works from. A row that cannot be read hides no other: it is in `unreadable`.
#[derive(Debug, Default)]
pub struct Stored {
    /// The counter of changes that these rows belong to: of two readings the one with the higher number is the newer.
    pub change: i64,
    /// By name.
    pub providers: Vec<ProviderRow>,
    /// By virtual model, then priority, then age.
    pub mappings: Vec<MappingRow>,
    /// By age.
    pub virtual_keys: Vec<VirtualKeyRow>,
    /// [`StoreError::Corrupt`] of each row that holds what this version cannot read.
    pub unreadable: Vec<StoreError>,
}

impl Store {
    /// Reads all of it in one transaction: never half of a change.
    pub async fn stored(&self) -> Result<Stored, StoreError> {
        let tx = self.begin_reading().await?;
        let mut stored = Stored { change: changes::read(&tx).await?, ..Stored::default() };
        stored.providers = keep(providers::read_all(&tx, &self.keys()).await?, &mut stored.unreadable);
        stored.mappings = keep(mappings::read_all(&tx).await?, &mut stored.unreadable);
        stored.virtual_keys = keep(virtual_keys::read_all(&tx).await?, &mut stored.unreadable);
        self.commit(tx).await?;
        Ok(stored)
    }

    /// A transaction that sees one state of the database all the way.
    async fn begin_reading(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = match self.backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            // SQLite's transactions see one state anyhow.
            _ => TransactionOptions::default(),
        };
        self.reader().begin_with_options(options).await.map_err(StoreError::database("beginning to read"))
    }
}

fn keep<T>(rows: Vec<Result<T, StoreError>>, unreadable: &mut Vec<StoreError>) -> Vec<T> {
    rows.into_iter().filter_map(|row| row.map_err(|error| unreadable.push(error)).ok()).collect()
}

#[cfg(test)]
mod tests;
