//! Changes of what stands in the database: one at a time, checked against the whole, written, and in force before the call returns.

mod host;
mod key;
mod mapping;
mod provider;
mod write;

pub use key::{DEFAULT_GRACE, LONGEST_GRACE, WithSecret};
pub use mapping::LARGEST_IMPORT;

use crate::change::ChangeFault;
use crate::object::Source;
use crate::view::{Entry, Listing};
use providers::FieldFault;

/// The object of this id, if it stands in the database and is at the version that the caller has seen.
fn own<'a, T>(
    listing: &'a Listing<T>,
    what: &'static str,
    id: &str,
    expected: Option<i64>,
    source: impl Fn(&T) -> &Source,
) -> Result<(&'a Entry<T>, i64), ChangeFault> {
    let entry = listing.get(id).ok_or_else(|| ChangeFault::NotFound { what, id: id.to_owned() })?;
    match source(&entry.object) {
        Source::File { place } => Err(ChangeFault::ReadOnly { place: place.clone() }),
        Source::Database { version, .. } => match expected.filter(|expected| expected != version) {
            Some(expected) => Err(ChangeFault::Stale { what, id: id.to_owned(), expected, actual: *version }),
            None => Ok((entry, *version)),
        },
    }
}

/// The object as it is in force now, after a change.
fn now<T>(listing: &Listing<T>, what: &'static str, id: &str) -> Result<Entry<T>, ChangeFault> {
    // Somebody else may have removed it in the same moment.
    listing.get(id).cloned().ok_or_else(|| ChangeFault::NotFound { what, id: id.to_owned() })
}

fn sound(faults: Vec<FieldFault>) -> Result<(), ChangeFault> {
    if faults.is_empty() { Ok(()) } else { Err(ChangeFault::Invalid(faults)) }
}

/// What a change makes wrong. What was wrong before and is not touched may stay, or a broken object could not even be switched off.
fn added(after: Vec<FieldFault>, before: &[FieldFault]) -> Vec<FieldFault> {
    after.into_iter().filter(|fault| !before.iter().any(|old| old.problem == fault.problem && old.remedy == fault.remedy)).collect()
}

/// Where an object stands, for a message.
fn stands(source: &Source, id: &str) -> String {
    match source {
        Source::File { place } => format!("in the configuration file, at {place}"),
        Source::Database { .. } => format!("in the database (id {id})"),
    }
}
