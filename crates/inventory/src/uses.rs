//! Who still uses the secret that a roll has replaced: counted by the gateway, written down from time to time.

use crate::inventory::{Inventory, Touched};
use crate::object::{Hash, KeyObject};
use crate::view::Listing;
use gateway::keys::Uses;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use store::StoreError;
use store::virtual_keys::PreviousUse;

/// A counter for each old secret, the same one for as long as the secret is listed.
#[derive(Default)]
pub(crate) struct Counters {
    by_secret: Mutex<HashMap<Hash, Counter>>,
}

struct Counter {
    key_id: String,
    uses: Arc<Uses>,
}

impl Counters {
    pub(crate) fn of(&self, key: &KeyObject, secret: Hash) -> Arc<Uses> {
        let mut all = self.by_secret.lock();
        let counter = all.entry(secret).or_insert_with(|| Counter { key_id: key.id.clone(), uses: Arc::default() });
        Arc::clone(&counter.uses)
    }

    /// Forgets secrets that are not listed any more.
    pub(crate) fn keep(&self, keys: &Listing<KeyObject>) {
        let is_listed = |secret: &Hash, counter: &Counter| {
            let key = keys.get(counter.key_id.as_str());
            key.and_then(|entry| entry.object.previous.as_ref()).is_some_and(|old| old.hash == *secret)
        };
        self.by_secret.lock().retain(|secret, counter| is_listed(secret, counter));
    }

    fn take(&self) -> Vec<PreviousUse> {
        let all = self.by_secret.lock();
        let taken = all.iter().filter_map(|(secret, counter)| {
            let (uses, last) = counter.uses.take()?;
            Some(PreviousUse { key_id: counter.key_id.clone(), hash: secret.0, uses, last: last.saturating_mul(1_000_000) })
        });
        taken.collect()
    }

    /// What could not be written counts on.
    fn give_back(&self, uses: &[PreviousUse]) {
        let all = self.by_secret.lock();
        for seen in uses {
            if let Some(counter) = all.get(&Hash(seen.hash)) {
                counter.uses.add(seen.uses, seen.last / 1_000_000);
            }
        }
    }
}

impl Inventory {
    /// Writes down how often old secrets were used since the last time, and shows it.
    pub async fn note_uses(&self) -> Result<(), StoreError> {
        let uses = self.counters.take();
        if uses.is_empty() {
            return Ok(());
        }
        let mut held = self.for_change().await.inspect_err(|_| self.counters.give_back(&uses))?;
        self.store.virtual_keys().note_previous_uses(&uses).await.inspect_err(|_| self.counters.give_back(&uses))?;
        for seen in &uses {
            self.show(&mut held, &Touched::Key(&seen.key_id)).await?;
        }
        Ok(())
    }
}
