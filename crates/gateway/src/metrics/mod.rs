//! What is counted, in the text of OpenMetrics at `GET /metrics`.
//!
//! Every label comes from the configuration or from a closed list, and every family is bounded: a caller can make no series. No label holds a
//! key, an address or a text of a request.

mod family;
mod fields;
mod histogram;
mod traffic;

pub(crate) use family::Kept;
pub(crate) use fields::field;
pub(crate) use traffic::{Result as Ended, Traffic};

use crate::snapshot::{Mapping, Provider};
use chat::Operation;
use family::{Asked, Family, Series, Split, View};
use parking_lot::Mutex;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Names begin with this.
const PREFIX: &str = "conduit";

/// The counters of one gateway.
pub struct Metrics {
    registry: Mutex<Registry>,
    traffic: Arc<Family<Traffic>>,
    attempts: Arc<Family<Counter>>,
    losses: Arc<Family<Counter>>,
    shed: Arc<Family<Counter>>,
    reloads: Arc<Family<Counter>>,
    last_reload: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) refused_connections: Arc<Refused>,
    pub(crate) streams: Gauge,
    pub(crate) in_flight: Gauge,
    pub(crate) queued: Gauge,
    pub(crate) draining: Gauge,
    /// Connections that Conduit closed because the caller was too slow or idle.
    closed: Arc<Family<Counter>>,
}

/// Connections that were refused, by reason.
#[derive(Default)]
pub(crate) struct Refused {
    pub(crate) total: Counter,
    pub(crate) per_ip: Counter,
}

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shed {
    QueueFull,
    QueueTimeout,
    KeyConcurrency,
    ProviderFull,
    Bodies,
}

impl Shed {
    fn name(self) -> &'static str {
        match self {
            Shed::QueueFull => "queue_full",
            Shed::QueueTimeout => "queue_timeout",
            Shed::KeyConcurrency => "key_concurrency",
            Shed::ProviderFull => "provider_full",
            Shed::Bodies => "bodies",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let overflow = Arc::new(Overflow::default());
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix(PREFIX)),
            traffic: Family::new(&["operation", "model", "provider"], Traffic::new, overflow.traffic.clone()),
            attempts: Family::new(&["provider", "fault"], Counter::default, overflow.attempts.clone()),
            losses: Family::new(&["provider", "field"], Counter::default, overflow.losses.clone()),
            shed: Family::new(&["reason"], Counter::default, Counter::default()),
            reloads: Family::new(&["result"], Counter::default, Counter::default()),
            last_reload: Gauge::default(),
            connections: Gauge::default(),
            refused_connections: Arc::default(),
            streams: Gauge::default(),
            in_flight: Gauge::default(),
            queued: Gauge::default(),
            draining: Gauge::default(),
            closed: Family::new(&["reason"], Counter::default, Counter::default()),
        };
        metrics.describe_traffic();
        metrics.describe_state(&overflow);
        metrics
    }
}

/// What did not fit, by family.
#[derive(Default)]
struct Overflow {
    traffic: Counter,
    attempts: Counter,
    losses: Counter,
}

impl Metrics {
    fn describe_traffic(&self) {
        let registry = &mut *self.registry.lock();
        let traffic = || Arc::clone(&self.traffic);
        registry.register(
            "requests",
            "Requests of the data plane that have ended; provider is the last that was called, none if there was none",
            Split { family: traffic(), visit: Traffic::each_outcome },
        );
        registry.register_with_unit(
            "request_duration",
            "From a request's arrival to the last byte of its answer",
            Unit::Seconds,
            View { family: traffic(), pick: |traffic| &traffic.duration },
        );
        registry.register_with_unit(
            "first_token",
            "From a request's arrival to the first byte of the answer's body",
            Unit::Seconds,
            View { family: traffic(), pick: |traffic| &traffic.first_token },
        );
        registry.register("tokens", "Tokens as the providers told them", Split { family: traffic(), visit: Traffic::each_kind });
        registry.register("upstream_attempts", "Calls of providers that have ended, with the fault they ended in", whole(&self.attempts));
        registry.register("losses", "Fields of requests that did not reach the provider, by their first segment", whole(&self.losses));
        registry.register("shed", "Requests that were refused for want of room", whole(&self.shed));
    }

