//! Slows down who tries keys: after five wrong ones a place waits, each time twice as long (R63).
//!
//! Bounded: it remembers a limited number of places, and forgets the one that has been quiet for longest.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Wrong keys that cost nothing: people mistype.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A place that was quiet for so long begins anew.
const FORGET: Duration = Duration::from_secs(900);
const MOST_PLACES: usize = 4_096;

#[derive(Default)]
pub(crate) struct Lockout {
    places: Mutex<HashMap<IpAddr, Failures>>,
}

struct Failures {
    count: u32,
    last: Instant,
    until: Instant,
}

impl Lockout {
    /// How long this place must still wait before its key is looked at.
    pub(crate) fn wait(&self, place: IpAddr, now: Instant) -> Option<Duration> {
        let places = self.places.lock();
        let wait = places.get(&network(place))?.until.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    pub(crate) fn failed(&self, place: IpAddr, now: Instant) {
        let mut places = self.places.lock();
        let place = network(place);
        if !places.contains_key(&place) && places.len() >= MOST_PLACES {
            make_room(&mut places, now);
        }
        let failures = places.entry(place).or_insert(Failures { count: 0, last: now, until: now });
        if now.saturating_duration_since(failures.last) > FORGET {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        if let Some(beyond) = failures.count.checked_sub(FREE) {
            failures.until = now + FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT);
        }
    }

    pub(crate) fn passed(&self, place: IpAddr) {
        let mut places = self.places.lock();
        if !places.is_empty() {
            places.remove(&network(place));
        }
    }
}

fn make_room(places: &mut HashMap<IpAddr, Failures>, now: Instant) {
    places.retain(|_, failures| now.saturating_duration_since(failures.last) <= FORGET);
    if places.len() >= MOST_PLACES
        && let Some(quietest) = places.iter().min_by_key(|(_, failures)| failures.last).map(|(place, _)| *place)
    {
        places.remove(&quietest);
    }
}

/// One customer of IPv6 has a whole /64 to come from.
fn network(place: IpAddr) -> IpAddr {
    match place.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests;
