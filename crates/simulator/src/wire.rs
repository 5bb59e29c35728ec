//! The bytes of a connection, where an answer asks for something that no HTTP library would write.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What takes the place of an answer's bytes; the connection ends behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    NotHttp,
    HalfHead,
    BadChunk,
    EndlessHead,
}

impl Raw {
    fn beginning(self) -> &'static [u8] {
        match self {
            Self::NotHttp => b"\0\x01\x02SSH-2.0-garbage\r\n\r\n",
            Self::HalfHead => b"HTTP/1.1 200 OK\r\ncontent-ty",
            Self::BadChunk => {
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nzz\r\ndata: {}\n\n\r\n"
            }
            Self::EndlessHead => b"HTTP/1.1 200 OK\r\nx-endless: ",
        }
    }

    /// What follows over and over.
    fn more(self) -> &'static [u8] {
        match self {
            Self::EndlessHead => &[b'e'; 4096],
            _ => b"",
        }
    }
}

/// The pause before each byte of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlowHead(pub(crate) Duration);

/// How the next answer of a connection is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders(Arc<Mutex<Order>>);

#[derive(Clone, Copy, Debug, Default)]
enum Order {
    #[default]
    AsItIs,
    Instead(Raw),
    Slowly(SlowHead),
}

impl Orders {
    /// Reads what the answer asks for.
    pub(crate) fn take_from(&self, extensions: &mut http::Extensions) {
        if let Some(raw) = extensions.remove::<Raw>() {
            *self.lock() = Order::Instead(raw);
        } else if let Some(slow) = extensions.remove::<SlowHead>() {
            *self.lock() = Order::Slowly(slow);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that follows the orders.
pub(crate) struct Wire<T> {
    inner: T,
    orders: Orders,
    /// How much of what takes the answer's place was written.
    written: usize,
    /// Before the next byte of a slow head.
    pause: Option<Pin<Box<Sleep>>>,
    last: [u8; 4],
}

impl<T> Wire<T> {
    pub(crate) fn new(inner: T, orders: Orders) -> Self {
        Self { inner, orders, written: 0, pause: None, last: [0; 4] }
    }
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    /// Writes what takes the answer's place, and fails behind it, which ends the connection.
    fn poll_instead(&mut self, raw: Raw, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            let (beginning, more) = (raw.beginning(), raw.more());
            let rest = match beginning.get(self.written..) {
                Some(rest) if !rest.is_empty() => rest,
                _ if more.is_empty() => {
                    ready!(Pin::new(&mut self.inner).poll_flush(context))?;
                    return Poll::Ready(Err(io::Error::other("simulated: the connection ends here")));
                }
                _ => more,
            };
            self.written += ready!(Pin::new(&mut self.inner).poll_write(context, rest))?;
        }
    }

    /// Writes one byte after a pause; with the end of the head the haste comes back.
    fn poll_slowly(&mut self, slow: SlowHead, bytes: &[u8], context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(byte) = bytes.first() else { return Poll::Ready(Ok(0)) };
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(slow.0)));
        ready!(pause.as_mut().poll(context));
        let count = ready!(Pin::new(&mut self.inner).poll_write(context, std::slice::from_ref(byte)))?;
        self.pause = None;
        self.last.rotate_left(1);
        let [.., last] = &mut self.last;
        *last = *byte;
        if &self.last == b"\r\n\r\n" {
            self.last = [0; 4];
            *self.orders.lock() = Order::AsItIs;
        }
        Poll::Ready(Ok(count))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let order = *self.orders.lock();
        match order {
            Order::AsItIs => Pin::new(&mut self.inner).poll_write(context, bytes),
            Order::Instead(raw) => self.poll_instead(raw, context),
            Order::Slowly(slow) => self.poll_slowly(slow, bytes, context),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
