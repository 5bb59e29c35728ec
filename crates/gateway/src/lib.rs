//! The journey of a request: receive, authenticate, admit, resolve, attempt (translate, send, relay), account, respond.
//!
//! Invariant: the gateway names no provider and writes no wire format; the outside reaches it only through [`ports`].

pub mod egress;
pub mod keys;
pub mod metrics;
pub mod ports;
pub mod snapshot;

mod account;
mod admit;
mod arrival;
mod attempt;
mod authenticate;
mod caller_headers;
mod connections;
mod explain;
mod framing;
mod front;
mod guests;
mod held;
mod journey;
mod load;
mod models;
mod parameters;
mod pulse;
mod random;
mod readiness;
mod receive;
mod relay;
mod resolve;
mod respond;
mod route;
mod secrets;
mod send;
mod server;
mod service;
mod socket;
mod target;
#[cfg(test)]
mod testing;
mod translate;
mod visit;

pub use explain::{ExplainRequest, ExplainedCandidate, ExplainedLoss, Explanation, UpstreamRequest};
pub use ports::Peer;
pub use server::serve;
pub use service::{Gateway, Opened, Parts, Settings};
