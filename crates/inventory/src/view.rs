//! What there is, for those who look: every object of both sources, with its state.

use crate::file::{FileOrigin, Problem};
use crate::object::{KeyObject, MappingObject, ProviderObject};
use gateway::snapshot::Provider;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Every object by its id, which is the order of age for those of the database; those of the file come last.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub providers: Arc<Listing<ProviderObject>>,
    pub mappings: Arc<Listing<MappingObject>>,
    pub keys: Arc<Listing<KeyObject>>,
    pub(crate) prepared: Arc<HashMap<Arc<str>, Arc<Provider>>>,
}

pub type Listing<T> = BTreeMap<Arc<str>, Entry<T>>;

/// An object and whether it can be used.
#[derive(Debug)]
pub struct Entry<T> {
    pub object: Arc<T>,
    /// Why it cannot be used as it stands, and the remedy; nothing where it can. Holds no secret.
    pub problem: Option<Arc<str>>,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { object: Arc::clone(&self.object), problem: self.problem.clone() }
    }
}

impl View {
    /// The provider as the gateway calls it, switched off or not: for a test of it or the list of its models.
    pub fn prepared(&self, id: &str) -> Option<&Arc<Provider>> {
        self.prepared.get(id)
    }

    /// The provider of this id or, else, of this name.
    pub fn provider(&self, id_or_name: &str) -> Option<&Entry<ProviderObject>> {
        self.providers.get(id_or_name).or_else(|| self.providers.values().find(|entry| entry.object.name == id_or_name))
    }

    /// The mappings that point to a provider.
    pub fn mappings_of<'a>(&'a self, provider_id: &'a str) -> impl Iterator<Item = &'a Entry<MappingObject>> + 'a {
        self.mappings.values().filter(move |entry| entry.object.provider_id == provider_id)
    }
}

/// The inventory's own state: for readiness, the system page and metrics.
#[derive(Clone, Debug)]
pub struct Status {
    pub providers: Count,
    pub mappings: Count,
    pub keys: Count,
    /// The file whose content is in force.
    pub file: Option<FileStatus>,
    /// The last file that could not be used, where no good one has followed.
    pub bad_file: Option<BadFile>,
    /// Objects that cannot be used as they stand.
    pub problems: Vec<ObjectProblem>,
    /// Fields of the file whose new value holds from the next start on.
    pub restart_needed: Vec<String>,
    pub database: DatabaseState,
    /// Ids of the root keys that seal and open the stored secrets; the first one seals.
    pub root_keys: Vec<String>,
}

/// How many objects there are, by source, and how many of them cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub file: usize,
    pub database: usize,
    pub unusable: usize,
}

/// The file in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    pub origin: FileOrigin,
    /// Microseconds since 1970.
    pub loaded_at: i64,
}

/// A file that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFile {
    /// Microseconds since 1970.
    pub at: i64,
    pub problems: Vec<Problem>,
}

/// One object that cannot be used as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectProblem {
    /// `provider`, `mapping` or `key`.
    pub what: &'static str,
    pub id: String,
    /// The virtual model of a mapping.
    pub name: String,
    pub problem: String,
}

/// Whether the last look at the database succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    /// Nothing was read yet.
    Unread,
    /// What is in force was its content at this moment. Microseconds since 1970.
    InStep { at: i64 },
    /// It does not answer; the last state stays in force.
    Lost { since: i64, cause: String },
}
