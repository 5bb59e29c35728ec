//! Brings the key ring to what is listed, key by key: at no moment is a valid key unknown.

use crate::object::{Hash, KeyObject};
use crate::uses::Counters;
use crate::view::{Entry, Listing};
use gateway::keys::{KeyRing, VirtualKey};
use std::collections::HashSet;
use std::sync::Arc;

/// Everything that differs between the two listings.
pub(crate) fn bring(ring: &KeyRing, counters: &Counters, old: &Listing<KeyObject>, new: &Listing<KeyObject>) {
    let changed = new.iter().map(|(id, entry)| (old.get(id), Some(entry)));
    let gone = old.iter().filter(|(id, _)| !new.contains_key(*id)).map(|(_, entry)| (Some(entry), None));
    bring_some(ring, counters, changed.chain(gone));
}

/// One key: what it was, and what it is to be.
pub(crate) fn bring_one(ring: &KeyRing, counters: &Counters, old: Option<&Entry<KeyObject>>, new: Option<&Entry<KeyObject>>) {
    bring_some(ring, counters, std::iter::once((old, new)));
}

type Pair<'a> = (Option<&'a Entry<KeyObject>>, Option<&'a Entry<KeyObject>>);

/// First everything that is to be there, then what is not to be there any more: a secret may have moved from one key to another.
fn bring_some<'a>(ring: &KeyRing, counters: &Counters, pairs: impl Iterator<Item = Pair<'a>>) {
    let differing: Vec<Pair<'a>> = pairs.filter(|pair| !is_same(*pair)).collect();
    let mut wanted = HashSet::new();
    for (_, new) in &differing {
        for (hash, key) in new.map(|new| secrets(new, counters)).into_iter().flatten() {
            wanted.insert(hash);
            ring.insert(hash.0, key);
        }
    }
    for (old, _) in &differing {
        for hash in old.map(hashes).into_iter().flatten().filter(|hash| !wanted.contains(hash)) {
            ring.remove(&hash.0);
        }
    }
}

fn is_same((old, new): Pair<'_>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            old.problem.is_some() == new.problem.is_some() && (Arc::ptr_eq(&old.object, &new.object) || old.object == new.object)
        }
        (None, None) => true,
        _ => false,
    }
}

/// The secrets that open something, with what they open. An old secret ends by itself at its moment.
fn secrets(entry: &Entry<KeyObject>, counters: &Counters) -> Vec<(Hash, VirtualKey)> {
    if entry.problem.is_some() {
        return Vec::new();
    }
    let object = &entry.object;
    let mut secrets = vec![(object.hash, virtual_key(object, object.expires_at))];
    if let Some(old) = &object.previous {
        let until = object.expires_at.map_or(old.until, |end| end.min(old.until));
        let replaced = Some(counters.of(object, old.hash));
        secrets.push((old.hash, VirtualKey { replaced, ..virtual_key(object, Some(until)) }));
    }
    secrets
}

/// The secrets that were this entry's in the ring. One with a problem had none there: its secret may be that of a key of the file.
fn hashes(entry: &Entry<KeyObject>) -> impl Iterator<Item = Hash> {
    let all = std::iter::once(entry.object.hash).chain(entry.object.previous.as_ref().map(|old| old.hash));
    all.filter(|_| entry.problem.is_none())
}

fn virtual_key(object: &KeyObject, expires_at: Option<i64>) -> VirtualKey {
    VirtualKey {
        id: object.id.clone(),
        name: object.name.clone(),
        models: object.models.clone(),
        operations: object.operations.clone(),
        concurrency: object.concurrency,
        expires_at: expires_at.map(|micros| micros.div_euclid(1_000_000)),
        enabled: object.enabled && !object.suspended,
        ..VirtualKey::default()
    }
}
