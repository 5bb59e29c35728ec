//! Server-sent events: bytes in, frames out, wherever the bytes are cut.

mod error;
mod fields;
mod framer;

#[cfg(test)]
mod tests;

pub use error::{FrameError, FrameErrorKind};
pub use framer::{Frame, Framer};

/// The largest event that is accepted where nobody says otherwise.
pub const DEFAULT_MAX_EVENT: usize = 1024 * 1024;
