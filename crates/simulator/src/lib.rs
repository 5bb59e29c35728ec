//! The provider simulator: native provider APIs under `/<provider type>/`, as strict as the providers, with faults on demand.
//!
//! Invariant: written from the providers' facts alone. It depends on none of the gateway's codecs, so a mistake there cannot hide here.
//!
//! Answers are a function of the seed and the request: no clock, no randomness, no state except the run-time faults.

mod answer;
mod anthropic;
mod author;
mod control;
mod custom;
mod delivery;
mod digest;
mod faults;
mod garbage;
mod groq;
mod json_instance;
mod openai;
mod route;
mod serve;
mod tls;
mod tokens;
mod wire;

pub use answer::{BodyError, SimBody};
pub use control::Stats;
pub use serve::{serve, serve_tls};
pub use tls::Tls;

use crate::answer::Answer;
use crate::control::{Counters, RunTimeFaults};
use crate::faults::Faults;
use crate::route::{Provider, Route};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response};
use std::sync::Arc;

/// How a simulator behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Changes ids, vectors and seeds of every answer; the same seed and request give the same bytes.
    pub seed: u64,
}

/// All simulated providers. Cheap to clone; clones share run-time faults and counters.
#[derive(Clone, Debug)]
pub struct Simulator {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    run_time: RunTimeFaults,
    counters: Arc<Counters>,
}

/// One call of a simulated provider, as its module sees it.
pub(crate) struct Call<'a> {
    pub(crate) parts: &'a Parts,
    /// Below `/<type>`, with a leading slash and without a trailing one.
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    /// Of seed, path and body: what ids are made from.
    pub(crate) digest: u64,
    /// From run time and header; a model name may add to them.
    pub(crate) faults: Faults,
}

impl Call<'_> {
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }
}

impl Simulator {
    pub fn new(options: Options) -> Self {
        let inner = Inner { seed: options.seed, run_time: RunTimeFaults::default(), counters: Arc::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Answers one request. Dropping the answer's body counts as a cancelled call (see [`Simulator::stats`]).
    pub async fn handle(&self, request: Request<Bytes>) -> Response<SimBody> {
        let (parts, body) = request.into_parts();
        let (answer, faults) = match route::route(parts.uri.path()) {
            Route::Control(path) => (control::answer(&self.inner.run_time, self.stats(), &parts.method, path, &body), Faults::default()),
            Route::Provider(provider, path) => self.call(provider, path, &parts, &body),
            Route::Unknown => (
                Answer::text(404, "The simulator serves /<provider type>/..., /_health, /_stats and /_faults/<type>.\n"),
                Faults::default(),
            ),
        };
        delivery::deliver(answer, faults, &self.inner.counters).await
    }

    /// How many calls were answered, are being answered, and were dropped by the caller before their end.
    pub fn stats(&self) -> Stats {
        self.inner.counters.stats()
    }

    /// Sets the run-time faults of a provider type, as `PUT /_faults/<type>` does; the error names the bad word.
    pub fn set_faults(&self, provider_type: &str, words: &str) -> Result<(), String> {
        self.inner.run_time.set(provider_type, words)
    }

    /// The answer to a body that could not be read or is larger than any provider takes.
    pub(crate) async fn refuse_body(&self) -> Response<SimBody> {
        delivery::deliver(Answer::text(413, "The request body is too large or broke off.\n"), Faults::default(), &self.inner.counters).await
    }

    fn call(&self, provider: Provider, path: &str, parts: &Parts, body: &[u8]) -> (Answer, Faults) {
        let mut call =
            Call { parts, path, body, digest: digest::of(self.inner.seed, path, body), faults: self.inner.run_time.of(provider) };
        if let Err(unknown) = call.faults.read_header(&parts.headers) {
            return (refuse_fault_word(provider, call.digest, &unknown), Faults::default());
        }
        let answer = match provider {
            Provider::OpenAi => openai::answer(&mut call, openai::Flavour::OpenAi),
            Provider::Simulated => openai::answer(&mut call, openai::Flavour::Simulated),
            Provider::Anthropic => anthropic::answer(&mut call),
            Provider::Groq => groq::answer(&mut call),
            Provider::Custom => custom::answer(&mut call),
        };
        (answer, call.faults)
    }
}

fn refuse_fault_word(provider: Provider, digest: u64, message: &str) -> Answer {
    match provider {
        Provider::Anthropic => anthropic::refuse_fault_word(digest, message),
        Provider::Groq => groq::refuse_fault_word(digest, message),
        Provider::Custom => custom::refuse_fault_word(message),
        Provider::OpenAi | Provider::Simulated => openai::refuse_fault_word(digest, message),
    }
}

#[cfg(test)]
mod tests;
