//! The configuration that a request sees: providers, mappings and settings, read-only, swapped as a whole.

use crate::arrival::unix_micros;
use crate::egress::Egress;
use crate::load::UnderWay;
pub use crate::metrics::Counted;
use crate::metrics::Kept;
use crate::secrets::Secrets;
use crate::service::Settings;
use chat::{DialectId, Fault, Operation};
use http::{HeaderMap, Uri};
use prometheus_client::metrics::counter::Counter;
use providers::{Served, Surface};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Everything that a request is resolved against. Keys are not in it: see [`crate::keys`].
#[derive(Debug, Default)]
pub struct Snapshot {
    pub settings: Arc<Settings>,
    /// By virtual model name.
    pub groups: HashMap<String, Group>,
    /// Groups whose virtual model ends in `*`, the longest beginning first. An exact name beats them all.
    pub wildcards: Vec<Wildcard>,
}

/// The mappings of every virtual model that begins alike.
#[derive(Debug)]
pub struct Wildcard {
    /// What stands before the `*`.
    pub beginning: String,
    pub group: Group,
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
    /// The row's id, or `file:<virtual model>/<provider>/<provider model>`.
    pub id: String,
    /// As it is configured: may end in `*`.
    pub virtual_model: String,
    pub provider: Arc<Provider>,
    /// `*` in it stands for what the wildcard of the virtual model matched.
    pub provider_model: String,
    /// Lower is tried first.
    pub priority: i32,
    /// Refuses a request that would lose a field on its way to this provider.
    pub strict: bool,
    /// Members of an OpenAI request, with their JSON texts: sent where the caller set none.
    pub parameters: Vec<(String, String)>,
    /// The provider's, with the mapping's own in their places.
    pub timeouts: Timeouts,
    /// What is counted of its requests.
    pub counted: Counted,
}

/// What a configured provider is made of.
#[derive(Debug)]
pub struct ProviderSpec {
    /// The row's id, or `file:<name>`.
    pub id: String,
    /// What a mapping points to and `x-conduit-provider` says.
    pub name: String,
    pub surface: Surface,
    pub base_url: String,
    /// Query parameters that every request carries, encoded, without the `?`; may hold secrets, so no message and no log shows it.
    pub query: Option<secrecy::SecretString>,
    /// At least one, unless `unusable` says why there is none.
    pub credentials: Vec<ProviderCredential>,
    /// Why the provider cannot be called as it stands (its credential cannot be opened): its mappings are skipped with this reason.
    pub unusable: Option<String>,
    pub timeouts: Timeouts,
    pub egress: Egress,
    /// Requests at once; `None`: the share of `server.max_in_flight` that any one provider may take.
    pub max_in_flight: Option<u32>,
}

/// One of a provider's credentials, ready to be sent.
#[derive(Debug)]
pub struct ProviderCredential {
    pub name: String,
    /// Its share of the requests, against the others' weights; 0 only when all others have failed.
    pub weight: u32,
    /// Authentication and fixed headers, secrets marked sensitive: made once, by `providers::request::prepare_headers`.
    pub headers: HeaderMap,
    /// The API version in force, where the provider's dialect has versions (`version` of Anthropic's credential).
    pub version: Option<String>,
}

/// One configured provider, ready to be called.
#[derive(Debug)]
pub struct Provider {
    pub spec: ProviderSpec,
    addresses: Vec<Address>,
    secrets: Secrets,
    /// Until when the server is taken to refuse `stream_options`, in seconds since 1970; 0: it was not found to.
    without_stream_options: AtomicI64,
    under_way: UnderWay,
    /// Counts its answers.
    answered: Kept<Counter>,
}

/// What a server was found to refuse is asked of it again after this time: it may be another one by then, and metering needs it.
const REFUSAL_LASTS: i64 = 600;

struct Address {
    operation: Operation,
    dialect: Option<DialectId>,
    uri: Uri,
}

/// Without the address itself: its query may hold a secret.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("operation", &self.operation).field("dialect", &self.dialect).finish_non_exhaustive()
    }
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
    /// The group of a virtual model, and what the `*` of its name stands for: an exact name beats the longest beginning.
    pub fn group<'a, 'm>(&'a self, virtual_model: &'m str) -> Option<(&'a Group, Option<&'m str>)> {
        if let Some(group) = self.groups.get(virtual_model) {
            return Some((group, None));
        }
        // What a caller makes up goes to a provider and into the record, so it must be a name that could have been configured.
        let mut wildcards = self.wildcards.iter().filter(|_| policy::mapping::may_match(virtual_model));
        wildcards.find_map(|wildcard| virtual_model.strip_prefix(&wildcard.beginning).map(|rest| (&wildcard.group, Some(rest))))
    }
}

