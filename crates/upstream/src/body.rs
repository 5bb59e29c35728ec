//! A provider's answer body on its way to the gateway.

use crate::lanes::Place;
use bytes::Bytes;
use gateway::ports::BodyError;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body as hyper reads it, keeping its place in the lane until the last byte or until it is dropped.
pub(crate) struct Answer {
    incoming: Incoming,
    _place: Place,
}

impl Answer {
    pub(crate) fn new(incoming: Incoming, place: Place) -> Self {
        Self { incoming, _place: place }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Pin::new(&mut self.incoming).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
