//! What a provider's answer says about its rate limits.

use crate::{Declaration, LimitHeaders};
use http::HeaderMap;
use std::time::Duration;

/// The limits as far as the answer names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub requests: Window,
    pub tokens: Window,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    pub reset: Option<Reset>,
}

/// When a window is whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    After(Duration),
    /// Microseconds since 1970.
    At(i64),
}

impl Reset {
    /// How long to wait, `now` in microseconds since 1970; zero where the moment has passed.
    pub fn from_now(self, now: i64) -> Duration {
        match self {
            Reset::After(wait) => wait,
            Reset::At(moment) => Duration::from_micros(u64::try_from(moment.saturating_sub(now)).unwrap_or_default()),
        }
    }
}

/// Reads the headers that the declaration names; a value that is not understood is left out.
pub fn read(declaration: &Declaration, headers: &HeaderMap) -> Limits {
    let LimitHeaders { limit_requests, remaining_requests, reset_requests, limit_tokens, remaining_tokens, reset_tokens } =
        declaration.limit_headers;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |name: &str| text(name).and_then(|value| value.parse().ok());
    let reset = |name: &str| text(name).and_then(read_reset);
    Limits {
        requests: Window { limit: number(limit_requests), remaining: number(remaining_requests), reset: reset(reset_requests) },
        tokens: Window { limit: number(limit_tokens), remaining: number(remaining_tokens), reset: reset(reset_tokens) },
    }
}

/// A moment as RFC 3339 writes it, or a wait as Go writes durations (`6m0s`, `20ms`, `2m59.56s`).
fn read_reset(text: &str) -> Option<Reset> {
    if text.contains('T') {
        return text.parse::<jiff::Timestamp>().ok().map(|moment| Reset::At(moment.as_microsecond()));
    }
    go_duration(text).map(Reset::After)
}

fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let (amount, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        seconds += amount.parse::<f64>().ok()? * unit_seconds(unit)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(())?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" => 86_400.0,
        "h" => 3_600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
