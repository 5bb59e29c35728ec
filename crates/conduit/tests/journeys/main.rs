//! Journeys: the real binary on a port of its own, upstreams that behave and misbehave, and what a caller sees. One file a promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a journey that cannot go on has failed, and says so"
)]

mod bad_requests;
mod crash;
mod disconnect;
mod failover;
mod first_start;
mod harness;
mod keepalive;
mod keys;
mod misbehaving;
mod postgres;
mod secrets;
mod translation;
mod usage_chunk;
