//! Decisions: which targets a request goes to, which names and keys are acceptable.
//!
//! Invariant: pure. No clock, no input or output; time and everything else that varies is an argument.

pub mod credential;
pub mod key;
pub mod mapping;
pub mod plan;

pub use plan::{Candidate, Decision, Plan, Reason, Strategy, plan};
