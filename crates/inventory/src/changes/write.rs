//! Objects as the rows that are written.

use crate::object::{CredentialObject, FieldState, MappingObject, ProviderObject};
use crate::rows::timeouts_value;
use providers::{CustomOptions, Declaration};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;
use store::mappings::MappingSpec;
use store::providers::{CredentialSpec, FieldValue, ProviderSpec};

/// The provider with every secret that can be read; what is not named in `secrets` stays as it is stored.
pub(super) fn provider(object: &ProviderObject) -> ProviderSpec {
    ProviderSpec {
        base_url: object.base_url.clone(),
        allow_private_network: object.allow_private_network,
        timeouts: timeouts_value(&object.timeouts),
        custom: object.custom.as_ref().and_then(|options| serde_json::to_value(options).ok()),
        secrets: object
            .custom
            .iter()
            .flat_map(CustomOptions::secrets)
            .map(|(name, secret)| (name, Some(FieldValue::Secret(secret.clone()))))
            .collect(),
        max_in_flight: object.max_in_flight,
        enabled: object.enabled,
        ..ProviderSpec::new(&*object.name, &*object.kind)
    }
}

/// The provider as it becomes: headers and query parameters that are gone take their secrets with them.
pub(super) fn provider_change(before: &ProviderObject, after: &ProviderObject) -> ProviderSpec {
    let mut spec = provider(after);
    let kept: Vec<String> = after.custom.iter().flat_map(secret_names).collect();
    for gone in before.custom.iter().flat_map(secret_names).filter(|name| !kept.contains(name)) {
        spec.secrets.insert(gone, None);
    }
    spec
}

/// By their names in the store, whether they can be read or not.
pub(super) fn secret_names(options: &CustomOptions) -> impl Iterator<Item = String> {
    let headers = options.headers.iter().map(|(name, _)| format!("header:{name}"));
    headers.chain(options.query.iter().map(|(name, _)| format!("query:{name}")))
}

/// A credential with all its fields.
pub(super) fn credential(object: &CredentialObject) -> CredentialSpec {
    let fields = object.fields.iter().filter_map(|(name, state)| {
        let value = match state {
            FieldState::Plain(text) => FieldValue::Plain(text.clone()),
            FieldState::Secret(secret) => FieldValue::Secret(secret.clone()),
            // What is stored stays as it is.
            FieldState::Unreadable(_) => return None,
        };
        Some((name.clone(), Some(value)))
    });
    CredentialSpec { name: object.name.clone(), weight: object.weight.into(), fields: fields.collect() }
}

/// Only what is to become different.
pub(super) fn credential_change(
    object: &CredentialObject,
    given: &BTreeMap<String, Option<SecretString>>,
    declaration: &Declaration,
) -> CredentialSpec {
    let fields = given.iter().map(|(name, value)| {
        let value = value.as_ref().map(|value| match state(declaration, name, value) {
            FieldState::Plain(text) | FieldState::Unreadable(text) => FieldValue::Plain(text),
            FieldState::Secret(secret) => FieldValue::Secret(secret),
        });
        (name.clone(), value)
    });
    CredentialSpec { name: object.name.clone(), weight: object.weight.into(), fields: fields.collect() }
}

/// What is not declared as plain is a secret.
pub(super) fn state(declaration: &Declaration, name: &str, value: &SecretString) -> FieldState {
    use secrecy::ExposeSecret;
    match declaration.field(name) {
        Some(field) if !field.secret => FieldState::Plain(value.expose_secret().to_owned()),
        _ => FieldState::Secret(value.clone()),
    }
}

pub(super) fn mapping(object: &MappingObject) -> MappingSpec {
    MappingSpec {
        priority: object.priority,
        weight: object.weight,
        strict: object.strict,
        options: Value::Object(object.options.clone()),
        parameters: Value::Object(object.parameters.clone()),
        timeouts: timeouts_value(&object.timeouts),
        enabled: object.enabled,
        ..MappingSpec::new(&*object.virtual_model, &*object.provider_id, &*object.provider_model)
    }
}
