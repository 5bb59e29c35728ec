//! What a provider's endpoint may be connected to, and how long that may take.

use std::time::Duration;

/// The rules of one provider for its outgoing connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// Plain http and private and loopback addresses are allowed. Link-local and metadata addresses never are.
    pub allow_private_network: bool,
    /// How long name resolution, TCP and TLS may take together.
    pub connect_timeout: Duration,
    /// The provider is served in this process: no socket is opened (type `simulated`).
    pub in_process: bool,
}
