//! HTTP/2 connections, each shared by many requests and driven by a task of its own.

use crate::http1::Unsent;
use crate::options::Options;
use crate::socket::Socket;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Streams on one connection before another is opened: well below the limits of the large providers' front ends (100 is common), because a
/// request over the limit would wait in the client without a word.
const ROOM: usize = 64;

pub(crate) struct Connection {
    sender: http2::SendRequest<Full<Bytes>>,
    streams: Arc<AtomicUsize>,
    last_used: Instant,
}

impl Connection {
    /// Shakes hands and starts the task that drives the connection; it ends with the last sender and stream.
    pub(crate) async fn new(socket: Socket, options: &Options) -> hyper::Result<Self> {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(options.max_response_head).unwrap_or(u32::MAX))
            // A dead path under a silent stream is noticed before the provider's idle timeout; never sent on an idle connection.
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .handshake(TokioIo::new(socket))
            .await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a provider ended with an error");
            }
        });
        Ok(Self { sender, streams: Arc::default(), last_used: Instant::now() })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(crate) fn is_idle_since(&self, limit: Instant) -> bool {
        self.streams.load(Ordering::Relaxed) == 0 && self.last_used < limit
    }

    /// A place for one more stream, where there is room.
    pub(crate) fn lease(&mut self) -> Option<Lease> {
        if !self.is_open() || self.streams.load(Ordering::Relaxed) >= ROOM {
            return None;
        }
        self.last_used = Instant::now();
        self.streams.fetch_add(1, Ordering::Relaxed);
        Some(Lease { sender: self.sender.clone(), streams: Arc::clone(&self.streams) })
    }

    pub(crate) fn is_of(&self, lease: &Lease) -> bool {
        Arc::ptr_eq(&self.streams, &lease.streams)
    }
}

/// One stream's place on a connection; given back when dropped.
pub(crate) struct Lease {
    sender: http2::SendRequest<Full<Bytes>>,
    streams: Arc<AtomicUsize>,
}

impl Lease {
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unsent> {
        let sent = self.sender.try_send_request(request).await;
        sent.map_err(|mut unsent| Unsent { request: unsent.take_message(), error: unsent.into_error() })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