    fn describe_state(&self, overflow: &Overflow) {
        let registry = &mut *self.registry.lock();
        registry.register("in_flight_requests", "Inference requests under way", self.in_flight.clone());
        registry.register("queued_requests", "Inference requests that wait for a place", self.queued.clone());
        registry.register("open_streams", "Streamed answers under way", self.streams.clone());
        registry.register("connections", "Connections of callers", self.connections.clone());
        let refused = &self.refused_connections;
        registry.register("refused_connections", "Connections refused over max_connections", refused.total.clone());
        registry.register("refused_connections_per_ip", "Connections refused over max_connections_per_ip", refused.per_ip.clone());
        registry.register("closed_connections", "Connections closed because the caller was slow, idle or gone", whole(&self.closed));
        registry.register("draining", "1 while Conduit shuts down", self.draining.clone());
        registry.register("config_reloads", "Reloads of the configuration, by result", whole(&self.reloads));
        registry.register(
            "config_last_reload_success_timestamp",
            "When a configuration was last put in force, in seconds since 1970",
            self.last_reload.clone(),
        );
        for (name, counter) in [("requests", &overflow.traffic), ("upstream_attempts", &overflow.attempts), ("losses", &overflow.losses)] {
            let help = format!("Values counted as `other` because the family {name} is full");
            registry.register(format!("metrics_overflow_{name}"), help, counter.clone());
        }
    }

    /// Adds a gauge whose value is asked for at each scrape; the name gets the beginning `conduit_`. `read` must be quick: it runs while the
    /// answer is written.
    pub fn gauge(&self, name: &str, help: &str, read: impl Fn() -> f64 + Send + Sync + 'static) {
        self.registry.lock().register(name, help, Asked(read));
    }

    /// Adds whatever is needed to the registry; names get the beginning `conduit_`.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock());
    }

    /// A reload of the configuration has ended.
    pub fn config_reloaded(&self, applied: bool) {
        self.reloads.get(&[if applied { "applied" } else { "rejected" }]).metric.inc();
        if applied {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            self.last_reload.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        }
    }

    /// Everything, as the content type [`CONTENT_TYPE`] says.
    pub fn text(&self) -> String {
        let mut page = String::with_capacity(16 << 10);
        match text::encode(&mut page, &self.registry.lock()) {
            Ok(()) => page,
            // Writing to memory does not fail; an end without values is still well-formed.
            Err(_) => "# EOF\n".to_owned(),
        }
    }

    /// The counters of an operation, a virtual model as it is configured, and a provider; empty names for what is not known.
    pub(crate) fn traffic(&self, operation: Operation, model: &str, provider: &str) -> Arc<Series<Traffic>> {
        let known = |name| if <str>::is_empty(name) { "none" } else { name };
        self.traffic.get(&[operation.name(), known(model), known(provider)])
    }

    /// The same, of a mapping.
    pub(crate) fn traffic_of(&self, mapping: &Mapping, operation: Operation) -> Counters {
        let (model, provider) = (&mapping.virtual_model, &mapping.provider.spec.name);
        match mapping.counted.0.get(operation as usize) {
            Some(kept) => self.traffic.kept(kept, &[operation.name(), model, provider]).into_owned(),
            None => self.traffic(operation, model, provider),
        }
    }

    /// A call of a provider has ended.
    pub(crate) fn call_ended(&self, provider: &Provider, fault: Option<&'static str>) {
        let name = provider.spec.name.as_str();
        if fault.is_some() {
            return self.attempted(name, fault);
        }
        self.attempts.kept(provider.answered(), &[name, "none"]).metric.inc();
    }

    /// A call of the provider of this name has ended.
    pub(crate) fn attempted(&self, provider: &str, fault: Option<&'static str>) {
        self.attempts.get(&[provider, fault.unwrap_or("none")]).metric.inc();
    }

    /// The fields that a provider did not get of one request, each once (see [`field`]).
    pub(crate) fn lost(&self, provider: &str, fields: &[&'static str]) {
        for field in fields {
            self.losses.get(&[provider, *field]).metric.inc();
        }
    }

    pub(crate) fn shed(&self, reason: Shed) {
        self.shed.get(&[reason.name()]).metric.inc();
    }

    pub(crate) fn closed(&self, reason: &'static str) {
        self.closed.get(&[reason]).metric.inc();
    }
}

fn whole(family: &Arc<Family<Counter>>) -> View<Counter, Counter> {
    View { family: Arc::clone(family), pick: |counter| counter }
}

/// Holds a gauge one higher for as long as it lives.
#[derive(Debug)]
pub(crate) struct Raised(Gauge);

impl Raised {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Where a mapping keeps its counters, by operation.
#[derive(Debug, Default)]
pub struct Counted([Kept<Traffic>; Operation::ALL.len()]);

/// The counters of one operation, model and provider.
pub(crate) type Counters = Arc<Series<Traffic>>;

#[cfg(test)]
mod tests;
