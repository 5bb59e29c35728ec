//! The configuration that a request sees: providers and mappings, read-only, swapped as a whole.

use crate::egress::Egress;
use chat::Operation;
use providers::{Credential, Declaration};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a request is resolved against. Keys are not in it: see [`crate::keys`].
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By virtual model name; the mappings of a group in the order in which they are tried (priority, then as configured).
    pub groups: HashMap<String, Group>,
}

#[derive(Debug, Default)]
pub struct Group {
    pub mappings: Vec<Arc<Mapping>>,
    /// When the group's first mapping was made, in seconds since 1970: `created` in `/v1/models`.
    pub created: i64,
}

/// One row of Model Mappings.
#[derive(Debug)]
pub struct Mapping {
    pub virtual_model: String,
    pub provider: Arc<Provider>,
    pub provider_model: String,
    /// Lower is tried first.
    pub priority: i32,
}

/// One configured provider, ready to be called.
#[derive(Debug)]
pub struct Provider {
    /// The row's id, or `file:<name>`.
    pub id: String,
    /// What a mapping points to and `x-conduit-provider` says.
    pub name: String,
    pub declaration: &'static Declaration,
    /// Without a trailing slash.
    pub base_url: String,
    pub credential: Credential,
    pub timeouts: Timeouts,
    pub egress: Egress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Streams: until the first event.
    pub first_byte: Duration,
    /// Streams: between two events.
    pub idle: Duration,
    /// Unary calls: the whole answer. (Also the bound of a stream's response head, where shorter than `first_byte`.)
    pub total: Duration,
}

impl Snapshot {
    pub fn group(&self, virtual_model: &str) -> Option<&Group> {
        self.groups.get(virtual_model)
    }
}

impl Mapping {
    /// Whether the provider has an endpoint for the operation at all.
    pub fn supports(&self, operation: Operation) -> bool {
        self.provider.declaration.endpoint(operation).is_some()
    }
}
