//! Entries of `providers`.

use super::{Spot, Wrong, unique_names};
use crate::config::model::{Provider, Timeouts};
use crate::config::problem::Problems;
use crate::config::scalars::{NamedCredential, Period};
use crate::config::tree::Node;
use ::providers::Declaration;
use inventory::object::{CredentialObject, FieldState, ProviderObject, TimeoutOverrides};

pub(in crate::config) fn providers(entries: &[Option<Provider>], root: &Node, problems: &mut Problems) -> Vec<ProviderObject> {
    unique_names("providers", root, problems);
    let mut objects = Vec::new();
    for (spot, entry) in Spot::sound(root, "providers", entries) {
        // An unknown type is reported with the rest of the object's faults.
        let declaration = ::providers::kind(&entry.kind).declaration(&entry.kind).ok();
        let object = provider(&spot, entry, declaration);
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
    use secrecy::ExposeSecret;
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
