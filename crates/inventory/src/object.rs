//! The objects that are configured, as their owners wrote them, whichever source they come from.

use chat::Operation;
use gateway::keys::KeyHash;
use providers::CustomOptions;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// The name of a provider's only credential.
pub const DEFAULT_CREDENTIAL: &str = "default";

/// Where an object stands. What stands in the file is read-only here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    File {
        /// File and line.
        place: String,
    },
    /// Times are microseconds since 1970.
    Database { version: i64, created_at: i64, updated_at: i64 },
}

impl Source {
    pub fn is_file(&self) -> bool {
        matches!(self, Source::File { .. })
    }

    /// A row just made.
    pub(crate) fn made() -> Self {
        let now = store::now_us();
        Source::Database { version: 1, created_at: now, updated_at: now }
    }

    /// The same row, just brought to this version.
    pub(crate) fn changed(&self, version: i64) -> Self {
        let now = store::now_us();
        let created_at = if let Source::Database { created_at, .. } = self { *created_at } else { now };
        Source::Database { version, created_at, updated_at: now }
    }

    /// The row's version; nothing for what stands in the file.
    pub fn version(&self) -> Option<i64> {
        match self {
            Source::File { .. } => None,
            Source::Database { version, .. } => Some(*version),
        }
    }
}

/// A configured provider with its credentials.
#[derive(Clone, Debug)]
pub struct ProviderObject {
    /// The row's id, or `file:<name>`.
    pub id: String,
    pub source: Source,
    pub name: String,
    /// The provider type, such as `openai`.
    pub kind: String,
    /// `None`: the type's own address.
    pub base_url: Option<String>,
    pub allow_private_network: bool,
    pub timeouts: TimeoutOverrides,
    /// Requests at once; `None`: the share of `server.max_in_flight` that any one provider may take.
    pub max_in_flight: Option<u32>,
    pub enabled: bool,
    /// What sets a custom endpoint apart; of type `custom` only. The values of its headers and query are secret.
    pub custom: Option<CustomOptions>,
    /// Why values of `custom` that are stored cannot be opened, by their names in the store, as `header:x-team`.
    pub unreadable: BTreeMap<String, String>,
    pub credentials: Vec<CredentialObject>,
}

impl ProviderObject {
    /// A provider with nothing chosen but its name and type.
    pub fn new(id: impl Into<String>, source: Source, name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source,
            name: name.into(),
            kind: kind.into(),
            base_url: None,
            allow_private_network: false,
            timeouts: TimeoutOverrides::default(),
            max_in_flight: None,
            enabled: true,
            custom: None,
            unreadable: BTreeMap::new(),
            credentials: Vec::new(),
        }
    }

    /// One of the config file; its id is made of its name.
    pub fn of_file(place: impl Into<String>, name: &str, kind: impl Into<String>) -> Self {
        Self::new(file_id(name), Source::File { place: place.into() }, name, kind)
    }
}

/// One of a provider's credentials.
#[derive(Clone, Debug)]
pub struct CredentialObject {
    /// Unique within the provider; `default` where there is one without a name.
    pub name: String,
    /// Its share of the requests against the others' weights; 0: only when all others have failed.
    pub weight: u32,
    pub fields: BTreeMap<String, FieldState>,
}

impl CredentialObject {
    pub fn new(name: impl Into<String>, fields: impl IntoIterator<Item = (String, FieldState)>) -> Self {
        Self { name: name.into(), weight: 1, fields: fields.into_iter().collect() }
    }
}

/// The value of a credential's field.
#[derive(Clone, Debug)]
pub enum FieldState {
    /// Not secret, such as a region.
    Plain(String),
    Secret(SecretString),
    /// Stored, and not to be opened: why.
    Unreadable(String),
}

impl FieldState {
    /// The value, where it can be read.
    pub fn expose(&self) -> Option<&str> {
        match self {
            FieldState::Plain(text) => Some(text),
            FieldState::Secret(secret) => Some(secret.expose_secret()),
            FieldState::Unreadable(_) => None,
        }
    }

