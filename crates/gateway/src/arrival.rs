//! When a request came and what it is called.

use crate::ports::own_request_id;
use crate::random;
use crate::visit::Visit;
use http::HeaderMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clock and the name of one request.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    /// The id of the request and of its first usage row.
    pub(crate) id: u128,
    /// The caller's, if it sent a sane one; else made here.
    pub(crate) request_id: Arc<str>,
    /// What the server knows of the same request.
    pub(crate) visit: Arc<Visit>,
}

const LONGEST_REQUEST_ID: usize = 128;

impl Arrival {
    pub(crate) fn now(headers: &HeaderMap, visit: Arc<Visit>) -> Self {
        let id = unique_id(unix_micros());
        let request_id = match headers.get("x-request-id").and_then(|value| value.to_str().ok()).filter(|id| is_sane(id)) {
            Some(told) => Arc::from(told),
            None => Arc::from(own_request_id(id)),
        };
        visit.is_called(&request_id);
        Self { at: Instant::now(), id, request_id, visit }
    }
}

/// Letters, digits and `-_.:` only: safe in headers, logs and file names.
fn is_sane(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_REQUEST_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

pub(crate) fn unix_micros() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A UUID version 7: unique for ever, ordered by time.
pub(crate) fn unique_id(unix_micros: i64) -> u128 {
    let millis = u128::from(unix_micros.unsigned_abs() / 1_000) & 0xffff_ffff_ffff;
    let random = random::bits();
    millis << 80 | 0x7 << 76 | (random >> 64 & 0xfff) << 64 | 0b10 << 62 | random & 0x3fff_ffff_ffff_ffff
}

#[cfg(test)]
mod tests;
