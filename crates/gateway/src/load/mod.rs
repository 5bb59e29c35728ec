//! How much is under way: places for inference in all, slots of a key, slots of a provider (R1, R4, R33).
//!
//! Everything here is a permit that is given back by its drop. A request that is refused has taken none.

mod bodies;
mod places;
mod slots;

pub(crate) use bodies::{TooHeavy, Weight};
pub(crate) use places::Place;
pub(crate) use slots::Slot;
pub use slots::UnderWay;

use crate::keys::VirtualKey;
use crate::metrics::{Metrics, Shed};
use crate::service::Settings;
use crate::snapshot::Provider;
use bodies::Bodies;
use chat::{Fault, FaultKind, Origin, Step};
use places::{Full, Places};
use slots::Slots;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When a caller that found no room should come again: the queue is at rest long before.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// The counts survive a swap of the configuration: what is under way stays under way.
pub(crate) struct Load {
    places: Places,
    keys: Slots,
    providers: Slots,
    large_admin_bodies: Arc<AtomicUsize>,
    bodies: Bodies,
    /// Turns to write large bodies anew.
    writers: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// Large bodies of admin requests that may be read at once.
const LARGE_ADMIN_BODIES: usize = 32;

/// The room that one request takes up.
#[derive(Debug)]
pub(crate) struct Room {
    _place: Place,
    _key: Option<Slot>,
}

impl Load {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        let places = Places::new(metrics.in_flight.clone(), metrics.queued.clone());
        Self {
            places,
            keys: Slots::default(),
            providers: Slots::default(),
            large_admin_bodies: Arc::default(),
            bodies: Bodies::default(),
            writers: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))),
            metrics,
        }
    }

    /// For the body of a request that was let in.
    pub(crate) fn weigh(&self, settings: &Settings) -> Weight {
        self.bodies.weigh(settings.body_budget)
    }

    /// A turn to write a large body anew: as many as there are processors. `None` never comes while Conduit runs.
    pub(crate) async fn turn_to_write(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.writers).acquire_owned().await.ok()
    }

    /// There is no room for the body.
    pub(crate) fn too_heavy(&self, TooHeavy: TooHeavy) -> Fault {
        self.metrics.shed(Shed::Bodies);
        let message = "Conduit holds as many bytes of requests as it can take: try again in a moment";
        Fault::new(FaultKind::Overloaded, Origin::Gateway, Step::Receive, message).with_retry_after(Some(COME_AGAIN))
    }

    /// Lets an inference request in, at once or after a short wait. To be called before its body is read.
    pub(crate) async fn enter(&self, key: &VirtualKey, settings: &Settings) -> Result<Room, Fault> {
        let slot = match key.concurrency {
            Some(limit) => Some(self.keys.take(&key.id, &key.under_way, limit as usize).ok_or_else(|| self.too_many_of(limit))?),
            None => None,
        };
        let place = match self.places.take(settings).await {
            Ok(place) => place,
            Err(full) => return Err(self.overloaded(full)),
        };
        Ok(Room { _place: place, _key: slot })
    }

    /// A slot of the provider; a full provider is skipped like one that does not answer.
    pub(crate) fn call(&self, provider: &Provider, settings: &Settings) -> Result<Slot, Fault> {
        let spec = &provider.spec;
        let limit = spec.max_in_flight.map_or_else(|| settings.share_of_one_provider(), |limit| limit as usize);
        self.providers.take(&spec.id, provider.under_way(), limit).ok_or_else(|| {
            self.metrics.shed(Shed::ProviderFull);
            let message = format!("the provider `{}` has as many requests under way as it may have ({limit})", spec.name);
            Fault::new(FaultKind::ProviderUnavailable, Origin::Gateway, Step::Send, message).with_retry_after(Some(COME_AGAIN))
        })
    }

    /// Room for a large body of an admin request, whose caller has not yet said who it is.
    pub(crate) fn large_admin_body(&self) -> Result<Slot, Fault> {
        Slot::of(&self.large_admin_bodies, LARGE_ADMIN_BODIES).ok_or_else(|| {
            let message = "Conduit reads as many large admin requests as it can take: try again in a moment";
            Fault::new(FaultKind::Overloaded, Origin::Gateway, Step::Receive, message).with_retry_after(Some(COME_AGAIN))
        })
    }

    fn too_many_of(&self, limit: u32) -> Fault {
        self.metrics.shed(Shed::KeyConcurrency);
        let message = format!("the key has as many requests under way as it may have ({limit}): try again when one has ended");
        Fault::new(FaultKind::RateLimited, Origin::Caller, Step::Admit, message).with_retry_after(Some(COME_AGAIN))
    }

    fn overloaded(&self, full: Full) -> Fault {
        self.metrics.shed(match full {
            Full::Queue => Shed::QueueFull,
            Full::TooLong => Shed::QueueTimeout,
        });
        let message = "Conduit has more requests under way than it can take: try again in a moment";
        Fault::new(FaultKind::Overloaded, Origin::Gateway, Step::Admit, message).with_retry_after(Some(COME_AGAIN))
    }
}

impl Settings {
    fn share_of_one_provider(&self) -> usize {
        self.max_in_flight_per_provider.unwrap_or_else(|| (self.max_in_flight / 4 * 3).max(1))
    }
}

#[cfg(test)]
mod tests;
