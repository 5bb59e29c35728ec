//! The inventory as others use it, over SQLite in memory.

mod keys;
mod load;
mod mappings;
mod model;
mod providers;
mod refresh;
mod scale;

use crate::*;
use arc_swap::ArcSwap;
use gateway::keys::{KeyHasher, KeyRing, VirtualKey};
use gateway::snapshot::{Mapping, Snapshot};
use object::{CredentialObject, DEFAULT_CREDENTIAL, FieldState, MappingObject, ProviderObject};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use store::{Keys, RootSecret, Store, StoreConfig};

pub(crate) const MASTER: &str = "the-master-key-of-tests";

/// One node: a store, and an inventory that has loaded an empty file.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) ring: Arc<KeyRing>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let bench = Self::unloaded(memory().await);
        bench.load(FileObjects::default()).await.unwrap();
        bench
    }

    /// A node on a database that may be shared.
    pub(crate) fn unloaded(store: Store) -> Self {
        let (snapshot, ring) = (Arc::new(ArcSwap::default()), Arc::new(KeyRing::default()));
        let pepper = store.pepper();
        let master_key = pepper.hash(MASTER);
        let inventory = Inventory::new(store.clone(), Arc::new(pepper), master_key, Arc::clone(&snapshot), Arc::clone(&ring));
        Self { store, inventory, snapshot, ring }
    }

    pub(crate) async fn load(&self, file: FileObjects) -> Result<(), Vec<String>> {
        self.inventory.load(file).await.map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn key(&self, secret: &str) -> Option<Arc<VirtualKey>> {
        self.ring.find(&self.store.pepper().hash(secret))
    }

    /// Whether a request with this secret would be let in now.
    pub(crate) fn opens(&self, secret: &str) -> bool {
        self.key(secret).is_some_and(|key| key.is_usable(store::now_us() / 1_000_000))
    }

    /// The targets of a virtual model, as `provider/provider model`, or the reason where one is skipped.
    pub(crate) fn targets(&self, virtual_model: &str) -> Vec<String> {
        let snapshot = self.snapshot.load();
        let told = |mapping: &Arc<Mapping>| match &mapping.provider.spec.unusable {
            None => format!("{}/{}", mapping.provider.spec.name, mapping.provider_model),
            Some(reason) => format!("{}: {reason}", mapping.provider.spec.name),
        };
        snapshot.group(virtual_model).map(|(group, _)| group.mappings.iter().map(told).collect()).unwrap_or_default()
    }

    pub(crate) async fn provider(&self, name: &str) -> String {
        let new = NewProvider { credentials: vec![api_key("sk-test-0123456789")], ..NewProvider::new(name, "openai") };
        self.inventory.create_provider(new).await.unwrap().object.id.clone()
    }

    pub(crate) async fn mapping(&self, virtual_model: &str, provider: &str) -> String {
        let new = NewMapping::new(virtual_model, provider, "gpt-x");
        self.inventory.create_mapping(new).await.unwrap().object.id.clone()
    }
}

pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys::derive(&RootSecret::parse("a root secret for the tests of the inventory, 42").unwrap()))
}

pub(crate) async fn memory() -> Store {
    Store::open(StoreConfig::new("sqlite::memory:"), keys()).await.unwrap()
}

pub(crate) async fn on_disk(directory: &std::path::Path) -> Store {
    Store::open(StoreConfig::new(format!("sqlite://{}", directory.join("c.db").display())), keys()).await.unwrap()
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

pub(crate) fn api_key(value: &str) -> NewCredential {
    NewCredential::only([("api_key".to_owned(), secret(value))])
}

pub(crate) fn file_provider(name: &str, line: u32) -> ProviderObject {
    let field = ("api_key".to_owned(), FieldState::Secret(secret("sk-file")));
    ProviderObject {
        credentials: vec![CredentialObject::new(DEFAULT_CREDENTIAL, [field])],
        ..ProviderObject::of_file(format!("F:{line}"), name, "openai")
    }
}

/// A file with one provider, one mapping and one key.
pub(crate) fn file() -> FileObjects {
    FileObjects {
        origin: Some(FileOrigin { place: "F".into(), hash: "1".into() }),
        providers: vec![file_provider("filed", 2)],
        mappings: vec![MappingObject { priority: 2, ..MappingObject::of_file("F:4", "shared", "filed", "one") }],
        keys: vec![FileKey { models: Some(vec!["shared".into()]), ..FileKey::new("F:6", "app", secret("app-9f3c1be07ad24568b1f3c9e2")) }],
        ..FileObjects::default()
    }
}

/// The faults of a change that is refused for what it says.
pub(crate) fn invalid<T>(refused: Result<T, ChangeFault>) -> Vec<String> {
    match refused.err() {
        Some(ChangeFault::Invalid(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("not refused for its fields: {other:?}"),
    }
}

pub(crate) fn conflict<T>(refused: Result<T, ChangeFault>) -> String {
    match refused.err() {
        Some(ChangeFault::Conflict(message)) => message,
        other => panic!("no conflict: {other:?}"),
    }
}

pub(crate) fn shown(secret: &SecretString) -> &str {
    secret.expose_secret()
}
