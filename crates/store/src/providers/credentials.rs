//! The credentials of a provider. A secret field is sealed for its credential and its name: neither can be swapped with another's.

use super::rows::{credential, field};
use crate::StoreError;
use crate::id::new_id;
use crate::seal::{Keys, Place, Purpose};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, HashMap};

/// One of a provider's credentials.
#[derive(Clone, Debug)]
pub struct CredentialRow {
    pub id: String,
    pub name: String,
    pub weight: i64,
    pub fields: BTreeMap<String, FieldValue>,
}

impl CredentialRow {
    /// The first field that cannot be read, and why: such a credential must be shown as undecryptable and never be used.
    pub fn unreadable(&self) -> Option<(&str, &str)> {
        self.fields.iter().find_map(|(name, value)| match value {
            FieldValue::Unreadable(reason) => Some((name.as_str(), reason.as_str())),
            FieldValue::Plain(_) | FieldValue::Secret(_) => None,
        })
    }
}

/// The value of a credential's field.
#[derive(Clone, Debug)]
pub enum FieldValue {
    /// Not secret, such as a region: stored as it is.
    Plain(String),
    /// Stored sealed.
    Secret(SecretString),
    /// Sealed, and not to be opened: why. Never written.
    Unreadable(String),
}

/// A credential to be stored.
#[derive(Clone, Debug)]
pub struct CredentialSpec {
    /// Unique within the provider.
    pub name: String,
    pub weight: i64,
    /// `None` removes a field; a field that is not named stays as it is.
    pub fields: BTreeMap<String, Option<FieldValue>>,
}

/// Credentials by the id of their provider.
pub(super) type ByProvider = HashMap<String, Vec<CredentialRow>>;

pub(super) async fn of_all(connection: &impl ConnectionTrait, keys: &Keys) -> Result<ByProvider, StoreError> {
    read(connection, keys, credential::Entity::find(), field::Entity::find()).await
}

pub(super) async fn of_one(connection: &impl ConnectionTrait, keys: &Keys, provider: &str) -> Result<ByProvider, StoreError> {
    let own = sea_orm::sea_query::Query::select()
        .column(credential::Column::Id)
        .from(credential::Entity)
        .and_where(credential::Column::ProviderId.eq(provider))
        .to_owned();
    let credentials = credential::Entity::find().filter(credential::Column::ProviderId.eq(provider));
    read(connection, keys, credentials, field::Entity::find().filter(field::Column::CredentialId.in_subquery(own))).await
}

async fn read(
    connection: &impl ConnectionTrait,
    keys: &Keys,
    credentials: sea_orm::Select<credential::Entity>,
    fields: sea_orm::Select<field::Entity>,
) -> Result<ByProvider, StoreError> {
    let doing = "reading the credentials";
    let credentials = credentials.order_by_asc(credential::Column::Name).all(connection).await.map_err(StoreError::database(doing))?;
    let fields = fields.all(connection).await.map_err(StoreError::database(doing))?;
    let mut by_credential: HashMap<String, BTreeMap<String, FieldValue>> = HashMap::new();
    for model in fields {
        let value = open(keys, &model);
        by_credential.entry(model.credential_id).or_default().insert(model.field, value);
    }
    let mut by_provider = ByProvider::new();
    for model in credentials {
        let fields = by_credential.remove(&model.id).unwrap_or_default();
        let row = CredentialRow { id: model.id, name: model.name, weight: model.weight, fields };
        by_provider.entry(model.provider_id).or_default().push(row);
    }
    Ok(by_provider)
}

fn open(keys: &Keys, model: &field::Model) -> FieldValue {
    let blob = match (&model.plain, &model.sealed) {
        (Some(plain), None) => return FieldValue::Plain(plain.clone()),
        (None, Some(blob)) => blob,
        _ => {
            return FieldValue::Unreadable(format!(
                "field {} of credential {} has neither or both of a plain and a sealed value",
                model.field, model.credential_id
            ));
        }
    };
    unseal(keys, &place(&model.credential_id, &model.field), blob)
}

