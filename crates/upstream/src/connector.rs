//! Opens connections, and is where the rule of reachable addresses is kept: whatever a URL, a name server or a redirect says, it ends here.

use crate::address::reach;
use crate::fault::ConnectFault;
use crate::resolve::Resolve;
use crate::socket::Socket;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use gateway::ports::SendFaultKind;
use http::Uri;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

/// How long an address may be silent before the next one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
const TCP_KEEPALIVE: Duration = Duration::from_secs(60);

/// The rules under which a connection is made; connections are shared only under equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Policy {
    pub(crate) allow_private_network: bool,
    pub(crate) connect_timeout: Duration,
}

pub(crate) struct Connector {
    pub(crate) policy: Policy,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) tls: Arc<rustls::ClientConfig>,
}

impl Connector {
    pub(crate) async fn connect(&self, target: &Uri) -> Result<Socket, ConnectFault> {
        let secure = is_secure(target, self.policy.allow_private_network)?;
        let host = target.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let port = target.port_u16().unwrap_or(if secure { 443 } else { 80 });
        // One budget for all three stages; the fault says in which it ran out.
        let deadline = Deadline { at: Instant::now() + self.policy.connect_timeout, budget: self.policy.connect_timeout };

        let addresses = deadline.bound("name resolution", self.addresses(host, port)).await??;
        let stream = deadline
            .bound("the TCP connection", dial(&addresses))
            .await?
            .and_then(tune)
            .map_err(|fault| ConnectFault::new(SendFaultKind::Connect, format!("cannot connect: {fault}")))?;
        if !secure {
            return Ok(Socket::Plain(stream));
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConnectFault::new(SendFaultKind::Tls, "the host is no name that a certificate could hold"))?;
        let stream = deadline
            .bound("the TLS handshake", TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream))
            .await?
            .map_err(|fault| ConnectFault::new(SendFaultKind::Tls, format!("TLS handshake failed: {fault}")))?;
        Ok(Socket::Tls(Box::new(stream)))
    }

    /// The addresses that may be dialled; a fault where there are none. What is returned here is what is dialled: nothing resolves again.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectFault> {
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![SocketAddr::new(literal, port)],
            Err(_) => self
                .resolver
                .resolve(host, port)
                .await
                .map_err(|fault| ConnectFault::new(SendFaultKind::Resolve, format!("the name does not resolve: {fault}")))?,
        };
        let mut refusal = None;
        let permitted: Vec<_> = found
            .into_iter()
            .filter(|address| match reach(address.ip()).permit(self.policy.allow_private_network) {
                Ok(()) => true,
                Err(why) => {
                    refusal.get_or_insert_with(|| format!("{} is {why}", address.ip()));
                    false
                }
            })
            .collect();
        match (permitted.is_empty(), refusal) {
            (false, _) => Ok(permitted),
            (true, Some(refusal)) => Err(ConnectFault::new(SendFaultKind::Forbidden, refusal)),
            (true, None) => Err(ConnectFault::new(SendFaultKind::Resolve, "the name has no address")),
        }
    }
}

/// Whether TLS is spoken; plain http only where the provider may use private networks.
fn is_secure(target: &Uri, allow_private_network: bool) -> Result<bool, ConnectFault> {
    match target.scheme_str() {
        Some("https") => Ok(true),
        Some("http") if allow_private_network => Ok(false),
        _ => Err(ConnectFault::new(
            SendFaultKind::Forbidden,
            "only https may be used; plain http needs allow_private_network on this provider",
        )),
    }
}

struct Deadline {
    at: Instant,
    budget: Duration,
}

impl Deadline {
    async fn bound<T>(&self, stage: &str, work: impl Future<Output = T>) -> Result<T, ConnectFault> {
        timeout_at(self.at, work).await.map_err(|_| {
            ConnectFault::new(SendFaultKind::ConnectTimeout, format!("the connect timeout of {:?} ran out during {stage}", self.budget))
        })
    }
}

/// Tries the addresses in the resolver's order, the next one after a failure or a silence; the first to answer is taken.
async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        match waiting.next() {
            Some(address) => attempts.push(TcpStream::connect(*address)),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        tokio::select! {
            Some(result) = attempts.next() => match result {
                Ok(stream) => return Ok(stream),
                Err(fault) => last = fault,
            },
            () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// Small writes leave at once, and a peer that vanished is noticed under a stream that says nothing.
fn tune(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(TCP_KEEPALIVE).with_interval(TCP_KEEPALIVE / 4))?;
    Ok(stream)
}

#[cfg(test)]
mod tests;
