//! From an object to what the gateway calls: headers and addresses are worked out once, so that a request does not.

use crate::check;
use crate::object::{CredentialObject, DEFAULT_CREDENTIAL, FieldState, MappingObject, ProviderObject, TimeoutOverrides};
use gateway::egress::Egress;
use gateway::snapshot::{Mapping, Provider, ProviderCredential, ProviderSpec, Timeouts};
use providers::{Declaration, FieldFault, Surface};
use std::sync::Arc;
use std::time::Duration;

/// A provider as the gateway calls it, and why it cannot be called, or not wholly, where that is so.
pub(crate) struct Prepared {
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) problem: Option<Arc<str>>,
}

/// Holds the provider to every rule.
pub(crate) fn provider(object: &ProviderObject) -> Result<Provider, Vec<FieldFault>> {
    provider_with(object, None)
}

fn provider_with(object: &ProviderObject, connect: Option<Duration>) -> Result<Provider, Vec<FieldFault>> {
    let faults = check::provider(object);
    if !faults.is_empty() {
        return Err(faults);
    }
    let one = |wrong: FieldFault| vec![wrong];
    let declaration = check::declaration(&object.kind).map_err(one)?;
    let surface = check::surface(object, declaration)?;
    let spec = ProviderSpec {
        base_url: check::base_url(object, &surface).map_err(one)?,
        credentials: credentials(object, &surface).map_err(one)?,
        query: surface.query().cloned(),
        surface,
        ..bare_spec(object, declaration, connect)
    };
    Provider::prepare(spec).map_err(|message| one(check::fault("base_url", message, "give another address")))
}

/// Makes the best of a provider that stands in the database: without the credentials that cannot be opened, or, where none is left or
/// something else is wrong, as one that is skipped with the reason. `known` is what was wrong with the row itself.
pub(crate) fn provider_anyway(object: &ProviderObject, known: &[FieldFault], connect: Option<Duration>) -> Prepared {
    let faults = match provider_with(object, connect) {
        Ok(provider) if known.is_empty() => return Prepared { provider: Some(Arc::new(provider)), problem: None },
        Ok(_) => known.to_vec(),
        Err(faults) => known.iter().cloned().chain(faults).collect(),
    };
    let problem: Arc<str> = check::told(&faults).into();
    let readable: Vec<_> = object.credentials.iter().filter(|one| is_readable(one)).cloned().collect();
    let some_left = known.is_empty() && !readable.is_empty() && readable.len() < object.credentials.len();
    if some_left && let Ok(provider) = provider_with(&ProviderObject { credentials: readable, ..object.clone() }, connect) {
        return Prepared { provider: Some(Arc::new(provider)), problem: Some(problem) };
    }
    Prepared { provider: unusable(object, &problem).map(Arc::new), problem: Some(problem) }
}

/// Whether some credential cannot be opened.
pub(crate) fn is_unreadable(object: &ProviderObject) -> bool {
    !object.credentials.iter().all(is_readable)
}

fn is_readable(one: &CredentialObject) -> bool {
    !one.fields.values().any(|state| matches!(state, FieldState::Unreadable(_)))
}

/// A provider that no request goes to: its mappings are skipped with the reason.
pub(crate) fn unusable(object: &ProviderObject, reason: &str) -> Option<Provider> {
    // Any type stands in for one that is not known: it is never called.
    let declaration = check::declaration(&object.kind).ok().or_else(|| providers::ALL.first().copied())?;
    Some(Provider::unusable(ProviderSpec { unusable: Some(reason.to_owned()), ..bare_spec(object, declaration, None) }))
}

fn bare_spec(object: &ProviderObject, declaration: &'static Declaration, connect: Option<Duration>) -> ProviderSpec {
    let (own, usual) = (&object.timeouts, &declaration.timeouts);
    ProviderSpec {
        id: object.id.clone(),
        name: object.name.clone(),
        surface: Surface::of(declaration),
        base_url: declaration.base_url.unwrap_or_default().to_owned(),
        query: None,
        credentials: Vec::new(),
        unusable: None,
        timeouts: Timeouts {
            first_byte: own.first_byte.unwrap_or(usual.first_byte),
            idle: own.idle.unwrap_or(usual.idle),
            total: own.total.unwrap_or(usual.total),
        },
        egress: Egress {
            allow_private_network: object.allow_private_network,
            connect_timeout: connect.or(own.connect).unwrap_or(usual.connect),
            in_process: declaration.in_process,
        },
        max_in_flight: object.max_in_flight,
    }
}

/// A provider without any credential is called without one, where its type allows that.
fn credentials(object: &ProviderObject, surface: &Surface) -> Result<Vec<ProviderCredential>, FieldFault> {
    if object.credentials.is_empty() {
        let none = CredentialObject::new(DEFAULT_CREDENTIAL, []);
        return Ok(vec![credential("credentials", &none, surface)?]);
    }
    let all = object.credentials.iter().enumerate();
    all.map(|(at, one)| credential(&check::credential_path(&object.credentials, at), one, surface)).collect()
}

fn credential(path: &str, one: &CredentialObject, surface: &Surface) -> Result<ProviderCredential, FieldFault> {
    let values = check::credential(one);
    let headers = surface
        .prepare_headers(&values)
        .map_err(|missing| check::fault(format!("{path}.{}", missing.field), missing.to_string(), "enter it again"))?;
    let version = values.get("version").or_else(|| surface.declaration.field("version").and_then(|field| field.default));
    Ok(ProviderCredential { name: one.name.clone(), weight: one.weight, headers, version: version.map(str::to_owned) })
}

/// A mapping, held to every rule already; the texts of its parameters are made once.
pub(crate) fn mapping(object: &MappingObject, provider: Arc<Provider>) -> Mapping {
    let parameters = object.parameters.iter().map(|(name, value)| (name.clone(), value.to_string()));
    Mapping {
        id: object.id.clone(),
        virtual_model: object.virtual_model.clone(),
        provider_model: object.provider_model.clone(),
        priority: object.priority,
        strict: object.strict,
        parameters: parameters.collect(),
        timeouts: merged(&object.timeouts, provider.spec.timeouts),
        counted: gateway::snapshot::Counted::default(),
        provider,
    }
}

fn merged(own: &TimeoutOverrides, provider: Timeouts) -> Timeouts {
    Timeouts {
        first_byte: own.first_byte.unwrap_or(provider.first_byte),
        idle: own.idle.unwrap_or(provider.idle),
        total: own.total.unwrap_or(provider.total),
    }
}
