//! Answers to the caller: headers, bodies, errors in the dialect of the route.

use crate::attempt::{Failed, Path};
use crate::held::Held;
use crate::ports::AdminBody;
use crate::relay::Relay;
use crate::target::Target;
use bytes::Bytes;
use chat::{DialectId, Fault, FaultKind, Loss};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The same, as Anthropic's SDKs read it.
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
pub(crate) const PROVIDER: HeaderName = HeaderName::from_static("x-conduit-provider");
pub(crate) const MODEL: HeaderName = HeaderName::from_static("x-conduit-model");
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("x-conduit-attempts");
pub(crate) const FALLBACK: HeaderName = HeaderName::from_static("x-conduit-fallback");
pub(crate) const LOSSES: HeaderName = HeaderName::from_static("x-conduit-losses");
pub(crate) const UPSTREAM_MS: HeaderName = HeaderName::from_static("x-conduit-upstream-ms");
pub(crate) const OVERHEAD_US: HeaderName = HeaderName::from_static("x-conduit-overhead-us");
pub(crate) const CACHE: HeaderName = HeaderName::from_static("x-conduit-cache");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A header of losses stays short; the record has them all.
const LONGEST_LOSSES: usize = 1_000;
/// Larger answers go out in pieces.
const PIECE: usize = 64 << 10;

/// The body of an answer.
pub(crate) enum Answer {
    Whole(Option<Bytes>),
    Relay(Box<Relay>),
    Held(Box<Held>),
    /// The admin API's own.
    Admin(AdminBody),
}

impl Answer {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole((!body.is_empty()).then_some(body))
    }

    /// Whether it is streamed from a provider.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Relay(_) | Self::Held(_))
    }

    /// Ends a stream with an error in the caller's dialect; what is whole already goes out as it is.
    pub(crate) fn cut(&mut self, fault: Fault) {
        match self {
            Self::Relay(relay) => relay.cut(fault),
            Self::Held(held) => held.cut(&fault),
            Self::Whole(_) | Self::Admin(_) => {}
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(piece(body).map(|piece| Ok(Frame::data(piece)))),
            Self::Relay(relay) => Pin::new(&mut **relay).poll_frame(context),
            Self::Held(held) => Pin::new(&mut **held).poll_frame(context),
            Self::Admin(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_none(),
            Self::Admin(body) => body.is_end_stream(),
            Self::Relay(_) | Self::Held(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Relay(_) | Self::Held(_) => SizeHint::default(),
            Self::Admin(body) => body.size_hint(),
        }
    }
}

/// The next piece of a whole answer. In pieces, so that what a slow caller has not taken is not yet out of our hands.
fn piece(body: &mut Option<Bytes>) -> Option<Bytes> {
    let mut rest = body.take()?;
    if rest.len() <= PIECE {
        return Some(rest);
    }
    let piece = rest.split_to(PIECE);
    *body = Some(rest);
    Some(piece)
}

pub(crate) fn with(status: StatusCode, headers: HeaderMap, body: Answer) -> Response<Answer> {
    let streamed = body.is_stream();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if streamed {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.headers_mut().insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    }
    response
}

pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response<Answer> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    with(status, headers, Answer::whole(body.into()))
}

/// What the request is called, where clients of the dialect look for it.
pub(crate) fn name_request(headers: &mut HeaderMap, dialect: DialectId, request_id: &str) {
    let request_id = text(request_id);
    if dialect == DialectId::AnthropicMessages {
        headers.insert(ANTHROPIC_REQUEST_ID, request_id.clone());
    }
    headers.insert(REQUEST_ID, request_id);
}

/// Who answered and after how many calls.
pub(crate) fn path_headers(target: &Target, path: Path) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(PROVIDER, text(&target.provider().spec.name));
    headers.insert(MODEL, text(target.model()));
    headers.insert(ATTEMPTS, HeaderValue::from(path.attempts));
    headers.insert(FALLBACK, HeaderValue::from(u16::from(path.fallback)));
    headers.insert(CACHE, HeaderValue::from_static("off"));
    headers
}

/// The fields that were not carried, comma separated.
pub(crate) fn losses(losses: &[Loss]) -> Option<HeaderValue> {
    if losses.is_empty() {
        return None;
    }
    let mut list = String::new();
    for loss in losses {
        if list.len() + loss.path.len() > LONGEST_LOSSES {
            list.push_str(", ...");
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&loss.path);
    }
    Some(text(&list))
}

/// An error, in the dialect of the route.
pub(crate) fn fault(failed: &Failed, dialect: DialectId, request_id: &str) -> Response<Answer> {
    let Failed { fault, path } = failed;
    let body = dialects::codec(dialect).write_error(fault, request_id);
    let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, body);
    let headers = response.headers_mut();
    if let Some(after) = fault.retry_after.or_else(|| usual_retry_after(fault)) {
        // Rounded up: a caller that comes a moment early is refused again.
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)));
    }
    if !fault.caller_may_retry() {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    if path.attempts > 0 {
        headers.insert(ATTEMPTS, HeaderValue::from(path.attempts));
        headers.insert(FALLBACK, HeaderValue::from(u16::from(path.fallback)));
    }
    response
}

/// For faults that pass and come without a time of their own: long enough for a cooling target, short enough for a person who waits.
fn usual_retry_after(fault: &Fault) -> Option<Duration> {
    let passes = matches!(
        fault.kind,
        FaultKind::ProviderRateLimited
            | FaultKind::ProviderUnavailable
            | FaultKind::RateLimited
            | FaultKind::Overloaded
            | FaultKind::Draining
    );
    (passes && fault.caller_may_retry()).then_some(Duration::from_secs(2))
}

/// The in-band form of an error: for a stream whose head has gone out.
pub(crate) fn stream_fault(fault: &Fault, dialect: DialectId, request_id: &str) -> Bytes {
    Bytes::from(dialects::codec(dialect).write_stream_error(fault, request_id))
}

pub(crate) fn number(value: u128) -> HeaderValue {
    HeaderValue::from(u64::try_from(value).unwrap_or(u64::MAX))
}

/// A header value of any text: what a header may not hold is percent-encoded (R55).
pub(crate) fn text(value: &str) -> HeaderValue {
    const UNSAFE: &AsciiSet = &CONTROLS.add(b'%');
    match HeaderValue::from_str(value) {
        Ok(header) if value.is_ascii() => header,
        _ => HeaderValue::from_str(&utf8_percent_encode(value, UNSAFE).to_string()).unwrap_or(HeaderValue::from_static("?")),
    }
}

#[cfg(test)]
mod tests;
