//! What only one node does at a time. A lease is extended while its work goes on, and ends by itself where the process has died.

use crate::id::{new_id, now_us};
use crate::{Store, StoreError};
use sea_orm::{ConnectionTrait, Statement};
use std::time::Duration;

const TAKE: &str = "INSERT INTO leases (name, owner, expires_at) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at \
     WHERE leases.expires_at <= $4 OR leases.owner = excluded.owner";
const RELEASE: &str = "DELETE FROM leases WHERE name = $1 AND owner = $2";

/// Somebody's hold of a name.
#[derive(Debug)]
pub(crate) struct Lease {
    name: &'static str,
    owner: String,
    lasts: Duration,
}

impl Lease {
    /// `None`: somebody else has it.
    pub(crate) async fn take(store: &Store, name: &'static str, lasts: Duration) -> Result<Option<Lease>, StoreError> {
        let lease = Lease { name, owner: new_id()?, lasts };
        let tx = store.begin().await?;
        let taken = lease.extend(&tx).await?;
        store.commit(tx).await?;
        Ok(taken.then_some(lease))
    }

    /// Within the transaction of the work itself: false means that the lease was lost, and the work must not be committed.
    pub(crate) async fn extend(&self, tx: &impl ConnectionTrait) -> Result<bool, StoreError> {
        let now = now_us();
        let until = now.saturating_add(i64::try_from(self.lasts.as_micros()).unwrap_or(i64::MAX));
        let values = [self.name.into(), self.owner.as_str().into(), until.into(), now.into()];
        let done = tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), TAKE, values)).await;
        done.map(|done| done.rows_affected() > 0).map_err(StoreError::database("taking a lease"))
    }

    pub(crate) async fn release(self, store: &Store) -> Result<(), StoreError> {
        let tx = store.begin().await?;
        let values = [self.name.into(), self.owner.into()];
        let done = tx.execute_raw(Statement::from_sql_and_values(store.backend(), RELEASE, values)).await;
        done.map_err(StoreError::database("giving a lease back"))?;
        store.commit(tx).await
    }
}
