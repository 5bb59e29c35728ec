//! Configured providers and their credentials; secret fields are sealed one by one.

mod credentials;
mod rows;
mod secrets;

use crate::id::{new_id, now_us};
use crate::{Keys, Store, StoreError};
pub use credentials::{CredentialRow, CredentialSpec, FieldValue};
use rows::provider as row;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use std::collections::BTreeMap;

const WHAT: &str = "provider";

/// Fields to be changed: `None` removes one; a field that is not named stays as it is.
pub type FieldChanges = BTreeMap<String, Option<FieldValue>>;

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
    /// The options of a custom endpoint, without their secrets.
    pub custom: Option<serde_json::Value>,
    /// `header:<name>` and `query:<name>` of a custom endpoint: all are secret.
    pub secrets: BTreeMap<String, FieldValue>,
    pub max_in_flight: Option<u32>,
    pub enabled: bool,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub credentials: Vec<CredentialRow>,
}

impl ProviderRow {
    /// What would leave the row as it is: for changes of a few members. Its secrets are not named, and so stay.
    pub fn spec(&self) -> ProviderSpec {
        ProviderSpec {
            name: self.name.clone(),
            kind: self.kind.clone(),
            base_url: self.base_url.clone(),
            allow_private_network: self.allow_private_network,
            timeouts: self.timeouts.clone(),
            custom: self.custom.clone(),
            secrets: FieldChanges::new(),
            max_in_flight: self.max_in_flight,
            enabled: self.enabled,
        }
    }
}

/// What of a provider is chosen by its owner.
#[derive(Clone, Debug)]
pub struct ProviderSpec {
    pub name: String,
    pub kind: String,
    pub base_url: Option<String>,
    pub allow_private_network: bool,
    pub timeouts: serde_json::Value,
    /// The options of a custom endpoint, without their secrets: those are in `secrets`.
    pub custom: Option<serde_json::Value>,
    /// By `header:<name>` and `query:<name>`; stored sealed, whatever they are given as.
    pub secrets: FieldChanges,
    pub max_in_flight: Option<u32>,
    pub enabled: bool,
}

/// Several changes of one provider that are made together or not at all.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    /// Replaces everything but the credentials.
    pub spec: Option<ProviderSpec>,
    /// Credentials by name, removed first: one of the same name in `put` begins anew.
    pub remove: Vec<String>,
    /// Credentials to be added or changed.
    pub put: Vec<CredentialSpec>,
}

