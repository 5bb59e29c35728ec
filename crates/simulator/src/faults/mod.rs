//! Fault words: what a caller asks the simulator to do wrong, and how large an answer it wants.
//!
//! They come after the first `;` of a model name, in the header `x-simulate`, and from `PUT /_faults/<type>`; a later source overrides an earlier.

use crate::garbage::Garbage;
use http::HeaderMap;
use std::time::Duration;

/// Everything that can be asked for. Numbers of events count from 1; on an answer that is not streamed the unit is a byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Answer with this status and the provider's error body for it.
    pub(crate) status: Option<u16>,
    /// The error's own code, where the status alone leaves a choice (`insufficient_quota`).
    pub(crate) code: Option<String>,
    pub(crate) retry_after: Option<u64>,
    /// Before the response head.
    pub(crate) delay: Option<Duration>,
    /// Between the head and the first byte of the body.
    pub(crate) first_token_delay: Option<Duration>,
    /// Between one event and the next.
    pub(crate) event_delay: Option<Duration>,
    /// The connection breaks after so many events.
    pub(crate) cut_after: Option<usize>,
    /// This event is broken JSON.
    pub(crate) malformed_at: Option<usize>,
    /// The provider's error event takes the place of this event and ends the stream.
    pub(crate) error_at: Option<usize>,
    /// The stream ends in order, but without its terminal events.
    pub(crate) no_finish: bool,
    /// After so many events nothing more comes and the connection stays open.
    pub(crate) stall_after: Option<usize>,
    /// Bytes a write.
    pub(crate) trickle: Option<usize>,
    /// The size of the answer's text.
    pub(crate) bytes: Option<usize>,
    /// How many pieces of text a stream has.
    pub(crate) events: Option<usize>,
    /// The provider forgets to say the usage.
    pub(crate) no_usage: bool,
    /// Something else comes in the answer's place.
    pub(crate) garbage: Option<Garbage>,
    /// Before every byte of the response head.
    pub(crate) slow_head: Option<Duration>,
}

/// Bounds of what one request may make the simulator allocate.
const LARGEST_ANSWER: usize = 64 << 20;
const MOST_EVENTS: usize = 1_000_000;

impl Faults {
    pub(crate) fn parse(words: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        faults.read(words)?;
        Ok(faults)
    }

    pub(crate) fn read_header(&mut self, headers: &HeaderMap) -> Result<(), String> {
        for value in headers.get_all("x-simulate") {
            self.read(value.to_str().map_err(|_| "The header x-simulate holds bytes that are not text.".to_owned())?)?;
        }
        Ok(())
    }

    /// Splits `model;words`, reads the words and returns the model's real name.
    pub(crate) fn read_model<'a>(&mut self, model: &'a str) -> Result<&'a str, String> {
        match model.split_once(';') {
            Some((name, words)) => self.read(words).map(|()| name),
            None => Ok(model),
        }
    }

    fn read(&mut self, words: &str) -> Result<(), String> {
        for word in words.split(';').map(str::trim).filter(|word| !word.is_empty()) {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name.trim(), Some(value.trim())));
            self.set(name, value).map_err(|problem| format!("Simulator: fault word '{word}': {problem}."))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), &'static str> {
        match name {
            "status" => self.status = Some(status(value)?),
            "code" => self.code = Some(value.filter(|code| !code.is_empty()).ok_or("a code is missing")?.to_owned()),
            "retry-after" => self.retry_after = Some(number(value)? as u64),
            "delay" => self.delay = Some(duration(value)?),
            "first-token-delay" => self.first_token_delay = Some(duration(value)?),
            "event-delay" => self.event_delay = Some(duration(value)?),
            "cut-after" => self.cut_after = Some(number(value)?),
            "malformed-at" => self.malformed_at = Some(positive(value)?),
            "error-at" => self.error_at = Some(positive(value)?),
            "no-finish" => self.no_finish = flag(value)?,
            "stall-after" => self.stall_after = Some(number(value)?),
            "trickle" => self.trickle = Some(positive(value)?),
            "bytes" => self.bytes = Some(at_most(number(value)?, LARGEST_ANSWER)?),
            "events" => self.events = Some(at_most(positive(value)?, MOST_EVENTS)?),
            "garbage" => self.garbage = Some(value.and_then(Garbage::named).ok_or(Garbage::NAMES)?),
            "slow-head" => self.slow_head = Some(duration(value)?),
            "usage" => self.no_usage = (value == Some("none")).then_some(true).ok_or("the only value is none")?,
            _ => return Err("there is no such word"),
        }
        Ok(())
    }
}

fn status(value: Option<&str>) -> Result<u16, &'static str> {
    let status = number(value)?;
    u16::try_from(status).ok().filter(|status| (200..=599).contains(status)).ok_or("a status is 200 to 599")
}

fn number(value: Option<&str>) -> Result<usize, &'static str> {
    value.and_then(|text| text.parse().ok()).ok_or("a whole number is expected")
}

fn positive(value: Option<&str>) -> Result<usize, &'static str> {
    number(value).and_then(|number| if number == 0 { Err("counting starts at 1") } else { Ok(number) })
}

fn at_most(number: usize, bound: usize) -> Result<usize, &'static str> {
    if number > bound { Err("that is too much for one answer") } else { Ok(number) }
}

fn flag(value: Option<&str>) -> Result<bool, &'static str> {
    match value {
        None | Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err("it takes no value"),
    }
}

/// `500ms`, `2s`, `1.5s`.
fn duration(value: Option<&str>) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "a duration such as 500ms or 2s is expected";
    let text = value.ok_or(EXPECTED)?;
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1e-3),
        None => (text.strip_suffix('s').ok_or(EXPECTED)?, 1.0),
    };
    let seconds = digits.parse::<f64>().map_err(|_| EXPECTED)? * unit;
    Duration::try_from_secs_f64(seconds).map_err(|_| EXPECTED)
}

#[cfg(test)]
mod tests;
