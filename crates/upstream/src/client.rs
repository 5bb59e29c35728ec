//! The client that the gateway sees.

use crate::body::{Answer, Source};
use crate::connector::{Connector, Policy};
use crate::fault::of_request;
use crate::host::{Host, Link};
use crate::hosts::Hosts;
use crate::http1::Unsent;
use crate::options::Options;
use crate::resolve::{Resolve, SystemResolver};
use crate::tls;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::egress::Egress;
use gateway::ports::{SendFault, SendFaultKind, Upstream, UpstreamBody};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{Request, Response, Uri, Version};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
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
    hosts: Hosts,
}

impl Client {
    pub fn new(options: Options) -> Result<Self, BuildFault> {
        Self::with_resolver(options, Arc::new(SystemResolver))
    }

    /// With another way to find addresses; they are judged like the system's.
    pub fn with_resolver(options: Options, resolver: Arc<dyn Resolve>) -> Result<Self, BuildFault> {
        let tls = Arc::new(tls::config(options.http2, options.extra_ca.as_deref())?);
        let connector = move |policy| Connector { policy, resolver: Arc::clone(&resolver), tls: Arc::clone(&tls) };
        Ok(Self { hosts: Hosts::new(options, connector) })
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
        let host = self.hosts.host(policy, request.uri(), &authority).map_err(|fault| fault.at(&authority))?;
        self.deliver_over(&host, request.map(Full::new), &authority).await
    }

    /// Sends the request over a kept or a new connection; over another one only where not a byte of it was written.
    async fn deliver_over(
        &self,
        host: &Arc<Host>,
        mut request: Request<Full<Bytes>>,
        authority: &Authority,
    ) -> Result<Response<UpstreamBody>, SendFault> {
        let target = request.uri().clone();
        loop {
            let (Unsent { error, request: unsent }, reused) = match host.link(&target).await.map_err(|fault| fault.at(authority))? {
                Link::Http1 { mut connection, reused } => {
                    request.headers_mut().entry(HOST).or_insert_with(|| host.name.clone());
                    *request.uri_mut() = target.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
                    match connection.send(request).await {
                        Ok(answer) => return Ok(body_of(answer, Source::Http1 { connection, host: Arc::clone(host) }).await),
                        Err(unsent) => (unsent, reused),
                    }
                }
                Link::Http2 { mut lease, reused } => {
                    *request.uri_mut() = target.clone();
                    match lease.send(request).await {
                        Ok(answer) => return Ok(body_of(answer, Source::Http2 { _lease: lease }).await),
                        Err(unsent) => {
                            host.forget(&lease);
                            (unsent, reused)
                        }
                    }
                }
            };
            match unsent {
                Some(unsent) if reused => request = unsent,
                _ => return Err(of_request(&error, authority)),
            }
        }
    }
}

/// Gives the connection of an answer without a body back at once: nobody will read it to its end.
async fn body_of(answer: Response<Incoming>, source: Source) -> Response<UpstreamBody> {
    let (head, incoming) = answer.into_parts();
    let is_empty = incoming.is_end_stream();
    let mut body = Answer::new(incoming, source);
    if is_empty {
        poll_fn(|cx| {
            body.release(cx);
            Poll::Ready(())
        })
        .await;
    }
    Response::from_parts(head, UpstreamBody::new(body))
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
