//! The configuration file, whole: what users may write, with the JSON Schema that is generated from it.
//!
//! Fields marked `x-not-built` belong to a later version. They are in the model so that they are refused by name and an editor knows them;
//! only a value that changes nothing (`x-neutral`, an empty map or list) is taken.

use super::scalars::{Credentials, Period, Secret, Size};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Configuration of Conduit.
///
/// Sizes are text with a unit (`512KiB`, `32MiB`), durations too (`500ms`, `5s`, `2m`, `1h`). A secret may be a reference: `env:NAME`,
/// `${NAME}`, `os.environ/NAME` or `file:/absolute/path`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
#[schemars(title = "Conduit configuration")]
pub(super) struct File {
    /// The address of this schema, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// The listener and its limits.
    pub server: Server,
    /// The administrator's access.
    pub admin: Admin,
    /// Where Conduit keeps what it must not forget.
    pub storage: Storage,
    /// Shared counters of several nodes.
    #[schemars(extend("x-not-built" = true))]
    pub redis: Option<Redis>,
    /// The providers that mappings point to. `None` stands for an entry with a mistake of its own.
    #[schemars(with = "Vec<Provider>", description = "The providers that mappings point to.")]
    pub providers: Vec<Option<Provider>>,
    /// Which virtual model is served by which provider and model. `None` stands for an entry with a mistake of its own.
    #[schemars(
        with = "Vec<Model>",
        description = "Which virtual model is served by which provider and model; several rows of one name are a group."
    )]
    pub models: Vec<Option<Model>>,
    /// How the mappings of one virtual model are ordered.
    pub routing: Routing,
    /// The keys of callers. `None` stands for an entry with a mistake of its own.
    #[schemars(with = "Vec<Key>", description = "The virtual keys that callers use.")]
    pub keys: Vec<Option<Key>>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    /// IP address and port. Default `127.0.0.1:8080`.
    #[schemars(extend("format" = "socket-address"))]
    pub listen: String,
    /// Largest request body. Default 32MiB.
    #[schemars(extend("x-minimum" = "1KiB", "x-maximum" = "1GiB"))]
    pub max_body: Size,
    /// How long running requests may take to end after a stop was asked for. Default 120s.
    #[schemars(extend("x-minimum" = "0s", "x-maximum" = "1h"))]
    pub shutdown_grace: Period,
    /// After this time without a first event a stream's head goes out and comments keep it alive. Default 15s.
    #[schemars(extend("x-minimum" = "10ms", "x-maximum" = "1h"))]
    pub keepalive_after: Period,
    /// From the arrival of a request to its first event or whole answer, over all attempts. Default 600s.
    #[schemars(extend("x-minimum" = "10ms", "x-maximum" = "24h"))]
    pub request_deadline: Option<Period>,
    /// How long new requests are still taken after a stop was asked for, so that a balancer can notice. Default 5s.
    #[schemars(extend("x-minimum" = "0s", "x-maximum" = "10m"))]
    pub drain_delay: Option<Period>,
    /// A connection that has not sent a whole request head after this time is closed. Default 60s.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub head_timeout: Option<Period>,
    /// A connection without a request is closed after this time. Default 60s.
    #[schemars(extend("x-minimum" = "1s", "x-maximum" = "1h"))]
    pub idle_timeout: Option<Period>,
    /// Requests to models that run at once; more wait in the queue. Default 1024.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_in_flight: Option<u32>,
    /// Requests at once that one provider may have, where it has no `max_in_flight` of its own. Default: three quarters of `max_in_flight`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_in_flight_per_provider: Option<u32>,
    /// Where requests wait for their turn.
    pub queue: Queue,
    /// Connections of callers at once. Default: half of the open files that the system allows, at most 20000.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: Option<u32>,
    /// Connections of one address at once. Default: no limit of their own.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections_per_ip: Option<u32>,
    /// Certificate and key for https.
    #[schemars(extend("x-not-built" = true))]
    pub tls: Option<Tls>,
    /// Networks whose `x-forwarded-for` is believed.
    #[schemars(extend("x-not-built" = true))]
    pub trusted_proxies: Vec<String>,
    /// A separate address for the admin API and the console.
    #[schemars(extend("x-not-built" = true))]
    pub admin_listen: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            max_body: Size(32 << 20),
            shutdown_grace: Period(Duration::from_secs(120)),
            keepalive_after: Period(Duration::from_secs(15)),
            request_deadline: None,
            drain_delay: None,
            head_timeout: None,
            idle_timeout: None,
            max_in_flight: None,
            max_in_flight_per_provider: None,
            queue: Queue::default(),
            max_connections: None,
            max_connections_per_ip: None,
            tls: None,
            trusted_proxies: Vec::new(),
            admin_listen: None,
        }
    }
}

