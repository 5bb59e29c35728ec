//! What Conduit keeps: rows in SQLite or PostgreSQL, sealed secrets, and the journal in front of the usage table.
//!
//! Invariant: every query runs on both databases alike, and no secret leaves this crate unsealed except into a [`secrecy::SecretString`].

mod changes;
pub mod database;
mod error;
mod id;
pub mod idempotency;
pub mod journal;
mod leases;
mod location;
pub mod mappings;
mod migrate;
pub mod providers;
pub mod requests;
mod root_secret;
mod rotation;
pub mod seal;
pub mod settings;
mod stored;
pub mod usage;
mod versions;
pub mod virtual_key;
pub mod virtual_keys;

pub use database::{Store, StoreConfig, sqlite_file};
pub use error::StoreError;
pub use id::{new_id, new_uuid, now_us};
pub use journal::{Journal, JournalOptions};
pub use root_secret::{RootSecret, RootSecretError};
pub use rotation::RotationReport;
pub use seal::{Keys, Purpose};
pub use stored::Stored;

#[cfg(test)]
mod testing;
