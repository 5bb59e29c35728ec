//! How many connections there may be, in all and from one address (R2).

use crate::metrics::{Metrics, Raised};
use crate::service::Gateway;
use dashmap::DashMap;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Files that are no connection of a caller: database, journal, logs, listeners.
const RESERVE: u64 = 64;
/// More than that one process should not carry unless somebody says so.
const MOST: u64 = 20_000;
const FEWEST: u64 = 16;

/// Counts the connections of all workers.
pub(crate) struct Door {
    gateway: Arc<Gateway>,
    by_limit_of_files: usize,
    open: AtomicUsize,
    by_address: DashMap<IpAddr, usize>,
}

/// The right to be connected; given back by its drop.
pub(crate) struct Pass {
    door: Arc<Door>,
    address: Option<IpAddr>,
    _counted: Raised,
}

impl Door {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Arc<Self> {
        let (by_limit_of_files, files) = from_limit_of_files();
        let door = Self { gateway, by_limit_of_files, open: AtomicUsize::new(0), by_address: DashMap::new() };
        match door.gateway.settings().max_connections {
            Some(most) => tracing::info!(most, open_files = files, "connections are limited as configured"),
            None => tracing::info!(most = by_limit_of_files, open_files = files, "connections are limited by the limit of open files"),
        }
        Arc::new(door)
    }

    /// `None`: the connection is to be refused.
    pub(crate) fn pass(self: &Arc<Self>, peer: IpAddr) -> Option<Pass> {
        let settings = self.gateway.settings();
        let most = settings.max_connections.unwrap_or(self.by_limit_of_files).max(1);
        if !raise(&self.open, most) {
            self.metrics().refused_connections.total.inc();
            return None;
        }
        let mut pass = Pass { door: Arc::clone(self), address: None, _counted: Raised::new(&self.metrics().connections) };
        if settings.max_connections_per_ip > 0 {
            let mut count = self.by_address.entry(peer).or_default();
            if *count >= settings.max_connections_per_ip {
                self.metrics().refused_connections.per_ip.inc();
                drop(count);
                return None;
            }
            *count += 1;
            pass.address = Some(peer);
        }
        Some(pass)
    }

    fn metrics(&self) -> &Metrics {
        self.gateway.metrics()
    }
}

fn raise(count: &AtomicUsize, most: usize) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| (count < most).then_some(count + 1)).is_ok()
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.door.open.fetch_sub(1, Ordering::AcqRel);
        if let Some(address) = self.address {
            // Addresses without a connection are not remembered: there are many addresses.
            self.door.by_address.remove_if_mut(&address, |_, count| {
                *count = count.saturating_sub(1);
                *count == 0
            });
        }
    }
}

/// What the limit of open files allows, and the limit. The soft limit is raised to the hard one first: it is there for programs of old.
fn from_limit_of_files() -> (usize, Option<u64>) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_ok() {
        true => limit.maximum,
        false => limit.current,
    };
    (usize::try_from(callers_of(files)).unwrap_or(FEWEST as usize), files)
}

/// A request takes two files, the caller's connection and the provider's; `None` is no limit.
fn callers_of(files: Option<u64>) -> u64 {
    files.map_or(MOST, |files| (files.saturating_sub(RESERVE) / 2).clamp(FEWEST, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_less_a_reserve_are_callers() {
        assert_eq!(callers_of(Some(256)), 96);
        assert_eq!(callers_of(Some(1_024)), 480);
        assert_eq!(callers_of(Some(1 << 20)), MOST);
        assert_eq!(callers_of(None), MOST);
        assert_eq!(callers_of(Some(10)), FEWEST);
    }
}