/// Requests beyond `max_in_flight` wait here, and are refused with 503 where it is full or they have waited too long.
#[derive(Clone, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Queue {
    /// Requests that wait. Default 256.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub size: Option<u32>,
    /// The longest wait. Default 25ms.
    #[schemars(extend("x-minimum" = "0s", "x-maximum" = "1m"))]
    pub wait: Option<Period>,
}

/// Certificate chain and private key, as PEM files.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub cert: String,
    pub key: String,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Admin {
    /// The key of the administrator: 20 characters or more. It never works for inference.
    pub master_key: Option<Secret>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Storage {
    /// `sqlite://path/to/conduit.db` or `postgres://user:password@host/database`. Default: `conduit.db` in the data directory.
    pub url: Option<Secret>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Redis {
    pub url: Secret,
}

/// A configured provider with its credential.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    /// What a mapping points to and the response header `x-conduit-provider` says.
    #[schemars(extend("format" = "name"))]
    pub name: String,
    /// The provider's type, as `openai`.
    #[serde(rename = "type")]
    #[schemars(extend("format" = "provider-type"))]
    pub kind: String,
    /// Where the provider is reached, where that differs from the type's own address.
    pub base_url: Option<String>,
    /// The fields of the type, as `api_key`; or a list of credentials, each with `name` and `weight` beside its fields.
    #[serde(default)]
    pub credentials: Credentials,
    /// Lets this endpoint be plain http, or stand on a private or loopback address.
    #[serde(default)]
    pub allow_private_network: bool,
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Requests at once. Default: the server's `max_in_flight_per_provider`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_in_flight: Option<u32>,
    /// Health probes.
    #[schemars(extend("x-not-built" = true))]
    pub health: Option<Health>,
    /// Type `custom`: the server's name, which sets the other fields as it needs them: vllm, llamacpp, lmstudio, sglang, tgi, openrouter.
    pub preset: Option<String>,
    /// Type `custom`: the wire formats that it speaks: openai-chat, anthropic-messages.
    pub dialects: Option<Vec<String>>,
    /// Type `custom`: its paths, by operation.
    pub paths: Option<BTreeMap<String, String>>,
    /// Type `custom`: false for a server whose address names no version, and wants none: `/v1` is not appended.
    pub append_v1: Option<bool>,
    /// Type `custom`: the header that carries the key. Default `Authorization`.
    pub auth_header: Option<String>,
    /// Type `custom`: what stands before the key in that header. Default `Bearer`; empty for the bare key.
    #[schemars(extend("x-may-be-empty" = true))]
    pub auth_prefix: Option<String>,
    /// Type `custom`: headers that every request carries.
    pub headers: Option<BTreeMap<String, Secret>>,
    /// Type `custom`: query parameters that every request carries.
    pub query: Option<BTreeMap<String, Secret>>,
    /// Type `custom`: what the server wants different.
    pub quirks: Option<Vec<serde_json::Value>>,
    /// Type `custom`: how it is asked whether it is there, free of cost.
    pub probe: Option<serde_json::Value>,
    /// Type `custom`: members of a request that Conduit would take for itself, and that this server gets instead.
    pub keep: Option<Vec<String>>,
    /// Type `custom`: deviations of its answers that are taken.
    pub leniency: Option<serde_json::Value>,
}

/// How long a provider may take. What is not set here has the default of the provider's type.
#[derive(Clone, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Timeouts {
    /// Name resolution, TCP and TLS together.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "10m"))]
    pub connect: Option<Period>,
    /// Streams: until the first event.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub first_byte: Option<Period>,
    /// Streams: between two events.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub idle: Option<Period>,
    /// Unary calls: the whole answer.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub total: Option<Period>,
}

