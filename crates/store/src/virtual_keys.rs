//! Virtual keys as rows: the keyed hash, never the key.

use crate::id::{new_id, now_us};
use crate::{Store, StoreError};
use gateway::keys::{KeyHash, VirtualKey};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

const WHAT: &str = "virtual key";
/// Rows read at once when all are loaded.
const PAGE: u64 = 5_000;

#[allow(unreachable_pub, reason = "the derive makes its items as visible as the model")]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "virtual_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub hash: Vec<u8>,
        pub prefix: String,
        pub tail: String,
        pub models: String,
        pub expires_at: Option<i64>,
        pub enabled: bool,
        pub suspended: bool,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A virtual key as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKeyRow {
    pub id: String,
    pub hash: KeyHash,
    /// `condt_`, or nothing for a key that was brought along.
    pub prefix: String,
    /// The last four characters, for display.
    pub tail: String,
    pub spec: VirtualKeySpec,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What of a key is chosen by its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKeySpec {
    pub name: String,
    /// Exact names or `prefix*`. `None`: all; an empty list: none. In the row it is `null` or a list, as JSON.
    pub models: Option<Vec<String>>,
    /// Microseconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
    /// Switched off by Conduit itself, not by its owner.
    pub suspended: bool,
}

impl VirtualKeySpec {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), models: None, expires_at: None, enabled: true, suspended: false }
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
        let mut query = row::Entity::find().order_by_asc(row::Column::Id).limit(limit);
        if let Some(after) = after {
            query = query.filter(row::Column::Id.gt(after));
        }
        query.all(self.store.reader()).await.map_err(StoreError::database("reading the virtual keys"))?.into_iter().map(read).collect()
    }

    /// All keys, read page by page.
    pub async fn all(&self) -> Result<Vec<VirtualKeyRow>, StoreError> {
        let mut keys: Vec<VirtualKeyRow> = Vec::new();
        loop {
            let page = self.list(keys.last().map(|key| key.id.as_str()), PAGE).await?;
            let full = page.len() as u64 == PAGE;
            keys.extend(page);
            if !full {
                return Ok(keys);
            }
        }
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
            models: Set(models_text(spec.models.as_deref())),
            expires_at: Set(spec.expires_at),
            enabled: Set(spec.enabled),
            suspended: Set(spec.suspended),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let tx = self.store.begin().await?;
        row::Entity::insert(fresh)
            .exec_without_returning(&tx)
            .await
            .map_err(StoreError::write("adding a virtual key", clash))
            .map_err(|e| self.store.noted(e))?;
        self.store.commit(tx).await?;
        Ok(id)
    }

    /// Replaces everything but the key itself if the row is still at `version`; returns the new version.
    pub async fn update(&self, id: &str, version: i64, spec: VirtualKeySpec) -> Result<i64, StoreError> {
        let clash = clash(&spec.name);
        let change = row::Entity::update_many()
            .col_expr(row::Column::Name, spec.name.into())
            .col_expr(row::Column::Models, models_text(spec.models.as_deref()).into())
            .col_expr(row::Column::ExpiresAt, spec.expires_at.into())
            .col_expr(row::Column::Enabled, spec.enabled.into())
            .col_expr(row::Column::Suspended, spec.suspended.into());
        self.change(change, id, version, clash).await
    }

    /// Gives the key another secret: the old one is unknown from then on.
    pub async fn roll(&self, id: &str, version: i64, hash: KeyHash, prefix: &str, tail: &str) -> Result<i64, StoreError> {
        let change = row::Entity::update_many()
            .col_expr(row::Column::Hash, hash.to_vec().into())
            .col_expr(row::Column::Prefix, prefix.into())
            .col_expr(row::Column::Tail, tail.into());
        self.change(change, id, version, "another virtual key has this secret already: make a new one".into()).await
    }

    pub async fn delete(&self, id: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin().await?;
        let gone = row::Entity::delete_many().filter(row::Column::Id.eq(id)).filter(row::Column::Version.eq(version));
        let gone = gone.exec(&tx).await.map_err(StoreError::database(format!("deleting virtual key {id}")))?;
        if gone.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await
    }

    async fn change(&self, change: sea_orm::UpdateMany<row::Entity>, id: &str, version: i64, clash: String) -> Result<i64, StoreError> {
        let change = change
            .col_expr(row::Column::Version, Expr::value(version + 1))
            .col_expr(row::Column::UpdatedAt, Expr::value(now_us()))
            .filter(row::Column::Id.eq(id))
            .filter(row::Column::Version.eq(version));
        let tx = self.store.begin().await?;
        let touched = change.exec(&tx).await.map_err(StoreError::write(format!("changing virtual key {id}"), clash))?;
        if touched.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await?;
        Ok(version + 1)
    }
}

fn read(model: row::Model) -> Result<VirtualKeyRow, StoreError> {
    let corrupt = |cause: String| StoreError::Corrupt { what: WHAT, id: model.id.clone(), cause };
    let hash =
        KeyHash::try_from(model.hash.as_slice()).map_err(|_| corrupt(format!("its hash has {} bytes and not 32", model.hash.len())))?;
    let models = serde_json::from_str(&model.models).map_err(|error| corrupt(format!("models: {error}")))?;
    Ok(VirtualKeyRow {
        id: model.id,
        hash,
        prefix: model.prefix,
        tail: model.tail,
        spec: VirtualKeySpec { name: model.name, models, expires_at: model.expires_at, enabled: model.enabled, suspended: model.suspended },
        version: model.version,
        created_at: model.created_at,
        updated_at: model.updated_at,
    })
}

async fn why_untouched(tx: &impl ConnectionTrait, id: &str, expected: i64) -> StoreError {
    crate::versions::why_untouched::<row::Entity>(tx, WHAT, row::Column::Version, id, expected).await
}

fn models_text(models: Option<&[String]>) -> String {
    serde_json::Value::from(models.map(<[String]>::to_vec)).to_string()
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound { what: WHAT, id: id.to_owned() }
}

fn clash(name: &str) -> String {
    format!("a virtual key named {name:?}, or one with the same secret, exists already: choose another")
}

#[cfg(test)]
mod tests;
