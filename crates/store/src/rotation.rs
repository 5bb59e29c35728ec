//! Rotation of the root secret: everything that is sealed is sealed anew under the current one (R66).
//!
//! In batches, each a transaction of its own, so that a gateway goes on beside it and a crash loses nothing: what was done stays done, and the
//! next run goes on with the rest. A row is only written where it still holds what was read. The text by which a wrong root secret is recognised
//! comes last: until then the old secret is needed at each start, and from then on it is not.

mod columns;

use crate::leases::Lease;
use crate::seal::Place;
use crate::settings::VERIFIER;
use crate::{Keys, Store, StoreError};
use columns::{Cell, SEALED, SealedColumn};
use sea_orm::{ConnectionTrait, Statement};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a rotation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RotationReport {
    /// Values sealed anew.
    pub rewrapped: u64,
    /// Values that the current root secret had sealed already.
    pub already: u64,
    /// Where values stand that open under none of the given root secrets. They were left as they are.
    pub undecryptable: Vec<String>,
}

/// How a rotation goes about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) batch: u64,
    pub(crate) lease: Duration,
}

const LEASE: &str = "rotate_root_secret";
const USUAL: Pace = Pace { batch: 200, lease: Duration::from_secs(10) };
/// Who still seals with the old root secret makes new work for each pass; that many passes are enough for anything else.
const PASSES: usize = 20;

impl Store {
    /// Seals everything anew that is not sealed under the current root secret. Of several nodes one does it; a run that was interrupted has its
    /// place kept for some seconds, and this one waits for that.
    pub async fn rotate(&self) -> Result<RotationReport, StoreError> {
        self.rotate_at(USUAL).await
    }

    pub(crate) async fn rotate_at(&self, pace: Pace) -> Result<RotationReport, StoreError> {
        let lease = self.rotation_lease(pace).await?;
        let done = self.rotate_all(&lease, pace).await;
        let released = lease.release(self).await;
        done.and_then(|report| released.map(|()| report))
    }

    /// How many values each root secret has sealed, by its key id: one without any is no longer needed by this database.
    pub async fn sealed_by(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut counts = BTreeMap::new();
        for column in SEALED {
            for (id, count) in column.by_key(self.reader()).await? {
                *counts.entry(id).or_default() += count;
            }
        }
        Ok(counts)
    }

    async fn rotation_lease(&self, pace: Pace) -> Result<Lease, StoreError> {
        let deadline = Instant::now() + pace.lease * 2;
        loop {
            if let Some(lease) = Lease::take(self, LEASE, pace.lease).await? {
                return Ok(lease);
            }
            if Instant::now() > deadline {
                return Err(StoreError::Conflict(
                    "another process rotates the root secret of this database: wait until it has ended".into(),
                ));
            }
            tokio::time::sleep(pace.lease / 20).await;
        }
    }

    async fn rotate_all(&self, lease: &Lease, pace: Pace) -> Result<RotationReport, StoreError> {
        let keys = self.keys();
        let mut report =
            RotationReport { already: self.sealed_by().await?.get(&keys.id()).copied().unwrap_or(0), ..RotationReport::default() };
        for _ in 0..PASSES {
            let before = report.rewrapped;
            report.undecryptable.clear();
            for column in SEALED {
                self.rotate_column(column, &keys, lease, pace, &mut report).await?;
            }
            if report.rewrapped == before {
                self.rotate_verifier(&keys, lease, &mut report).await?;
                return Ok(report);
            }
        }
        Err(StoreError::Conflict(
            "values are still being sealed under an old root secret: give the new one to every running gateway first, then rotate again"
                .into(),
        ))
    }

    async fn rotate_column(
        &self,
        column: &SealedColumn,
        keys: &Keys,
        lease: &Lease,
        pace: Pace,
        report: &mut RotationReport,
    ) -> Result<(), StoreError> {
        let mut after: Option<Cell> = None;
        loop {
            let tx = self.begin().await?;
            if !lease.extend(&tx).await? {
                return Err(StoreError::Conflict("another process has taken over the rotation of the root secret".into()));
            }
            let cells = column.not_under(&tx, keys, after.as_ref(), pace.batch).await?;
            let mut rewrapped = 0;
            for cell in cells.iter().filter(|cell| !is_verifier(column, cell)) {
                match rewrap(&tx, column, keys, cell).await? {
                    Rewrap::Done => rewrapped += 1,
                    Rewrap::Overtaken => {}
                    Rewrap::Undecryptable(place) => report.undecryptable.push(place),
                }
            }
            self.commit(tx).await?;
            report.rewrapped += rewrapped;
            if (cells.len() as u64) < pace.batch {
                return Ok(());
            }
            after = cells.into_iter().next_back();
        }
    }

    async fn rotate_verifier(&self, keys: &Keys, lease: &Lease, report: &mut RotationReport) -> Result<(), StoreError> {
        for column in SEALED {
            let tx = self.begin().await?;
            if !lease.extend(&tx).await? {
                return Err(StoreError::Conflict("another process has taken over the rotation of the root secret".into()));
            }
            for cell in column.not_under(&tx, keys, None, u64::from(u32::MAX)).await? {
                if is_verifier(column, &cell) && matches!(rewrap(&tx, column, keys, &cell).await?, Rewrap::Done) {
                    report.rewrapped += 1;
                }
            }
            self.commit(tx).await?;
        }
        Ok(())
    }
}

enum Rewrap {
    Done,
    /// Somebody wrote the value since it was read.
    Overtaken,
    Undecryptable(String),
}

async fn rewrap(tx: &impl ConnectionTrait, column: &SealedColumn, keys: &Keys, cell: &Cell) -> Result<Rewrap, StoreError> {
    let place = Place { table: column.table, column: cell.column(), row: cell.row() };
    let Ok(plain) = keys.open(column.purpose, &place, &cell.blob) else { return Ok(Rewrap::Undecryptable(place.to_string())) };
    let fresh = keys.seal(column.purpose, &place, &plain)?;
    let statement: Statement = column.exchange(tx.get_database_backend(), cell, fresh);
    let done = tx.execute_raw(statement).await.map_err(StoreError::database("sealing a value anew"))?;
    Ok(if done.rows_affected() > 0 { Rewrap::Done } else { Rewrap::Overtaken })
}

fn is_verifier(column: &SealedColumn, cell: &Cell) -> bool {
    column.table == "settings" && cell.row() == VERIFIER
}

#[cfg(test)]
mod tests;
