//! Entries of `keys`.

use super::{Spot, Wrong, unique_names};
use crate::config::model::Key;
use crate::config::problem::Problems;
use crate::config::suggest;
use crate::config::tree::{Node, Place};
use chat::Operation;
use inventory::FileKey;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;

pub(in crate::config) fn keys(
    entries: &[Option<Key>],
    master_key: Option<&SecretString>,
    root: &Node,
    problems: &mut Problems,
) -> Vec<FileKey> {
    unique_names("keys", root, problems);
    let mut first: HashMap<&str, &Place> = HashMap::new();
    let mut keys = Vec::new();
    for (spot, entry) in Spot::sound(root, "keys", entries) {
        let secret = entry.key.0.expose_secret();
        if master_key.is_some_and(|master| master.expose_secret() == secret) {
            spot.wrong("key", "is the master key, which never works for inference: make another", problems);
        }
        match first.get(secret) {
            Some(other) => spot.wrong("key", format!("is the same key as at {other}: each name needs its own"), problems),
            None => drop(first.insert(secret, spot.place("key"))),
        }
        let key = of(&spot, entry, problems);
        let faults = inventory::check::key(&key.name, key.models.as_deref(), key.operations.as_deref(), key.concurrency);
        for fault in faults.into_iter().chain(inventory::check::key_secret("key", secret)) {
            spot.tell(&Wrong::of(fault).renamed("concurrency", "limits.concurrency"), problems);
        }
        keys.push(key);
    }
    keys
}

fn of(spot: &Spot<'_>, entry: &Key, problems: &mut Problems) -> FileKey {
    FileKey {
        models: entry.models.clone(),
        operations: operations(spot, entry, problems),
        // The form was checked.
        expires_at: entry.expires_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(|moment| moment.as_microsecond()),
        concurrency: entry.limits.concurrency,
        ..FileKey::new(spot.node.place.to_string(), entry.name.clone(), entry.key.0.clone())
    }
}

/// An unknown operation is a mistake, and opens nothing.
fn operations(spot: &Spot<'_>, entry: &Key, problems: &mut Problems) -> Option<Vec<Operation>> {
    let names = entry.operations.as_ref()?;
    let nodes = spot.node.get("operations").map(Node::items).unwrap_or_default();
    for (at, (name, node)) in names.iter().zip(nodes).enumerate() {
        if Operation::from_name(name).is_none() {
            let known = Operation::ALL.map(Operation::name);
            let message = format!("`{name}` is not one of {}{}", known.join(", "), suggest::hint(name, known));
            problems.add(&node.place, format!("{}[{at}]: {message}", spot.path("operations")));
        }
    }
    let known: Vec<Operation> = names.iter().filter_map(|name| Operation::from_name(name)).collect();
    // Only unknown names: reported, and no second time as an empty list.
    (!known.is_empty()).then_some(known)
}
