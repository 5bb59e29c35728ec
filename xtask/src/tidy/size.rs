//! Files and functions that can be read in one go.

use super::Finding;
use crate::tree::Source;

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

/// A file that is a table, not logic, says so near its top, with its reason in parentheses.
const TABLE_MARK: &str = "// tidy: table (";

pub(super) fn files(sources: &[Source]) -> Vec<Finding> {
    let long = |source: &&Source| source.text.lines().count() > FILE_LINES;
    let finding = |source: &Source| {
        let lines = source.text.lines().count();
        Finding::new(
            &source.path,
            0,
            format!("{lines} lines; a file with one job has at most {FILE_LINES}: split it, or mark a table with `{TABLE_MARK}reason)`"),
        )
    };
    limited(sources).filter(long).map(finding).collect()
}

pub(super) fn functions(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in limited(sources) {
        for (line, length) in lengths(&source.text) {
            if length > FUNCTION_LINES {
                findings.push(Finding::new(
                    &source.path,
                    line,
                    format!("a function of {length} lines; {FUNCTION_LINES} can be read in one go"),
                ));
            }
        }
    }
    findings
}

fn limited(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.is_rust() && !source.is_test() && !is_table(source))
}

fn is_table(source: &Source) -> bool {
    source.text.lines().take(20).any(|line| line.starts_with(TABLE_MARK))
}

/// First line (from 1) and number of lines of each function that has a body of its own lines. The sources are formatted by rustfmt, so the
/// closing brace is the first one at the indentation of the `fn`.
fn lengths(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
        let indentation = line.len() - line.trim_start().len();
        let rest = || lines.iter().enumerate().skip(start);
        // Without a brace at the end of a line of its signature, it is a declaration or stands in one line.
        let opening = rest().find(|(_, line)| line.ends_with(['{', ';', '}']));
        if !opening.is_some_and(|(_, line)| line.ends_with('{')) {
            continue;
        }
        let closing = rest().skip(1).find(|(_, line)| line.trim_end() == format!("{}}}", " ".repeat(indentation)));
        if let Some((end, _)) = closing {
            found.push((start + 1, end - start + 1));
        }
    }
    found
}

fn begins_function(line: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    while words.next_if(|word| matches!(*word, "const" | "async" | "unsafe" | "extern") || word.starts_with("pub")).is_some() {}
    words.next() == Some("fn")
}
