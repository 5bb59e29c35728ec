//! A stream whose provider is slow to begin: the head has gone out, comments keep the connection alive, and failing over is still allowed.

use crate::attempt::Failed;
use crate::respond::{self, Answer};
use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The rest of the journey, up to the first event.
pub(crate) type Journey = Pin<Box<dyn Future<Output = Result<Response<Answer>, Failed>> + Send>>;

const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// A body that is waiting for its content.
pub(crate) struct Held {
    state: State,
    tick: Pin<Box<Sleep>>,
    every: Duration,
    request_id: String,
    /// The first comment goes out at once: it is what the caller waited for.
    greeted: bool,
}

enum State {
    Waiting(Journey),
    Flowing(Box<Answer>),
    Done,
}

impl Held {
    pub(crate) fn new(journey: Journey, every: Duration, request_id: String) -> Box<Self> {
        Box::new(Self { state: State::Waiting(journey), tick: Box::pin(tokio::time::sleep(every)), every, request_id, greeted: false })
    }

    fn comment(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.greeted {
            self.greeted = true;
            return Poll::Ready(Some(Ok(Frame::data(COMMENT))));
        }
        match self.tick.as_mut().poll(context) {
            Poll::Ready(()) => {
                self.tick.as_mut().reset(Instant::now() + self.every);
                Poll::Ready(Some(Ok(Frame::data(COMMENT))))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Waiting(journey) => match journey.as_mut().poll(context) {
                    Poll::Ready(Ok(response)) => this.state = State::Flowing(Box::new(response.into_body())),
                    Poll::Ready(Err(failed)) => {
                        this.state = State::Done;
                        return Poll::Ready(Some(Ok(Frame::data(respond::stream_fault(&failed.fault, &this.request_id)))));
                    }
                    Poll::Pending => return this.comment(context),
                },
                State::Flowing(body) => return Pin::new(&mut **body).poll_frame(context),
                State::Done => return Poll::Ready(None),
            }
        }
    }
}
