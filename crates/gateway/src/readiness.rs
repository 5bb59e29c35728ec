//! Whether a balancer should send requests here, and why not (R39, R50).

use crate::respond::{self, Answer};
use http::{Response, StatusCode};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the composition root says of the parts that it watches: `Ok`, or what is missing in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(Result<(), &'static str>);

impl From<Result<(), &'static str>> for Word {
    fn from(word: Result<(), &'static str>) -> Self {
        Self(word)
    }
}

/// `false` is a database that does not answer.
impl From<bool> for Word {
    fn from(ready: bool) -> Self {
        Self(if ready { Ok(()) } else { Err("database") })
    }
}

pub(crate) struct Readiness {
    word: Mutex<Word>,
    draining: AtomicBool,
    /// Nobody looks: a drain needs no time in which it is seen.
    unwatched: AtomicBool,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { word: Mutex::new(Word(Err("starting"))), draining: AtomicBool::new(false), unwatched: AtomicBool::new(false) }
    }
}

impl Readiness {
    pub(crate) fn set(&self, word: Word) {
        *self.word.lock() = word;
    }

    /// From now on Conduit shuts down.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn is_unwatched(&self) -> bool {
        self.unwatched.load(Ordering::Acquire)
    }

    pub(crate) fn set_unwatched(&self) {
        self.unwatched.store(true, Ordering::Release);
    }

    /// Everything that stands against it.
    fn reasons(&self) -> Vec<&'static str> {
        let draining = self.is_draining().then_some("draining");
        draining.into_iter().chain(self.word.lock().0.err()).collect()
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// The answer of `/health/ready`.
    pub(crate) fn answer(&self) -> Response<Answer> {
        let reasons = self.reasons();
        match reasons.is_empty() {
            true => respond::json(StatusCode::OK, r#"{"status":"ready"}"#),
            false => {
                // The reasons are words of ours: nothing in them needs an escape.
                let body = format!(r#"{{"status":"not ready","reasons":["{}"]}}"#, reasons.join(r#"",""#));
                respond::json(StatusCode::SERVICE_UNAVAILABLE, body)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R39, R50: the answer says what is missing, and draining is never hidden by what the database does.
    #[test]
    fn what_stands_against_being_ready_is_named() {
        let readiness = Readiness::default();
        assert_eq!(readiness.reasons(), ["starting"]);
        assert_eq!(readiness.answer().status(), 503);
        readiness.set(Ok(()).into());
        assert_eq!(readiness.answer().status(), 200);
        readiness.set(Err("database").into());
        readiness.drain();
        assert_eq!(readiness.reasons(), ["draining", "database"]);
        readiness.set(true.into());
        assert_eq!(readiness.reasons(), ["draining"]);
    }
}
