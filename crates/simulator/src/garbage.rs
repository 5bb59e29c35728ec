//! Answers that are none: what broken servers, and whatever stands before them, send with a straight face.

use crate::answer::{Answer, BodyError, SimBody};
use crate::control::Counters;
use crate::wire::Raw;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The values of the fault word `garbage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Garbage {
    /// A page with status 200, as a login portal sends it.
    Html,
    /// JSON that stops in the middle, with a length that is true.
    Json,
    /// The right body under the name of another type.
    Type,
    /// Bytes that are no UTF-8, within a JSON string.
    Utf8,
    /// Compression is announced, and there is none.
    Gzip,
    /// To a place that nobody should go to.
    Redirect,
    /// The right status and type, and a body that never ends.
    EndlessBody,
    /// What no HTTP library would write.
    Wire(Raw),
}

/// A piece of what never ends.
const FILLING: &[u8] = &[b' '; 16 << 10];

impl Garbage {
    pub(crate) const NAMES: &str =
        "html, json, type, utf8, gzip, redirect, endless-body, not-http, half-head, bad-chunk, endless-head are the kinds";

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "html" => Self::Html,
            "json" => Self::Json,
            "type" => Self::Type,
            "utf8" => Self::Utf8,
            "gzip" => Self::Gzip,
            "redirect" => Self::Redirect,
            "endless-body" => Self::EndlessBody,
            "not-http" => Self::Wire(Raw::NotHttp),
            "half-head" => Self::Wire(Raw::HalfHead),
            "bad-chunk" => Self::Wire(Raw::BadChunk),
            "endless-head" => Self::Wire(Raw::EndlessHead),
            _ => return None,
        })
    }

    /// What is sent in place of an answer that would have been a whole body or a stream.
    pub(crate) fn in_place_of(self, answer: Answer, counters: &Arc<Counters>) -> Response<SimBody> {
        let is_stream = answer.is_stream();
        let (mut headers, whole) = answer.into_whole();
        let mut status = StatusCode::OK;
        let mut name = |field, value: &'static str| {
            headers.insert(field, HeaderValue::from_static(value));
        };
        let body = match self {
            Self::Html => {
                name(CONTENT_TYPE, "text/html; charset=utf-8");
                Bytes::from_static(
                    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>\n",
                )
            }
            Self::Json if is_stream => Bytes::from_static(b"data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\n\ndata: [DONE]\n\n"),
            Self::Json => whole.slice(..whole.len() / 2),
            Self::Type => {
                name(CONTENT_TYPE, "application/octet-stream");
                whole
            }
            Self::Utf8 if is_stream => Bytes::from_static(b"data: {\"id\":\"chatcmpl-\xff\xfe\",\"choices\":[]}\n\n"),
            Self::Utf8 => Bytes::from_static(b"{\"id\":\"chatcmpl-\xff\xfe\",\"choices\":[]}"),
            Self::Gzip => {
                name(CONTENT_ENCODING, "gzip");
                whole
            }
            Self::Redirect => {
                status = StatusCode::TEMPORARY_REDIRECT;
                name(LOCATION, "http://169.254.169.254/latest/meta-data/");
                Bytes::new()
            }
            // The bytes of the wire take the place of this answer's.
            Self::Wire(_) | Self::EndlessBody => Bytes::new(),
        };
        let body = match self {
            Self::EndlessBody => Endless(Arc::clone(counters)).boxed_unsync(),
            _ => {
                counters.end(true);
                Full::new(body).map_err(|never| match never {}).boxed_unsync()
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if let Self::Wire(raw) = self {
            response.extensions_mut().insert(raw);
        }
        response
    }
}

/// Goes on until nobody takes it any more.
struct Endless(Arc<Counters>);

impl Body for Endless {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(FILLING)))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.end(false);
    }
}

#[cfg(test)]
mod tests;
