//! Files that must be there, and what they must say.

use super::Finding;
use crate::tree::Source;

/// Each crate says in its `lib.rs` what always holds in it.
pub(super) fn invariants(sources: &[Source]) -> Vec<Finding> {
    let roots = sources.iter().filter(|source| source.path.starts_with("crates/") && source.path.ends_with("/src/lib.rs"));
    let silent =
        roots.filter(|source| !source.text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.contains("Invariant:")));
    silent.map(|source| Finding::new(&source.path, 1, "the crate's documentation has no line `Invariant: ...`")).collect()
}

/// `docs/adr/NNNN-title.md` with the heading `# NNNN: Title` and three sections; a number is used once. Gaps are fine.
pub(super) fn decisions(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("docs/adr/")) {
        let number = source.name().get(..4).unwrap_or_default();
        let named = number.len() == 4
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && source.name().get(4..5) == Some("-")
            && source.name().ends_with(".md");
        if !named {
            findings.push(Finding::new(&source.path, 0, "a decision record is called NNNN-title.md"));
            continue;
        }
        if let Some((_, other)) = taken.iter().find(|(known, _)| *known == number) {
            findings.push(Finding::new(&source.path, 0, format!("the number {number} is that of {other}")));
        }
        taken.push((number, &source.path));
        if !source.text.starts_with(&format!("# {number}: ")) {
            findings.push(Finding::new(&source.path, 1, format!("the heading must be `# {number}: Title`")));
        }
        for section in ["Context", "Decision", "Consequences"] {
            if !source.text.lines().any(|line| line.trim_end() == format!("## {section}")) {
                findings.push(Finding::new(&source.path, 0, format!("the section `## {section}` is missing")));
            }
        }
    }
    findings
}

/// Both licences are there, and every crate names them.
pub(super) fn licences(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, words) in [("LICENSE-MIT", "Permission is hereby granted"), ("LICENSE-APACHE", "Apache License")] {
        if !sources.iter().any(|source| source.path == file && source.text.contains(words)) {
            findings.push(Finding::new(file, 0, "the licence's text is missing"));
        }
    }
    for source in sources.iter().filter(|source| source.name() == "Cargo.toml") {
        let named = source.text.lines().any(|line| matches!(line.trim(), "license.workspace = true" | "license = \"MIT OR Apache-2.0\""));
        if !named {
            findings.push(Finding::new(&source.path, 0, "no `license.workspace = true`"));
        }
    }
    findings
}
