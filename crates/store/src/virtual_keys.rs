//! Virtual keys as rows: the keyed hash, never the key. A rolled key has two secrets for a while.

mod row;

use crate::id::{new_id, now_us};
use crate::{Store, StoreError};
use chat::Operation;
use gateway::keys::{KeyHash, VirtualKey};
use row::read;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use std::collections::HashMap;

const WHAT: &str = "virtual key";
/// Rows read at once when all are loaded.
const PAGE: u64 = 5_000;

/// A virtual key as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKeyRow {
    pub id: String,
    pub hash: KeyHash,
    /// `condt_`, or nothing for a key that was brought along.
    pub prefix: String,
    /// The last four characters, for display.
    pub tail: String,
    /// The secret before the last roll, where that gave it a grace; it may be over.
    pub previous: Option<PreviousSecret>,
    pub spec: VirtualKeySpec,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// The secret of a key before it was rolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    pub hash: KeyHash,
    pub tail: String,
    /// Microseconds since 1970: good before it.
    pub until: i64,
    /// When it was last used since the roll, and how often.
    pub used_at: Option<i64>,
    pub uses: u64,
}

/// What of a key is chosen by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKeySpec {
    pub name: String,
    /// Exact names or `prefix*`. `None`: all; an empty list: none. In the row it is `null` or a list, as JSON.
    pub models: Option<Vec<String>>,
    /// `None`: all; an empty list: none.
    pub operations: Option<Vec<Operation>>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Microseconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
    /// Switched off by Conduit itself, not by its owner.
    pub suspended: bool,
}

/// The secret of a key as a row keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySecret {
    pub hash: KeyHash,
    pub prefix: String,
    /// What lists show of it.
    pub tail: String,
}

/// Uses of the secret before the last roll, counted since they were last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousUse {
    pub key_id: String,
    /// Which secret: a roll in between begins to count anew.
    pub hash: KeyHash,
    pub uses: u64,
    /// Microseconds since 1970.
    pub last: i64,
}

impl VirtualKeySpec {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), models: None, operations: None, concurrency: None, expires_at: None, enabled: true, suspended: false }
    }
}

impl VirtualKeyRow {
    /// What the gateway keeps of it in memory.
    pub fn to_key(&self) -> VirtualKey {
        VirtualKey {
            id: self.id.clone(),
            name: self.spec.name.clone(),
            models: self.spec.models.clone(),
            expires_at: self.spec.expires_at.map(|micros| micros.div_euclid(1_000_000)),
            enabled: self.spec.enabled && !self.spec.suspended,
            operations: self.spec.operations.clone(),
            concurrency: self.spec.concurrency,
            ..VirtualKey::default()
        }
    }
}

pub struct VirtualKeys<'a> {
    store: &'a Store,
}

