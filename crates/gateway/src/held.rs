//! A stream whose provider is slow to begin: the head has gone out, comments keep the connection alive, and failing over is still allowed.

use crate::attempt::Failed;
use crate::respond::{self, Answer};
use bytes::Bytes;
use chat::{DialectId, Fault};
use http::Response;
use http_body::{Body, Frame};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The rest of the journey, up to the first event.
pub(crate) type Journey = Pin<Box<dyn Future<Output = Result<Response<Answer>, Failed>> + Send>>;

/// What keeps the connection alive, as the caller's dialect has it.
const fn sign_of_life(dialect: DialectId) -> Bytes {
    match dialect {
        DialectId::AnthropicMessages => Bytes::from_static(b"event: ping\ndata: {\"type\": \"ping\"}\n\n"),
        DialectId::OpenaiChat | DialectId::OpenaiCompletions => Bytes::from_static(b": keep-alive\n\n"),
    }
}

/// A body that is waiting for its content.
pub(crate) struct Held {
    state: State,
    tick: Pin<Box<Sleep>>,
    every: Duration,
    /// The caller's.
    dialect: DialectId,
    request_id: Arc<str>,
    /// The first comment goes out at once: it is what the caller waited for.
    greeted: bool,
}

enum State {
    Waiting(Journey),
    Flowing(Box<Answer>),
    /// Only these bytes are still to be sent.
    Last(Bytes),
    Done,
}

impl Held {
    pub(crate) fn new(journey: Journey, every: Duration, dialect: DialectId, request_id: Arc<str>) -> Box<Self> {
        let tick = Box::pin(tokio::time::sleep(every));
        Box::new(Self { state: State::Waiting(journey), tick, every, dialect, request_id, greeted: false })
    }

    /// Ends the wait, or the stream, with an error in the caller's dialect. The journey is dropped with it.
    pub(crate) fn cut(&mut self, fault: &Fault) {
        match &mut self.state {
            State::Waiting(_) => self.state = State::Last(respond::stream_fault(fault, self.dialect, &self.request_id)),
            State::Flowing(answer) => answer.cut(fault.clone()),
            State::Last(_) | State::Done => {}
        }
    }

    fn comment(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.greeted {
            self.greeted = true;
            return Poll::Ready(Some(Ok(Frame::data(sign_of_life(self.dialect)))));
        }
        match self.tick.as_mut().poll(context) {
            Poll::Ready(()) => {
                self.tick.as_mut().reset(Instant::now() + self.every);
                Poll::Ready(Some(Ok(Frame::data(sign_of_life(self.dialect)))))
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
                        return Poll::Ready(Some(Ok(Frame::data(respond::stream_fault(&failed.fault, this.dialect, &this.request_id)))));
                    }
                    Poll::Pending => return this.comment(context),
                },
                State::Flowing(body) => return Pin::new(&mut **body).poll_frame(context),
                State::Last(bytes) => {
                    let bytes = std::mem::take(bytes);
                    this.state = State::Done;
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }
}
