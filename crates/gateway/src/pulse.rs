//! When something last happened on a connection, and what follows from it (R2, R3, R7).
//!
//! A timer for each wait of each connection costs more than the wait. So a connection only notes its times, and the sweep of its worker judges
//! all of them a few times a second.

use crate::service::Settings;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One connection's times, in milliseconds since it was accepted, plus one; 0 is never.
pub(crate) struct Pulse {
    accepted: Instant,
    /// Since when a head is on its way. The first one is awaited from the accept on.
    head: AtomicU64,
    /// Since when no request is under way.
    idle: AtomicU64,
    /// Since when the caller has taken no bytes although there are some.
    blocked: AtomicU64,
    /// Requests under way, up to the last byte of their answers.
    requests: AtomicUsize,
    is_http2: AtomicBool,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stay,
    /// It may end what is under way and takes nothing new.
    Leave(&'static str),
    /// It is dropped, with its requests and their calls of providers.
    Drop(&'static str),
}

/// A connection that was asked to leave has this long to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

impl Default for Pulse {
    fn default() -> Self {
        Self {
            accepted: Instant::now(),
            head: AtomicU64::new(1),
            idle: AtomicU64::new(1),
            blocked: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
            is_http2: AtomicBool::new(false),
        }
    }
}

impl Pulse {
    fn at(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.accepted);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn begin(&self, time: &AtomicU64) {
        if time.load(Ordering::Relaxed) == 0 {
            time.store(self.at(Instant::now()), Ordering::Relaxed);
        }
    }

    /// The first bytes of a head are there.
    pub(crate) fn head_begins(&self) {
        self.begin(&self.head);
    }

    pub(crate) fn head_ends(&self) {
        self.head.store(0, Ordering::Relaxed);
    }

    pub(crate) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }

    pub(crate) fn request_begins(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.is_http2.load(Ordering::Relaxed) {
            // There heads are not seen one by one: only the first is waited for.
            self.head_ends();
        }
    }

    pub(crate) fn request_ends(&self) {
        self.idle.store(self.at(Instant::now()), Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn is_blocked(&self) {
        self.begin(&self.blocked);
    }

    pub(crate) fn is_taken(&self) {
        if self.blocked.load(Ordering::Relaxed) != 0 {
            self.blocked.store(0, Ordering::Relaxed);
        }
    }

    /// `has_gone`: the caller has closed its side. A caller without a request may do so; hyper reads then and notices.
    /// `now` is read once for all connections of a sweep.
    pub(crate) fn judge(&self, settings: &Settings, now: Instant, has_gone: impl FnOnce() -> bool) -> Verdict {
        let now = self.at(now);
        let since = |time: &AtomicU64| match time.load(Ordering::Relaxed) {
            0 => None,
            then => Some(Duration::from_millis(now.saturating_sub(then))),
        };
        if since(&self.blocked).is_some_and(|blocked| blocked > settings.write_pause) {
            return Verdict::Drop("write_timeout");
        }
        if self.requests.load(Ordering::Relaxed) > 0 {
            return if has_gone() { Verdict::Drop("caller_gone") } else { Verdict::Stay };
        }
        let idle = since(&self.idle).unwrap_or_default();
        match since(&self.head) {
            // What came behind a request that was under way is waited for from that one's end on.
            Some(head) if head.min(idle) > settings.head_timeout => Verdict::Drop("head_timeout"),
            Some(_) => Verdict::Stay,
            None if idle > settings.idle_timeout + GOODBYE => Verdict::Drop("idle"),
            None if idle > settings.idle_timeout => Verdict::Leave("idle"),
            None => Verdict::Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Duration = Duration::from_millis(40);
    const IDLE: Duration = Duration::from_millis(80);

    fn verdict(pulse: &Pulse) -> Verdict {
        let settings = Settings { head_timeout: HEAD, idle_timeout: IDLE, write_pause: HEAD, ..Settings::default() };
        pulse.judge(&settings, Instant::now(), || false)
    }

    /// As if so much time had gone by.
    fn later(mut pulse: Pulse, by: Duration) -> Pulse {
        pulse.accepted = pulse.accepted.checked_sub(by).unwrap();
        pulse
    }

    const LATE: Duration = Duration::from_millis(60);

    /// R7: each of the waits has an end of its own.
    #[test]
    fn each_wait_ends_by_its_own_limit() {
        assert_eq!(verdict(&Pulse::default()), Verdict::Stay);
        assert_eq!(verdict(&later(Pulse::default(), LATE)), Verdict::Drop("head_timeout"), "nothing was sent");
        let served = || {
            let pulse = Pulse::default();
            pulse.head_ends();
            pulse.request_begins();
            pulse
        };
        assert_eq!(verdict(&later(served(), 10 * IDLE)), Verdict::Stay, "a request may take its time");
        let idle = || {
            let pulse = served();
            pulse.request_ends();
            pulse
        };
        assert_eq!(verdict(&later(idle(), LATE)), Verdict::Stay);
        assert_eq!(verdict(&later(idle(), 2 * IDLE)), Verdict::Leave("idle"));
        assert_eq!(verdict(&later(idle(), IDLE + 2 * GOODBYE)), Verdict::Drop("idle"));
        let next = idle();
        next.head_begins();
        assert_eq!(verdict(&later(next, LATE)), Verdict::Drop("head_timeout"), "a head that trickles");
        let blocked = served();
        blocked.is_blocked();
        assert_eq!(verdict(&later(blocked, LATE)), Verdict::Drop("write_timeout"));
        let taken = served();
        taken.is_blocked();
        taken.is_taken();
        assert_eq!(verdict(&later(taken, LATE)), Verdict::Stay);
    }

    /// What was sent ahead is not late while its forerunner is served, nor right after.
    #[test]
    fn bytes_behind_a_request_wait_for_its_end() {
        let pulse = Pulse::default();
        pulse.head_ends();
        pulse.request_begins();
        pulse.head_begins();
        let pulse = later(pulse, 10 * IDLE);
        assert_eq!(verdict(&pulse), Verdict::Stay);
        pulse.request_ends();
        assert_eq!(verdict(&pulse), Verdict::Stay);
        assert_eq!(verdict(&later(pulse, LATE)), Verdict::Drop("head_timeout"));
    }

    #[test]
    fn http2_waits_for_its_first_request_and_then_for_the_next() {
        let pulse = Pulse::default();
        pulse.speaks_http2();
        let pulse = later(pulse, LATE);
        assert_eq!(verdict(&pulse), Verdict::Drop("head_timeout"));
        pulse.request_begins();
        pulse.request_ends();
        assert_eq!(verdict(&pulse), Verdict::Stay);
        assert_eq!(verdict(&later(pulse, 2 * IDLE)), Verdict::Leave("idle"));
    }

    #[test]
    fn a_caller_that_has_gone_is_noticed_while_it_is_served() {
        let pulse = Pulse::default();
        assert_eq!(pulse.judge(&Settings::default(), Instant::now(), || true), Verdict::Stay);
        pulse.request_begins();
        assert_eq!(pulse.judge(&Settings::default(), Instant::now(), || true), Verdict::Drop("caller_gone"));
    }
}
