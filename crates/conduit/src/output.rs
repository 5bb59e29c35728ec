//! What a command says: results to standard output, failures to standard error. Neither goes through the logger.

use std::io::{self, Write};

/// Writes a result and flushes it, so that a pipe sees it at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Where standard error is closed nobody can be told.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
