//! The connections to one authority under one set of rules.

use crate::connector::Connector;
use crate::fault::ConnectFault;
use crate::options::Options;
use crate::{http1, http2};
use gateway::ports::SendFaultKind;
use http::{HeaderValue, Uri};
use parking_lot::Mutex;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;
use tokio::sync::Notify;

pub(crate) struct Host {
    /// What the `host` field says.
    pub(crate) name: HeaderValue,
    connector: Connector,
    options: Arc<Options>,
    state: Mutex<State>,
    /// Somebody has finished connecting.
    connected: Notify,
}

#[derive(Default)]
struct State {
    /// The last one was used last.
    idle: Vec<Idle>,
    shared: Vec<http2::Connection>,
    /// The provider chose HTTP/2 before, so that one connection is enough for many requests that wait for it.
    speaks_http2: bool,
    connecting: bool,
}

struct Idle {
    connection: Box<http1::Connection>,
    since: Instant,
}

/// A connection for one request.
pub(crate) enum Link {
    Http1 { connection: Box<http1::Connection>, reused: bool },
    Http2 { lease: http2::Lease, reused: bool },
}

impl Host {
    pub(crate) fn new(target: &Uri, connector: Connector, options: Arc<Options>) -> Result<Self, ConnectFault> {
        let default = if target.scheme_str() == Some("https") { 443 } else { 80 };
        let host = target.host().unwrap_or_default();
        let name = match target.port_u16().filter(|port| *port != default) {
            Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
            None => HeaderValue::from_str(host),
        };
        let name = name.map_err(|_| ConnectFault::new(SendFaultKind::Forbidden, "the host can't stand in a header field"))?;
        Ok(Self { name, connector, options, state: Mutex::default(), connected: Notify::new() })
    }

    /// A kept connection, or a new one.
    pub(crate) async fn link(&self, target: &Uri) -> Result<Link, ConnectFault> {
        loop {
            if let Some(lease) = self.lease() {
                return Ok(Link::Http2 { lease, reused: true });
            }
            while let Some(mut connection) = self.pop_idle() {
                if poll_fn(|cx| Poll::Ready(connection.is_usable(cx))).await {
                    return Ok(Link::Http1 { connection, reused: true });
                }
            }
            let mut connected = pin!(self.connected.notified());
            connected.as_mut().enable();
            if let Some(_turn) = Turn::take(self) {
                return self.connect(target).await;
            }
            connected.await;
        }
    }

    async fn connect(&self, target: &Uri) -> Result<Link, ConnectFault> {
        let failed = |error: hyper::Error| ConnectFault::new(SendFaultKind::Broken, format!("the connection broke at its start: {error}"));
        let socket = self.connector.connect(target).await?;
        if !socket.is_http2() {
            let connection = http1::Connection::new(socket, &self.options).await.map_err(failed)?;
            return Ok(Link::Http1 { connection, reused: false });
        }
        // At the very first requests several may have connected at once.
        if let Some(lease) = self.lease() {
            return Ok(Link::Http2 { lease, reused: true });
        }
        let mut fresh = http2::Connection::new(socket, &self.options).await.map_err(failed)?;
        let lease = fresh.lease().ok_or_else(|| ConnectFault::new(SendFaultKind::Broken, "the connection was closed at its start"))?;
        let mut state = self.state.lock();
        state.speaks_http2 = true;
        state.shared.push(fresh);
        Ok(Link::Http2 { lease, reused: false })
    }

    fn lease(&self) -> Option<http2::Lease> {
        let mut state = self.state.lock();
        if state.shared.is_empty() {
            return None;
        }
        state.shared.retain(http2::Connection::is_open);
        state.shared.iter_mut().find_map(http2::Connection::lease)
    }

    fn pop_idle(&self) -> Option<Box<http1::Connection>> {
        let mut state = self.state.lock();
        let idle = state.idle.pop()?;
        if idle.since.elapsed() < self.options.pool_idle_timeout {
            return Some(idle.connection);
        }
        // All others are older still.
        state.idle.clear();
        None
    }

    /// Takes back a connection whose answer was read to its end.
    pub(crate) fn keep(&self, connection: Box<http1::Connection>) {
        let mut state = self.state.lock();
        if state.idle.len() < self.options.pool_max_idle_per_host {
            state.idle.push(Idle { connection, since: Instant::now() });
        }
    }

    /// Forgets a shared connection that refused a request.
    pub(crate) fn forget(&self, lease: &http2::Lease) {
        self.state.lock().shared.retain(|connection| !connection.is_of(lease));
    }

    /// Closes what was idle for too long or was closed by the provider; true when nothing is left.
    pub(crate) fn sweep(&self) -> bool {
        let Some(limit) = Instant::now().checked_sub(self.options.pool_idle_timeout) else { return false };
        let cx = &mut Context::from_waker(Waker::noop());
        let mut state = self.state.lock();
        state.idle.retain_mut(|idle| idle.since >= limit && idle.connection.is_usable(cx));
        state.shared.retain(|connection| connection.is_open() && !connection.is_idle_since(limit));
        state.idle.is_empty() && state.shared.is_empty()
    }
}

/// The right to connect. With HTTP/2 one at a time: those who wait will find room on its connection.
struct Turn<'a> {
    host: &'a Host,
}

impl<'a> Turn<'a> {
    fn take(host: &'a Host) -> Option<Self> {
        let mut state = host.state.lock();
        if state.speaks_http2 && state.connecting {
            return None;
        }
        state.connecting = true;
        Some(Self { host })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.host.state.lock().connecting = false;
        self.host.connected.notify_waiters();
    }
}