    /// The last four characters of a value that is long enough to spare them.
    pub fn tail(&self) -> Option<String> {
        self.expose().map(store::virtual_key::tail).filter(|tail| !tail.is_empty())
    }
}

/// What is set differently from the level above: the type's defaults for a provider, the provider's for a mapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeoutOverrides {
    /// Name resolution, TCP and TLS together.
    pub connect: Option<Duration>,
    /// Streams: until the first event.
    pub first_byte: Option<Duration>,
    /// Streams: between two events.
    pub idle: Option<Duration>,
    /// Unary calls: the whole answer.
    pub total: Option<Duration>,
}

/// A model mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingObject {
    /// The row's id, or `file:<virtual model>/<provider>/<provider model>`.
    pub id: String,
    pub source: Source,
    pub virtual_model: String,
    /// A provider's id: a row's, or `file:<name>`.
    pub provider_id: String,
    /// The provider's name, as it is now; its id where there is no such provider.
    pub provider: String,
    pub provider_model: String,
    /// Lower is tried first.
    pub priority: i32,
    pub weight: i32,
    /// Refuses a request that would lose a field on its way to this provider.
    pub strict: bool,
    /// By type; no type that is built has any.
    pub options: Map<String, Value>,
    /// Members of an OpenAI request that are sent where the caller set none.
    pub parameters: Map<String, Value>,
    /// `connect` belongs to the provider and is not set here.
    pub timeouts: TimeoutOverrides,
    pub enabled: bool,
}

impl MappingObject {
    /// One of the config file; its id is made of its names. The provider is one of the file too.
    pub fn of_file(place: impl Into<String>, virtual_model: &str, provider: &str, provider_model: &str) -> Self {
        Self {
            id: file_id(&format!("{virtual_model}/{provider}/{provider_model}")),
            source: Source::File { place: place.into() },
            virtual_model: virtual_model.to_owned(),
            provider_id: file_id(provider),
            provider: provider.to_owned(),
            provider_model: provider_model.to_owned(),
            priority: 1,
            weight: 1,
            strict: false,
            options: Map::new(),
            parameters: Map::new(),
            timeouts: TimeoutOverrides::default(),
            enabled: true,
        }
    }
}

/// A virtual key. Its secret is nowhere: only the keyed hash of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyObject {
    /// The row's id, or `file:<name>`.
    pub id: String,
    pub source: Source,
    pub name: String,
    /// Virtual models that it may use: exact names or `prefix*`. `None`: all; an empty list: none.
    pub models: Option<Vec<String>>,
    /// `None`: all.
    pub operations: Option<Vec<Operation>>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Microseconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
    /// Switched off by Conduit itself, not by its owner.
    pub suspended: bool,
    /// `condt_`, or nothing for a key that was brought along.
    pub prefix: String,
    /// The last four characters, for display.
    pub tail: String,
    /// The secret before the last roll, while its grace lasts or after it.
    pub previous: Option<PreviousSecret>,
    pub(crate) hash: Hash,
}

/// The secret that a roll has replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSecret {
    pub(crate) hash: Hash,
    pub tail: String,
    /// When it stops working, in microseconds since 1970.
    pub until: i64,
    /// When it was used last, in microseconds since 1970: somebody has not changed to the new one yet.
    pub used_at: Option<i64>,
    /// How often it was used since the roll.
    pub uses: u64,
}

/// A keyed hash; Debug does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash(pub(crate) KeyHash);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash(..)")
    }
}

impl KeyObject {
    /// One that may do everything, for ever.
    pub(crate) fn new(id: impl Into<String>, source: Source, name: impl Into<String>, hash: KeyHash) -> Self {
        Self {
            id: id.into(),
            source,
            name: name.into(),
            models: None,
            operations: None,
            concurrency: None,
            expires_at: None,
            enabled: true,
            suspended: false,
            prefix: String::new(),
            tail: String::new(),
            previous: None,
            hash: Hash(hash),
        }
    }
}

/// Ids of objects that stand in the file.
pub fn file_id(name: &str) -> String {
    format!("file:{name}")
}
