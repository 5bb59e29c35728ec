//! Recorded provider traffic, read in place (never copied), and the accounting that shows that nothing of it is lost.
//!
//! The records lie outside the repository, at `$CONDUIT_SHARED/recorded` or `../shared/recorded` beside the workspace. Where they are absent
//! a test is skipped with a loud line; with `CI=true` that is a failure.
// A test kit fails by panicking and speaks to the one who runs the tests.
#![allow(clippy::panic, clippy::print_stderr)]

mod leaves;
mod load;
#[cfg(test)]
mod tests;

pub use leaves::{Allowance, Leaf, leaves, matches, missing, stream_account};
pub use load::{Record, Request, Response, records, shared_dir};
