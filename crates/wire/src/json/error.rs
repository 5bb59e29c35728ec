//! Why a scan stopped, and where.

use std::fmt;

/// A refused text. The message may be shown to the caller who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {at})")]
pub struct ScanError {
    /// Offset in bytes from the start of the text.
    pub at: usize,
    pub kind: ScanErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanErrorKind {
    NotUtf8,
    /// The grammar is broken; the text says what was expected or found.
    Syntax(&'static str),
    /// The limit that was passed.
    TooDeep(usize),
    DuplicateKey(String),
    NotAnObject,
    NotAnArray,
    TrailingBytes,
    /// The limit that was passed.
    TooManyMembers(usize),
}

impl fmt::Display for ScanErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => f.write_str("the JSON is not valid UTF-8"),
            Self::Syntax(what) => write!(f, "the JSON is broken: {what}"),
            Self::TooDeep(limit) => write!(f, "the JSON is nested deeper than {limit} levels"),
            Self::DuplicateKey(name) => write!(f, "the member \"{}\" occurs more than once", shown(name)),
            Self::NotAnObject => f.write_str("the JSON is not an object"),
            Self::NotAnArray => f.write_str("the JSON is not an array"),
            Self::TrailingBytes => f.write_str("there is more text after the JSON value"),
            Self::TooManyMembers(limit) => write!(f, "the JSON object has more than {limit} members"),
        }
    }
}

/// A name for a message: a name can be as long as the body.
fn shown(name: &str) -> String {
    const MOST: usize = 64;
    let mut short: String = name.chars().take(MOST).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short.escape_debug().to_string()
}

impl ScanError {
    pub(super) fn syntax(at: usize, what: &'static str) -> Self {
        Self { at, kind: ScanErrorKind::Syntax(what) }
    }
}
