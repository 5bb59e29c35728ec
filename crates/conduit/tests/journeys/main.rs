//! Journeys: the real binary on a port of its own, upstreams that behave and misbehave, and what a caller sees. One file a promise.
#![allow(clippy::too_many_lines, clippy::disallowed_methods, reason = "a journey is read from start to end")]

mod bad_requests;
mod crash;
mod disconnect;
mod failover;
mod first_start;
mod harness;
mod keys;
mod misbehaving;
mod postgres;
mod secrets;
mod usage_chunk;
