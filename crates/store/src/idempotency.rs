//! Answers kept for a repeated request (`Idempotency-Key`): the second one gets what the first one got, and nothing is done twice.
//!
//! An answer may hold the secret of a key that was just made, so it is stored sealed.

use crate::id::{new_id, now_us};
use crate::seal::{Place, Purpose};
use crate::{Store, StoreError};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use secrecy::SecretSlice;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a request may be under way. Beyond it its process is taken for dead, and a repetition begins anew.
const UNDER_WAY: Duration = Duration::from_secs(120);
/// Rows removed in one statement.
const BATCH: i64 = 500;
/// Rows removed beside each new request, so that nobody has to remember to purge.
const ALONG: i64 = 20;

/// What is known of a request with this key.
#[derive(Debug)]
pub enum Begun {
    /// It is the first: do it, then [`Idempotency::finish`] or [`Idempotency::abandon`].
    Fresh(Claim),
    /// The first one is still under way.
    InProgress,
    /// The key was used for another body.
    Mismatch,
    /// It was done, with this answer.
    Stored { status: u16, body: SecretSlice<u8> },
}

/// The right to answer a request, given out once.
#[derive(Debug)]
pub struct Claim {
    id: String,
    owner: String,
}

pub struct Idempotency<'a> {
    store: &'a Store,
}

impl<'a> Idempotency<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// Asks for a request: `scope` is who asks and for what (caller and route), `key` the header's value, `body_hash` any hash of the body.
    pub async fn begin(&self, scope: &str, key: &str, body_hash: &[u8; 32]) -> Result<Begun, StoreError> {
        let doing = "looking up an idempotency key";
        let (now, claim) = (now_us(), Claim { id: id_of(scope, key), owner: new_id()? });
        let until = now.saturating_add(micros(UNDER_WAY));
        let tx = self.store.begin().await?;
        let run = |sql: &str, values: Vec<Value>| tx.execute_raw(Statement::from_sql_and_values(self.store.backend(), sql, values));
        let body = || Value::from(body_hash.to_vec());
        let (id, owner) = (|| Value::from(claim.id.as_str()), || Value::from(claim.owner.as_str()));
        let taken = run(TAKE, vec![id(), body(), owner(), until.into(), now.into()]).await;
        let taken = taken.map_err(StoreError::database(doing)).map_err(|error| self.store.noted(error))?;
        if taken.rows_affected() > 0 {
            run(PURGE, vec![now.into(), ALONG.into()]).await.map_err(StoreError::database("removing old answers"))?;
            self.store.commit(tx).await?;
            return Ok(Begun::Fresh(claim));
        }
        let query = Statement::from_sql_and_values(self.store.backend(), LOOK, [id()]);
        let found = tx.query_one_raw(query).await.map_err(StoreError::database(doing))?;
        self.store.commit(tx).await?;
        // Whoever had it has given it up in this very moment: the caller may ask again.
        let Some(found) = found else { return Ok(Begun::InProgress) };
        self.judge(&claim.id, body_hash, &found)
    }

    /// Keeps the answer of a request that is done.
    pub async fn finish(&self, claim: Claim, status: u16, body: &[u8]) -> Result<(), StoreError> {
        let sealed = self.store.keys().seal(Purpose::Idempotency, &place(&claim.id), body)?;
        let until = now_us().saturating_add(micros(KEPT));
        let values = vec![i64::from(status).into(), sealed.into(), until.into(), claim.id.as_str().into(), claim.owner.as_str().into()];
        let kept =
            self.write("UPDATE idempotency SET status = $1, sealed = $2, expires_at = $3 WHERE id = $4 AND owner = $5", values).await?;
        if kept == 0 {
            tracing::warn!("a request took so long that its idempotency key was given to a repetition of it");
        }
        Ok(())
    }

    /// Gives the key back: nothing was done, and a repetition may try again.
    pub async fn abandon(&self, claim: Claim) -> Result<(), StoreError> {
        let values = vec![claim.id.as_str().into(), claim.owner.as_str().into()];
        self.write("DELETE FROM idempotency WHERE id = $1 AND owner = $2 AND status IS NULL", values).await.map(drop)
    }

    /// Removes what is over, in batches; gives how many rows that were.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let gone = self.write(PURGE, vec![now_us().into(), BATCH.into()]).await?;
            all += gone;
            if gone < BATCH.unsigned_abs() {
                return Ok(all);
            }
        }
    }

    fn judge(&self, id: &str, body_hash: &[u8; 32], found: &QueryResult) -> Result<Begun, StoreError> {
        let doing = "reading a kept answer";
        let (body, status, sealed): (Vec<u8>, Option<i64>, Option<Vec<u8>>) =
            found.try_get_many_by_index().map_err(StoreError::database(doing))?;
        if body != body_hash {
            return Ok(Begun::Mismatch);
        }
        let (Some(status), Some(sealed)) = (status, sealed) else { return Ok(Begun::InProgress) };
        let status = u16::try_from(status).map_err(|error| StoreError::Corrupt {
            what: "kept answer",
            id: id.to_owned(),
            cause: format!("status: {error}"),
        })?;
        let body = self.store.keys().open(Purpose::Idempotency, &place(id), &sealed)?;
        Ok(Begun::Stored { status, body: SecretSlice::from(body.to_vec()) })
    }

    async fn write(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let tx = self.store.begin().await?;
        let done = tx.execute_raw(Statement::from_sql_and_values(self.store.backend(), sql, values)).await;
        let done = done.map_err(StoreError::database("keeping an answer")).map_err(|error| self.store.noted(error))?;
        self.store.commit(tx).await?;
        Ok(done.rows_affected())
    }
}

/// One row is written by one of several nodes that ask at the same time: a new one, or one that is over.
const TAKE: &str = "INSERT INTO idempotency (id, body, owner, status, sealed, expires_at) VALUES ($1, $2, $3, NULL, NULL, $4) \
     ON CONFLICT (id) DO UPDATE SET body = excluded.body, owner = excluded.owner, status = NULL, sealed = NULL, expires_at = excluded.expires_at \
     WHERE idempotency.expires_at <= $5";
const LOOK: &str = "SELECT body, status, sealed FROM idempotency WHERE id = $1";
const PURGE: &str = "DELETE FROM idempotency WHERE id IN (SELECT id FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

fn id_of(scope: &str, key: &str) -> String {
    let mut hash = Sha256::new();
    // The length in front: no two pairs give the same bytes.
    hash.update((scope.len() as u64).to_be_bytes());
    hash.update(scope.as_bytes());
    hash.update(key.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn place(id: &str) -> Place<'_> {
    Place { table: "idempotency", column: "sealed", row: id }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
