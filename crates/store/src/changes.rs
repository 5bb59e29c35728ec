//! The counter of changes: every write of what is configured counts it up in its own transaction.
//!
//! Its row lock puts the changes of all nodes in one order, and whoever polls it sees cheaply that something has changed (R43).

use crate::{Store, StoreError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};

const COUNT: &str = "UPDATE change_counter SET value = value + 1 WHERE id = 1";
const READ: &str = "SELECT value FROM change_counter WHERE id = 1";

impl Store {
    /// How many changes there were; a number that has not moved means that nothing that is configured has changed.
    pub async fn changes(&self) -> Result<i64, StoreError> {
        read(self.reader()).await
    }

    /// Begins a transaction that changes what is configured. No other change runs until it ends, on any node: what it checks stays true.
    pub(crate) async fn begin_change(&self) -> Result<DatabaseTransaction, StoreError> {
        let tx = self.begin().await?;
        let counted = tx.execute_raw(Statement::from_string(self.backend(), COUNT)).await;
        counted.map_err(StoreError::database("counting a change")).map_err(|error| self.noted(error))?;
        Ok(tx)
    }
}

pub(crate) async fn read(connection: &impl ConnectionTrait) -> Result<i64, StoreError> {
    let doing = "reading the counter of changes";
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), READ)).await;
    let value = row.and_then(|row| row.map(|row| row.try_get_by_index::<i64>(0)).transpose()).map_err(StoreError::database(doing))?;
    value.ok_or_else(|| StoreError::Schema("the counter of changes has lost its row: restore the database from a backup".into()))
}
