//! Bytes: JSON that is edited without being parsed into a tree, and incremental framers.
//!
//! Invariant: nothing here knows what a message means; no module knows a dialect, a provider or a socket.

pub mod json;
pub mod object;
pub mod raw;
pub mod sse;

pub use raw::{Raw, RawRef};
