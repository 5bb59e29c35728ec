//! Entries of `providers`.

use super::{Spot, Wrong, unique_names};
use crate::config::model::{Provider, Timeouts};
use crate::config::problem::Problems;
use crate::config::scalars::{NamedCredential, Period, Secret};
use crate::config::tree::Node;
use ::providers::Declaration;
use ::providers::custom::CustomOptions;
use inventory::object::{CredentialObject, FieldState, ProviderObject, TimeoutOverrides};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The type whose owner describes the endpoint.
const CUSTOM: &str = "custom";

pub(in crate::config) fn providers(entries: &[Option<Provider>], root: &Node, problems: &mut Problems) -> Vec<ProviderObject> {
    unique_names("providers", root, problems);
    let mut objects = Vec::new();
    for (spot, entry) in Spot::sound(root, "providers", entries) {
        // An unknown type is reported with the rest of the object's faults.
        let declaration = ::providers::kind(&entry.kind).declaration(&entry.kind).ok();
        let mut object = provider(&spot, entry, declaration);
        object.custom = custom(&spot, entry, declaration, problems);
        // A list that was wrong as a whole was reported so; that it has no credential is no second mistake.
        let blind = entry.credentials.0.is_empty() && problems.mention(&spot.path("credentials"));
        for fault in inventory::check::provider(&object) {
            if !(blind && fault.field.starts_with("credentials")) {
                spot.tell(&Wrong::of(fault), problems);
            }
        }
        objects.push(object);
    }
    objects
}

fn provider(spot: &Spot<'_>, entry: &Provider, declaration: Option<&Declaration>) -> ProviderObject {
    let mut object = ProviderObject::of_file(spot.node.place.to_string(), &entry.name, entry.kind.as_str());
    object.base_url.clone_from(&entry.base_url);
    object.allow_private_network = entry.allow_private_network;
    object.timeouts = timeouts(&entry.timeouts);
    object.max_in_flight = entry.max_in_flight;
    object.credentials = entry.credentials.0.iter().map(|one| credential(one, declaration)).collect();
    object
}

/// A field that the type does not know is taken for a secret: its value is shown nowhere.
fn credential(entry: &NamedCredential, declaration: Option<&Declaration>) -> CredentialObject {
    let is_secret = |name: &str| declaration.and_then(|declaration| declaration.field(name)).is_none_or(|field| field.secret);
    let fields = entry.fields.iter().map(|(name, value)| {
        let state = match is_secret(name) {
            true => FieldState::Secret(value.clone()),
            false => FieldState::Plain(value.expose_secret().to_owned()),
        };
        (name.clone(), state)
    });
    CredentialObject { weight: entry.weight, ..CredentialObject::new(entry.name.clone(), fields) }
}

pub(super) fn timeouts(given: &Timeouts) -> TimeoutOverrides {
    let of = |period: Option<Period>| period.map(|period| period.0);
    TimeoutOverrides { connect: of(given.connect), first_byte: of(given.first_byte), idle: of(given.idle), total: of(given.total) }
}

/// What the owner says of a custom endpoint. For any other type each of these fields is a mistake.
fn custom(spot: &Spot<'_>, entry: &Provider, declaration: Option<&Declaration>, problems: &mut Problems) -> Option<CustomOptions> {
    let set = custom_fields(entry);
    let declaration = declaration?;
    if declaration.kind != CUSTOM {
        for name in set.keys() {
            spot.wrong(name, format!("belongs to type `custom`, and this provider is of type `{}`: remove it", declaration.kind), problems);
        }
        return None;
    }
    match CustomOptions::read(&Value::Object(set)) {
        Ok(options) => Some(options),
        Err(faults) => {
            for fault in faults {
                spot.tell(&Wrong::of(fault), problems);
            }
            None
        }
    }
}

/// The fields that are set, in the form that the options are read from.
fn custom_fields(entry: &Provider) -> Map<String, Value> {
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let list = |list: &Option<Vec<String>>| list.clone().map(Value::from);
    let secrets = |map: &Option<BTreeMap<String, Secret>>| {
        let value = |(name, secret): (&String, &Secret)| (name.clone(), Value::from(secret.0.expose_secret()));
        map.as_ref().map(|map| Value::Object(map.iter().map(value).collect()))
    };
    let paths = entry.paths.as_ref();
    let fields = [
        ("preset", text(&entry.preset)),
        ("dialects", list(&entry.dialects)),
        ("paths", paths.map(|map| map.iter().map(|(name, path)| (name.clone(), Value::from(path.as_str()))).collect())),
        ("append_v1", entry.append_v1.map(Value::from)),
        ("auth_header", text(&entry.auth_header)),
        ("auth_prefix", text(&entry.auth_prefix)),
        ("headers", secrets(&entry.headers)),
        ("query", secrets(&entry.query)),
        ("quirks", entry.quirks.clone().map(Value::from)),
        ("probe", entry.probe.clone()),
        ("keep", list(&entry.keep)),
        ("leniency", entry.leniency.clone()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
