//! The gateway as a whole: what it is made of and its settings.

use crate::keys::{KeyHash, KeyHasher, KeyRing};
use crate::load::Load;
use crate::metrics::Metrics;
use crate::ports::{Admin, Ledger, Upstream};
use crate::readiness::{Readiness, Word};
use crate::snapshot::Snapshot;
use arc_swap::ArcSwap;
use chat::{Fault, FaultKind, Origin, Step};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;

/// What a gateway is made of from its first moment.
pub struct Parts {
    pub snapshot: Arc<ArcSwap<Snapshot>>,
    pub keys: Arc<KeyRing>,
    pub upstream: Arc<dyn Upstream>,
}

/// What a gateway needs the database for. Until it is there, every request but the health checks is answered with 503 (R38, R39).
pub struct Opened {
    pub hasher: Arc<dyn KeyHasher>,
    /// The hash of the master key: it never works for inference, and the answer says so.
    pub master_key: Option<KeyHash>,
    pub ledger: Arc<dyn Ledger>,
    /// Serves `/admin/v1`, `/openapi.json` and `/docs`.
    pub admin: Option<Arc<dyn Admin>>,
}

#[derive(Clone, Debug)]
pub struct Settings {
    /// Largest request body, in bytes.
    pub max_body: usize,
    /// Bytes of all request bodies that are held at once, but for the small ones; over it a request is refused.
    pub body_budget: usize,
    /// Largest whole answer of a provider, in bytes.
    pub max_reply: usize,
    /// Largest single event of a provider's stream, in bytes.
    pub max_event: usize,
    /// After this time without a first event, a stream's head goes out and comments keep it alive.
    pub keepalive_after: Duration,
    /// A connection that sends no whole request head within this time, from its first byte on, is closed; so is a new one that sends nothing.
    pub head_timeout: Duration,
    /// A connection without a request for this long is closed.
    pub idle_timeout: Duration,
    /// Longest pause while a request body arrives.
    pub body_pause: Duration,
    /// Longest time until a request body is whole.
    pub body_total: Duration,
    /// A caller that takes no bytes of its answer for this long is let go.
    pub write_pause: Duration,
    /// Until then a request is answered, or its stream has begun, however many providers were asked (R10).
    pub request_deadline: Duration,
    /// How long the body of a provider's error may take; its status says enough without.
    pub error_body: Duration,
    /// Inference requests at once; over it they wait in the queue. 0 counts as 1.
    pub max_in_flight: usize,
    /// Inference requests that wait for a place; over it they are refused at once.
    pub queue_size: usize,
    /// How long one waits before it is refused.
    pub queue_wait: Duration,
    /// Requests at once that any one provider may have, unless it says otherwise itself; `None`: three quarters of `max_in_flight`, so that a
    /// provider that hangs leaves room for the others.
    pub max_in_flight_per_provider: Option<usize>,
    /// Connections at once; `None`: what the limit of open files allows (see [`crate::connections`]).
    pub max_connections: Option<usize>,
    /// Connections at once from one address; 0: no limit.
    pub max_connections_per_ip: usize,
    /// From the signal to stop until no more connections are accepted: a balancer sees in this time that Conduit is not ready.
    pub drain_delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            body_budget: 1 << 30,
            max_reply: 64 << 20,
            max_event: 8 << 20,
            keepalive_after: Duration::from_secs(15),
            head_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            body_pause: Duration::from_secs(30),
            body_total: Duration::from_secs(600),
            write_pause: Duration::from_secs(60),
            request_deadline: Duration::from_secs(600),
            error_body: Duration::from_secs(5),
            max_in_flight: 1_024,
            queue_size: 256,
            queue_wait: Duration::from_millis(25),
            max_in_flight_per_provider: None,
            max_connections: None,
            max_connections_per_ip: 0,
            drain_delay: Duration::from_secs(5),
        }
    }
}

/// One gateway; shared by all connections.
pub struct Gateway {
    pub(crate) parts: Parts,
    opened: OnceLock<Opened>,
    readiness: Arc<Readiness>,
    metrics: Arc<Metrics>,
    pub(crate) load: Load,
    /// Where the admin API runs: the runtime that the gateway was made on.
    pub(crate) runtime: Option<Handle>,
}

impl Gateway {
    /// To be called on the runtime that carries the database: the admin API runs on it, so that a caller's connection that goes away drops no
    /// call of the database half way (R42).
    pub fn new(parts: Parts) -> Arc<Self> {
        let (metrics, readiness) = (Arc::new(Metrics::default()), Arc::new(Readiness::default()));
        let asked = Arc::clone(&readiness);
        metrics.gauge("ready", "1 while a balancer should send requests here", move || if asked.is_ready() { 1.0 } else { 0.0 });
        Arc::new(Self {
            parts,
            opened: OnceLock::new(),
            readiness,
            load: Load::new(Arc::clone(&metrics)),
            metrics,
            runtime: Handle::try_current().ok(),
        })
    }

    /// The database is there: requests are served from now on. The first call counts.
    pub fn open(&self, opened: Opened) {
        // Only a mistake of the composition root opens twice; what was opened first stays.
        let _ = self.opened.set(opened);
    }

    pub(crate) fn opened(&self) -> Result<&Opened, Fault> {
        self.opened.get().ok_or_else(|| {
            let message = "Conduit's database is not there yet: try again in a moment";
            Fault::new(FaultKind::StorageUnavailable, Origin::Gateway, Step::Receive, message)
        })
    }

    /// What `/health/ready` says: `Ok`, or why not in a word (`Err("database")`). Before the first call it says `starting`, and while Conduit
    /// drains that comes first whatever is set here.
    pub fn set_ready(&self, word: impl Into<Word>) {
        self.readiness.set(word.into());
    }

    /// The stop that follows leaves out `Settings::drain_delay`: a person at the keyboard asks for it, not an orchestrator behind whom a balancer
    /// has yet to look elsewhere.
    pub fn stop_without_delay(&self) {
        self.readiness.set_unwatched();
    }

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// What is counted; other crates add gauges of their own.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The settings in force; a request keeps those that it started with.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.parts.snapshot.load().settings)
    }
}
