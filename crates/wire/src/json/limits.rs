//! How much JSON is accepted.

/// Bounds of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects and arrays inside each other; the outermost one counts as 1. Values above [`Limits::HARD_DEPTH`] are lowered to it.
    pub max_depth: usize,
    /// Members of the outermost object.
    pub max_members: usize,
}

impl Limits {
    /// The scan recurses once for each level, so no setting may go past this.
    pub const HARD_DEPTH: usize = 512;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_depth: 128, max_members: 4096 }
    }
}
