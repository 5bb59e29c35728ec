//! Secrets of a provider that belong to none of its credentials: values of the extra headers and query parameters of a custom endpoint.

use super::credentials::unseal;
use super::rows::secret as row;
use super::{FieldChanges, FieldValue};
use crate::StoreError;
use crate::seal::{Keys, Place, Purpose};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, HashMap};

pub(super) type ByProvider = HashMap<String, BTreeMap<String, FieldValue>>;

/// Of all providers, or of one.
pub(super) async fn read(connection: &impl ConnectionTrait, keys: &Keys, provider: Option<&str>) -> Result<ByProvider, StoreError> {
    let mut query = row::Entity::find();
    if let Some(provider) = provider {
        query = query.filter(row::Column::ProviderId.eq(provider));
    }
    let mut found = ByProvider::new();
    for model in query.all(connection).await.map_err(StoreError::database("reading the providers' secrets"))? {
        let value = unseal(keys, &place(&model.provider_id, &model.field), &model.sealed);
        found.entry(model.provider_id).or_default().insert(model.field, value);
    }
    Ok(found)
}

pub(super) async fn write(tx: &impl ConnectionTrait, keys: &Keys, provider: &str, changes: FieldChanges) -> Result<(), StoreError> {
    let doing = "writing a provider's secrets";
    for (field, value) in changes {
        let secret = match value {
            None => {
                row::Entity::delete_by_id((provider.to_owned(), field)).exec(tx).await.map_err(StoreError::database(doing))?;
                continue;
            }
            Some(FieldValue::Secret(secret)) => secret,
            Some(FieldValue::Plain(text)) => text.into(),
            Some(FieldValue::Unreadable(_)) => continue,
        };
        let sealed = keys.seal(Purpose::Credentials, &place(provider, &field), secret.expose_secret().as_bytes())?;
        let fresh = row::ActiveModel { provider_id: Set(provider.to_owned()), field: Set(field), sealed: Set(sealed) };
        let replace = OnConflict::columns([row::Column::ProviderId, row::Column::Field]).update_column(row::Column::Sealed).to_owned();
        row::Entity::insert(fresh).on_conflict(replace).exec_without_returning(tx).await.map_err(StoreError::database(doing))?;
    }
    Ok(())
}

fn place<'a>(provider: &'a str, field: &'a str) -> Place<'a> {
    Place { table: "provider_secrets", column: field, row: provider }
}
