//! The journey of a request: receive, authenticate, admit, resolve, attempt (translate, send, relay), account, respond.
//!
//! Invariant: the gateway names no provider and writes no wire format; the outside reaches it only through [`ports`].

pub mod egress;
pub mod keys;
pub mod ports;
pub mod snapshot;

mod service;

pub use service::{Gateway, Parts, Settings};
