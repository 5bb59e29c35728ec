//! Figures that tests see, kept for the report on reliability.

#![allow(clippy::expect_used, clippy::print_stderr)] // a test kit that cannot work ends the test

use std::io::Write as _;

/// The file that figures are appended to, set by `make soak`; without it they are shown with the test's output alone.
const FILE: &str = "CONDUIT_FIGURES";

/// What a test of a requirement saw: its number (`R50`), the promise in a few words, the figure that is expected, the one that was seen.
pub fn seen(requirement: &str, promise: &str, expected: &str, seen: impl std::fmt::Display) {
    let test = std::thread::current().name().unwrap_or("main").to_owned();
    let line = [requirement, promise, &test, expected, &seen.to_string()].map(|cell| cell.replace(['\t', '\n', '|'], " ")).join("\t");
    eprintln!("figure: {line}");
    let Some(path) = std::env::var_os(FILE) else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("the file of figures can be written");
}

/// Whether the long run is asked for (`make soak`), in place of the short one of `make test`.
pub fn is_soak() -> bool {
    std::env::var_os("CONDUIT_SOAK").is_some()
}
