//! The lines of one frame.

use memchr::memchr2;

/// The fields of a frame, before its data lines are joined.
#[derive(Default)]
pub(super) struct Lines<'a> {
    pub(super) event: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) retry: Option<u64>,
    pub(super) comments: usize,
    /// The first data line.
    pub(super) data: Option<&'a str>,
    /// The text from the second data line on.
    pub(super) more: Option<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut lines = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let here = rest;
            let line = take_line(&mut rest);
            match field(line) {
                ("", _) if line.starts_with(':') => lines.comments += 1,
                ("data", value) if lines.data.is_none() => lines.data = Some(value),
                ("data", _) if lines.more.is_none() => lines.more = Some(here),
                ("event", value) => lines.event = value,
                // Not of the standard: old servers (llama.cpp) tell a failure in a line of this name.
                ("error", value) if lines.data.is_none() && !value.is_empty() => (lines.event, lines.data) = ("error", Some(value)),
                // The standard ignores an id with a NUL and a retry that is no number.
                ("id", value) if !value.contains('\0') => lines.id = Some(value),
                ("retry", value) if value.bytes().all(|byte| byte.is_ascii_digit()) => lines.retry = value.parse().ok().or(lines.retry),
                _ => {}
            }
        }
        lines
    }

    /// All data lines with line feeds between them.
    pub(super) fn join(first: &str, more: &str, out: &mut String) {
        out.clear();
        out.push_str(first);
        let mut rest = more;
        while !rest.is_empty() {
            if let ("data", value) = field(take_line(&mut rest)) {
                out.push('\n');
                out.push_str(value);
            }
        }
    }
}

/// Cuts the next line off, without its end.
fn take_line<'a>(rest: &mut &'a str) -> &'a str {
    let end = memchr2(b'\r', b'\n', rest.as_bytes()).unwrap_or(rest.len());
    let (line, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    *rest = after.strip_prefix("\r\n").or_else(|| after.get(1..)).unwrap_or_default();
    line
}

/// Name and value; one space after the colon belongs to neither.
fn field(line: &str) -> (&str, &str) {
    match line.split_once(':') {
        Some((name, value)) => (name, value.strip_prefix(' ').unwrap_or(value)),
        None => (line, ""),
    }
}
