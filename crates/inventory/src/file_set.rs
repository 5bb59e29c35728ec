//! The objects of the file, checked as a whole, its keys hashed; and where each name stands, so that a row of the database can be told.

use crate::check;
use crate::file::{FileKey, FileObjects, FileOrigin, Problem};
use crate::object::{Hash, KeyObject, MappingObject, ProviderObject, Source, file_id};
use crate::prepare;
use gateway::Settings;
use gateway::keys::KeyHasher;
use gateway::snapshot::Provider;
use providers::FieldFault;
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::sync::Arc;

/// What stands in the file and is sound.
#[derive(Default)]
pub(crate) struct FileSet {
    pub(crate) origin: Option<FileOrigin>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) providers: Vec<(Arc<ProviderObject>, Arc<Provider>)>,
    pub(crate) mappings: Vec<MappingObject>,
    pub(crate) keys: Vec<Arc<KeyObject>>,
    provider_names: HashMap<String, String>,
    identities: HashMap<Identity, String>,
    key_names: HashMap<String, String>,
    key_hashes: HashMap<Hash, String>,
}

/// Virtual model, the provider's name, provider model: what is unique of a mapping.
pub(crate) type Identity = (String, String, String);

impl FileSet {
    /// Holds every object to the rules and all of them against each other. Every problem is told, not only the first.
    pub(crate) fn check(file: FileObjects, hasher: &dyn KeyHasher, master_key: Hash) -> Result<Self, Vec<Problem>> {
        let mut set = Self { origin: file.origin, settings: Arc::new(file.settings), ..Self::default() };
        let mut problems = Vec::new();
        for object in file.providers {
            set.add_provider(object, &mut problems);
        }
        for object in file.mappings {
            set.add_mapping(object, &mut problems);
        }
        for key in file.keys {
            set.add_key(key, hasher, master_key, &mut problems);
        }
        if problems.is_empty() { Ok(set) } else { Err(problems) }
    }

    fn add_provider(&mut self, object: ProviderObject, problems: &mut Vec<Problem>) {
        let place = place(&object.source);
        if let Some(other) = self.provider_names.insert(object.name.clone(), place.clone()) {
            problems.push(taken(&place, &format!("the provider name `{}`", object.name), &other));
        }
        match prepare::provider(&object) {
            Ok(prepared) => self.providers.push((Arc::new(object), Arc::new(prepared))),
            Err(faults) => problems.extend(faults.iter().map(|wrong| told(&place, &format!("the provider `{}`", object.name), wrong))),
        }
    }

    fn add_mapping(&mut self, object: MappingObject, problems: &mut Vec<Problem>) {
        let place = place(&object.source);
        let what = format!("the mapping of `{}`", object.virtual_model);
        let kind =
            self.providers.iter().find(|(provider, _)| provider.id == object.provider_id).map(|(provider, _)| provider.kind.as_str());
        problems.extend(check::mapping(&object, kind).iter().map(|wrong| told(&place, &what, wrong)));
        // A provider with a mistake of its own counts as known: one mistake is reported once.
        if !self.provider_names.contains_key(&object.provider) {
            let problem = format!("there is no provider `{}` in the file", object.provider);
            problems.push(told(&place, &what, &check::fault("provider", problem, "name one of its providers, or add it")));
        }
        let identity = identity(&object);
        if let Some(other) = self.identities.insert(identity, place.clone()) {
            let whole = format!("{what} to `{}` of `{}`", object.provider_model, object.provider);
            problems.push(taken(&place, &whole, &other));
        }
        self.mappings.push(object);
    }

    fn add_key(&mut self, key: FileKey, hasher: &dyn KeyHasher, master_key: Hash, problems: &mut Vec<Problem>) {
        let (place, what) = (&key.place, format!("the key `{}`", key.name));
        let secret = key.key.expose_secret();
        let mut faults = check::key(&key.name, key.models.as_deref(), key.operations.as_deref(), key.concurrency);
        faults.extend(check::key_secret("key", secret));
        let hash = Hash(hasher.hash(secret));
        if hash == master_key {
            faults.push(check::fault("key", "is the master key, which never works for inference", "make another"));
        }
        problems.extend(faults.iter().map(|wrong| told(place, &what, wrong)));
        if let Some(other) = self.key_names.insert(key.name.clone(), place.clone()) {
            problems.push(taken(place, &format!("the key name `{}`", key.name), &other));
        }
        if let Some(other) = self.key_hashes.insert(hash, place.clone()) {
            problems.push(taken(place, &format!("the secret of {what}"), &other));
        }
        self.keys.push(Arc::new(KeyObject {
            models: key.models,
            operations: key.operations,
            concurrency: key.concurrency,
            expires_at: key.expires_at,
            prefix: if secret.starts_with(store::virtual_key::PREFIX) { store::virtual_key::PREFIX.to_owned() } else { String::new() },
            tail: store::virtual_key::tail(secret),
            ..KeyObject::new(file_id(&key.name), Source::File { place: place.clone() }, key.name, hash.0)
        }));
    }

    /// Where the file has a provider of this name.
    pub(crate) fn provider_place(&self, name: &str) -> Option<&str> {
        self.provider_names.get(name).map(String::as_str)
    }

    /// Where the file has this mapping.
    pub(crate) fn mapping_place(&self, identity: &Identity) -> Option<&str> {
        self.identities.get(identity).map(String::as_str)
    }

    /// Where the file has a key of this name.
    pub(crate) fn key_place(&self, name: &str) -> Option<&str> {
        self.key_names.get(name).map(String::as_str)
    }

    /// Where the file has a key with this secret.
    pub(crate) fn secret_place(&self, hash: Hash) -> Option<&str> {
        self.key_hashes.get(&hash).map(String::as_str)
    }
}

pub(crate) fn identity(object: &MappingObject) -> Identity {
    (object.virtual_model.clone(), object.provider.clone(), object.provider_model.clone())
}

/// The place of an object of the file.
fn place(source: &Source) -> String {
    match source {
        Source::File { place } => place.clone(),
        Source::Database { .. } => "the configuration".to_owned(),
    }
}

fn told(place: &str, what: &str, wrong: &FieldFault) -> Problem {
    Problem { place: place.to_owned(), message: format!("{what}: {wrong}") }
}

fn taken(place: &str, what: &str, other: &str) -> Problem {
    Problem { place: place.to_owned(), message: format!("{what} stands at {other} and at {place}: change or remove one of them") }
}
