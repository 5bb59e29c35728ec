//! Configured providers and their credentials; secret fields are sealed one by one.

mod credentials;
mod rows;

use crate::id::{new_id, now_us};
use crate::{Store, StoreError};
pub use credentials::{CredentialRow, CredentialSpec, FieldValue};
use rows::provider as row;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

const WHAT: &str = "provider";

/// A provider as it stands in the database.
#[derive(Clone, Debug)]
pub struct ProviderRow {
    pub id: String,
    pub name: String,
    /// The provider type, such as `openai`.
    pub kind: String,
    pub base_url: Option<String>,
    pub allow_private_network: bool,
    /// An object; the field names are those of the config file.
    pub timeouts: serde_json::Value,
    pub enabled: bool,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub credentials: Vec<CredentialRow>,
}

/// What of a provider is chosen by its owner.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderSpec {
    pub name: String,
    pub kind: String,
    pub base_url: Option<String>,
    pub allow_private_network: bool,
    pub timeouts: serde_json::Value,
    pub enabled: bool,
}

impl ProviderSpec {
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            base_url: None,
            allow_private_network: false,
            timeouts: serde_json::Value::Object(serde_json::Map::new()),
            enabled: true,
        }
    }
}

pub struct Providers<'a> {
    store: &'a Store,
}

impl<'a> Providers<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store }
    }

    /// All providers with their credentials, by name. A secret that cannot be opened is there as [`FieldValue::Unreadable`].
    pub async fn list(&self) -> Result<Vec<ProviderRow>, StoreError> {
        let doing = "reading the providers";
        let found =
            row::Entity::find().order_by_asc(row::Column::Name).all(self.store.reader()).await.map_err(StoreError::database(doing))?;
        let mut credentials = credentials::of_all(self.store).await?;
        found.into_iter().map(|model| read(model, &mut credentials)).collect()
    }

    pub async fn get(&self, id: &str) -> Result<ProviderRow, StoreError> {
        let found =
            row::Entity::find_by_id(id).one(self.store.reader()).await.map_err(StoreError::database(format!("reading provider {id}")))?;
        let model = found.ok_or_else(|| missing(id))?;
        read(model, &mut credentials::of_one(self.store, id).await?)
    }

    pub async fn count(&self) -> Result<u64, StoreError> {
        row::Entity::find().count(self.store.reader()).await.map_err(StoreError::database("counting the providers"))
    }

    /// Adds a provider with its credentials; returns its id.
    pub async fn insert(&self, spec: ProviderSpec, credentials: Vec<CredentialSpec>) -> Result<String, StoreError> {
        let (id, now) = (new_id()?, now_us());
        let clash = clash(&spec.name);
        let fresh = row::ActiveModel {
            id: Set(id.clone()),
            name: Set(spec.name),
            kind: Set(spec.kind),
            base_url: Set(spec.base_url),
            allow_private_network: Set(spec.allow_private_network),
            timeouts: Set(spec.timeouts.to_string()),
            enabled: Set(spec.enabled),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let tx = self.store.begin().await?;
        row::Entity::insert(fresh)
            .exec_without_returning(&tx)
            .await
            .map_err(StoreError::write("adding a provider", clash))
            .map_err(|e| self.store.noted(e))?;
        for credential in credentials {
            credentials::insert(&tx, self.store.keys(), &id, credential).await?;
        }
        self.store.commit(tx).await?;
        Ok(id)
    }

    /// Replaces everything but the credentials if the row is still at `version`; returns the new version.
    pub async fn update(&self, id: &str, version: i64, spec: ProviderSpec) -> Result<i64, StoreError> {
        let clash = clash(&spec.name);
        let change = row::Entity::update_many()
            .col_expr(row::Column::Name, spec.name.into())
            .col_expr(row::Column::Kind, spec.kind.into())
            .col_expr(row::Column::BaseUrl, spec.base_url.into())
            .col_expr(row::Column::AllowPrivateNetwork, spec.allow_private_network.into())
            .col_expr(row::Column::Timeouts, spec.timeouts.to_string().into())
            .col_expr(row::Column::Enabled, spec.enabled.into());
        let tx = self.store.begin().await?;
        let touched = touch(change, id, version).exec(&tx).await.map_err(StoreError::write(format!("changing provider {id}"), clash))?;
        if touched.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    /// Adds a credential, or changes the one of that name: fields given are set, the others stay, those given as `None` go.
    pub async fn put_credential(&self, id: &str, version: i64, credential: CredentialSpec) -> Result<i64, StoreError> {
        let tx = self.store.begin().await?;
        bump(&tx, id, version).await?;
        credentials::put(&tx, self.store.keys(), id, credential).await?;
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    pub async fn delete_credential(&self, id: &str, version: i64, name: &str) -> Result<i64, StoreError> {
        let tx = self.store.begin().await?;
        bump(&tx, id, version).await?;
        credentials::delete(&tx, id, name).await?;
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    /// Deletes a provider with its credentials, unless a mapping still points to it.
    pub async fn delete(&self, id: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin().await?;
        if let Some(user) = crate::mappings::first_of_provider(&tx, id).await? {
            return Err(StoreError::Conflict(format!("provider {id} is used by the mapping of {user}: delete that first")));
        }
        let gone = row::Entity::delete_many().filter(row::Column::Id.eq(id)).filter(row::Column::Version.eq(version));
        let gone = gone.exec(&tx).await.map_err(StoreError::database(format!("deleting provider {id}")))?;
        if gone.rows_affected == 0 {
            return Err(why_untouched(&tx, id, version).await);
        }
        self.store.commit(tx).await
    }
}

fn read(model: row::Model, credentials: &mut credentials::ByProvider) -> Result<ProviderRow, StoreError> {
    let timeouts = serde_json::from_str(&model.timeouts).map_err(|error| StoreError::Corrupt {
        what: WHAT,
        id: model.id.clone(),
        cause: format!("timeouts: {error}"),
    })?;
    Ok(ProviderRow {
        credentials: credentials.remove(&model.id).unwrap_or_default(),
        id: model.id,
        name: model.name,
        kind: model.kind,
        base_url: model.base_url,
        allow_private_network: model.allow_private_network,
        timeouts,
        enabled: model.enabled,
        version: model.version,
        created_at: model.created_at,
        updated_at: model.updated_at,
    })
}

fn touch(change: sea_orm::UpdateMany<row::Entity>, id: &str, version: i64) -> sea_orm::UpdateMany<row::Entity> {
    change
        .col_expr(row::Column::Version, Expr::value(version + 1))
        .col_expr(row::Column::UpdatedAt, Expr::value(now_us()))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::Version.eq(version))
}

async fn bump(tx: &impl ConnectionTrait, id: &str, version: i64) -> Result<(), StoreError> {
    let touched =
        touch(row::Entity::update_many(), id, version).exec(tx).await.map_err(StoreError::database(format!("changing provider {id}")))?;
    if touched.rows_affected == 0 { Err(why_untouched(tx, id, version).await) } else { Ok(()) }
}

async fn why_untouched(tx: &impl ConnectionTrait, id: &str, expected: i64) -> StoreError {
    crate::versions::why_untouched::<row::Entity>(tx, WHAT, row::Column::Version, id, expected).await
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound { what: WHAT, id: id.to_owned() }
}

fn clash(name: &str) -> String {
    format!("a provider named {name:?} exists already: choose another name")
}

#[cfg(test)]
mod tests;
