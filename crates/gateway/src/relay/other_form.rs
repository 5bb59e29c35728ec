//! Answers in another form than they were asked for: a whole one in place of a stream, a stream in place of a whole one
//! (`providers/custom.md` §4). Only of servers whose owner declared them.

use super::stream::EVENT_STREAM;
use super::whole::{answer, collect, written};
use super::{Finish, Head, Relayed};
use crate::account::Account;
use crate::ports::{BodyError, UpstreamBody};
use bytes::Bytes;
use chat::{Collector, Event, Fault, Operation, Step, Usage};
use dialects::{Ending, Verdict};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::Sleep;
use wire::sse::Framer;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Stream,
    Whole,
}

/// By the first byte that says something: JSON begins with a brace, and no line of an event stream does.
pub(super) async fn judge(mut body: UpstreamBody) -> Result<(Form, UpstreamBody), Fault> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broke_off(&error))?;
        let Ok(chunk) = frame.into_data() else { continue };
        let said = without_blank(&chunk);
        let Some(first) = said.first() else { continue };
        let form = if *first == b'{' { Form::Whole } else { Form::Stream };
        let chunk = chunk.slice_ref(said);
        return Ok((form, UpstreamBody::new(Begun { first: Some(chunk), rest: body })));
    }
    Err(Fault::bad_response(Step::FirstByte, "the provider's answer is empty"))
}

fn broke_off(error: &BodyError) -> Fault {
    Fault::bad_response(Step::Relay, "the provider's answer broke off").with_cause(error.to_string())
}

/// Without a byte order mark and white space in front: some servers send them to keep a connection alive.
pub(super) fn without_blank(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

/// A body whose first chunk was taken out to look at it.
struct Begun {
    first: Option<Bytes>,
    rest: UpstreamBody,
}

impl Body for Begun {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }
}

/// Writes a whole answer as the stream that was asked for.
pub(super) async fn whole_as_stream(
    relayed: &Relayed<'_>,
    headers: &HeaderMap,
    body: UpstreamBody,
    account: &mut Account,
    deadline: Pin<Box<Sleep>>,
) -> Result<Finish, Fault> {
    let body = collect(relayed, body, deadline).await?;
    account.first_byte();
    answer(relayed, headers, &body)?;
    let (stream, usage) = match relayed.operation() {
        Operation::Chat => replayed(relayed, &body)?,
        _ => (as_one_event(&body), dialects::codec(relayed.caller()).read_usage(&body)),
    };
    account.set_usage(usage);
    Ok(Finish::Whole { head: Head::new(relayed, EVENT_STREAM), body: stream, status: StatusCode::OK })
}

fn replayed(relayed: &Relayed<'_>, body: &[u8]) -> Result<(Bytes, Option<Usage>), Fault> {
    let mut reply = dialects::codec(relayed.dialect()).read_reply_leniently(body, relayed.chosen.leniency())?;
    relayed.names.restore_reply(&mut reply);
    let mut writer = dialects::codec(relayed.caller()).stream_writer(relayed.stream_options());
    let mut out = Vec::with_capacity(body.len() * 2);
    for event in chat::replay(&reply) {
        writer.write(&event, &mut out);
    }
    writer.finish(&mut out);
    match writer.fault() {
        Some(fault) => Err(*fault),
        None => Ok((Bytes::from(out), reply.usage)),
    }
}

/// A whole text completion has the shape of a chunk of its stream.
fn as_one_event(body: &[u8]) -> Bytes {
    // A line end can only stand between the tokens of JSON: inside a string it is escaped.
    let line = body.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte });
    let mut out = b"data: ".to_vec();
    out.extend(line);
    out.extend_from_slice(b"\n\ndata: [DONE]\n\n");
    Bytes::from(out)
}

/// Whether a whole body is an event stream, by its type, or by its bytes where the type says nothing.
pub(super) fn is_stream(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        return true;
    }
    let said = without_blank(body);
    let lines = [&b"data:"[..], b"event:", b"id:", b"retry:", b":"];
    !kind.starts_with("application/json") && lines.iter().any(|line| said.starts_with(line))
}

/// Collects a stream into the whole answer that was asked for.
pub(super) fn stream_as_whole(relayed: &Relayed<'_>, body: &[u8]) -> Result<(Bytes, Option<Usage>), Fault> {
    if relayed.operation() != Operation::Chat {
        return Err(Fault::bad_response(Step::Relay, "the provider's answer is a stream, though none was asked for"));
    }
    let mut framer = Framer::new(relayed.settings.max_event);
    framer.push(without_blank(body));
    let mut reader = dialects::codec(relayed.dialect()).lenient_stream_reader(relayed.chosen.leniency());
    let mut collector = Collector::new(relayed.dialect());
    let mut events = Vec::new();
    let mut ended = false;
    loop {
        let found = if ended { framer.finish() } else { framer.next() };
        let found = found
            .map_err(|error| Fault::bad_response(Step::Relay, "the provider's stream cannot be read").with_cause(error.to_string()))?;
        let Some(frame) = found else {
            if std::mem::replace(&mut ended, true) {
                break;
            }
            continue;
        };
        let Some(data) = frame.data else { continue };
        if reader.read(frame.event, data, &mut events) == Verdict::Malformed {
            return Err(Fault::bad_response(Step::Relay, "the provider's stream holds an event that is malformed"));
        }
        for event in events.drain(..) {
            if let Event::Error(fault) = event {
                return Err(*fault);
            }
            collector.add(&event);
        }
    }
    match reader.ending() {
        Ending::Complete => written(relayed, collector.reply()),
        Ending::Truncated => Err(Fault::bad_response(Step::Relay, "the provider's stream was cut short")),
    }
}

#[cfg(test)]
mod tests;
