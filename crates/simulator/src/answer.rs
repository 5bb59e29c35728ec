//! What a provider's module hands to delivery: status, headers, and a body as a whole or as events.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use serde::Serialize;

/// An error of an answer's body: the simulated connection broke.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// An answer's body, frame by frame.
pub type SimBody = UnsyncBoxBody<Bytes, BodyError>;

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
}

#[derive(Debug)]
pub(crate) enum Payload {
    Whole(Bytes),
    Events(Events),
}

impl Answer {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Serializing a value of ours into memory cannot fail; an empty body would show if it did.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        Self::whole(status, "application/json", Bytes::from(bytes))
    }

    pub(crate) fn text(status: u16, body: &'static str) -> Self {
        Self::whole(status, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
    }

    fn whole(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { headers: content(content_type), status: known(status), payload: Payload::Whole(body) }
    }

    pub(crate) fn events(events: Events) -> Self {
        Self { status: StatusCode::OK, headers: content("text/event-stream; charset=utf-8"), payload: Payload::Events(events) }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.payload, Payload::Events(_))
    }

    /// The headers, and the body as it would be without faults.
    pub(crate) fn into_whole(self) -> (HeaderMap, Bytes) {
        let body = match self.payload {
            Payload::Whole(body) => body,
            Payload::Events(events) => events.buffer.freeze(),
        };
        (self.headers, body)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn fixed_headers(mut self, headers: &[(&'static str, &'static str)]) -> Self {
        for (name, value) in headers {
            self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        self
    }
}

fn content(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers
}

fn known(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A stream's events, written into one buffer and cut into frames by reference.
#[derive(Debug, Default)]
pub(crate) struct Events {
    buffer: BytesMut,
    ends: Vec<usize>,
    terminal_from: Option<usize>,
    /// What an event with broken JSON looks like here.
    pub(crate) malformed: Bytes,
    /// The provider's error event.
    pub(crate) error: Bytes,
}

impl Events {
    pub(crate) fn new(malformed: Bytes, error: Bytes) -> Self {
        Self { malformed, error, ..Self::default() }
    }

    /// Where the next event is written to; [`Events::close`] ends it.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    pub(crate) fn close(&mut self) {
        self.ends.push(self.buffer.len());
    }

    pub(crate) fn push(&mut self, event: &[u8]) {
        self.buffer.extend_from_slice(event);
        self.close();
    }

    /// The events from here on say that the answer is complete; `no-finish` leaves them out.
    pub(crate) fn terminal_from_here(&mut self) {
        self.terminal_from.get_or_insert(self.ends.len());
    }

    /// The frames, and the number of the first terminal one.
    pub(crate) fn into_frames(self) -> (Vec<Bytes>, usize) {
        let whole = self.buffer.freeze();
        let mut start = 0;
        let frames: Vec<Bytes> = self
            .ends
            .iter()
            .map(|&end| {
                let frame = whole.slice(start..end);
                start = end;
                frame
            })
            .collect();
        let terminal_from = self.terminal_from.unwrap_or(frames.len());
        (frames, terminal_from)
    }
}
