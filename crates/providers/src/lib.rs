//! Vendors: one folder each with a declaration; hooks only for what data cannot say.
//!
//! Invariant: a provider is data. Nothing outside this crate names a vendor.

mod credential;
mod declaration;
mod quirk;

pub use credential::Credential;
pub use declaration::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldHeader, FieldKind, LimitHeaders, ModelList};
pub use quirk::{Quirk, Sourced};

/// Every type of provider, in the order of the form.
pub static ALL: &[&Declaration] = &[];

pub fn find(kind: &str) -> Option<&'static Declaration> {
    ALL.iter().copied().find(|declaration| declaration.kind == kind)
}
