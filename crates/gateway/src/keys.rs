//! Virtual keys in memory: found by keyed hash, changed one by one without copying the rest.

pub use crate::load::UnderWay;

use chat::Operation;
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// HMAC-SHA-256 of a key under the pepper: what is stored in place of the key (R68).
pub type KeyHash = [u8; 32];

/// Makes the hash of a key; the pepper stays with the implementation.
pub trait KeyHasher: Send + Sync {
    fn hash(&self, key: &str) -> KeyHash;
}

/// A virtual key as a request needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VirtualKey {
    /// The row's id, or `file:<name>`.
    pub id: String,
    pub name: String,
    /// Virtual models that it may use: exact names or `prefix*`. `None`: all; an empty list: none.
    pub models: Option<Vec<String>>,
    /// Seconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
    /// Operations that it may use. `None`: all; an empty list: none.
    pub operations: Option<Vec<Operation>>,
    /// Requests at once; `None`: no limit.
    pub concurrency: Option<u32>,
    /// Set where the secret is one that a roll has replaced: who still uses it is counted.
    pub replaced: Option<Arc<Uses>>,
    /// Its requests under way, where it has a limit of them. A new value finds the count of its id at the first request.
    pub under_way: UnderWay,
}

/// The uses of one secret since they were taken last. Says nothing about what a key may do, so that all are equal.
#[derive(Debug, Default)]
pub struct Uses {
    count: AtomicU64,
    last: AtomicI64,
}

impl Uses {
    /// One more use, at `now`; the unit is the reader's.
    pub fn note(&self, now: i64) {
        self.add(1, now);
    }

    /// Several uses, the last one at `last`.
    pub fn add(&self, count: u64, last: i64) {
        self.last.fetch_max(last, Ordering::Relaxed);
        self.count.fetch_add(count, Ordering::Release);
    }

    /// How many there were, and the last one's moment; counts from zero again.
    pub fn take(&self) -> Option<(u64, i64)> {
        let count = self.count.swap(0, Ordering::Acquire);
        (count > 0).then(|| (count, self.last.load(Ordering::Relaxed)))
    }
}

impl PartialEq for Uses {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Uses {}

impl VirtualKey {
    pub fn allows(&self, virtual_model: &str) -> bool {
        policy::key::allows(self.models.as_deref(), virtual_model)
    }

    pub fn allows_operation(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|allowed| allowed.contains(&operation))
    }

    /// Neither suspended nor expired at `now`, in seconds since 1970.
    pub fn is_usable(&self, now: i64) -> bool {
        self.enabled && !policy::key::is_expired(self.expires_at, now)
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

    /// A key by its id: a search through all of them, for the dry run.
    pub fn by_id(&self, id: &str) -> Option<Arc<VirtualKey>> {
        self.keys.iter().find(|entry| entry.id == id).map(|entry| Arc::clone(&entry))
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
