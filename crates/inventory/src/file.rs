//! What the configuration file becomes.

use crate::object::{MappingObject, ProviderObject};
use chat::Operation;
use gateway::Settings;
use secrecy::SecretString;

/// Everything that the file configures, secret references resolved, each value sound by itself.
#[derive(Clone, Debug, Default)]
pub struct FileObjects {
    /// Which file; `None` where Conduit runs without one.
    pub origin: Option<FileOrigin>,
    pub providers: Vec<ProviderObject>,
    pub mappings: Vec<MappingObject>,
    pub keys: Vec<FileKey>,
    pub settings: Settings,
}

/// Which file, and which content of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOrigin {
    pub place: String,
    /// A hash of the content, so that a reader can tell two versions apart.
    pub hash: String,
}

/// A virtual key of the file.
#[derive(Clone, Debug)]
pub struct FileKey {
    /// File and line.
    pub place: String,
    pub name: String,
    /// What callers send; forgotten as soon as it is hashed.
    pub key: SecretString,
    /// Exact names or `prefix*`. `None`: all.
    pub models: Option<Vec<String>>,
    /// `None`: all.
    pub operations: Option<Vec<Operation>>,
    /// Requests at once.
    pub concurrency: Option<u32>,
    /// Microseconds since 1970.
    pub expires_at: Option<i64>,
}

impl FileKey {
    /// One that may do everything, for ever.
    pub fn new(place: impl Into<String>, name: impl Into<String>, key: SecretString) -> Self {
        Self { place: place.into(), name: name.into(), key, models: None, operations: None, concurrency: None, expires_at: None }
    }
}

/// Something of the file that cannot be used, or that clashes with the database. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File and line.
    pub place: String,
    /// Names the field, the problem and the remedy.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
