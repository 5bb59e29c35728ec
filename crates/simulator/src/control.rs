//! What steers the simulator itself: health, counters, run-time faults.

use crate::answer::Answer;
use crate::faults::Faults;
use crate::route::Provider;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// What became of the calls so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Answers begun.
    pub answered: u64,
    /// Answers whose body is still being read.
    pub active: u64,
    /// Answers whose body was dropped before its end.
    pub cancelled: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    answered: AtomicU64,
    finished: AtomicU64,
    cancelled: AtomicU64,
}

impl Counters {
    pub(crate) fn begin(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, complete: bool) {
        let counter = if complete { &self.finished } else { &self.cancelled };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        let cancelled = self.cancelled.load(Ordering::Relaxed);
        let finished = self.finished.load(Ordering::Relaxed);
        let answered = self.answered.load(Ordering::Relaxed);
        Stats { answered, active: answered.saturating_sub(finished + cancelled), cancelled }
    }
}

/// Faults of a provider that hold until they are changed; the words as they were given, with their meaning.
#[derive(Debug, Default)]
pub(crate) struct RunTimeFaults {
    by_type: RwLock<HashMap<&'static str, (String, Faults)>>,
}

impl RunTimeFaults {
    pub(crate) fn of(&self, provider: Provider) -> Faults {
        let faults = self.by_type.read().unwrap_or_else(PoisonError::into_inner);
        if faults.is_empty() {
            return Faults::default();
        }
        faults.get(provider.name()).map(|(_, faults)| faults.clone()).unwrap_or_default()
    }

    pub(crate) fn set(&self, provider_type: &str, words: &str) -> Result<(), String> {
        let provider = Provider::named(provider_type).ok_or_else(|| no_such_type(provider_type))?;
        let faults = Faults::parse(words)?;
        let mut all = self.by_type.write().unwrap_or_else(PoisonError::into_inner);
        if words.trim().is_empty() {
            all.remove(provider.name());
        } else {
            all.insert(provider.name(), (words.to_owned(), faults));
        }
        Ok(())
    }

    fn words(&self, provider_type: &str) -> String {
        let all = self.by_type.read().unwrap_or_else(PoisonError::into_inner);
        all.get(provider_type).map(|(words, _)| words.clone()).unwrap_or_default()
    }
}

pub(crate) fn answer(faults: &RunTimeFaults, stats: Stats, method: &Method, path: &str, body: &[u8]) -> Answer {
    match (path, path.strip_prefix("/_faults/")) {
        ("/_health", _) => Answer::json(200, &json!({ "status": "ok" })),
        ("/_stats", _) => Answer::json(200, &stats),
        (_, Some(provider_type)) => run_time(faults, method, provider_type, body),
        _ => refuse(404, "There are /_health, /_stats and /_faults/<provider type>."),
    }
}

fn run_time(faults: &RunTimeFaults, method: &Method, provider_type: &str, body: &[u8]) -> Answer {
    if Provider::named(provider_type).is_none() {
        return refuse(404, &no_such_type(provider_type));
    }
    let done = match *method {
        Method::GET => Ok(()),
        Method::DELETE => faults.set(provider_type, ""),
        Method::PUT => words_of(body).and_then(|words| faults.set(provider_type, &words)),
        _ => return refuse(405, "Use GET, PUT or DELETE."),
    };
    match done {
        Ok(()) => Answer::json(200, &json!({ "type": provider_type, "faults": faults.words(provider_type) })),
        Err(problem) => refuse(400, &problem),
    }
}

/// `{"status": 429, "retry-after": 2, "no-finish": true}` or `{"faults": "status=429;retry-after=2"}` as one line of words.
fn words_of(body: &[u8]) -> Result<String, String> {
    const EXPECTED: &str = "The body must be a JSON object of fault words, such as {\"status\": 429, \"retry-after\": 2}.";
    let value: Value = serde_json::from_slice(body).map_err(|error| format!("{EXPECTED} {error}"))?;
    let members = value.as_object().ok_or(EXPECTED)?;
    let mut words = Vec::with_capacity(members.len());
    for (name, value) in members {
        match value {
            Value::String(text) if name == "faults" => words.push(text.clone()),
            Value::String(text) => words.push(format!("{name}={text}")),
            Value::Number(number) => words.push(format!("{name}={number}")),
            Value::Bool(flag) => words.push(format!("{name}={flag}")),
            _ => return Err(format!("Fault word '{name}' must be a string, a number or a boolean.")),
        }
    }
    Ok(words.join(";"))
}

fn no_such_type(provider_type: &str) -> String {
    let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.name()).collect();
    format!("There is no simulated provider '{provider_type}'. There are {}.", known.join(", "))
}

fn refuse(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "message": message } }))
}