/// A mapping's own limits. The connect timeout belongs to the provider.
#[derive(Clone, Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MappingTimeouts {
    /// Streams: until the first event.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub first_byte: Option<Period>,
    /// Streams: between two events.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub idle: Option<Period>,
    /// Unary calls: the whole answer.
    #[schemars(extend("x-minimum" = "1ms", "x-maximum" = "24h"))]
    pub total: Option<Period>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Health {
    pub enabled: Option<bool>,
    pub interval: Option<Period>,
}

/// A model mapping.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    /// The virtual model: what callers ask for.
    pub name: String,
    /// The name of a provider of this file.
    pub provider: String,
    /// The provider's own name of the model.
    pub provider_model: String,
    /// Lower is tried first. Default 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub priority: i32,
    /// Its share among mappings of one priority. No strategy of this version uses it.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000_000), extend("x-not-built" = true, "x-neutral" = 1))]
    pub weight: i32,
    /// Refuses a request that would lose a field on its way to this provider.
    #[serde(default)]
    pub strict: bool,
    /// Settings of the provider's type; no type of this version has any.
    #[schemars(extend("x-not-built" = true))]
    pub options: Option<BTreeMap<String, serde_json::Value>>,
    /// Defaults merged into requests that don't set them.
    pub parameters: Option<BTreeMap<String, serde_json::Value>>,
    /// Overrides the provider's timeouts.
    #[serde(default)]
    pub timeouts: MappingTimeouts,
    /// Overrides the price book.
    #[schemars(extend("x-not-built" = true))]
    pub price: Option<Price>,
}

fn one() -> i32 {
    1
}

/// US dollars per million tokens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub input_per_million: Option<f64>,
    pub cached_input_per_million: Option<f64>,
    pub output_per_million: Option<f64>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Routing {
    /// The order of a group's mappings.
    #[schemars(extend("x-not-built" = true, "x-neutral" = "priority"))]
    pub strategy: Strategy,
    /// Strategies of single virtual models.
    #[schemars(extend("x-not-built" = true))]
    pub models: Option<BTreeMap<String, ModelRouting>>,
    /// Where a request goes when a whole group fails.
    #[schemars(extend("x-not-built" = true))]
    pub fallbacks: Vec<Fallback>,
}

#[derive(Deserialize, JsonSchema, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Strategy {
    #[default]
    Priority,
    Simple,
    Weighted,
    RoundRobin,
    Random,
    LeastCost,
    LeastUsed,
    LeastLatency,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelRouting {
    pub strategy: Strategy,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fallback {
    pub model: String,
    pub to: Vec<String>,
    pub on: Option<Vec<String>>,
}

/// A virtual key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    #[schemars(extend("format" = "name"))]
    pub name: String,
    /// What the caller sends: 20 characters or more. Only a keyed hash of it is kept.
    pub key: Secret,
    /// Virtual models that it may use: exact names or `prefix*`. All where it is left out.
    #[schemars(extend("type" = "array", "minItems" = 1, "x-when-empty" = "leave it out for all models, or name models"))]
    pub models: Option<Vec<String>>,
    /// Operations that it may use, as `chat`. All where it is left out.
    #[schemars(extend("type" = "array", "minItems" = 1, "x-when-empty" = "leave it out for all operations, or name operations"))]
    pub operations: Option<Vec<String>>,
    /// From this moment on it is refused: `2027-01-31T00:00:00Z`.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
    /// What it may spend.
    #[schemars(extend("x-not-built" = true))]
    pub budget: Option<Budget>,
    /// How much it may ask for.
    #[serde(default)]
    pub limits: Limits,
}

/// US dollars.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    pub day: Option<f64>,
    pub month: Option<f64>,
    pub total: Option<f64>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    #[schemars(extend("x-not-built" = true))]
    pub requests_per_minute: Option<u64>,
    #[schemars(extend("x-not-built" = true))]
    pub tokens_per_minute: Option<u64>,
    /// Requests at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub concurrency: Option<u32>,
}
