//! What can be asked of the inventory, and why it is refused. A member that is `None` stays as it is; where `None` is itself a value, it is
//! the inner one.

use crate::object::{DEFAULT_CREDENTIAL, TimeoutOverrides};
use chat::Operation;
use providers::{CustomOptions, FieldFault};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use store::StoreError;

/// A provider to be made.
#[derive(Clone, Debug)]
pub struct NewProvider {
    pub name: String,
    /// The provider type, such as `openai`.
    pub kind: String,
    pub base_url: Option<String>,
    pub allow_private_network: bool,
    pub timeouts: TimeoutOverrides,
    pub max_in_flight: Option<u32>,
    pub enabled: bool,
    /// Of type `custom` only.
    pub custom: Option<CustomOptions>,
    pub credentials: Vec<NewCredential>,
}

impl NewProvider {
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            base_url: None,
            allow_private_network: false,
            timeouts: TimeoutOverrides::default(),
            max_in_flight: None,
            enabled: true,
            custom: None,
            credentials: Vec::new(),
        }
    }
}

/// A credential to be made. Which of its fields are secret is known from the provider's type.
#[derive(Clone, Debug)]
pub struct NewCredential {
    pub name: String,
    pub weight: u32,
    pub fields: BTreeMap<String, SecretString>,
}

impl NewCredential {
    /// The only one of its provider.
    pub fn only(fields: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self { name: DEFAULT_CREDENTIAL.to_owned(), weight: 1, fields: fields.into_iter().collect() }
    }
}

/// What is to become different at a provider. Its type stays: another type is another provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderChange {
    pub name: Option<String>,
    pub base_url: Option<Option<String>>,
    pub allow_private_network: Option<bool>,
    pub timeouts: TimeoutChange,
    pub max_in_flight: Option<Option<u32>>,
    pub enabled: Option<bool>,
    /// All options of a custom endpoint anew. A header or query parameter without a value keeps the one that is stored.
    pub custom: Option<CustomOptions>,
    /// Credentials to be added or changed, by name.
    pub credentials: Vec<CredentialChange>,
    /// Names of credentials to be removed.
    pub remove_credentials: Vec<String>,
}

/// A credential that is added where the provider has none of this name, else changed.
#[derive(Clone, Debug, Default)]
pub struct CredentialChange {
    pub name: String,
    /// 1 for a new one that names none.
    pub weight: Option<u32>,
    /// A field that is not named stays; one that is given as `None` goes.
    pub fields: BTreeMap<String, Option<SecretString>>,
}

/// Timeouts to be set, or given back to the level above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeoutChange {
    pub connect: Option<Option<Duration>>,
    pub first_byte: Option<Option<Duration>>,
    pub idle: Option<Option<Duration>>,
    pub total: Option<Option<Duration>>,
}

impl TimeoutChange {
    /// All as given: what is `None` there is given back.
    pub fn all(to: TimeoutOverrides) -> Self {
        Self { connect: Some(to.connect), first_byte: Some(to.first_byte), idle: Some(to.idle), total: Some(to.total) }
    }

    pub(crate) fn apply(self, to: &mut TimeoutOverrides) {
        set(&mut to.connect, self.connect);
        set(&mut to.first_byte, self.first_byte);
        set(&mut to.idle, self.idle);
        set(&mut to.total, self.total);
    }
}

/// Takes over what is given.
pub(crate) fn set<T>(value: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *value = given;
    }
}

/// A mapping to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMapping {
    pub virtual_model: String,
    /// The id or the name of a provider, of either source.
    pub provider: String,
    pub provider_model: String,
    pub priority: i32,
    pub weight: i32,
    pub strict: bool,
    pub options: Map<String, Value>,
    pub parameters: Map<String, Value>,
    pub timeouts: TimeoutOverrides,
    pub enabled: bool,
}

impl NewMapping {
    pub fn new(virtual_model: impl Into<String>, provider: impl Into<String>, provider_model: impl Into<String>) -> Self {
        Self {
            virtual_model: virtual_model.into(),
            provider: provider.into(),
            provider_model: provider_model.into(),
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

/// What is to become different at a mapping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MappingChange {
    pub virtual_model: Option<String>,
    /// The id or the name of a provider, of either source.
    pub provider: Option<String>,
    pub provider_model: Option<String>,
    pub priority: Option<i32>,
    pub weight: Option<i32>,
    pub strict: Option<bool>,
    pub options: Option<Map<String, Value>>,
    pub parameters: Option<Map<String, Value>>,
    pub timeouts: TimeoutChange,
    pub enabled: Option<bool>,
}

/// A virtual key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub name: String,
    /// Exact names or `prefix*`. `None`: all.
    pub models: Option<Vec<String>>,
    /// `None`: all.
    pub operations: Option<Vec<Operation>>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Microseconds since 1970.
    pub expires_at: Option<i64>,
    pub enabled: bool,
    /// A key that is brought along; `None`: Conduit makes one.
    pub secret: Option<SecretString>,
}

impl NewKey {
    /// One that may do everything, for ever.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), models: None, operations: None, concurrency: None, expires_at: None, enabled: true, secret: None }
    }
}

/// What is to become different at a virtual key. Its secret changes by a roll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    pub name: Option<String>,
    pub models: Option<Option<Vec<String>>>,
    pub operations: Option<Option<Vec<Operation>>>,
    pub concurrency: Option<Option<u32>>,
    /// Microseconds since 1970.
    pub expires_at: Option<Option<i64>>,
    /// `false` suspends the key.
    pub enabled: Option<bool>,
}

/// Why a change was not made. Whatever it is, the state before it is in force.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// Each names field, problem and remedy.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldFault>),
    /// Something unique exists already, or something in use would vanish.
    #[error("{0}")]
    Conflict(String),
    /// The object was changed by somebody else since it was read.
    #[error("the {what} {id} has changed: version {expected} was expected, it is at {actual}; read it again")]
    Stale { what: &'static str, id: String, expected: i64, actual: i64 },
    #[error("there is no {what} {id}")]
    NotFound { what: &'static str, id: String },
    /// The object stands in the configuration file.
    #[error("this object stands in the configuration file ({place}): change it there")]
    ReadOnly { place: String },
    /// The database did not take it, or nobody knows whether it did: a 503 to a caller.
    #[error(transparent)]
    Storage(StoreError),
}

impl ChangeFault {
    pub(crate) fn field(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        ChangeFault::Invalid(vec![FieldFault { field: field.into(), problem: problem.into(), remedy: remedy.into() }])
    }
}

impl From<StoreError> for ChangeFault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(message) => ChangeFault::Conflict(message),
            StoreError::Stale { what, id, expected, actual } => ChangeFault::Stale { what, id, expected, actual },
            StoreError::NotFound { what, id } => ChangeFault::NotFound { what, id },
            other => ChangeFault::Storage(other),
        }
    }
}
