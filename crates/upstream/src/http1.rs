//! An HTTP/1.1 connection that is driven by the task whose request it serves.
//!
//! hyper's usual way gives each connection a task of its own: every chunk of a stream then costs two switches between tasks, and every request
//! some more. A connection serves one request at a time, so the task that waits for the answer can do the reading and writing itself. Dropped,
//! it closes its socket at once: there is no other task that would have to notice.

use crate::options::Options;
use crate::socket::Socket;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: http1::Connection<TokioIo<Socket>, Full<Bytes>>,
    /// The connection's future must not be polled after its end.
    open: bool,
}

/// Why there is no answer; with the request where not a byte of it was written.
pub(crate) struct Unsent {
    pub(crate) error: hyper::Error,
    pub(crate) request: Option<Request<Full<Bytes>>>,
}

impl Connection {
    pub(crate) async fn new(socket: Socket, options: &Options) -> hyper::Result<Box<Self>> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(options.max_response_head.max(8192)).max_headers(options.max_response_headers);
        let (sender, connection) = builder.handshake(TokioIo::new(socket)).await?;
        Ok(Box::new(Self { sender, connection, open: true }))
    }

    /// Writes the request and reads the head of its answer. The body comes as the connection is driven on.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unsent> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let (connection, open) = (&mut self.connection, &mut self.open);
        let sent = poll_fn(|cx| {
            drive(connection, open, cx);
            answer.as_mut().poll(cx)
        });
        sent.await.map_err(|mut unsent| Unsent { request: unsent.take_message(), error: unsent.into_error() })
    }

    /// Reads and writes what can be at the moment.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, &mut self.open, cx);
    }

    /// Whether it can take a request: its last answer is read to the end, and the peer has neither closed nor said anything unasked.
    pub(crate) fn is_usable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.open && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())))
    }
}

fn drive(connection: &mut http1::Connection<TokioIo<Socket>, Full<Bytes>>, open: &mut bool, cx: &mut Context<'_>) {
    if *open && let Poll::Ready(end) = Pin::new(connection).poll(cx) {
        *open = false;
        // Whoever waits for an answer or a body gets the error from there.
        if let Err(error) = end {
            tracing::debug!(%error, "a connection to a provider ended with an error");
        }
    }
}
