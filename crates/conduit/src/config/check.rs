//! What the schema cannot say: names that must be unique, providers that must exist, addresses and keys that must be safe.

use super::model::{Key, Model, Provider};
use super::problem::Problems;
use super::scalars::Secret;
use super::tree::{Content, Node, Place};
use super::{strength, suggest};
use gateway::snapshot::Timeouts;
use providers::{Credential, Declaration, credential_check, normalize_base_url};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::time::Duration;

/// A provider of the file, its values checked.
pub struct ProviderEntry {
    pub place: Place,
    pub name: String,
    pub declaration: &'static Declaration,
    pub base_url: String,
    pub credential: Credential,
    pub allow_private_network: bool,
    pub connect: Duration,
    pub timeouts: Timeouts,
}

/// A mapping of the file. Its provider is one of the file.
pub struct MappingEntry {
    pub place: Place,
    pub virtual_model: String,
    pub provider: String,
    pub provider_model: String,
    pub priority: i32,
}

/// A virtual key of the file.
pub struct KeyEntry {
    pub place: Place,
    pub name: String,
    pub key: SecretString,
    /// `None`: all.
    pub models: Option<Vec<String>>,
}

/// An entry of one of the file's lists, for places and paths of messages.
struct Spot<'a> {
    list: &'static str,
    at: usize,
    node: &'a Node,
}

impl<'a> Spot<'a> {
    fn all(root: &'a Node, list: &'static str) -> impl Iterator<Item = Spot<'a>> {
        root.get(list).map(Node::items).unwrap_or_default().iter().enumerate().map(move |(at, node)| Spot { list, at, node })
    }

    /// Entries without a mistake of their own, with their spots.
    fn sound<T>(root: &'a Node, list: &'static str, entries: &'a [Option<T>]) -> impl Iterator<Item = (Spot<'a>, &'a T)> {
        Self::all(root, list).zip(entries).filter_map(|(spot, entry)| entry.as_ref().map(|entry| (spot, entry)))
    }

    /// Where a field stands, or where the entry begins.
    fn place(&self, field: &str) -> &'a Place {
        self.node.get(field).map_or(&self.node.place, |node| &node.place)
    }

    fn path(&self, field: &str) -> String {
        format!("{}[{}].{field}", self.list, self.at)
    }

    fn wrong(&self, field: &str, message: impl std::fmt::Display, problems: &mut Problems) {
        problems.add(self.place(field), format!("{}: {message}", self.path(field)));
    }
}

/// Each name may stand once; the second one is told where the first is. Entries with other mistakes count too.
fn unique_names(list: &'static str, root: &Node, problems: &mut Problems) {
    let mut first: HashMap<&str, &Place> = HashMap::new();
    for spot in Spot::all(root, list) {
        let Some(name) = spot.node.get("name").and_then(Node::text) else { continue };
        let place = spot.place("name");
        match first.get(name) {
            Some(other) => spot.wrong("name", format!("`{name}` is taken: it stands at {other} already"), problems),
            None => drop(first.insert(name, place)),
        }
    }
}

pub(super) fn providers(entries: &[Option<Provider>], root: &Node, problems: &mut Problems) -> Vec<ProviderEntry> {
    unique_names("providers", root, problems);
    Spot::sound(root, "providers", entries).filter_map(|(spot, entry)| provider(&spot, entry, problems)).collect()
}

fn provider(spot: &Spot<'_>, entry: &Provider, problems: &mut Problems) -> Option<ProviderEntry> {
    let declaration = match providers::kind(&entry.kind).declaration(&entry.kind) {
        Ok(declaration) => declaration,
        Err(message) => {
            spot.wrong("type", message, problems);
            return None;
        }
    };
    let credential = credential(spot, entry, declaration, problems);
    let base_url = base_url(spot, entry, declaration, problems)?;
    let (given, usual) = (&entry.timeouts, &declaration.timeouts);
    let or = |given: Option<super::scalars::Period>, usual: Duration| given.map_or(usual, |period| period.0);
    Some(ProviderEntry {
        place: spot.node.place.clone(),
        name: entry.name.clone(),
        declaration,
        base_url,
        credential,
        allow_private_network: entry.allow_private_network,
        connect: or(given.connect, usual.connect),
        timeouts: Timeouts {
            first_byte: or(given.first_byte, usual.first_byte),
            idle: or(given.idle, usual.idle),
            total: or(given.total, usual.total),
        },
    })
}

fn credential(spot: &Spot<'_>, entry: &Provider, declaration: &'static Declaration, problems: &mut Problems) -> Credential {
    let credential = Credential::new(entry.credentials.0.clone());
    let written = spot.node.get("credentials");
    if written.is_some_and(|node| !matches!(node.content, Content::Map(_) | Content::Null)) {
        return credential;
    }
    for fault in credential_check(declaration, &credential).err().unwrap_or_default() {
        let node = written.and_then(|fields| fields.get(&fault.field));
        // A field that is written and has no sound value was reported with its own reason.
        if node.is_some() && credential.get(&fault.field).is_none() {
            continue;
        }
        let place = node.or(written).map_or(&spot.node.place, |node| &node.place);
        problems.add(place, format!("{}.{fault}", spot.path("credentials")));
    }
    credential
}

