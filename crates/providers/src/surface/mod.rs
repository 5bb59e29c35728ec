//! What one configured provider offers: the declaration of its type, with what its owner changed.

use crate::custom::Probe;
use crate::request::{Missing, header_value, value_of};
use crate::{Auth, Credential, Declaration, FieldFault, Quirk, Sourced};
use chat::{DialectId, Operation};
use dialects::Leniency;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use std::borrow::Cow;

/// The face of one configured provider. Everything of a [`Declaration`] that an owner may change for a custom endpoint stands here, so the
/// gateway reads it from here and never from the declaration.
#[derive(Debug)]
pub struct Surface {
    pub declaration: &'static Declaration,
    pub endpoints: Vec<Served>,
    pub quirks: Cow<'static, [Sourced]>,
    /// Rejects fields that it does not know: requests are always written from the canonical form.
    pub closed: bool,
    /// A stream that ends after its finish reason but without the dialect's terminal marker counts as whole.
    pub end_marker_optional: bool,
    /// What the owner declared of its answers.
    pub leniency: Leniency,
    /// Whoever wrote the server took the protocol lightly: a stream may come as one answer and the other way round, an error with status 200.
    pub lenient: bool,
    /// Members of a request that are the provider's own, and not Conduit's routing options of the same name.
    pub keeps: Vec<String>,
    /// Where models are listed, from the base URL on.
    pub models_path: String,
    /// A question of the owner's choice that costs nothing; `None`: the list of models is the probe.
    pub probe: Option<Probe>,
    /// A base URL without a version gets one.
    pub(crate) append_v1: bool,
    pub(crate) auth: Option<Carrier>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) query: Option<SecretString>,
}

/// How the key travels.
#[derive(Debug)]
pub(crate) struct Carrier {
    pub(crate) header: HeaderName,
    /// With the space that sets it apart from the key.
    pub(crate) prefix: String,
    /// The credential field that holds the key.
    pub(crate) field: &'static str,
}

/// Where an operation is served, and in which dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub operation: Operation,
    /// `None` for operations whose body is the OpenAI one and passes through (embeddings).
    pub dialect: Option<DialectId>,
    /// Appended to the base URL.
    pub path: String,
}

impl Surface {
    /// The type as it is declared.
    pub fn of(declaration: &'static Declaration) -> Self {
        let endpoints = declaration.endpoints.iter().map(|endpoint| Served {
            operation: endpoint.operation,
            dialect: endpoint.dialect,
            path: endpoint.path.to_owned(),
        });
        let fixed = declaration.fixed_headers.iter();
        Self {
            declaration,
            endpoints: endpoints.collect(),
            quirks: Cow::Borrowed(declaration.quirks),
            closed: declaration.closed,
            end_marker_optional: declaration.end_marker_optional,
            leniency: Leniency::default(),
            lenient: false,
            keeps: Vec::new(),
            models_path: declaration.models.path.to_owned(),
            probe: None,
            append_v1: false,
            auth: Carrier::of(&declaration.auth),
            headers: fixed.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect(),
            query: None,
        }
    }

    /// Where the operation is served: in the caller's dialect where the provider speaks it, else in the first one that it speaks.
    pub fn endpoint(&self, operation: Operation, caller: DialectId) -> Option<&Served> {
        let serves = |endpoint: &&Served| endpoint.operation == operation;
        let same = self.endpoints.iter().filter(serves).find(|endpoint| endpoint.dialect == Some(caller));
        same.or_else(|| self.endpoints.iter().find(serves))
    }

    /// Whether `stream_options` may be sent there. Asked before usage is asked for on a caller's behalf.
    pub fn takes_stream_options(&self, operation: Operation, model: &str) -> bool {
        let refuses = |sourced: &Sourced| {
            matches!(&sourced.quirk, Quirk::Drop { field, .. } if field == "stream_options")
                && sourced.operation == operation
                && sourced.models.include(model)
        };
        !self.quirks.iter().any(refuses)
    }

    /// Whether a member that is Conduit's routing option by its name is the provider's own.
    pub fn keeps(&self, member: &str) -> bool {
        self.keeps.iter().any(|kept| kept == member)
    }

    /// Query parameters that every request carries, encoded, without the `?`; may hold secrets.
    pub fn query(&self) -> Option<&SecretString> {
        self.query.as_ref()
    }

    /// The headers that every request with this credential carries: authentication, those of credential fields, the fixed ones.
    pub fn prepare_headers(&self, credential: &Credential) -> Result<HeaderMap, Missing> {
        let mut headers: HeaderMap = self.headers.iter().cloned().collect();
        for wanted in self.declaration.field_headers {
            if let Some((field, value)) = value_of(self.declaration, credential, wanted.field) {
                headers.insert(HeaderName::from_static(wanted.header), header_value(field, &value)?);
            }
        }
        let Some(Carrier { header, prefix, field }) = &self.auth else { return Ok(headers) };
        match value_of(self.declaration, credential, field) {
            Some((declared, value)) => {
                let mut value = header_value(declared, &format!("{prefix}{value}"))?;
                value.set_sensitive(true);
                headers.insert(header.clone(), value);
            }
            // A key that is optional (a local server) is not sent where it is not set.
            None if self.declaration.field(field).is_some_and(|declared| !declared.required) => {}
            None => return Err(Missing { field, unusable: false }),
        }
        Ok(headers)
    }

    /// The header that carries the key, where there is one.
    pub fn key_header(&self) -> Option<&HeaderName> {
        self.auth.as_ref().map(|carrier| &carrier.header)
    }

    /// Brings an address as people paste it to the form that paths are appended to.
    pub fn normalize_base_url(&self, given: &str) -> Result<String, FieldFault> {
        if self.is_custom() { crate::custom::normalize(self, given) } else { crate::request::normalize_base_url(self.declaration, given) }
    }

    /// The address of the owner's probe, without the query.
    pub fn probe_url(&self, base_url: &str, probe: &Probe) -> String {
        format!("{}{}", crate::custom::without_version(base_url), probe.path)
    }

    pub fn is_custom(&self) -> bool {
        std::ptr::eq(self.declaration, &crate::custom::DECLARATION)
    }
}

impl Carrier {
    fn of(auth: &Auth) -> Option<Self> {
        let (header, prefix, field) = match *auth {
            Auth::None => return None,
            Auth::Bearer { field } => ("authorization", "Bearer ", field),
            Auth::Header { header, field } => (header, "", field),
        };
        Some(Self { header: HeaderName::from_static(header), prefix: prefix.to_owned(), field })
    }
}
