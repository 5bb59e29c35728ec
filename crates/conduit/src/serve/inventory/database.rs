//! The rows of the database, held to the same rules as the file.

use super::{Builder, Ingredients, Origin, Row};
use crate::config::duration;
use crate::failure::Failure;
use gateway::snapshot::Timeouts;
use providers::{Credential, Declaration, credential_check, normalize_base_url};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;
use store::Store;
use store::mappings::{MappingRow, MappingSpec};
use store::providers::{CredentialRow, FieldValue, ProviderRow};

impl Builder {
    /// Rows that their owner has switched off are not loaded.
    pub(super) async fn add_database(&mut self, store: &Store) -> Result<(), Failure> {
        let mut switched_off = HashSet::new();
        for row in store.providers().list().await.map_err(Failure::failed)? {
            if !row.enabled {
                switched_off.insert(row.id);
                continue;
            }
            let origin = Origin::Database(row.id.clone());
            let name = row.name.clone();
            let ingredients =
                of_row(row).map_err(|message| Failure::failed(format!("the provider `{name}` {origin} cannot be used: {message}")))?;
            self.add_provider(ingredients, origin)?;
        }
        for row in store.mappings().list().await.map_err(Failure::failed)? {
            if row.spec.enabled && !switched_off.contains(&row.spec.provider_id) {
                self.add_row(&row)?;
            }
        }
        for row in store.virtual_keys().all().await.map_err(Failure::failed)? {
            self.add_key(row.hash, row.to_key(), Origin::Database(row.id.clone()))?;
        }
        Ok(())
    }

    fn add_row(&mut self, row: &MappingRow) -> Result<(), Failure> {
        let (spec, origin) = (&row.spec, Origin::Database(row.id.clone()));
        if let Some(field) = not_built(spec) {
            return Err(Failure::failed(format!(
                "the mapping of `{}` {origin} has {field}, which this version does not build",
                spec.virtual_model
            )));
        }
        let (virtual_model, provider_id, provider_model) = (&spec.virtual_model, &spec.provider_id, &spec.provider_model);
        let created = row.created_at.div_euclid(1_000_000);
        self.add_mapping(&Row { virtual_model, provider_id, provider_model, priority: spec.priority, created }, origin)
    }
}

/// A setting that would have to be ignored.
fn not_built(spec: &MappingSpec) -> Option<&'static str> {
    let is_set = |value: &Value| value.as_object().is_none_or(|fields| !fields.is_empty());
    [
        ("weight", spec.weight != 1),
        ("strict", spec.strict),
        ("options", is_set(&spec.options)),
        ("parameters", is_set(&spec.parameters)),
        ("timeouts", is_set(&spec.timeouts)),
    ]
    .into_iter()
    .find_map(|(name, set)| set.then_some(name))
}

fn of_row(row: ProviderRow) -> Result<Ingredients, String> {
    let declaration = providers::kind(&row.kind).declaration(&row.kind)?;
    let credential = credential(row.credentials)?;
    if let Err(faults) = credential_check(declaration, &credential) {
        return Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    let base_url = base_url(declaration, row.base_url.as_deref(), row.allow_private_network)?;
    let usual = &declaration.timeouts;
    let known = ["connect", "first_byte", "idle", "total"];
    if let Some(other) = row.timeouts.as_object().into_iter().flat_map(|fields| fields.keys()).find(|name| !known.contains(&name.as_str()))
    {
        return Err(format!("timeouts.{other} is not known"));
    }
    let timeout = |name: &str, usual: Duration| match row.timeouts.get(name) {
        None | Some(Value::Null) => Ok(usual),
        Some(Value::String(text)) => duration(text).map_err(|message| format!("timeouts.{name}: {message}")),
        Some(_) => Err(format!("timeouts.{name} is no text")),
    };
    Ok(Ingredients {
        connect: timeout("connect", usual.connect)?,
        timeouts: Timeouts {
            first_byte: timeout("first_byte", usual.first_byte)?,
            idle: timeout("idle", usual.idle)?,
            total: timeout("total", usual.total)?,
        },
        id: row.id,
        name: row.name,
        declaration,
        base_url,
        credential,
        allow_private_network: row.allow_private_network,
    })
}

fn base_url(declaration: &Declaration, given: Option<&str>, allow_private_network: bool) -> Result<String, String> {
    match (given, declaration.base_url) {
        (Some(_), _) if declaration.in_process => Err("it has a base_url, and is served inside Conduit".to_owned()),
        (Some(given), _) => {
            upstream::check_base_url(given, allow_private_network).map_err(|fault| format!("base_url {fault}"))?;
            normalize_base_url(declaration, given).map_err(|fault| fault.to_string())
        }
        (None, Some(usual)) => Ok(usual.to_owned()),
        (None, None) => Err("it has no base_url".to_owned()),
    }
}

fn credential(rows: Vec<CredentialRow>) -> Result<Credential, String> {
    if rows.len() > 1 {
        return Err("it has several credentials, which this version does not build".to_owned());
    }
    let mut values = Vec::new();
    for (name, value) in rows.into_iter().flat_map(|row| row.fields) {
        match value {
            FieldValue::Plain(text) => values.push((name, SecretString::from(text))),
            FieldValue::Secret(secret) => values.push((name, secret)),
            FieldValue::Unreadable(reason) => return Err(format!("its {name} cannot be read: {reason}")),
        }
    }
    Ok(Credential::new(values))
}
