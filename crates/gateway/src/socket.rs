//! A caller's connection, watched: how its bytes are framed, whether it reads and writes, whether it has gone behind bytes nobody has read yet.
//!
//! hyper notices a caller that closes only while it reads, and it does not read while bytes of a next request wait in its buffer. So the
//! socket is shared with a [`Watch`], through which a sweep asks the operating system's readiness without touching the bytes.

use crate::framing::{Framing, Phase, Refused};
use crate::pulse::Pulse;
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

/// Bytes that the operating system keeps for a caller that does not take them; without it they are megabytes.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

/// How long what a refused caller still sends is read and thrown away, so that it gets to read why it was refused.
const LINGER: Duration = Duration::from_secs(1);
const MOST_THROWN_AWAY: usize = 1 << 20;

/// A socket that is read strictly and notes its times.
pub(crate) struct Socket {
    stream: Arc<TcpStream>,
    framing: Framing,
    pulse: Arc<Pulse>,
    lingering: Option<Lingering>,
}

struct Lingering {
    until: Pin<Box<Sleep>>,
    thrown_away: usize,
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

/// Makes a stream ready to be served: events leave at once, and what a slow caller leaves behind stays small.
pub(crate) fn tune(stream: &std::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT)?;
    Ok(())
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream: Arc::new(stream), framing: Framing::default(), pulse: Arc::default(), lingering: None }
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::clone(&self.stream))
    }

    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    fn note_phase(&self) {
        match self.framing.phase() {
            Phase::WithinHead => self.pulse.head_begins(),
            Phase::Between | Phase::WithinBody => self.pulse.head_ends(),
            Phase::Http2 => self.pulse.speaks_http2(),
            Phase::Refused => {}
        }
    }

    /// Takes up `count` bytes that were read behind the `known` ones; what is refused of them is taken out again.
    fn take_up(&mut self, buffer: &mut ReadBuf<'_>, known: usize) {
        let read = self.framing.read(buffer.filled().get(known..).unwrap_or_default());
        if let Err(Refused { sound }) = read {
            tracing::debug!("a caller's bytes are no sound HTTP/1");
            buffer.set_filled(known + sound);
        }
        self.note_phase();
    }

    /// Tries to write until the socket says that it is full.
    fn poll_write_with(&mut self, context: &mut Context<'_>, write: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            if self.stream.poll_write_ready(context)?.is_pending() {
                self.pulse.is_blocked();
                return Poll::Pending;
            }
            match write(&self.stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => {
                    self.pulse.is_taken();
                    return Poll::Ready(written);
                }
            }
        }
    }

    fn close(&self) -> io::Result<()> {
        // The stream is shared, so it is closed through its socket; a caller that is gone already is as good as closed.
        match socket2::SockRef::from(&*self.stream).shutdown(std::net::Shutdown::Write) {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
            done => done,
        }
    }

    /// Reads and forgets, until the caller has closed too, it was enough, or time is up.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(lingering) = &mut self.lingering else { return Poll::Ready(()) };
        let mut bin = [0; 4 << 10];
        while lingering.thrown_away < MOST_THROWN_AWAY {
            if lingering.until.as_mut().poll(context).is_ready() {
                break;
            }
            match self.stream.poll_read_ready(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => break,
                Poll::Ready(Ok(())) => {}
            }
            match self.stream.try_read(&mut bin) {
                Ok(0) => break,
                Ok(count) => lingering.thrown_away += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if let Some(piece) = this.framing.refusal(buffer.remaining()) {
                buffer.put_slice(piece);
                return Poll::Ready(Ok(()));
            }
            ready!(this.stream.poll_read_ready(context))?;
            let (known, asked) = (buffer.filled().len(), buffer.remaining());
            match this.stream.try_read_buf(buffer) {
                Ok(count) => {
                    if 0 < count && count < asked {
                        // All there was: saying so spares the next read a call that finds nothing.
                        let _ = this.stream.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
                    }
                    this.take_up(buffer, known);
                    if count == 0 || buffer.filled().len() > known {
                        return Poll::Ready(Ok(()));
                    }
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

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            if let Err(error) = self.close() {
                return Poll::Ready(Err(error));
            }
            if !matches!(self.framing.phase(), Phase::WithinBody | Phase::Refused) {
                return Poll::Ready(Ok(()));
            }
            // Closing on bytes that nobody has read resets the connection, and the answer with it.
            self.lingering = Some(Lingering { until: Box::pin(tokio::time::sleep(LINGER)), thrown_away: 0 });
        }
        self.poll_linger(context).map(Ok)
    }
}
