//! The client that the gateway sees.

use crate::body::Answer;
use crate::connector::{Connector, Policy};
use crate::fault::of_client;
use crate::lanes::Lanes;
use crate::options::Options;
use crate::resolve::{Resolve, SystemResolver};
use crate::tls;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::egress::Egress;
use gateway::ports::{SendFault, SendFaultKind, Upstream, UpstreamBody};
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, Version};
use http_body_util::Full;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// Why the client can't be built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildFault {
    #[error("the certificate authorities in {} can't be used: {fault}", path.display())]
    Bundle { path: PathBuf, fault: String },
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// One client for all providers; shared by reference.
///
/// A request is sent again only when no byte of it was written (it met a pooled connection that had been closed meanwhile). Once a byte
/// was written, a broken connection is a [`SendFaultKind::Broken`], because the provider may have begun to work on it.
pub struct Client {
    lanes: Lanes,
}

impl Client {
    pub fn new(options: Options) -> Result<Self, BuildFault> {
        Self::with_resolver(options, Arc::new(SystemResolver))
    }

    /// With another way to find addresses; they are judged like the system's.
    pub fn with_resolver(options: Options, resolver: Arc<dyn Resolve>) -> Result<Self, BuildFault> {
        let tls = Arc::new(tls::config(options.http2, options.extra_ca.as_deref())?);
        let connector = move |policy| Connector { policy, resolver: Arc::clone(&resolver), tls: Arc::clone(&tls) };
        Ok(Self { lanes: Lanes::new(options, connector) })
    }

    async fn deliver(&self, mut request: Request<Bytes>, egress: &Egress) -> Result<Response<UpstreamBody>, SendFault> {
        let Some(authority) = request.uri().authority().cloned() else {
            return Err(refuse("the request has no absolute URL"));
        };
        if egress.in_process {
            return Err(refuse("this provider is served in process and has no address"));
        }
        if authority.as_str().contains('@') {
            return Err(refuse("the URL holds a user name or password"));
        }
        // How the body is framed is the connection's business; a copied length that is wrong would let one request run into the next.
        let headers = request.headers_mut();
        for framing in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
            headers.remove(framing);
        }
        *request.version_mut() = Version::HTTP_11;

        let policy = Policy { allow_private_network: egress.allow_private_network, connect_timeout: egress.connect_timeout };
        let place = self.lanes.place(policy);
        let Some(pool) = place.pool() else {
            return Err(refuse("the client has no lane"));
        };
        let answer = pool.request(request.map(Full::new)).await.map_err(|error| of_client(&error, &authority))?;
        Ok(answer.map(|incoming| UpstreamBody::new(Answer::new(incoming, place))))
    }
}

impl Upstream for Client {
    fn send<'a>(&'a self, request: Request<Bytes>, egress: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        Box::pin(self.deliver(request, egress))
    }
}

fn refuse(cause: &str) -> SendFault {
    SendFault { kind: SendFaultKind::Forbidden, cause: cause.to_owned() }
}

#[cfg(test)]
mod tests;
