//! Where a custom endpoint is, from an address as people paste it (`providers/custom.md §1`).

use crate::{FieldFault, Surface};

/// Paths that people paste along with the address.
const PASTED: &[&str] = &["/chat/completions", "/completions", "/embeddings", "/messages", "/models"];

/// No slash at the end, no endpoint path, and a version where none is named.
pub(crate) fn normalize(surface: &Surface, given: &str) -> Result<String, FieldFault> {
    crate::request::check_address(given, "http://host:8000/v1")?;
    let mut base = given.trim_end_matches('/');
    let own = surface.endpoints.iter().map(|endpoint| endpoint.path.as_str()).chain([surface.models_path.as_str()]);
    if let Some(stripped) = own.chain(PASTED.iter().copied()).find_map(|path| base.strip_suffix(path)) {
        base = stripped.trim_end_matches('/');
    }
    let paths = surface.endpoints.iter().map(|endpoint| endpoint.path.as_str());
    let versioned = paths.clone().find(|path| path.split('/').nth(1).is_some_and(is_version));
    let last = path_of(base).rsplit('/').next().unwrap_or_default();
    if let Some(path) = versioned.filter(|path| path.split('/').nth(1) == Some(last)) {
        return Err(FieldFault::new(
            "base_url",
            format!("ends with /{last}, and the path {path} begins with it"),
            "leave the version out of one of them",
        ));
    }
    let has_version = path_of(base).split('/').any(is_version);
    if surface.append_v1 && !has_version && versioned.is_none() { Ok(format!("{base}/v1")) } else { Ok(base.to_owned()) }
}

/// The address without the version at its end: where servers keep their health.
pub(crate) fn without_version(base: &str) -> &str {
    match base.rsplit_once('/') {
        Some((before, last)) if is_version(last) && !path_of(base).is_empty() => before,
        _ => base,
    }
}

fn path_of(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
}

/// `v1`, `v1beta`, `v2`, or `openai`, under which many servers keep this dialect.
fn is_version(segment: &str) -> bool {
    let numbered = segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && rest.len() <= 8);
    numbered || segment == "openai"
}