impl<'a> VirtualKeys<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// At most `limit` keys in the order of their ids, which is that of their age, after the key with id `after`.
    pub async fn list(&self, after: Option<&str>, limit: u64) -> Result<Vec<VirtualKeyRow>, StoreError> {
        page(self.store.reader(), after, limit).await?.into_iter().map(read).collect()
    }

    /// All keys, read page by page.
    pub async fn all(&self) -> Result<Vec<VirtualKeyRow>, StoreError> {
        read_all(self.store.reader()).await?.into_iter().collect()
    }

    pub async fn get(&self, id: &str) -> Result<VirtualKeyRow, StoreError> {
        let found = row::Entity::find_by_id(id)
            .one(self.store.reader())
            .await
            .map_err(StoreError::database(format!("reading virtual key {id}")))?;
        found.ok_or_else(|| missing(id)).and_then(read)
    }

    pub async fn find_by_hash(&self, hash: &KeyHash) -> Result<Option<VirtualKeyRow>, StoreError> {
        let found = row::Entity::find().filter(row::Column::Hash.eq(hash.to_vec())).one(self.store.reader()).await;
        found.map_err(StoreError::database("looking for a virtual key"))?.map(read).transpose()
    }

    /// The last names of keys that were removed, by id, for at most some thousand ids.
    pub async fn removed_names(&self, ids: impl IntoIterator<Item = &str>) -> Result<HashMap<String, String>, StoreError> {
        let values: Vec<sea_orm::Value> = ids.into_iter().map(Into::into).collect();
        if values.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<String> = (1..=values.len()).map(|at| format!("${at}")).collect();
        let sql = format!("SELECT id, name FROM removed_keys WHERE id IN ({})", places.join(", "));
        let rows = self.store.reader().query_all_raw(Statement::from_sql_and_values(self.store.backend(), sql, values)).await;
        let names = rows.and_then(|rows| rows.iter().map(sea_orm::QueryResult::try_get_many_by_index).collect());
        names.map_err(StoreError::database("reading the names of removed keys"))
    }

    pub async fn count(&self) -> Result<u64, StoreError> {
        row::Entity::find().count(self.store.reader()).await.map_err(StoreError::database("counting the virtual keys"))
    }

    /// Adds a key by its hash; `tail` is what lists show of it. Returns its id.
    pub async fn insert(&self, spec: VirtualKeySpec, hash: KeyHash, prefix: &str, tail: &str) -> Result<String, StoreError> {
        let (id, now) = (new_id()?, now_us());
        let clash = clash(&spec.name);
        let fresh = row::ActiveModel {
            id: Set(id.clone()),
            name: Set(spec.name),
            hash: Set(hash.to_vec()),
            prefix: Set(prefix.to_owned()),
            tail: Set(tail.to_owned()),
            models: Set(row::models_text(spec.models.as_deref())),
            operations: Set(row::operations_text(spec.operations.as_deref())),
            concurrency: Set(spec.concurrency.map(i64::from)),
            expires_at: Set(spec.expires_at),
            enabled: Set(spec.enabled),
            suspended: Set(spec.suspended),
            previous_hash: Set(None),
            previous_tail: Set(None),
            previous_until: Set(None),
            previous_used_at: Set(None),
            previous_uses: Set(0),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let tx = self.store.begin_change().await?;
        refuse_taken(&tx, &id, &hash, &clash).await?;
        row::Entity::insert(fresh).exec_without_returning(&tx).await.map_err(StoreError::write("adding a virtual key", clash))?;
        self.store.commit(tx).await?;
        Ok(id)
    }

    /// Replaces everything but the key itself if the row is still at `version`; returns the new version.
    pub async fn update(&self, id: &str, version: i64, spec: VirtualKeySpec) -> Result<i64, StoreError> {
        let clash = clash(&spec.name);
        let change = row::Entity::update_many()
            .col_expr(row::Column::Name, spec.name.into())
            .col_expr(row::Column::Models, row::models_text(spec.models.as_deref()).into())
            .col_expr(row::Column::Operations, row::operations_text(spec.operations.as_deref()).into())
            .col_expr(row::Column::Concurrency, spec.concurrency.map(i64::from).into())
            .col_expr(row::Column::ExpiresAt, spec.expires_at.into())
            .col_expr(row::Column::Enabled, spec.enabled.into())
            .col_expr(row::Column::Suspended, spec.suspended.into());
        let tx = self.store.begin_change().await?;
        change_row(&tx, change, id, version, clash).await?;
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    /// Gives the key another secret. The old one stays good until `previous_until` (microseconds since 1970), or is unknown at once; an even
    /// older one is unknown in any case.
    pub async fn roll(&self, id: &str, version: i64, secret: KeySecret, previous_until: Option<i64>) -> Result<i64, StoreError> {
        let clash = "a virtual key has this secret already, or had it until lately: make a new one";
        let tx = self.store.begin_change().await?;
        refuse_taken(&tx, id, &secret.hash, clash).await?;
        let kept = |column: row::Column| if previous_until.is_some() { Expr::col(column) } else { Expr::value(None::<String>) };
        let kept_hash = if previous_until.is_some() { Expr::col(row::Column::Hash) } else { Expr::value(None::<Vec<u8>>) };
        let change = row::Entity::update_many()
            .col_expr(row::Column::PreviousHash, kept_hash)
            .col_expr(row::Column::PreviousTail, kept(row::Column::Tail))
            .col_expr(row::Column::PreviousUntil, previous_until.into())
            .col_expr(row::Column::PreviousUsedAt, None::<i64>.into())
            .col_expr(row::Column::PreviousUses, Expr::value(0i64))
            .col_expr(row::Column::Hash, secret.hash.to_vec().into())
            .col_expr(row::Column::Prefix, secret.prefix.into())
            .col_expr(row::Column::Tail, secret.tail.into())
            .filter(row::Column::Hash.ne(secret.hash.to_vec()));
        change_row(&tx, change, id, version, clash.to_owned()).await?;
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    /// Adds to what is known of the use of old secrets. No change of the key: its version stays.
    pub async fn note_previous_uses(&self, uses: &[PreviousUse]) -> Result<(), StoreError> {
        let doing = "counting the uses of a rolled key's old secret";
        let tx = self.store.begin().await?;
        for seen in uses {
            let add = i64::try_from(seen.uses).unwrap_or(i64::MAX);
            let change = row::Entity::update_many()
                .col_expr(row::Column::PreviousUses, Expr::col(row::Column::PreviousUses).add(add))
                .col_expr(row::Column::PreviousUsedAt, seen.last.into())
                .filter(row::Column::Id.eq(&seen.key_id))
                .filter(row::Column::PreviousHash.eq(seen.hash.to_vec()));
            change.exec(&tx).await.map_err(StoreError::database(doing))?;
        }
        self.store.commit(tx).await
    }

    /// Removes the key; its name is kept for the requests of the past.
    pub async fn delete(&self, id: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin_change().await?;
        let values = [now_us().into(), id.into(), version.into()];
        let kept = tx.execute_raw(Statement::from_sql_and_values(self.store.backend(), KEEP_NAME, values)).await;
        kept.map_err(StoreError::database(format!("keeping the name of virtual key {id}")))?;
        let gone = row::Entity::delete_many().filter(row::Column::Id.eq(id)).filter(row::Column::Version.eq(version));
        let gone = gone.exec(&tx).await.map_err(StoreError::database(format!("deleting virtual key {id}")))?;
        if gone.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await
    }
}

const KEEP_NAME: &str =
    "INSERT INTO removed_keys (id, name, removed_at) SELECT id, name, CAST($1 AS BIGINT) FROM virtual_keys WHERE id = $2 AND version = $3";

/// All keys, each by itself: one that cannot be read does not hide the others.
pub(crate) async fn read_all(connection: &impl ConnectionTrait) -> Result<Vec<Result<VirtualKeyRow, StoreError>>, StoreError> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let found = page(connection, after.as_deref(), PAGE).await?;
        let full = found.len() as u64 == PAGE;
        after = found.last().map(|model| model.id.clone());
        keys.extend(found.into_iter().map(read));
        if !full {
            return Ok(keys);
        }
    }
}

