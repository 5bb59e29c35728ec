//! What can be chosen for the whole client.

use std::path::PathBuf;
use std::time::Duration;

/// Choices that hold for all providers; those of one provider come with its `Egress` at each request.
#[derive(Clone, Debug)]
pub struct Options {
    /// A connection that served nothing for this long is closed. Below the minute after which common load balancers close theirs, because
    /// a request that meets a closing connection may have been seen and is not sent again.
    pub pool_idle_timeout: Duration,
    /// Idle HTTP/1.1 connections kept per authority and lane.
    pub pool_max_idle_per_host: usize,
    /// Offer HTTP/2 in the TLS handshake. Plain http is always HTTP/1.1.
    pub http2: bool,
    /// Largest head of an answer in bytes (at least 8192).
    pub max_response_head: usize,
    /// Most header fields in an answer.
    pub max_response_headers: usize,
    /// A PEM file of further certificate authorities to trust, beside those of the system.
    pub extra_ca: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool_idle_timeout: Duration::from_secs(55),
            pool_max_idle_per_host: 512,
            http2: true,
            max_response_head: 64 * 1024,
            max_response_headers: 100,
            extra_ca: None,
        }
    }
}
