//! The binary: command line, configuration, composition of the crates, shutdown.
//!
//! Invariant: only this crate knows all the others.

pub mod config;
