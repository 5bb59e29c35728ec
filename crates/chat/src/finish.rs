//! Why a reply ended.

/// The reason in canonical terms, and the provider's own word for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub kind: FinishKind,
    /// The provider's spelling, kept for the record and for a writer of the same dialect.
    pub native: String,
    /// The stop sequence that matched, where the provider says it.
    pub stop_sequence: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishKind {
    Stop,
    Length,
    ToolCalls,
    ContentFilter,
    /// A word that no table knows; written as `stop` where the dialect is closed.
    Other,
}
