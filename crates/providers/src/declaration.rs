//! What a provider is, as data.

use crate::quirk::Sourced;
use chat::{DialectId, Operation};
use dialects::ModelFacts;
use std::time::Duration;

/// One type of provider. Everything that the gateway, the console and the documents need to know of it.
#[derive(Debug)]
pub struct Declaration {
    /// The id in config and API, as `openai`.
    pub kind: &'static str,
    /// What a person sees.
    pub label: &'static str,
    /// Where its key is found, in words for the form.
    pub note: &'static str,
    /// Credential fields, in the order of the form.
    pub fields: &'static [Field],
    /// Without a trailing slash; `None` where every installation has its own.
    pub base_url: Option<&'static str>,
    pub endpoints: &'static [Endpoint],
    pub auth: Auth,
    /// Headers made from credential fields, sent where the field is set.
    pub field_headers: &'static [FieldHeader],
    /// Headers sent on every request.
    pub fixed_headers: &'static [(&'static str, &'static str)],
    pub quirks: &'static [Sourced],
    /// Rejects fields that it does not know: requests are always written from the canonical form.
    pub closed: bool,
    pub models: ModelList,
    pub limit_headers: LimitHeaders,
    pub timeouts: DefaultTimeouts,
    /// A stream that ends after its finish reason but without the dialect's terminal marker counts as whole. Off where the provider always sends
    /// the marker: there its absence means that the stream was cut, perhaps before its usage (R13).
    pub end_marker_optional: bool,
    /// Served in this process: no address, no egress.
    pub in_process: bool,
    /// Headers of the provider's answer whose value is its id of the request.
    pub request_id_header: &'static str,
    /// What is known of a model, by its family: the catalogue's rows of this provider.
    pub facts: fn(&str) -> ModelFacts,
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    pub secret: bool,
    pub help: &'static str,
    pub default: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    /// Comma-separated in forms; a list or such a text in the config file.
    List,
}

/// Where an operation is served and in which dialect. `path` is appended to the base URL.
#[derive(Debug)]
pub struct Endpoint {
    pub operation: Operation,
    /// `None` for operations whose body is the OpenAI one and passes through (embeddings).
    pub dialect: Option<DialectId>,
    pub path: &'static str,
}

#[derive(Debug)]
pub enum Auth {
    /// `authorization: Bearer <field>`.
    Bearer {
        field: &'static str,
    },
    /// `<header>: <field>`.
    Header {
        header: &'static str,
        field: &'static str,
    },
    None,
}

#[derive(Debug)]
pub struct FieldHeader {
    pub field: &'static str,
    pub header: &'static str,
}

#[derive(Debug)]
pub struct ModelList {
    /// Relative to the base URL; free of charge, so it is the health probe as well.
    pub path: &'static str,
}

/// The response headers that say how much of the rate limit is left.
#[derive(Debug)]
pub struct LimitHeaders {
    pub limit_requests: &'static str,
    pub remaining_requests: &'static str,
    pub reset_requests: &'static str,
    pub limit_tokens: &'static str,
    pub remaining_tokens: &'static str,
    pub reset_tokens: &'static str,
}

#[derive(Debug)]
pub struct DefaultTimeouts {
    pub connect: Duration,
    pub first_byte: Duration,
    pub idle: Duration,
    pub total: Duration,
}

impl DefaultTimeouts {
    /// What every provider of chat gets that has no reason for others: a reasoning model may think for minutes before its first event.
    pub const USUAL: Self = Self {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(300),
        idle: Duration::from_secs(120),
        total: Duration::from_secs(600),
    };
}

impl LimitHeaders {
    /// The names that OpenAI gave them and that its look-alikes use.
    pub const OPENAI: Self = Self {
        limit_requests: "x-ratelimit-limit-requests",
        remaining_requests: "x-ratelimit-remaining-requests",
        reset_requests: "x-ratelimit-reset-requests",
        limit_tokens: "x-ratelimit-limit-tokens",
        remaining_tokens: "x-ratelimit-remaining-tokens",
        reset_tokens: "x-ratelimit-reset-tokens",
    };
}

impl Declaration {
    pub fn endpoint(&self, operation: Operation) -> Option<&'static Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.operation == operation)
    }

    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
