//! A provider's answer body on its way to the gateway.

use crate::lanes::Place;
use bytes::{Bytes, BytesMut};
use gateway::ports::BodyError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What is gathered before it is handed on at the latest.
const ENOUGH: usize = 16 * 1024;
/// Polls without a new chunk before what was gathered goes on. hyper's server polls a body twice before it lets another task run, so with one the
/// connection would never get its chance.
const PATIENCE: u8 = 2;

/// The body as hyper reads it, keeping its place in the lane until the last byte or until it is dropped.
///
/// hyper hands over one chunk at a time, even when one read brought fifty events. Passed on one by one, each would cost the caller's side a write
/// to its socket. So chunks that are there already are joined: after a chunk the connection gets one chance to bring the next, and what came by then
/// goes on as one frame. Nothing waits for the network, only for tasks that are ready to run.
pub(crate) struct Answer {
    incoming: Incoming,
    gathered: Gathered,
    /// Polls without a new chunk since the last one.
    waited: u8,
    /// What came after the gathered bytes: the end, trailers or an error.
    after: Option<Polled>,
    _place: Place,
}

type Polled = Option<Result<Frame<Bytes>, BodyError>>;

impl Answer {
    pub(crate) fn new(incoming: Incoming, place: Place) -> Self {
        Self { incoming, gathered: Gathered::default(), waited: 0, after: None, _place: place }
    }

    fn hand_on(&mut self) -> Poll<Polled> {
        self.waited = 0;
        Poll::Ready(Some(Ok(Frame::data(self.gathered.take()))))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Polled> {
        let this = self.get_mut();
        if let Some(after) = this.after.take() {
            return Poll::Ready(after);
        }
        loop {
            match Pin::new(&mut this.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                    this.gathered.add(frame.into_data().unwrap_or_default());
                    this.waited = 0;
                    if this.gathered.len() >= ENOUGH || this.incoming.is_end_stream() {
                        return this.hand_on();
                    }
                }
                Poll::Ready(other) => {
                    let other = other.map(|frame| frame.map_err(Into::into));
                    if this.gathered.len() == 0 {
                        return Poll::Ready(other);
                    }
                    this.after = Some(other);
                    return this.hand_on();
                }
                Poll::Pending if this.gathered.len() == 0 => return Poll::Pending,
                Poll::Pending if this.waited >= PATIENCE => return this.hand_on(),
                Poll::Pending => {
                    this.waited += 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.after {
            Some(after) => after.is_none(),
            None => self.gathered.len() == 0 && self.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, held) = (self.incoming.size_hint(), self.gathered.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower() + held);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

/// Chunks joined; a single one is not copied.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    joined: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn add(&mut self, chunk: Bytes) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve(ENOUGH);
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&chunk);
    }

    fn take(&mut self) -> Bytes {
        match self.joined.is_empty() {
            true => std::mem::take(&mut self.first),
            false => self.joined.split().freeze(),
        }
    }
}
