//! What one configured provider offers: the declaration of its type, with what its owner changed.

use crate::{Declaration, Sourced};
use chat::{DialectId, Operation};
use std::borrow::Cow;

/// The face of one configured provider. Everything of a [`Declaration`] that an owner may change for a custom endpoint stands here, so the
/// gateway reads it from here and never from the declaration.
#[derive(Debug)]
pub struct Surface {
    pub declaration: &'static Declaration,
    pub endpoints: Vec<Served>,
    pub quirks: Cow<'static, [Sourced]>,
    /// Rejects fields that it does not know: requests are always written from the canonical form.
    pub closed: bool,
    /// A stream that ends after its finish reason but without the dialect's terminal marker counts as whole.
    pub end_marker_optional: bool,
}

/// Where an operation is served, and in which dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub operation: Operation,
    /// `None` for operations whose body is the OpenAI one and passes through (embeddings).
    pub dialect: Option<DialectId>,
    /// Appended to the base URL.
    pub path: String,
}

impl Surface {
    /// The type as it is declared.
    pub fn of(declaration: &'static Declaration) -> Self {
        let endpoints = declaration.endpoints.iter().map(|endpoint| Served {
            operation: endpoint.operation,
            dialect: endpoint.dialect,
            path: endpoint.path.to_owned(),
        });
        Self {
            declaration,
            endpoints: endpoints.collect(),
            quirks: Cow::Borrowed(declaration.quirks),
            closed: declaration.closed,
            end_marker_optional: declaration.end_marker_optional,
        }
    }

    /// Where the operation is served: in the caller's dialect where the provider speaks it, else in the first one that it speaks.
    pub fn endpoint(&self, operation: Operation, caller: DialectId) -> Option<&Served> {
        let serves = |endpoint: &&Served| endpoint.operation == operation;
        let same = self.endpoints.iter().filter(serves).find(|endpoint| endpoint.dialect == Some(caller));
        same.or_else(|| self.endpoints.iter().find(serves))
    }
}
