//! The gateway as a whole: what it is made of and its settings.

use crate::keys::{KeyHash, KeyHasher, KeyRing};
use crate::ports::{Admin, Ledger, Upstream};
use crate::snapshot::Snapshot;
use arc_swap::ArcSwap;
use chat::{Fault, FaultKind, Origin, Step};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

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
    /// Largest whole answer of a provider, in bytes.
    pub max_reply: usize,
    /// Largest single event of a provider's stream, in bytes.
    pub max_event: usize,
    /// After this time without a first event, a stream's head goes out and comments keep it alive.
    pub keepalive_after: Duration,
    /// A connection that sends no whole request head within this time is closed; so is an idle one.
    pub head_timeout: Duration,
    /// Longest pause while a request body arrives.
    pub body_pause: Duration,
    /// Longest time until a request body is whole.
    pub body_total: Duration,
    /// A caller that takes no bytes of its answer for this long is let go.
    pub write_pause: Duration,
    /// How long the body of a provider's error may take; its status says enough without.
    pub error_body: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            max_reply: 64 << 20,
            max_event: 8 << 20,
            keepalive_after: Duration::from_secs(15),
            head_timeout: Duration::from_secs(60),
            body_pause: Duration::from_secs(30),
            body_total: Duration::from_secs(600),
            write_pause: Duration::from_secs(60),
            error_body: Duration::from_secs(5),
        }
    }
}

/// One gateway; shared by all connections.
pub struct Gateway {
    pub(crate) parts: Parts,
    opened: OnceLock<Opened>,
    ready: AtomicBool,
}

impl Gateway {
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self { parts, opened: OnceLock::new(), ready: AtomicBool::new(false) })
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

    /// What `/health/ready` says.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// The settings in force; a request keeps those that it started with.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.parts.snapshot.load().settings)
    }
}
