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

mod administration;
mod bad_requests;
mod bombs;
mod cancelled_usage;
mod crash;
mod credential;
mod custom;
mod disconnect;
mod drain;
mod error_answers;
mod failover;
mod first_start;
mod flood;
mod harness;
mod http2_floods;
mod injection;
mod joined_frames;
mod keepalive;
mod keys;
mod mappings;
mod messages;
mod misbehaving;
mod no_life;
mod overload;
mod pacing;
mod postgres;
mod provider_test;
mod secrets;
mod simulated_servers;
mod slow_reader;
mod smuggling;
mod stalled_error;
mod timeouts;
mod translation;
mod unread_bytes;
mod usage_chunk;
