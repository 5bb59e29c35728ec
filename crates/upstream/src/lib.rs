//! The way to a provider: one HTTP client (HTTP/1.1 and HTTP/2 by ALPN, TLS by rustls) and the rule which addresses it may reach.
//!
//! Invariant: no socket is opened to an address that [`address::reach`] did not clear for the provider in question. A name is resolved
//! once, every answer is judged, and only judged addresses are dialled; a connection made for one provider's rules never serves another's.
//! Redirects are not followed and proxy variables of the environment are not read.

pub mod address;
mod base_url;
mod body;
mod client;
mod connector;
mod fault;
mod host;
mod hosts;
mod http1;
mod http2;
mod options;
mod resolve;
mod socket;
mod tls;

pub use base_url::{UrlFault, check_base_url};
pub use client::{BuildFault, Client};
pub use options::Options;
pub use resolve::{Resolve, SystemResolver};