async fn page(connection: &impl ConnectionTrait, after: Option<&str>, limit: u64) -> Result<Vec<row::Model>, StoreError> {
    let mut query = row::Entity::find().order_by_asc(row::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(row::Column::Id.gt(after));
    }
    query.all(connection).await.map_err(StoreError::database("reading the virtual keys"))
}

/// The unique indexes cannot see that one key's secret is another's old one. All changes run one after the other, so that this stays true.
async fn refuse_taken(tx: &impl ConnectionTrait, id: &str, hash: &KeyHash, clash: &str) -> Result<(), StoreError> {
    let taken = row::Entity::find()
        .select_only()
        .column(row::Column::Id)
        .filter(row::Column::PreviousHash.eq(hash.to_vec()))
        .filter(row::Column::Id.ne(id));
    let taken: Option<String> = taken.into_tuple().one(tx).await.map_err(StoreError::database("looking for a virtual key"))?;
    if taken.is_some() { Err(StoreError::Conflict(clash.to_owned())) } else { Ok(()) }
}

async fn change_row(
    tx: &impl ConnectionTrait,
    change: sea_orm::UpdateMany<row::Entity>,
    id: &str,
    version: i64,
    clash: String,
) -> Result<(), StoreError> {
    let change = change
        .col_expr(row::Column::Version, Expr::value(version + 1))
        .col_expr(row::Column::UpdatedAt, Expr::value(now_us()))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::Version.eq(version));
    let touched = change.exec(tx).await.map_err(StoreError::write(format!("changing virtual key {id}"), clash.clone()))?;
    if touched.rows_affected > 0 {
        return Ok(());
    }
    // A row at the right version was left alone by the change's own condition.
    Err(match why_untouched(tx, id, version).await {
        StoreError::Stale { expected, actual, .. } if expected == actual => StoreError::Conflict(clash),
        why => why,
    })
}

async fn why_untouched(tx: &impl ConnectionTrait, id: &str, expected: i64) -> StoreError {
    crate::versions::why_untouched::<row::Entity>(tx, WHAT, row::Column::Version, id, expected).await
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound { what: WHAT, id: id.to_owned() }
}

fn clash(name: &str) -> String {
    format!("a virtual key named {name:?}, or one with the same secret, exists already: choose another")
}

#[cfg(test)]
mod tests;