impl Provider {
    /// Works out every address once. The error names the address that cannot be used.
    pub fn prepare(spec: ProviderSpec) -> Result<Self, String> {
        let addresses = spec.surface.endpoints.iter().map(|endpoint| address(&spec, endpoint)).collect::<Result<_, _>>()?;
        let headers = spec.credentials.iter().map(|credential| &credential.headers);
        let secrets = Secrets::in_headers(headers).and_query(spec.query.as_ref());
        Ok(Self::with(spec, addresses, secrets))
    }

    /// A provider that no request goes to: `spec.unusable` says why. It needs neither credentials nor an address.
    pub fn unusable(spec: ProviderSpec) -> Self {
        let secrets = Secrets::in_headers(spec.credentials.iter().map(|credential| &credential.headers));
        Self::with(spec, Vec::new(), secrets)
    }

    fn with(spec: ProviderSpec, addresses: Vec<Address>, secrets: Secrets) -> Self {
        Self {
            spec,
            addresses,
            secrets,
            without_stream_options: AtomicI64::new(0),
            under_way: UnderWay::default(),
            answered: Kept::default(),
        }
    }

    /// Its requests under way; a new value finds the count of its id at the first one.
    pub(crate) fn under_way(&self) -> &UnderWay {
        &self.under_way
    }

    pub(crate) fn answered(&self) -> &Kept<Counter> {
        &self.answered
    }

    pub(crate) fn refuses_stream_options(&self) -> bool {
        self.refuses_stream_options_at(|| unix_micros() / 1_000_000)
    }

    fn refuses_stream_options_at(&self, now: impl FnOnce() -> i64) -> bool {
        let until = self.without_stream_options.load(Ordering::Relaxed);
        until != 0 && now() < until
    }

    pub(crate) fn note_refused_stream_options(&self) {
        self.without_stream_options.store(unix_micros() / 1_000_000 + REFUSAL_LASTS, Ordering::Relaxed);
    }

    /// Takes this provider's secrets out of what its answer says: some providers repeat the key that they refuse (R64).
    pub fn scrub(&self, fault: &mut Fault) {
        fault.message = self.secrets.scrub(std::mem::take(&mut fault.message));
        for text in [&mut fault.param, &mut fault.code, &mut fault.cause] {
            *text = text.take().map(|text| self.secrets.scrub(text));
        }
    }

    /// A text of this provider without its secrets.
    pub(crate) fn scrubbed(&self, text: String) -> String {
        self.secrets.scrub(text)
    }

    /// Where the operation is served: in the caller's dialect where the provider speaks it.
    /// Only a chat is translated: every other operation needs an endpoint that takes the caller's bytes.
    pub fn endpoint(&self, operation: Operation, caller: DialectId) -> Option<&Served> {
        let takes = |served: &&Served| operation == Operation::Chat || served.dialect.is_none_or(|dialect| dialect == caller);
        self.spec.surface.endpoint(operation, caller).filter(takes)
    }

    pub fn uri(&self, endpoint: &Served) -> Option<&Uri> {
        let is_it = |address: &&Address| address.operation == endpoint.operation && address.dialect == endpoint.dialect;
        self.addresses.iter().find(is_it).map(|address| &address.uri)
    }
}

fn address(spec: &ProviderSpec, endpoint: &Served) -> Result<Address, String> {
    use secrecy::ExposeSecret;
    let shown = format!("{}{}", spec.base_url.trim_end_matches('/'), endpoint.path);
    let whole = match &spec.query {
        Some(query) => format!("{shown}{}{}", if shown.contains('?') { '&' } else { '?' }, query.expose_secret()),
        None => shown.clone(),
    };
    let uri = whole.parse().map_err(|error| format!("provider `{}`: {shown} is no address: {error}", spec.name))?;
    Ok(Address { operation: endpoint.operation, dialect: endpoint.dialect, uri })
}

#[cfg(test)]
mod tests;
