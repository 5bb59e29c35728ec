//! A caller's connection, watched: a caller that is silent at first, that stops reading, or that goes away behind bytes nobody has read yet.
//!
//! hyper notices a caller that closes only while it reads, and it does not read while bytes of a next request wait in its buffer. So the
//! socket is shared with a [`Watch`], through which a sweep asks the operating system's readiness without touching the bytes.

use crate::service::Settings;
use futures_util::FutureExt;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// As long as HTTP/2's preface: within these bytes it is not yet known which protocol is spoken, and no timer of hyper runs.
const OPENING: usize = 24;

/// A socket with the timers that hyper does not have.
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    /// How many of the opening bytes have come.
    opening: usize,
    /// Runs from the accept until the opening is through.
    opening_alarm: Option<Pin<Box<Sleep>>>,
    opening_limit: Duration,
    /// Runs while the caller takes no bytes.
    write_alarm: Option<Pin<Box<Sleep>>>,
    write_limit: Duration,
}

/// The same socket for the one who only watches it.
#[derive(Clone)]
pub(crate) struct Watch(Arc<TcpStream>);

impl Watch {
    /// The caller has closed its side, whether or not the bytes before that have been read.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.0.ready(Interest::READABLE).now_or_never(), Some(Ok(ready)) if ready.is_read_closed())
    }
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, settings: &Settings) -> Self {
        Self {
            stream: Arc::new(stream),
            opening: 0,
            opening_alarm: None,
            opening_limit: settings.head_timeout,
            write_alarm: None,
            write_limit: settings.write_pause,
        }
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.stream))
    }

    /// `Pending` until the caller can take bytes; an error when it could not for too long.
    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(ready) = self.stream.poll_write_ready(context) {
            self.write_alarm = None;
            return Poll::Ready(ready);
        }
        let limit = self.write_limit;
        let alarm = self.write_alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        alarm.as_mut().poll(context).map(|()| Err(io::Error::new(ErrorKind::TimedOut, "the caller takes no bytes")))
    }

    fn poll_opening(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.opening >= OPENING {
            return Poll::Pending;
        }
        let limit = self.opening_limit;
        let alarm = self.opening_alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        alarm.as_mut().poll(context).map(|()| Err(io::Error::new(ErrorKind::TimedOut, "the caller sends no request")))
    }

    fn received(&mut self, count: usize) {
        if self.opening < OPENING {
            self.opening = self.opening.saturating_add(count);
            if self.opening >= OPENING {
                self.opening_alarm = None;
            }
        }
    }

    /// Tries to write until the socket says that it is full.
    fn poll_write_with(&mut self, context: &mut Context<'_>, write: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_writable(context))?;
            match write(&self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.stream.poll_read_ready(context)?.is_pending() {
                return this.poll_opening(context);
            }
            let asked = buffer.remaining();
            match this.stream.try_read_buf(buffer) {
                Ok(count) => {
                    this.received(count);
                    if 0 < count && count < asked {
                        // All there was: saying so spares the next read a call that finds nothing.
                        let _ = this.stream.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_write_with(context, |stream| stream.try_write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The stream is shared, so it is closed through its socket; a caller that is gone already is as good as closed.
        match socket2::SockRef::from(&*self.stream).shutdown(std::net::Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}
