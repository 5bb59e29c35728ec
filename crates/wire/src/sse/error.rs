//! Why a stream cannot be read further.

use std::fmt;

/// A stream that stops being one. The framer returns the same error from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {at} of the stream)")]
pub struct FrameError {
    /// Offset in bytes from the start of the stream.
    pub at: u64,
    pub kind: FrameErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameErrorKind {
    NotUtf8,
    /// An event is larger than this limit.
    TooLarge(usize),
}

impl fmt::Display for FrameErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("an event of the stream is not valid UTF-8"),
            Self::TooLarge(limit) => write!(f, "an event of the stream is larger than {limit} bytes"),
        }
    }
}
