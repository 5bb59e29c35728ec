//! The binary: command line, configuration, composition of the crates, shutdown.
//!
//! Invariant: only this crate knows all the others.

mod chat;
mod cli;
mod commands;
pub mod config;
mod config_command;
mod failure;
mod logging;
mod output;
mod serve;
mod signals;
mod simulate;

pub use cli::run;
