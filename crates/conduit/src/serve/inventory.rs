//! What requests are resolved against: the providers, mappings and keys of the file and of the database, as one.
//!
//! Everything that cannot be used as it stands stops the start with the place where it stands: nothing is left out in silence.

mod database;

use crate::config::{Config, Place, ProviderEntry};
use crate::failure::Failure;
use gateway::egress::Egress;
use gateway::keys::{KeyHash, KeyHasher, KeyRing, VirtualKey};
use gateway::snapshot::{Group, Mapping, Provider, ProviderCredential, ProviderSpec, Snapshot, Timeouts};
use providers::{Credential, Declaration, Surface, prepare_headers};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use store::Store;

#[derive(Default)]
pub(super) struct Inventory {
    pub(super) snapshot: Snapshot,
    pub(super) keys: KeyRing,
}

/// Where an object stands.
#[derive(Clone, Debug)]
enum Origin {
    File(Place),
    Database(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(place) => write!(f, "at {place}"),
            Origin::Database(id) => write!(f, "in the database (id {id})"),
        }
    }
}

/// What a provider is made of, wherever it comes from.
struct Ingredients {
    id: String,
    name: String,
    declaration: &'static Declaration,
    base_url: String,
    credential: Credential,
    allow_private_network: bool,
    connect: Duration,
    timeouts: Timeouts,
}

/// A mapping, wherever it comes from.
struct Row<'a> {
    virtual_model: &'a str,
    provider_id: &'a str,
    provider_model: &'a str,
    priority: i32,
    /// Seconds since 1970.
    created: i64,
}

/// The inventory while it is put together: remembers where each name stands.
#[derive(Default)]
struct Builder {
    inventory: Inventory,
    /// By id.
    providers: HashMap<String, Arc<Provider>>,
    provider_names: HashMap<String, Origin>,
    mappings: HashMap<(String, String, String), Origin>,
    key_names: HashMap<String, Origin>,
    key_hashes: HashMap<KeyHash, Origin>,
}

impl Inventory {
    pub(super) async fn load(config: &Config, store: &Store, hasher: &dyn KeyHasher, master_key: KeyHash) -> Result<Self, Failure> {
        let mut builder = Builder::default();
        builder.add_file(config, hasher)?;
        builder.add_database(store).await?;
        if let Some(origin) = builder.key_hashes.get(&master_key) {
            return Err(Failure::failed(format!(
                "the virtual key {origin} is the master key, which never works for inference: make another"
            )));
        }
        Ok(builder.inventory)
    }
}

impl Builder {
    fn add_file(&mut self, config: &Config, hasher: &dyn KeyHasher) -> Result<(), Failure> {
        let now = jiff::Timestamp::now().as_second();
        for entry in &config.providers {
            self.add_provider(Ingredients::of_file(entry), Origin::File(entry.place.clone()))?;
        }
        for entry in &config.mappings {
            let (virtual_model, provider_model, priority) = (&entry.virtual_model, &entry.provider_model, entry.priority);
            let row = Row { virtual_model, provider_id: &file_id(&entry.provider), provider_model, priority, created: now };
            self.add_mapping(&row, Origin::File(entry.place.clone()))?;
        }
        for entry in &config.keys {
            let key = VirtualKey {
                id: file_id(&entry.name),
                name: entry.name.clone(),
                models: entry.models.clone(),
                expires_at: None,
                enabled: true,
                ..VirtualKey::default()
            };
            self.add_key(hasher.hash(entry.key.expose_secret()), key, Origin::File(entry.place.clone()))?;
        }
        Ok(())
    }

    fn add_provider(&mut self, ingredients: Ingredients, origin: Origin) -> Result<(), Failure> {
        let (id, name) = (ingredients.id.clone(), ingredients.name.clone());
        unique(&mut self.provider_names, name.clone(), &origin, || format!("the provider name `{name}`"))?;
        let provider = ingredients
            .prepare()
            .map_err(|message| Failure::failed(format!("the provider `{name}` {origin} cannot be used: {message}")))?;
        self.providers.insert(id, Arc::new(provider));
        Ok(())
    }

