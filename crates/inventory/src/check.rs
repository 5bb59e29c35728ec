//! The rules that every object is held to, wherever it comes from: the file, the API and the rows of the database.
//!
//! A fault names the field by its path within the object (`credentials.api_key`, `models[2]`), the problem and the remedy, and never a secret.

mod key;
mod mapping;
mod name;
mod provider;
mod timeouts;

pub use key::{key, key_secret};
pub use mapping::mapping;
pub use name::name;
pub use provider::{credential_path, provider};
pub use timeouts::timeouts;

pub(crate) use provider::{base_url, credential, declaration, option_path, surface};

use providers::FieldFault;

/// The largest priority or weight.
pub const MAX_NUMBER: i32 = 1_000_000;

pub(crate) fn fault(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> FieldFault {
    FieldFault { field: field.into(), problem: problem.into(), remedy: remedy.into() }
}

/// A sentence as the rules of names and keys give it, "what is wrong: what to do", for a field.
pub(crate) fn sentence(field: impl Into<String>, sentence: &str) -> FieldFault {
    let (problem, remedy) = sentence.split_once(": ").unwrap_or((sentence, "choose another"));
    fault(field, problem, remedy)
}

/// All faults as one text.
pub(crate) fn told(faults: &[FieldFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
