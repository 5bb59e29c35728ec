//! Who may administer: the holder of the master key, or of this machine's admin token. Nobody else, and never by default (R60).

use crate::lockout::Lockout;
use crate::problem::{Kind, Problem};
use gateway::keys::{KeyHash, KeyHasher};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;
use subtle::ConstantTimeEq;

/// The right that a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// The holder of the master key.
    Master,
}

/// The proof that a caller has shown the master key; only [`Door::open`] makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Granted {
    /// For the log.
    pub(crate) by: &'static str,
}

pub(crate) struct Door {
    hasher: Arc<dyn KeyHasher>,
    master_key: Option<KeyHash>,
    token: Option<KeyHash>,
    lockout: Lockout,
}

/// Who asks when the gateway does not say from where.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Door {
    pub(crate) fn new(hasher: Arc<dyn KeyHasher>, master_key: Option<KeyHash>, token: Option<KeyHash>) -> Self {
        Self { hasher, master_key, token, lockout: Lockout::default() }
    }

    /// Lets in who shows the right key. What is wrong with a wrong key is not said: unknown, malformed and a virtual key read the same.
    pub(crate) fn open(&self, headers: &HeaderMap, place: Option<IpAddr>, now: Instant) -> Result<Granted, Problem> {
        let place = place.unwrap_or(NOWHERE);
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let Some(first) = given.next() else {
            return Err(Problem::unauthorized("no key: send `Authorization: Bearer <master key>`"));
        };
        if given.next().is_some() {
            return Err(Problem::unauthorized("two Authorization headers: send one"));
        }
        // What is no text is hashed all the same, so that it takes as long as a wrong key.
        let secret = first.to_str().ok().and_then(bearer).unwrap_or_default();
        let hash = self.hasher.hash(secret);
        // The token has 256 random bits of ours: nobody guesses it, so nobody can lock its holder out.
        let (is_token, is_master) = (equal(self.token.as_ref(), &hash), equal(self.master_key.as_ref(), &hash));
        if is_token {
            return Ok(Granted { by: "admin token" });
        }
        if let Some(wait) = self.lockout.wait(place, now) {
            let detail = format!("too many wrong keys from this address: wait {} s", wait.as_secs() + 1);
            return Err(Problem::new(Kind::TooManyAttempts, detail).retry_after(wait));
        }
        if is_master {
            self.lockout.passed(place);
            return Ok(Granted { by: "master key" });
        }
        self.lockout.failed(place, now);
        tracing::warn!(%place, "admin API: a wrong key");
        Err(Problem::unauthorized("this is not the master key: send `Authorization: Bearer <master key>`"))
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// A key that is not configured equals nothing.
fn equal(known: Option<&KeyHash>, given: &KeyHash) -> bool {
    known.is_some_and(|known| known.ct_eq(given).into())
}

#[cfg(test)]
mod tests;
