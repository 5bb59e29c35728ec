//! Entries of `models`.

use super::{Spot, Wrong};
use crate::config::model::Model;
use crate::config::problem::Problems;
use crate::config::scalars::Period;
use crate::config::suggest;
use crate::config::tree::{Node, Place};
use inventory::object::{MappingObject, TimeoutOverrides};
use std::collections::HashMap;

pub(in crate::config) fn mappings(entries: &[Option<Model>], root: &Node, problems: &mut Problems) -> Vec<MappingObject> {
    // Providers with mistakes count as known: one mistake is reported once.
    let known: HashMap<&str, Option<&str>> = Spot::all(root, "providers")
        .filter_map(|spot| Some((spot.node.get("name").and_then(Node::text)?, spot.node.get("type").and_then(Node::text))))
        .collect();
    let mut first: HashMap<(&str, &str, &str), &Place> = HashMap::new();
    let mut mappings = Vec::new();
    for (spot, entry) in Spot::sound(root, "models", entries) {
        let kind = known.get(entry.provider.as_str());
        if kind.is_none() {
            let hint = suggest::hint(&entry.provider, known.keys().copied());
            spot.wrong("provider", format!("there is no provider `{}` in this file{hint}", entry.provider), problems);
        }
        let identity = (entry.name.as_str(), entry.provider.as_str(), entry.provider_model.as_str());
        if let Some(other) = first.get(&identity) {
            let message = format!("`{}` is mapped to `{}` of `{}` at {other} already", entry.name, entry.provider_model, entry.provider);
            spot.wrong("name", message, problems);
        } else {
            first.insert(identity, spot.place("name"));
        }
        let object = of(&spot, entry);
        for fault in inventory::check::mapping(&object, kind.copied().flatten()) {
            // The file calls it by its own name.
            spot.tell(&Wrong::of(fault).renamed("virtual_model", "name"), problems);
        }
        mappings.push(object);
    }
    mappings
}

fn of(spot: &Spot<'_>, entry: &Model) -> MappingObject {
    let of = |period: Option<Period>| period.map(|period| period.0);
    let given = &entry.timeouts;
    let mut object = MappingObject::of_file(spot.node.place.to_string(), &entry.name, &entry.provider, &entry.provider_model);
    object.priority = entry.priority;
    object.weight = entry.weight;
    object.strict = entry.strict;
    object.parameters = entry.parameters.clone().unwrap_or_default().into_iter().collect();
    object.timeouts = TimeoutOverrides { connect: None, first_byte: of(given.first_byte), idle: of(given.idle), total: of(given.total) };
    object
}
