//! Declared edits: what a provider wants different from the dialect that it speaks.

use chat::Operation;

/// A quirk with the place that says so.
#[derive(Debug)]
pub struct Sourced {
    pub quirk: Quirk,
    pub operation: Operation,
    /// Document and section, as `providers/groq.md §2`.
    pub source: &'static str,
}

/// The closed list of edits. Each has one interpretation for the splice path (top level only) and one for the typed path; a test shows that
/// both give equal JSON. Nested ones exist on the typed path alone.
#[derive(Debug)]
pub enum Quirk {
    /// The top-level field is not sent: a loss.
    Drop { field: &'static str },
    /// The top-level field has another name there.
    Rename { from: &'static str, to: &'static str },
}