    fn add_mapping(&mut self, row: &Row<'_>, origin: Origin) -> Result<(), Failure> {
        let Row { virtual_model, provider_model, .. } = *row;
        let Some(provider) = self.providers.get(row.provider_id) else {
            let message =
                format!("the mapping of `{virtual_model}` {origin} points to the provider {}, which does not exist", row.provider_id);
            return Err(Failure::failed(message));
        };
        let provider = Arc::clone(provider);
        let identity = (virtual_model.to_owned(), provider.spec.name.clone(), provider_model.to_owned());
        let what = || format!("the mapping of `{virtual_model}` to `{provider_model}` of `{}`", provider.spec.name);
        unique(&mut self.mappings, identity, &origin, what)?;
        let groups = &mut self.inventory.snapshot.groups;
        let group = groups.entry(virtual_model.to_owned()).or_insert_with(|| Group { mappings: Vec::new(), created: row.created });
        group.created = group.created.min(row.created);
        let (virtual_model, provider_model) = (virtual_model.to_owned(), provider_model.to_owned());
        let timeouts = provider.spec.timeouts;
        let id = format!("file:{virtual_model}/{}/{provider_model}", provider.spec.name);
        let (strict, parameters, priority) = (false, Vec::new(), row.priority);
        group.mappings.push(Arc::new(Mapping { id, virtual_model, provider, provider_model, priority, strict, parameters, timeouts }));
        Ok(())
    }

    fn add_key(&mut self, hash: KeyHash, key: VirtualKey, origin: Origin) -> Result<(), Failure> {
        unique(&mut self.key_names, key.name.clone(), &origin, || format!("the key name `{}`", key.name))?;
        unique(&mut self.key_hashes, hash, &origin, || format!("the secret of the key `{}`", key.name))?;
        self.inventory.keys.insert(hash, key);
        Ok(())
    }
}

/// A name that is taken is an error that says where both stand.
fn unique<K: std::hash::Hash + Eq>(
    taken: &mut HashMap<K, Origin>,
    key: K,
    origin: &Origin,
    what: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if let Some(other) = taken.get(&key) {
        return Err(Failure::failed(format!("{} stands {other} and {origin}: change or remove one of them", what())));
    }
    taken.insert(key, origin.clone());
    Ok(())
}

/// Ids of objects that stand in the file.
fn file_id(name: &str) -> String {
    format!("file:{name}")
}

impl Ingredients {
    fn of_file(entry: &ProviderEntry) -> Self {
        Self {
            id: file_id(&entry.name),
            name: entry.name.clone(),
            declaration: entry.declaration,
            base_url: entry.base_url.clone(),
            credential: entry.credential.clone(),
            allow_private_network: entry.allow_private_network,
            connect: entry.connect,
            timeouts: entry.timeouts,
        }
    }

    /// Works out headers and addresses once, so that a request does not.
    fn prepare(self) -> Result<Provider, String> {
        let headers = prepare_headers(self.declaration, &self.credential).map_err(|missing| missing.to_string())?;
        let version = self.credential.get("version").or_else(|| self.declaration.field("version").and_then(|field| field.default));
        Provider::prepare(ProviderSpec {
            credentials: vec![ProviderCredential { name: "default".to_owned(), weight: 1, headers, version: version.map(str::to_owned) }],
            id: self.id,
            name: self.name,
            surface: Surface::of(self.declaration),
            base_url: self.base_url,
            query: None,
            unusable: None,
            max_in_flight: None,
            timeouts: self.timeouts,
            egress: Egress {
                allow_private_network: self.allow_private_network,
                connect_timeout: self.connect,
                in_process: self.declaration.in_process,
            },
        })
    }
}

#[cfg(test)]
mod tests;
