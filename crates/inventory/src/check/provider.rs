//! Providers and their credentials.

use super::name::{name, object_name};
use super::{MAX_NUMBER, fault, timeouts};
use crate::object::{CredentialObject, DEFAULT_CREDENTIAL, FieldState, ProviderObject};
use providers::{Credential, CustomOptions, Declaration, FieldFault, Surface, credential_check};
use secrecy::SecretString;
use std::collections::HashSet;

/// More than this are a mistake.
const MOST_CREDENTIALS: usize = 100;

/// Everything about a provider but whether its name is free.
pub fn provider(object: &ProviderObject) -> Vec<FieldFault> {
    let mut faults: Vec<FieldFault> = object_name(&object.name).into_iter().collect();
    match declaration(&object.kind) {
        Ok(declaration) => {
            match surface(object, declaration) {
                Ok(surface) => faults.extend(base_url(object, &surface).err()),
                Err(wrong) => faults.extend(wrong),
            }
            faults.extend(credentials(object, declaration));
        }
        Err(unknown) => faults.push(unknown),
    }
    faults.extend(timeouts(&object.timeouts));
    if object.max_in_flight == Some(0) {
        faults.push(fault("max_in_flight", "is 0, so the provider could not be called", "choose 1 or more, or switch the provider off"));
    }
    faults
}

pub(crate) fn declaration(kind: &str) -> Result<&'static Declaration, FieldFault> {
    providers::kind(kind).declaration(kind).map_err(|message| {
        let (problem, remedy) = message.split_once("; ").unwrap_or((&message, "choose a type that is built"));
        fault("type", problem, remedy)
    })
}

/// What the type offers, with what the owner of a custom endpoint says of it.
pub(crate) fn surface(object: &ProviderObject, declaration: &'static Declaration) -> Result<Surface, Vec<FieldFault>> {
    let plain = Surface::of(declaration);
    match &object.custom {
        Some(options) if plain.is_custom() => Surface::custom(options),
        None if plain.is_custom() => Surface::custom(&CustomOptions::default()),
        Some(options) => Err(no_custom(options, declaration)),
        None => Ok(plain),
    }
}

/// Each option that is set, by its name.
fn no_custom(options: &CustomOptions, declaration: &Declaration) -> Vec<FieldFault> {
    let problem = format!("is set, and type '{}' is no custom endpoint", declaration.kind);
    let set = serde_json::to_value(options).ok().and_then(|value| value.as_object().map(|all| all.keys().cloned().collect()));
    let set: Vec<String> = set.filter(|all: &Vec<String>| !all.is_empty()).unwrap_or_else(|| vec!["preset".to_owned()]);
    set.into_iter().map(|name| fault(name, problem.clone(), "remove it, or choose the type `custom`")).collect()
}

/// The address in the form that endpoint paths are appended to.
pub(crate) fn base_url(object: &ProviderObject, surface: &Surface) -> Result<String, FieldFault> {
    let declaration = surface.declaration;
    match (&object.base_url, declaration.base_url) {
        (Some(_), _) if declaration.in_process => {
            let problem = format!("is set, and type '{}' is served inside Conduit and has no address", declaration.kind);
            Err(fault("base_url", problem, "remove it"))
        }
        (Some(given), _) => match upstream::check_base_url(given, object.allow_private_network) {
            Ok(_) => surface.normalize_base_url(given),
            Err(wrong) => {
                let wrong = wrong.to_string();
                let (problem, remedy) = wrong.split_once("; ").unwrap_or((&wrong, "give the provider's public https address"));
                Err(fault("base_url", problem, remedy))
            }
        },
        (None, Some(usual)) => Ok(usual.to_owned()),
        (None, None) => Err(fault("base_url", format!("is missing, and type '{}' has no address of its own", declaration.kind), "give it")),
    }
}

fn credentials(object: &ProviderObject, declaration: &'static Declaration) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    if object.credentials.is_empty() {
        let missing = credential_check(declaration, &Credential::default()).err().unwrap_or_default();
        faults.extend(missing.into_iter().map(|wrong| FieldFault { field: format!("credentials.{}", wrong.field), ..wrong }));
    }
    if object.credentials.len() > MOST_CREDENTIALS {
        faults.push(fault("credentials", format!("has {} entries", object.credentials.len()), "give a provider at most 100"));
    }
    let mut names = HashSet::new();
    for (at, one) in object.credentials.iter().enumerate() {
        let path = credential_path(&object.credentials, at);
        faults.extend(name(&format!("{path}.name"), &one.name));
        if !names.insert(&one.name) {
            faults.push(fault(
                format!("{path}.name"),
                format!("`{}` is taken by another credential of this provider", one.name),
                "rename it",
            ));
        }
        if one.weight > MAX_NUMBER.unsigned_abs() {
            faults.push(fault(format!("{path}.weight"), "is out of range", format!("choose 0 to {MAX_NUMBER}")));
        }
        faults.extend(fields(&path, one, declaration));
    }
    faults
}

fn fields(path: &str, one: &CredentialObject, declaration: &'static Declaration) -> Vec<FieldFault> {
    let unreadable = one.fields.iter().filter_map(|(field, state)| match state {
        FieldState::Unreadable(reason) => Some(fault(
            format!("{path}.{field}"),
            format!("cannot be read ({reason})"),
            "enter it again, or start with the root secret that it was stored under",
        )),
        FieldState::Plain(_) | FieldState::Secret(_) => None,
    });
    let mut faults: Vec<FieldFault> = unreadable.collect();
    let wrong = credential_check(declaration, &credential(one)).err().unwrap_or_default();
    // What is set and cannot be read is not missing.
    let wrong = wrong.into_iter().filter(|wrong| !matches!(one.fields.get(&wrong.field), Some(FieldState::Unreadable(_))));
    faults.extend(wrong.map(|wrong| FieldFault { field: format!("{path}.{}", wrong.field), ..wrong }));
    faults
}

/// The values that can be read.
pub(crate) fn credential(one: &CredentialObject) -> Credential {
    let values = one.fields.iter().filter_map(|(name, state)| state.expose().map(|value| (name.clone(), SecretString::from(value))));
    Credential::new(values.collect())
}

/// `header:x-team` stands under `headers.x-team`.
pub(crate) fn option_path(name: &str) -> String {
    match name.split_once(':') {
        Some(("header", name)) => format!("headers.{name}"),
        Some((kind, name)) => format!("{kind}.{name}"),
        None => name.to_owned(),
    }
}

/// How a fault names a credential: `credentials` where it is the only one and has no name of its own, else by its place in the list.
pub fn credential_path(all: &[CredentialObject], at: usize) -> String {
    match all {
        [only] if only.name == DEFAULT_CREDENTIAL => "credentials".to_owned(),
        _ => format!("credentials[{at}]"),
    }
}
