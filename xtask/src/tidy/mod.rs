//! Rules of the repository that no compiler checks.

mod direction;
mod layout;
mod size;
mod words;

#[cfg(test)]
mod tests;

use crate::tree::{self, Source};
use std::path::Path;

/// A place that breaks a rule, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    path: String,
    /// From 1; 0 for a whole file.
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

type Rule = fn(&[Source]) -> Vec<Finding>;

const RULES: &[Rule] = &[
    direction::edges,
    direction::purity,
    size::files,
    size::functions,
    words::names,
    words::markers,
    words::local_paths,
    layout::invariants,
    layout::decisions,
    layout::licences,
];

pub(crate) fn run(root: &Path) -> Result<String, String> {
    let sources = tree::load(root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&sources)).collect();
    if findings.is_empty() {
        return Ok(format!("tidy: {} files, {} rules, nothing found", sources.len(), RULES.len()));
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let lines: Vec<String> = findings.iter().map(|found| format!("{}:{}: {}", found.path, found.line, found.text)).collect();
    Err(format!("{}\ntidy: {} found", lines.join("\n"), findings.len()))
}
