//! What journeys are made of: the binary, a client, the rows, the words of a provider.

mod canary;
mod gateway;
mod http;
pub(crate) mod http2;
pub(crate) mod openai;
mod rows;
mod simulator;

pub(crate) use gateway::{Gateway, KEY, MASTER_KEY, Setup, provider_key};
pub(crate) use http::{Answer, Ask, Reply};
pub(crate) use rows::{rows_of, rows_once};
pub(crate) use simulator::Simulator;

use testkit::scripted::{Script, Scripted};

/// One upstream behind the model `m`.
pub(crate) fn one(script: Script) -> (Scripted, Gateway) {
    let upstream = Scripted::start(script);
    let gateway = Setup::new().provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    (upstream, gateway)
}

/// Two upstreams behind the model `m`, the first asked first.
pub(crate) fn two(first: Script, second: Script) -> (Scripted, Scripted, Gateway) {
    let (first, second) = (Scripted::start(first), Scripted::start(second));
    let gateway = Setup::new()
        .provider("one", "openai", &format!("{}/v1", first.url()))
        .provider("two", "openai", &format!("{}/v1", second.url()))
        // Configured in the other order: the priority decides.
        .model("m", "two", "up-2", 2)
        .model("m", "one", "up-1", 1)
        .start();
    (first, second, gateway)
}
