//! Who is asked: a mapping with the names and addresses of one request worked out.

use crate::snapshot::{Mapping, Provider, ProviderCredential};
use chat::{DialectId, Operation};
use dialects::Leniency;
use providers::Served;
use std::borrow::Cow;
use std::sync::Arc;

/// A mapping of the group, for the model that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) mapping: Arc<Mapping>,
    /// The provider's name of the model, where the mapping's own holds a `*`.
    substituted: Option<String>,
}

impl Target {
    /// `rest` is what the `*` of the virtual model stands for.
    pub(crate) fn new(mapping: &Arc<Mapping>, rest: Option<&str>) -> Self {
        let substituted = match rest.map(|rest| policy::mapping::substitute(&mapping.provider_model, rest)) {
            Some(Cow::Owned(model)) => Some(model),
            Some(Cow::Borrowed(_)) | None => None,
        };
        Self { mapping: Arc::clone(mapping), substituted }
    }

    /// The provider's name of the model.
    pub(crate) fn model(&self) -> &str {
        self.substituted.as_deref().unwrap_or(&self.mapping.provider_model)
    }

    pub(crate) fn provider(&self) -> &Arc<Provider> {
        &self.mapping.provider
    }
}

/// A target with the endpoint and the credential of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) target: &'a Target,
    pub(crate) endpoint: &'a Served,
    /// `None` for a provider that needs none.
    pub(crate) credential: Option<&'a ProviderCredential>,
    /// The server refuses `stream_options`, as far as is known.
    pub(crate) without_stream_options: bool,
}

impl<'a> Chosen<'a> {
    pub(crate) fn new(target: &'a Target, endpoint: &'a Served, credential: Option<&'a ProviderCredential>) -> Self {
        Self { target, endpoint, credential, without_stream_options: target.provider().refuses_stream_options() }
    }

    pub(crate) fn provider(&self) -> &'a Arc<Provider> {
        self.target.provider()
    }

    pub(crate) fn model(&self) -> &'a str {
        self.target.model()
    }

    /// The dialect of the provider's answer to a caller of `caller`: that caller's own where the operation has none.
    pub(crate) fn dialect(&self, caller: DialectId) -> DialectId {
        self.endpoint.dialect.unwrap_or(caller)
    }

    /// Whether the answer's bytes are what the caller understands. Only chat is ever read and written anew.
    pub(crate) fn passes_through(&self, caller: DialectId) -> bool {
        let means_what_it_says = self.endpoint.operation != Operation::Chat || !self.leniency().changes_answers();
        self.dialect(caller) == caller && means_what_it_says
    }

    pub(crate) fn leniency(&self) -> Leniency {
        self.provider().spec.surface.leniency
    }

    /// The owner declared the server, so it may answer in another form than it was asked for.
    pub(crate) fn is_lenient(&self) -> bool {
        self.provider().spec.surface.lenient
    }
}

/// The credentials of one provider, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// The one that was given out last; asked for another, it has failed.
    last: Option<usize>,
    /// Those before it: empty, and nothing on the heap, until one failed.
    failed: Vec<usize>,
    bare: bool,
}

impl Tried {
    /// The next credential: by weight among those that have not failed. The outer `None`: there is no other.
    #[expect(clippy::option_option, reason = "a provider without credentials is asked once all the same")]
    pub(crate) fn next<'a>(&mut self, provider: &'a Provider) -> Option<Option<&'a ProviderCredential>> {
        let credentials = provider.spec.credentials.as_slice();
        if credentials.is_empty() {
            return (!std::mem::replace(&mut self.bare, true)).then_some(None);
        }
        self.failed.extend(self.last.take());
        let at = match credentials {
            [_] if self.failed.is_empty() => 0,
            _ => {
                let weights = credentials.iter().enumerate();
                let weights = weights.map(|(at, credential)| (!self.failed.contains(&at)).then_some(credential.weight));
                let random = u64::try_from(crate::random::bits() >> 64).unwrap_or_default();
                policy::credential::choose(weights, random)?
            }
        };
        self.last = Some(at);
        credentials.get(at).map(Some)
    }
}

#[cfg(test)]
mod tests;