impl ProviderSpec {
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            base_url: None,
            allow_private_network: false,
            timeouts: serde_json::Value::Object(serde_json::Map::new()),
            custom: None,
            secrets: FieldChanges::new(),
            max_in_flight: None,
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
        read_all(self.store.reader(), &self.store.keys()).await?.into_iter().collect()
    }

    pub async fn get(&self, id: &str) -> Result<ProviderRow, StoreError> {
        let (connection, keys) = (self.store.reader(), self.store.keys());
        let found = row::Entity::find_by_id(id).one(connection).await.map_err(StoreError::database(format!("reading provider {id}")))?;
        let model = found.ok_or_else(|| missing(id))?;
        let mut credentials = credentials::of_one(connection, &keys, id).await?;
        let mut secrets = secrets::read(connection, &keys, Some(id)).await?;
        read(model, &mut credentials, &mut secrets)
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
            custom: Set(spec.custom.map(|custom| custom.to_string())),
            max_in_flight: Set(spec.max_in_flight.map(i64::from)),
            enabled: Set(spec.enabled),
            version: Set(1),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let (tx, keys) = (self.store.begin_change().await?, self.store.keys());
        row::Entity::insert(fresh).exec_without_returning(&tx).await.map_err(StoreError::write("adding a provider", clash))?;
        secrets::write(&tx, &keys, &id, spec.secrets).await?;
        for credential in credentials {
            credentials::insert(&tx, &keys, &id, credential).await?;
        }
        self.store.commit(tx).await?;
        Ok(id)
    }

    /// Makes all the changes if the row is still at `version`; returns the new version.
    pub async fn change(&self, id: &str, version: i64, change: ProviderChange) -> Result<i64, StoreError> {
        let (tx, keys) = (self.store.begin_change().await?, self.store.keys());
        bump(&tx, id, version).await?;
        if let Some(spec) = change.spec {
            replace(&tx, &keys, id, spec).await?;
        }
        for name in change.remove {
            credentials::delete(&tx, id, &name).await?;
        }
        for credential in change.put {
            credentials::put(&tx, &keys, id, credential).await?;
        }
        self.store.commit(tx).await?;
        Ok(version + 1)
    }

    /// Replaces everything but the credentials if the row is still at `version`; returns the new version.
    pub async fn update(&self, id: &str, version: i64, spec: ProviderSpec) -> Result<i64, StoreError> {
        self.change(id, version, ProviderChange { spec: Some(spec), ..ProviderChange::default() }).await
    }

    /// Adds a credential, or changes the one of that name: fields given are set, the others stay, those given as `None` go.
    pub async fn put_credential(&self, id: &str, version: i64, credential: CredentialSpec) -> Result<i64, StoreError> {
        self.change(id, version, ProviderChange { put: vec![credential], ..ProviderChange::default() }).await
    }

    pub async fn delete_credential(&self, id: &str, version: i64, name: &str) -> Result<i64, StoreError> {
        self.change(id, version, ProviderChange { remove: vec![name.to_owned()], ..ProviderChange::default() }).await
    }

    /// Deletes a provider with its credentials, unless a mapping still points to it.
    pub async fn delete(&self, id: &str, version: i64) -> Result<(), StoreError> {
        let tx = self.store.begin_change().await?;
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

/// All providers, each by itself: one that cannot be read does not hide the others.
pub(crate) async fn read_all(connection: &impl ConnectionTrait, keys: &Keys) -> Result<Vec<Result<ProviderRow, StoreError>>, StoreError> {
    let found = row::Entity::find().order_by_asc(row::Column::Name).all(connection).await;
    let found = found.map_err(StoreError::database("reading the providers"))?;
    let mut credentials = credentials::of_all(connection, keys).await?;
    let mut secrets = secrets::read(connection, keys, None).await?;
    Ok(found.into_iter().map(|model| read(model, &mut credentials, &mut secrets)).collect())
}

fn read(
    model: row::Model,
    credentials: &mut credentials::ByProvider,
    secrets: &mut secrets::ByProvider,
) -> Result<ProviderRow, StoreError> {
    let corrupt = |field: &str, cause: String| StoreError::Corrupt { what: WHAT, id: model.id.clone(), cause: format!("{field}: {cause}") };
    let json = |field: &str, text: &str| serde_json::from_str(text).map_err(|error: serde_json::Error| corrupt(field, error.to_string()));
    let timeouts = json("timeouts", &model.timeouts)?;
    let custom = model.custom.as_deref().map(|text| json("custom", text)).transpose()?;
    let max_in_flight = model.max_in_flight.map(u32::try_from).transpose().map_err(|error| corrupt("max_in_flight", error.to_string()))?;
    Ok(ProviderRow {
        credentials: credentials.remove(&model.id).unwrap_or_default(),
        secrets: secrets.remove(&model.id).unwrap_or_default(),
        id: model.id,
        name: model.name,
        kind: model.kind,
        base_url: model.base_url,
        allow_private_network: model.allow_private_network,
        timeouts,
        custom,
        max_in_flight,
        enabled: model.enabled,
        version: model.version,
        created_at: model.created_at,
        updated_at: model.updated_at,
    })
}

async fn replace(tx: &impl ConnectionTrait, keys: &Keys, id: &str, spec: ProviderSpec) -> Result<(), StoreError> {
    let clash = clash(&spec.name);
    let change = row::Entity::update_many()
        .col_expr(row::Column::Name, spec.name.into())
        .col_expr(row::Column::Kind, spec.kind.into())
        .col_expr(row::Column::BaseUrl, spec.base_url.into())
        .col_expr(row::Column::AllowPrivateNetwork, spec.allow_private_network.into())
        .col_expr(row::Column::Timeouts, spec.timeouts.to_string().into())
        .col_expr(row::Column::Custom, spec.custom.map(|custom| custom.to_string()).into())
        .col_expr(row::Column::MaxInFlight, spec.max_in_flight.map(i64::from).into())
        .col_expr(row::Column::Enabled, spec.enabled.into())
        .filter(row::Column::Id.eq(id));
    change.exec(tx).await.map_err(StoreError::write(format!("changing provider {id}"), clash))?;
    secrets::write(tx, keys, id, spec.secrets).await
}

/// Takes the row at its version, and counts the version up.
async fn bump(tx: &impl ConnectionTrait, id: &str, version: i64) -> Result<(), StoreError> {
    let change = row::Entity::update_many()
        .col_expr(row::Column::Version, Expr::value(version + 1))
        .col_expr(row::Column::UpdatedAt, Expr::value(now_us()))
        .filter(row::Column::Id.eq(id))
        .filter(row::Column::Version.eq(version));
    let touched = change.exec(tx).await.map_err(StoreError::database(format!("changing provider {id}")))?;
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
