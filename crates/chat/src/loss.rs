//! What a translation could not carry.

use std::borrow::Cow;

/// A field of the caller's request that the target does not get as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stood in the caller's body, as `messages[2].name`.
    pub path: String,
    pub kind: LossKind,
    /// Why, in words for the caller.
    pub reason: Cow<'static, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossKind {
    /// The target does not get it at all.
    Dropped,
    /// The target gets something near it: a clamped number, an instruction in place of a mode.
    Approximated,
}

impl Loss {
    pub fn dropped(path: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), kind: LossKind::Dropped, reason: reason.into() }
    }

    pub fn approximated(path: impl Into<String>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), kind: LossKind::Approximated, reason: reason.into() }
    }
}