/// The text of a blob, or why there is none: a lost secret is shown, never left out.
pub(super) fn unseal(keys: &Keys, place: &Place<'_>, blob: &[u8]) -> FieldValue {
    match keys.open(Purpose::Credentials, place, blob) {
        Ok(plain) => match std::str::from_utf8(&plain) {
            Ok(text) => FieldValue::Secret(SecretString::from(text)),
            Err(_) => FieldValue::Unreadable(format!("{place} is not text")),
        },
        Err(error) => FieldValue::Unreadable(error.to_string()),
    }
}

pub(super) async fn insert(tx: &impl ConnectionTrait, keys: &Keys, provider: &str, spec: CredentialSpec) -> Result<(), StoreError> {
    let id = new_id()?;
    let clash = format!("the provider has a credential named {:?} already: choose another name", spec.name);
    let fresh = credential::ActiveModel {
        id: Set(id.clone()),
        provider_id: Set(provider.to_owned()),
        name: Set(spec.name),
        weight: Set(spec.weight),
    };
    credential::Entity::insert(fresh).exec_without_returning(tx).await.map_err(StoreError::write("adding a credential", clash))?;
    write_fields(tx, keys, &id, spec.fields).await
}

pub(super) async fn put(tx: &impl ConnectionTrait, keys: &Keys, provider: &str, spec: CredentialSpec) -> Result<(), StoreError> {
    let doing = "changing a credential";
    let found =
        credential::Entity::find().filter(credential::Column::ProviderId.eq(provider)).filter(credential::Column::Name.eq(&spec.name));
    let Some(found) = found.one(tx).await.map_err(StoreError::database(doing))? else { return insert(tx, keys, provider, spec).await };
    let change = credential::Entity::update_many()
        .col_expr(credential::Column::Weight, Expr::value(spec.weight))
        .filter(credential::Column::Id.eq(&found.id));
    change.exec(tx).await.map_err(StoreError::database(doing))?;
    write_fields(tx, keys, &found.id, spec.fields).await
}

pub(super) async fn delete(tx: &impl ConnectionTrait, provider: &str, name: &str) -> Result<(), StoreError> {
    let gone =
        credential::Entity::delete_many().filter(credential::Column::ProviderId.eq(provider)).filter(credential::Column::Name.eq(name));
    let gone = gone.exec(tx).await.map_err(StoreError::database("deleting a credential"))?;
    if gone.rows_affected == 0 { Err(StoreError::NotFound { what: "credential", id: name.to_owned() }) } else { Ok(()) }
}

async fn write_fields(
    tx: &impl ConnectionTrait,
    keys: &Keys,
    id: &str,
    fields: BTreeMap<String, Option<FieldValue>>,
) -> Result<(), StoreError> {
    let doing = "writing a credential's fields";
    for (name, value) in fields {
        let (plain, sealed) = match value {
            None => {
                field::Entity::delete_by_id((id.to_owned(), name)).exec(tx).await.map_err(StoreError::database(doing))?;
                continue;
            }
            Some(FieldValue::Plain(text)) => (Some(text), None),
            Some(FieldValue::Secret(secret)) => {
                (None, Some(keys.seal(Purpose::Credentials, &place(id, &name), secret.expose_secret().as_bytes())?))
            }
            // It was read and is handed back: what is stored stays, it may open again with the right root secret.
            Some(FieldValue::Unreadable(_)) => continue,
        };
        let fresh = field::ActiveModel { credential_id: Set(id.to_owned()), field: Set(name), plain: Set(plain), sealed: Set(sealed) };
        let replace = OnConflict::columns([field::Column::CredentialId, field::Column::Field])
            .update_columns([field::Column::Plain, field::Column::Sealed])
            .to_owned();
        field::Entity::insert(fresh).on_conflict(replace).exec_without_returning(tx).await.map_err(StoreError::database(doing))?;
    }
    Ok(())
}

fn place<'a>(credential: &'a str, field: &'a str) -> Place<'a> {
    Place { table: "credential_fields", column: field, row: credential }
}
