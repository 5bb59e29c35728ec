//! A provider's answer body on its way to the gateway.

use crate::host::Host;
use crate::{http1, http2};
use bytes::Bytes;
use gateway::ports::BodyError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The body as hyper reads it, with the connection that it comes from.
pub(crate) struct Answer {
    incoming: Incoming,
    source: Source,
}

/// What the body comes from. Dropped before the end it cancels: the connection is closed, the stream is reset.
pub(crate) enum Source {
    Http1 {
        connection: Box<http1::Connection>,
        host: Arc<Host>,
    },
    Http2 {
        _lease: http2::Lease,
    },
    /// Read to the end; the connection serves others.
    Over,
}

impl Answer {
    pub(crate) fn new(incoming: Incoming, source: Source) -> Self {
        Self { incoming, source }
    }

    /// Gives the connection back once nothing more of the body is to come.
    pub(crate) fn release(&mut self, cx: &mut Context<'_>) {
        if let Source::Http1 { mut connection, host } = std::mem::replace(&mut self.source, Source::Over)
            && connection.is_usable(cx)
        {
            host.keep(connection);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let mut polled = Pin::new(&mut this.incoming).poll_frame(cx);
        if let (Poll::Pending, Source::Http1 { connection, .. }) = (&polled, &mut this.source) {
            connection.drive(cx);
            polled = Pin::new(&mut this.incoming).poll_frame(cx);
        }
        let over = match &polled {
            Poll::Pending => false,
            Poll::Ready(None) => true,
            Poll::Ready(Some(frame)) => frame.is_ok() && this.incoming.is_end_stream(),
        };
        if over {
            this.release(cx);
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
