//! The parts of a provider's request that are the same every time: address and headers. Made once per configured provider.

use crate::{Credential, Declaration, Endpoint, Field, FieldFault, FieldKind, Surface};
use http::header::{HeaderMap, HeaderValue};
use std::fmt::Write as _;

/// A header that cannot be made: its credential field is not set, or holds what no header can carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub field: &'static str,
    /// True where the field is set and its value cannot be sent.
    pub unusable: bool,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let problem = if self.unusable { "holds a character that a header cannot carry" } else { "is not set" };
        write!(f, "credential field '{}' {problem}", self.field)
    }
}

impl std::error::Error for Missing {}

/// The headers that every request to a provider of this type carries, as it is declared; see [`Surface::prepare_headers`].
pub fn prepare_headers(declaration: &'static Declaration, credential: &Credential) -> Result<HeaderMap, Missing> {
    Surface::of(declaration).prepare_headers(credential)
}

/// The field's value, else its default.
pub(crate) fn value_of(declaration: &Declaration, credential: &Credential, name: &str) -> Option<(&'static Field, String)> {
    let field = declaration.field(name)?;
    let value = credential.get(name).or(field.default).filter(|value| !value.is_empty())?;
    Some((field, if field.kind == FieldKind::List { listed(value) } else { value.to_owned() }))
}

/// A list as headers spell it: commas, no empty items, no space around them.
fn listed(value: &str) -> String {
    let mut out = String::new();
    for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let comma = if out.is_empty() { "" } else { "," };
        let _infallible = write!(out, "{comma}{item}");
    }
    out
}

pub(crate) fn header_value(field: &'static Field, value: &str) -> Result<HeaderValue, Missing> {
    let unusable = Missing { field: field.name, unusable: true };
    // Stricter than the type, which lets bytes above ASCII through.
    if !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(unusable);
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| unusable)?;
    value.set_sensitive(field.secret);
    Ok(value)
}

/// Where an endpoint is: the base address (as [`normalize_base_url`] gives it) and the endpoint's path.
pub fn endpoint_url(base_url: &str, endpoint: &Endpoint) -> String {
    format!("{base_url}{}", endpoint.path)
}

/// That the text is an address that requests can be sent to, without anything of a secret in it.
pub(crate) fn check_address(given: &str, example: &str) -> Result<(), FieldFault> {
    let fault = |problem: &str, remedy: &str| Err(FieldFault::new("base_url", problem, remedy));
    if given != given.trim() || given.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return fault("has white space in it", "paste the address alone");
    }
    if given.contains(['?', '#']) {
        return fault("has a query or a fragment", "leave out everything from `?` or `#` on");
    }
    let Ok(uri) = given.parse::<http::Uri>() else {
        return fault("is not an address", &format!("write it like {example}"));
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return fault("does not begin with https:// or http://", &format!("write it like {example}"));
    }
    let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
        return fault("has no host", &format!("write it like {example}"));
    };
    if authority.as_str().contains('@') {
        return fault("has a user name or password in it", "put secrets into `credentials`");
    }
    Ok(())
}

/// Brings an address as people paste it to the form that endpoint paths are appended to: no slash at the end, no endpoint path, no version twice.
pub fn normalize_base_url(declaration: &Declaration, given: &str) -> Result<String, FieldFault> {
    check_address(given, declaration.base_url.unwrap_or("https://host/v1"))?;
    let mut base = given.trim_end_matches('/');
    let paths = || declaration.endpoints.iter().map(|endpoint| endpoint.path).chain([declaration.models.path]);
    if let Some(stripped) = paths().find_map(|path| base.strip_suffix(path)) {
        base = stripped.trim_end_matches('/');
    }
    // Paths that bring the version themselves: an address that ends with it would say it twice.
    let versioned = |version: &str| paths().all(|path| path.strip_prefix(version).is_some_and(|rest| rest.starts_with('/')));
    if let Some(stripped) = base.strip_suffix("/v1").filter(|_| versioned("/v1")) {
        base = stripped.trim_end_matches('/');
    }
    Ok(base.to_owned())
}

#[cfg(test)]
mod tests;
