//! One request as the server sees it: from its head to the last byte of its answer.
//!
//! The visit holds what the request takes up, knows what is to be counted of it, and can be ended from outside: by the drain at the end of the
//! grace, or because the caller takes no bytes.

use crate::load::{Room, Slot};
use crate::metrics::{Counters, Ended, Metrics, Raised};
use crate::ports::{Outcome, OutcomeStatus};
use crate::snapshot::{Mapping, Provider};
use chat::{Fault, FaultKind, Operation, Origin, Step};
use parking_lot::Mutex;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

pub(crate) struct Visit {
    metrics: Arc<Metrics>,
    pub(crate) peer: Option<IpAddr>,
    request_id: OnceLock<Arc<str>>,
    arrived: Instant,
    /// What is asked for, where the request is one of inference.
    operation: OnceLock<Operation>,
    /// Since when a piece of the answer waits for the caller to take it: milliseconds since the arrival, plus one; 0 is none.
    handed_at: AtomicU64,
    /// The grace of the drain is over.
    cut: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Wakes the task that works on the request or its answer.
    waker: Option<Waker>,
    room: Option<Room>,
    provider: Option<Slot>,
    stream: Option<Raised>,
    told: Told,
}

/// What is known of the request so far.
#[derive(Default)]
struct Told {
    counters: Option<Counters>,
    status: Option<u16>,
    fault: Option<&'static str>,
    first_token: Option<Duration>,
}

impl Visit {
    pub(crate) fn new(metrics: &Arc<Metrics>, peer: Option<IpAddr>) -> Arc<Self> {
        Arc::new(Self {
            metrics: Arc::clone(metrics),
            peer,
            request_id: OnceLock::new(),
            arrived: Instant::now(),
            operation: OnceLock::new(),
            handed_at: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    /// What the caller calls the request, or what it was called here.
    pub(crate) fn is_called(&self, request_id: &Arc<str>) {
        let _ = self.request_id.set(Arc::clone(request_id));
    }

    pub(crate) fn request_id(&self) -> &str {
        self.request_id.get().map_or("", |id| id)
    }

    /// The request is one of inference: it is counted when it ends.
    pub(crate) fn asks(&self, operation: Operation) {
        let _ = self.operation.set(operation);
    }

    /// The room is given back when the answer's last byte is handed over, or when the caller goes away.
    pub(crate) fn takes(&self, room: Room) {
        self.state.lock().room = Some(room);
    }

    /// The provider is at work until the answer's last byte.
    pub(crate) fn is_served_by(&self, slot: Slot) {
        self.state.lock().provider = Some(slot);
    }

    /// The answer's head is known. What a stream's end says of its fault comes later and counts.
    pub(crate) fn answered(&self, status: u16, fault: Option<&'static str>, streams: bool) {
        let mut state = self.state.lock();
        state.told.status = Some(status);
        if fault.is_some() || status < 400 && !streams {
            state.told.fault = fault;
        }
        state.stream = streams.then(|| Raised::new(&self.metrics.streams));
    }

    /// Ends the request: the drain's grace is over.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// Where the request stands in the way of the one who ends it.
    pub(crate) fn wake(&self) {
        // It stays where it is: who is woken and set aside again in the same task need not come back here.
        let waker = self.state.lock().waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Before the task that works on the request is set aside.
    pub(crate) fn sets_aside(&self, context: &Context<'_>) {
        let mut state = self.state.lock();
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
    }

    /// A piece of the answer was handed over (`true`), or the next one is being asked for.
    pub(crate) fn hands_over(&self, handed: bool) {
        self.handed_at.store(if handed { self.age() + 1 } else { 0 }, Ordering::Relaxed);
    }

    /// For how long the caller has left a piece of its answer.
    pub(crate) fn left_for(&self) -> Option<Duration> {
        let at = self.handed_at.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Duration::from_millis(self.age().saturating_sub(at)))
    }

    /// In milliseconds.
    fn age(&self) -> u64 {
        u64::try_from(self.arrived.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    /// The answer is over as far as Conduit is concerned: what it took up is given back though the connection may live on.
    pub(crate) fn gives_back(&self) {
        let mut state = self.state.lock();
        let taken = (state.room.take(), state.provider.take(), state.stream.take());
        drop(state);
        drop(taken);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let told = std::mem::take(&mut self.state.get_mut().told);
        let Some(operation) = self.operation.get().copied() else { return };
        let counters = told.counters.unwrap_or_else(|| self.metrics.traffic(operation, "", ""));
        let gone = FaultKind::CallerGone.rule();
        let ended = match told.status {
            Some(status) => Ended { status, fault: told.fault },
            None => Ended { status: gone.status, fault: Some(gone.name) },
        };
        counters.metric.finished(ended, self.arrived.elapsed(), told.first_token);
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// What the account of an attempt tells when it is settled.
pub(crate) struct Report {
    visit: Arc<Visit>,
    counters: Counters,
    provider: Arc<Provider>,
}

impl Report {
    pub(crate) fn new(visit: &Arc<Visit>, operation: Operation, mapping: &Mapping) -> Self {
        let counters = visit.metrics.traffic_of(mapping, operation);
        Self { visit: Arc::clone(visit), counters, provider: Arc::clone(&mapping.provider) }
    }

    /// The request was ended by the drain.
    pub(crate) fn is_cut(&self) -> bool {
        self.visit.is_cut()
    }

    /// The attempt has ended so; `lost` are the fields that the provider did not get, each once.
    pub(crate) fn settled(self, outcome: &Outcome, lost: &[&'static str], fault: Option<&'static str>) {
        let cancelled = outcome.status == OutcomeStatus::Cancelled;
        let fault = fault.or(cancelled.then_some(FaultKind::CallerGone.rule().name));
        let metrics = &self.visit.metrics;
        metrics.call_ended(&self.provider, fault);
        metrics.lost(&self.provider.spec.name, lost);
        if let Some(usage) = &outcome.usage {
            self.counters.metric.used(usage);
        }
        let told = &mut self.visit.state.lock().told;
        told.counters = Some(self.counters);
        told.fault = fault;
        told.first_token = outcome.first_token;
    }
}

/// The fault of a request that is ended because Conduit shuts down.
pub(crate) fn draining() -> Fault {
    let message = "Conduit is shutting down and its time to wait is over: send the request again";
    Fault::new(FaultKind::Draining, Origin::Gateway, Step::Relay, message)
}
