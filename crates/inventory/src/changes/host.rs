//! Who changes where a provider is reached must know its secrets: else a secret that nobody can read could be sent to anybody (R72).

use super::write::secret_names;
use crate::change::ProviderChange;
use crate::check;
use crate::check::credential_path;
use crate::object::ProviderObject;
use http::Uri;
use providers::{CustomOptions, Declaration, FieldFault};

/// Every secret that would go to another host and is not given again.
pub(super) fn secrets_to_enter(
    before: &ProviderObject,
    after: &ProviderObject,
    change: &ProviderChange,
    declaration: &Declaration,
) -> Vec<FieldFault> {
    if change.base_url.is_none() || is_same_origin(&address(before, declaration), &address(after, declaration)) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (at, credential) in after.credentials.iter().enumerate() {
        let path = credential_path(&after.credentials, at);
        let given = change.credentials.iter().filter(|given| given.name == credential.name);
        let given: Vec<&str> =
            given.flat_map(|given| given.fields.iter()).filter(|(_, value)| value.is_some()).map(|(name, _)| &**name).collect();
        let is_secret = |name: &str| declaration.field(name).is_none_or(|field| field.secret);
        let kept = credential.fields.keys().filter(|name| is_secret(name) && !given.contains(&name.as_str()));
        faults.extend(kept.map(|name| to_enter(format!("{path}.{name}"))));
    }
    let given: Vec<String> = change.custom.iter().flat_map(CustomOptions::secrets).map(|(name, _)| name).collect();
    let kept = after.custom.iter().flat_map(secret_names).filter(|name| !given.contains(name));
    faults.extend(kept.map(|name| to_enter(check::option_path(&name))));
    faults
}

fn to_enter(field: String) -> FieldFault {
    let problem = "is not given, and base_url points to another host";
    check::fault(field, problem, "enter it again together with the new address")
}

fn address(object: &ProviderObject, declaration: &Declaration) -> String {
    object.base_url.as_deref().or(declaration.base_url).unwrap_or_default().to_owned()
}

/// Scheme, host and port. An address that cannot be read is no other's equal.
fn is_same_origin(one: &str, other: &str) -> bool {
    match (origin(one), origin(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn origin(address: &str) -> Option<(String, String, u16)> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
    Some((scheme, uri.host()?.trim_end_matches('.').to_ascii_lowercase(), port))
}
