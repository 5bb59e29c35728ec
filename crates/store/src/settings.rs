//! Settings and facts of the instance, by name; plain or sealed.

mod identity;

use crate::id::now_us;
use crate::seal::{Place, Purpose};
use crate::{Store, StoreError};
pub(crate) use identity::{VERIFIER, check_keys, identify};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, ExprTrait};

const WHAT: &str = "setting";

#[allow(unreachable_pub, reason = "the derive makes its items as visible as the model")]
mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub plain: Option<String>,
        pub sealed: Option<Vec<u8>>,
        pub version: i64,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One plain setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub version: i64,
    pub updated_at: i64,
}

pub struct Settings<'a> {
    store: &'a Store,
}

impl<'a> Settings<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    pub async fn get(&self, name: &str) -> Result<Option<Setting>, StoreError> {
        let Some(row) = self.find(name).await? else { return Ok(None) };
        let corrupt = || StoreError::Corrupt { what: WHAT, id: name.to_owned(), cause: "it is sealed".into() };
        Ok(Some(Setting { value: row.plain.ok_or_else(corrupt)?, version: row.version, updated_at: row.updated_at }))
    }

    /// Writes the value whatever was there; the version goes up by one.
    pub async fn put(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.write(name, Some(value.to_owned()), None).await
    }

    /// Writes the value if the setting is still at `version`; 0 means that it must not exist yet.
    pub async fn put_if(&self, name: &str, value: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin_change().await?;
        let doing = format!("writing setting {name}");
        let actual = row::Entity::find_by_id(name).one(&tx).await.map_err(StoreError::database(&doing))?.map_or(0, |row| row.version);
        if actual != version {
            return Err(StoreError::Stale { what: WHAT, id: name.to_owned(), expected: version, actual });
        }
        upsert(&tx, name, Some(value.to_owned()), None).await.map_err(StoreError::database(&doing))?;
        self.store.commit(tx).await
    }

    /// As [`Settings::put`], for a secret: it is stored sealed.
    pub async fn put_sealed(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let blob = self.store.keys().seal(Purpose::Settings, &place(name), value)?;
        self.write(name, None, Some(blob)).await
    }

    pub async fn get_sealed(&self, name: &str) -> Result<Option<secrecy::SecretSlice<u8>>, StoreError> {
        let Some(row) = self.find(name).await? else { return Ok(None) };
        let blob = row.sealed.ok_or_else(|| StoreError::Corrupt { what: WHAT, id: name.to_owned(), cause: "it is not sealed".into() })?;
        let plain = self.store.keys().open(Purpose::Settings, &place(name), &blob)?;
        Ok(Some(secrecy::SecretSlice::from(plain.to_vec())))
    }

    pub async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        let tx = self.store.begin_change().await?;
        let gone = row::Entity::delete_by_id(name).exec(&tx).await.map_err(StoreError::database(format!("deleting setting {name}")))?;
        self.store.commit(tx).await?;
        Ok(gone.rows_affected > 0)
    }

    async fn find(&self, name: &str) -> Result<Option<row::Model>, StoreError> {
        row::Entity::find_by_id(name).one(self.store.reader()).await.map_err(StoreError::database(format!("reading setting {name}")))
    }

    async fn write(&self, name: &str, plain: Option<String>, sealed: Option<Vec<u8>>) -> Result<(), StoreError> {
        let tx = self.store.begin_change().await?;
        upsert(&tx, name, plain, sealed).await.map_err(StoreError::database(format!("writing setting {name}")))?;
        self.store.commit(tx).await
    }
}

async fn upsert(tx: &impl ConnectionTrait, name: &str, plain: Option<String>, sealed: Option<Vec<u8>>) -> Result<(), DbErr> {
    let fresh =
        row::ActiveModel { name: Set(name.to_owned()), plain: Set(plain), sealed: Set(sealed), version: Set(1), updated_at: Set(now_us()) };
    let replace = OnConflict::column(row::Column::Name)
        .update_columns([row::Column::Plain, row::Column::Sealed, row::Column::UpdatedAt])
        .value(row::Column::Version, Expr::col((row::Entity, row::Column::Version)).add(1))
        .to_owned();
    row::Entity::insert(fresh).on_conflict(replace).exec_without_returning(tx).await.map(drop)
}

fn place(name: &str) -> Place<'_> {
    Place { table: "settings", column: "sealed", row: name }
}

#[cfg(test)]
mod tests;
