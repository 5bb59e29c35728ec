//! Names and words that do not belong into the repository.

use super::Finding;
use crate::tree::Source;

/// Names that say nothing about the one job of a file.
const VAGUE: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];

/// Marks of unfinished work, in pieces so that this file does not hold them.
const MARKERS: &[&str] =
    &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("un", "implemented!"), concat!("to", "do!")];

/// Folders of one machine. Tests may use the temporary one.
const PLACES: &[(&str, bool)] = &[(concat!("/wo", "rk"), false), (concat!("/tm", "p"), true)];

pub(super) fn names(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        for part in source.path.split('/') {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            if stem.split('_').any(|word| VAGUE.contains(&word)) {
                findings.push(Finding::new(&source.path, 0, format!("`{stem}` says nothing: name it after its one job")));
            }
        }
    }
    findings
}

pub(super) fn markers(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, number, line) in lines(sources) {
        for marker in MARKERS.iter().filter(|marker| holds_word(line, marker)) {
            findings.push(Finding::new(&source.path, number, format!("`{marker}`: finish it, refuse it by name, or write an issue")));
        }
    }
    findings
}

pub(super) fn local_paths(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, number, line) in lines(sources) {
        for (place, in_tests) in PLACES {
            if holds_path(line, place) && !(*in_tests && (source.is_test() || is_script(source))) {
                findings.push(Finding::new(&source.path, number, format!("a path below {place} exists on one machine only")));
            }
        }
    }
    findings
}

fn lines(sources: &[Source]) -> impl Iterator<Item = (&Source, usize, &str)> {
    sources.iter().flat_map(|source| source.text.lines().enumerate().map(move |(at, line)| (source, at + 1, line)))
}

fn is_script(source: &Source) -> bool {
    source.path.starts_with("bench/") || source.path.ends_with(".sh")
}

fn holds_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// An absolute path: not `https://host/place` and not `crates/place`.
fn holds_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + place.len()..).and_then(|text| text.chars().next());
        let absolute = before.is_none_or(|c| c.is_whitespace() || "\"'`(=:,[<>".contains(c));
        absolute && after.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-')
    })
}
