//! Vendors: one folder each with a declaration; hooks only for what data cannot say.
//!
//! Invariant: a provider is data. Nothing outside this crate names a vendor.

pub mod catalog;
mod credential;
mod declaration;
mod form;
mod kinds;
pub mod limits;
pub mod models;
mod quirk;
pub mod quirks;
pub mod request;
pub mod surface;

mod anthropic;
pub mod custom;
mod groq;
mod openai;
mod simulated;

pub use catalog::facts;
pub use credential::{Credential, FieldFault, credential_check};
pub use custom::CustomOptions;
pub use declaration::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldHeader, FieldKind, LimitHeaders, ModelList};
pub use form::{Form, FormField, FormKind, Place, form, forms};
pub use kinds::{Kind, NOT_BUILT, kind};
pub use quirk::{JsonForm, Models, Names, OtherWord, Quirk, Sourced, Text, Word};
pub use request::{Missing, endpoint_url, normalize_base_url, prepare_headers};
pub use surface::{Served, Surface};

/// Every type of provider, in the order of the form.
pub static ALL: &[&Declaration] =
    &[&openai::DECLARATION, &anthropic::DECLARATION, &groq::DECLARATION, &custom::DECLARATION, &simulated::DECLARATION];

pub fn find(kind: &str) -> Option<&'static Declaration> {
    ALL.iter().copied().find(|declaration| declaration.kind == kind)
}

#[cfg(test)]
mod tests;
