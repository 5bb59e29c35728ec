//! Writes a configuration as YAML: lists in block form, everything inside their entries in the form of JSON, which is YAML too.

use serde_json::Value;
use std::fmt::Write as _;

pub(super) fn write(heading: &str, document: &Value) -> String {
    let mut text = heading.to_owned();
    for (name, entries) in document.as_object().into_iter().flatten() {
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{name}:");
        for entry in entries {
            for (at, (field, value)) in entry.as_object().into_iter().flatten().enumerate() {
                let _ = writeln!(text, "  {} {field}: {value}", if at == 0 { '-' } else { ' ' });
            }
        }
    }
    text
}
