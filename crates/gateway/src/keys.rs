//! Virtual keys in memory: found by keyed hash, changed one by one without copying the rest.

use dashmap::DashMap;
use std::sync::Arc;

/// HMAC-SHA-256 of a key under the pepper: what is stored in place of the key (R68).
pub type KeyHash = [u8; 32];

/// Makes the hash of a key; the pepper stays with the implementation.
pub trait KeyHasher: Send + Sync {
    fn hash(&self, key: &str) -> KeyHash;
}

/// A virtual key as a request needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualKey {
    /// The row's id, or `file:<name>`.
    pub id: String,
    pub name: String,
    /// Virtual models that it may use: exact names or `prefix*`; empty means all.
    pub models: Vec<String>,
    /// Seconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
}

impl VirtualKey {
    pub fn allows(&self, virtual_model: &str) -> bool {
        self.models.is_empty()
            || self.models.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => virtual_model.starts_with(prefix),
                None => pattern == virtual_model,
            })
    }
}

/// All virtual keys, sharded by hash.
#[derive(Default)]
pub struct KeyRing {
    keys: DashMap<KeyHash, Arc<VirtualKey>>,
}

impl KeyRing {
    pub fn insert(&self, hash: KeyHash, key: VirtualKey) {
        self.keys.insert(hash, Arc::new(key));
    }

    pub fn remove(&self, hash: &KeyHash) {
        self.keys.remove(hash);
    }

    pub fn find(&self, hash: &KeyHash) -> Option<Arc<VirtualKey>> {
        self.keys.get(hash).map(|entry| Arc::clone(&entry))
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
