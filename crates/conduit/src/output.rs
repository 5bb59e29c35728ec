//! What a command says: results to standard output, failures to standard error. Neither goes through the logger.

use crate::failure::Failure;
use std::io::{self, Write};

/// Writes a result and flushes it, so that a pipe sees it at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A result for programs.
pub(crate) fn json(value: &serde_json::Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    print(&format!("{text}\n")).map_err(Failure::failed)
}

/// That something was done and has no result of its own.
pub(crate) fn done(as_json: bool, what: &str) -> Result<(), Failure> {
    match as_json {
        true => json(&serde_json::json!({ "done": true })),
        false => print(&format!("{what}\n")).map_err(Failure::failed),
    }
}

/// A question to the person at the terminal, where a result on standard output is not meant.
pub(crate) fn ask(text: &str) -> io::Result<()> {
    let mut error = io::stderr().lock();
    error.write_all(text.as_bytes())?;
    error.flush()
}

/// What belongs to a result and is not part of it. Where standard error is closed nobody can be told.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Where standard error is closed nobody can be told.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
