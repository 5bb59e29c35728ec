//! What is configured: the providers, mappings and keys of the file and of the database as one, and the only place that changes them.
//!
//! Invariant: what the gateway resolves against (the snapshot and the key ring) is always made from here, as a whole; a change is checked
//! before it is written, and holds for the next request after it was.

pub mod change;
pub mod check;
pub mod duration;
pub mod file;
pub mod object;
pub mod view;

mod changes;
mod file_set;
mod inventory;
mod prepare;
mod ring;
mod rows;
mod status;
mod uses;
mod watch;
mod whole;

pub use change::{
    ChangeFault, CredentialChange, KeyChange, MappingChange, NewCredential, NewKey, NewMapping, NewProvider, ProviderChange, TimeoutChange,
};
pub use changes::{DEFAULT_GRACE, LARGEST_IMPORT, LONGEST_GRACE, WithSecret};
pub use file::{FileKey, FileObjects, FileOrigin, Problem};
pub use inventory::Inventory;
pub use view::{Count, DatabaseState, Entry, Listing, Status, View};
pub use watch::{POLL, Watch};

#[cfg(test)]
mod tests;
