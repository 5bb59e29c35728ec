//! Sends an answer the way the faults ask for: late, cut, stalled, in drops.

use crate::answer::{Answer, BodyError, Events, Payload, SimBody};
use crate::control::Counters;
use crate::faults::Faults;
use crate::wire::SlowHead;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

pub(crate) async fn deliver(answer: Answer, faults: Faults, counters: &Arc<Counters>) -> Response<SimBody> {
    counters.begin();
    if let Some(delay) = faults.delay {
        let awaited = Awaited(Some(Arc::clone(counters)));
        tokio::time::sleep(delay).await;
        awaited.begins();
    }
    if let Some(garbage) = faults.garbage {
        return garbage.in_place_of(answer, counters);
    }
    let length = match &answer.payload {
        Payload::Whole(body) => Some(body.len()),
        Payload::Events(_) => None,
    };
    let body = Delivery::new(answer.payload, &faults, Arc::clone(counters));
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    if let Some(length) = length {
        // Said even where the body will be cut, as a server does that dies while it writes.
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    response.extensions_mut().extend(slow_head(&faults));
    response
}

/// An answer that has not begun: a caller that leaves before it does is counted as one that left.
struct Awaited(Option<Arc<Counters>>);

impl Awaited {
    fn begins(mut self) {
        self.0 = None;
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(counters) = self.0.take() {
            counters.end(false);
        }
    }
}

fn slow_head(faults: &Faults) -> http::Extensions {
    let mut extensions = http::Extensions::new();
    if let Some(pause) = faults.slow_head {
        extensions.insert(SlowHead(pause));
    }
    extensions
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    InOrder,
    Broken,
    Never,
}

/// A body in the making. Every frame is a write of its own, as a model's tokens are: after each one the task yields once.
struct Delivery {
    frames: std::vec::IntoIter<Bytes>,
    ending: Ending,
    first_delay: Option<Duration>,
    event_delay: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
    yields: bool,
    yielding: bool,
    exact: Option<u64>,
    counters: Arc<Counters>,
    ended: bool,
}

impl Delivery {
    fn new(payload: Payload, faults: &Faults, counters: Arc<Counters>) -> Self {
        let (frames, ending) = match payload {
            Payload::Whole(body) => spoil_whole(body, faults),
            Payload::Events(events) => spoil_events(events, faults),
        };
        let frames = match faults.trickle {
            Some(size) => frames.iter().flat_map(|frame| drops(frame, size)).collect(),
            None => frames,
        };
        let exact = (ending == Ending::InOrder).then(|| frames.iter().map(|frame| frame.len() as u64).sum());
        Self {
            // Before a broken end too: a server drops what it has not written when a body fails.
            yields: frames.len() > 1 || ending != Ending::InOrder,
            frames: frames.into_iter(),
            ending,
            first_delay: faults.first_token_delay,
            event_delay: faults.event_delay,
            sleep: None,
            yielding: false,
            exact,
            counters,
            ended: false,
        }
    }

    fn finish(&mut self) {
        if !self.ended {
            self.ended = true;
            self.counters.end(true);
        }
    }

    /// Ready when the pause before the next frame is over.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(delay) = self.first_delay.take() {
            self.sleep = Some(Box::pin(tokio::time::sleep(delay)));
        }
        if let Some(sleep) = self.sleep.as_mut() {
            std::task::ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        if self.yielding {
            self.yielding = false;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        std::task::ready!(self.poll_pause(cx));
        if let Some(frame) = self.frames.next() {
            self.yielding = self.yields;
            if self.frames.len() > 0 {
                self.sleep = self.event_delay.map(|delay| Box::pin(tokio::time::sleep(delay)));
            } else if self.ending == Ending::InOrder {
                // A server may stop polling at the announced length: the last frame is the end.
                self.finish();
            }
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        match self.ending {
            Ending::Never => Poll::Pending,
            Ending::InOrder => {
                self.finish();
                Poll::Ready(None)
            }
            Ending::Broken => {
                self.finish();
                self.ending = Ending::InOrder;
                Poll::Ready(Some(Err("simulated: the connection broke".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.len() == 0 && self.ending == Ending::InOrder
    }

    fn size_hint(&self) -> SizeHint {
        // Only before the first frame, which is when a server asks.
        self.exact.filter(|_| !self.yields).map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.ended {
            self.counters.end(false);
        }
    }
}

fn spoil_events(events: Events, faults: &Faults) -> (Vec<Bytes>, Ending) {
    let (malformed, error) = (events.malformed.clone(), events.error.clone());
    let (mut frames, terminal_from) = events.into_frames();
    if faults.no_finish {
        frames.truncate(terminal_from);
    }
    if let Some(frame) = faults.malformed_at.and_then(|at| frames.get_mut(at.saturating_sub(1))) {
        *frame = malformed;
    }
    if let Some(at) = faults.error_at {
        frames.truncate(at.saturating_sub(1));
        frames.push(error);
    }
    let (count, ending) = ending(faults, frames.len());
    frames.truncate(count);
    (frames, ending)
}

fn spoil_whole(body: Bytes, faults: &Faults) -> (Vec<Bytes>, Ending) {
    let body = match faults.malformed_at {
        // The announced length stays true: what follows the first half is noise.
        Some(_) => garble(&body),
        None => body,
    };
    let (count, ending) = ending(faults, body.len());
    (vec![body.slice(..count.min(body.len()))], ending)
}

fn garble(body: &Bytes) -> Bytes {
    let half = body.len() / 2;
    body.iter().enumerate().map(|(at, byte)| if at < half { *byte } else { b'#' }).collect()
}

/// How many units are sent of `whole`, and what comes then.
fn ending(faults: &Faults, whole: usize) -> (usize, Ending) {
    match (faults.cut_after, faults.stall_after) {
        (Some(cut), stall) if stall.is_none_or(|stall| cut <= stall) => (cut.min(whole), Ending::Broken),
        (_, Some(stall)) => (stall.min(whole), Ending::Never),
        _ => (whole, Ending::InOrder),
    }
}

fn drops(frame: &Bytes, size: usize) -> Vec<Bytes> {
    (0..frame.len()).step_by(size).map(|start| frame.slice(start..(start + size).min(frame.len()))).collect()
}

#[cfg(test)]
mod tests;
