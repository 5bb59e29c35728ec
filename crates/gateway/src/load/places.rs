//! The places for inference, and the queue of those who wait for one: first come, first served.

use crate::metrics::Raised;
use crate::service::Settings;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(super) struct Places {
    /// Its waiters stand in a line, and a place that becomes free goes to the first of them.
    free: Arc<Semaphore>,
    size: Arc<Size>,
    waiting: AtomicUsize,
    in_flight: Gauge,
    queued: Gauge,
}

/// How many places there are; the configuration may change it at any time.
#[derive(Default)]
struct Size {
    set: AtomicUsize,
    /// Places that are still taken and are not to come back.
    surplus: AtomicUsize,
    /// Held while the number changes.
    changing: Mutex<()>,
}

/// One request's place.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    size: Arc<Size>,
    _counted: Raised,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Queue,
    TooLong,
}

impl Places {
    pub(super) fn new(in_flight: Gauge, queued: Gauge) -> Self {
        Self { free: Arc::new(Semaphore::new(0)), size: Arc::default(), waiting: AtomicUsize::new(0), in_flight, queued }
    }

    pub(super) async fn take(&self, settings: &Settings) -> Result<Place, Full> {
        self.resize(settings.max_in_flight.max(1));
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(self.place(permit));
        }
        let _waiting = self.queue(settings.queue_size).ok_or(Full::Queue)?;
        match tokio::time::timeout(settings.queue_wait, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(self.place(permit)),
            _ => Err(Full::TooLong),
        }
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> Place {
        Place { permit: Some(permit), size: Arc::clone(&self.size), _counted: Raised::new(&self.in_flight) }
    }

    fn queue(&self, most: usize) -> Option<Waiting<'_>> {
        let taken = self.waiting.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |waiting| (waiting < most).then_some(waiting + 1));
        taken.ok().map(|_| Waiting { count: &self.waiting, _counted: Raised::new(&self.queued) })
    }

    /// Makes places, or takes free ones away and remembers those that are still taken.
    fn resize(&self, wanted: usize) {
        if self.size.set.load(Ordering::Acquire) == wanted {
            return;
        }
        let _changing = self.size.changing.lock();
        let now = self.size.set.swap(wanted, Ordering::AcqRel);
        if wanted > now {
            let mut more = wanted - now;
            // What was still to be taken away may stay.
            let stays = self.size.forgive(more);
            more -= stays;
            self.free.add_permits(more);
        } else {
            let fewer = now - wanted;
            let gone = self.free.forget_permits(fewer);
            self.size.surplus.fetch_add(fewer - gone, Ordering::AcqRel);
        }
    }
}

impl Size {
    /// Takes up to `most` off the surplus; how many it was.
    fn forgive(&self, most: usize) -> usize {
        let before =
            self.surplus.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |surplus| (surplus > 0).then(|| surplus.saturating_sub(most)));
        before.map_or(0, |before| before.min(most))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.size.surplus.load(Ordering::Relaxed) > 0
            && self.size.forgive(1) == 1
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
        }
    }
}

/// One in the queue, for as long as it waits.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    _counted: Raised,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}

impl std::fmt::Debug for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Size").field("set", &self.set).field("surplus", &self.surplus).finish_non_exhaustive()
    }
}