fn base_url(spot: &Spot<'_>, entry: &Provider, declaration: &'static Declaration, problems: &mut Problems) -> Option<String> {
    let checked = match (&entry.base_url, declaration.base_url) {
        (Some(_), _) if declaration.in_process => {
            Err(format!("type `{}` is served inside Conduit and has no address: remove the field", declaration.kind))
        }
        (Some(given), _) => match upstream::check_base_url(given, entry.allow_private_network) {
            Ok(_) => normalize_base_url(declaration, given).map_err(|fault| format!("{}: {}", fault.problem, fault.remedy)),
            Err(fault) => Err(fault.to_string()),
        },
        (None, Some(usual)) => Ok(usual.to_owned()),
        (None, None) => Err(format!("type `{}` needs an address", declaration.kind)),
    };
    checked.map_err(|message| spot.wrong("base_url", message, problems)).ok()
}

pub(super) fn mappings(entries: &[Option<Model>], root: &Node, problems: &mut Problems) -> Vec<MappingEntry> {
    // Providers with mistakes count as known: one mistake is reported once.
    let known: Vec<&str> = Spot::all(root, "providers").filter_map(|spot| spot.node.get("name").and_then(Node::text)).collect();
    let mut first: HashMap<(&str, &str, &str), &Place> = HashMap::new();
    let mut mappings = Vec::new();
    for (spot, entry) in Spot::sound(root, "models", entries) {
        if let Err(fault) = policy::mapping::check_virtual_model(&entry.name) {
            spot.wrong("name", fault, problems);
        }
        if let Err(fault) = policy::mapping::check_provider_model(&entry.provider_model) {
            spot.wrong("provider_model", fault, problems);
        }
        if !known.contains(&entry.provider.as_str()) {
            let hint = suggest::hint(&entry.provider, known.iter().copied());
            spot.wrong("provider", format!("there is no provider `{}` in this file{hint}", entry.provider), problems);
        }
        let identity = (entry.name.as_str(), entry.provider.as_str(), entry.provider_model.as_str());
        if let Some(other) = first.get(&identity) {
            let message = format!("`{}` is mapped to `{}` of `{}` at {other} already", entry.name, entry.provider_model, entry.provider);
            spot.wrong("name", message, problems);
        } else {
            first.insert(identity, spot.place("name"));
        }
        mappings.push(MappingEntry {
            place: spot.node.place.clone(),
            virtual_model: entry.name.clone(),
            provider: entry.provider.clone(),
            provider_model: entry.provider_model.clone(),
            priority: entry.priority,
        });
    }
    mappings
}

pub(super) fn keys(entries: &[Option<Key>], master_key: Option<&SecretString>, root: &Node, problems: &mut Problems) -> Vec<KeyEntry> {
    unique_names("keys", root, problems);
    let mut first: HashMap<&str, &Place> = HashMap::new();
    let mut keys = Vec::new();
    for (spot, entry) in Spot::sound(root, "keys", entries) {
        let secret = entry.key.0.expose_secret();
        if let Err(message) = virtual_key(secret, master_key) {
            spot.wrong("key", message, problems);
        }
        match first.get(secret) {
            Some(other) => spot.wrong("key", format!("is the same key as at {other}: each name needs its own"), problems),
            None => drop(first.insert(secret, spot.place("key"))),
        }
        model_patterns(&spot, problems);
        keys.push(KeyEntry {
            place: spot.node.place.clone(),
            name: entry.name.clone(),
            key: entry.key.0.clone(),
            models: entry.models.clone(),
        });
    }
    keys
}

fn virtual_key(secret: &str, master_key: Option<&SecretString>) -> Result<(), String> {
    policy::key::check_chosen(secret).map_err(|fault| fault.to_string())?;
    if !store::virtual_key::looks_valid(secret) {
        return Err(format!("begins with `{}`, and is no key that Conduit made: was a character lost?", store::virtual_key::PREFIX));
    }
    if master_key.is_some_and(|master| master.expose_secret() == secret) {
        return Err("is the master key, which never works for inference: make another".to_owned());
    }
    Ok(())
}

fn model_patterns(spot: &Spot<'_>, problems: &mut Problems) {
    for (at, node) in spot.node.get("models").map(Node::items).unwrap_or_default().iter().enumerate() {
        if let Some(Err(fault)) = node.text().map(policy::key::check_pattern) {
            problems.add(&node.place, format!("{}[{at}] {fault}", spot.path("models")));
        }
    }
}

/// The master key must be strong wherever it comes from; that it is missing is a matter of the start.
pub(super) fn master_key(key: Option<&SecretString>, root: &Node, problems: &mut Problems) {
    let written = root.get("admin").and_then(|admin| admin.get("master_key"));
    let place = written.map_or_else(|| Place::Variable("CONDUIT_MASTER_KEY".to_owned()), |node| node.place.clone());
    if let Some(Err(message)) = key.map(|key| strength::master_key(key.expose_secret())) {
        problems.add(&place, message);
    }
}

/// `DATABASE_URL` comes before the file's. The URL may hold a password and is never shown.
pub(super) fn database_url(
    short: Option<SecretString>,
    configured: Option<&Secret>,
    root: &Node,
    problems: &mut Problems,
) -> Option<SecretString> {
    let written = root.get("storage").and_then(|storage| storage.get("url")).map(|node| (node.place.clone(), "storage.url: "));
    let (url, (place, path)) = match short {
        Some(url) => (url, (Place::Variable("DATABASE_URL".to_owned()), "")),
        None => (configured?.0.clone(), written?),
    };
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme));
    if !known {
        problems.add(&place, format!("{path}write `sqlite://path/to/conduit.db` or `postgres://user:password@host/database`"));
    }
    Some(url)
}
