//! The configuration that a request sees: providers and mappings, read-only, swapped as a whole.

use crate::egress::Egress;
use crate::secrets::Secrets;
use chat::{Fault, Operation};
use http::{HeaderMap, Uri};
use providers::Declaration;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a request is resolved against. Keys are not in it: see [`crate::keys`].
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By virtual model name.
    pub groups: HashMap<String, Group>,
}

/// The mappings of one virtual model.
#[derive(Debug, Default)]
pub struct Group {
    /// In the order in which they were configured; the plan orders them by priority.
    pub mappings: Vec<Arc<Mapping>>,
    /// When the group's first mapping was made, in seconds since 1970: `created` in `/v1/models`.
    pub created: i64,
}

/// One row of Model Mappings.
#[derive(Debug)]
pub struct Mapping {
    pub virtual_model: String,
    pub provider: Arc<Provider>,
    pub provider_model: String,
    /// Lower is tried first.
    pub priority: i32,
}

/// What a configured provider is made of.
#[derive(Debug)]
pub struct ProviderSpec {
    /// The row's id, or `file:<name>`.
    pub id: String,
    /// What a mapping points to and `x-conduit-provider` says.
    pub name: String,
    pub declaration: &'static Declaration,
    pub base_url: String,
    /// Authentication and fixed headers, secrets marked sensitive: made once, by `providers::request::prepare_headers`.
    pub headers: HeaderMap,
    /// The API version in force, where the provider's dialect has versions (`version` of Anthropic's credential).
    pub version: Option<String>,
    pub timeouts: Timeouts,
    pub egress: Egress,
}

/// One configured provider, ready to be called.
#[derive(Debug)]
pub struct Provider {
    pub spec: ProviderSpec,
    endpoints: Vec<(Operation, Uri)>,
    secrets: Secrets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Streams: until the first event.
    pub first_byte: Duration,
    /// Streams: between two events.
    pub idle: Duration,
    /// Unary calls: the whole answer.
    pub total: Duration,
}

impl Snapshot {
    pub fn group(&self, virtual_model: &str) -> Option<&Group> {
        self.groups.get(virtual_model)
    }
}

impl Provider {
    /// Works out every address once. The error names the address that cannot be used.
    pub fn prepare(spec: ProviderSpec) -> Result<Self, String> {
        let base = spec.base_url.trim_end_matches('/');
        let endpoints = spec
            .declaration
            .endpoints
            .iter()
            .map(|endpoint| {
                let address = format!("{base}{}", endpoint.path);
                let uri = address.parse::<Uri>().map_err(|error| format!("provider `{}`: {address} is no address: {error}", spec.name))?;
                Ok((endpoint.operation, uri))
            })
            .collect::<Result<Vec<_>, String>>()?;
        let secrets = Secrets::in_headers(&spec.headers);
        Ok(Self { spec, endpoints, secrets })
    }

    /// Takes this provider's secrets out of what its answer says: some providers repeat the key that they refuse (R64).
    pub(crate) fn scrub(&self, fault: &mut Fault) {
        fault.message = self.secrets.scrub(std::mem::take(&mut fault.message));
        for text in [&mut fault.param, &mut fault.code, &mut fault.cause] {
            *text = text.take().map(|text| self.secrets.scrub(text));
        }
    }

    pub fn uri(&self, operation: Operation) -> Option<&Uri> {
        self.endpoints.iter().find(|(known, _)| *known == operation).map(|(_, uri)| uri)
    }
}

impl Mapping {
    /// Whether the provider has an endpoint for the operation at all.
    pub fn supports(&self, operation: Operation) -> bool {
        self.provider.spec.declaration.endpoint(operation).is_some()
    }
}
