//! The request body, whole, within its bounds.

use crate::load::{Load, Weight};
use crate::service::Settings;
use bytes::{Bytes, BytesMut};
use chat::{Fault, FaultKind, Origin, Step};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::BodyExt;

/// A request body from the network, or from a test.
pub(crate) trait RequestBody: http_body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin + Send + 'static {}

impl<B: http_body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin + Send + 'static> RequestBody for B {}

/// Reads the body. Over the limit it is refused without being read to its end.
pub(crate) async fn receive(headers: &HeaderMap, body: impl RequestBody, settings: &Settings) -> Result<Bytes, Fault> {
    in_time(headers, body, settings, None).await
}

/// The same for a body that is counted with the others' while it is held.
pub(crate) async fn receive_weighed(
    headers: &HeaderMap,
    body: impl RequestBody,
    settings: &Settings,
    load: &Load,
) -> Result<(Bytes, Weight), Fault> {
    let mut weight = load.weigh(settings);
    let body = in_time(headers, body, settings, Some((load, &mut weight))).await?;
    Ok((body, weight))
}

type Scale<'a> = Option<(&'a Load, &'a mut Weight)>;

async fn in_time(headers: &HeaderMap, body: impl RequestBody, settings: &Settings, scale: Scale<'_>) -> Result<Bytes, Fault> {
    match tokio::time::timeout(settings.body_total, read(headers, body, settings, scale)).await {
        Ok(received) => received,
        Err(_) => Err(too_slow()),
    }
}

async fn read(headers: &HeaderMap, mut body: impl RequestBody, settings: &Settings, mut scale: Scale<'_>) -> Result<Bytes, Fault> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Fault::invalid("content-encoding", "compressed request bodies are not taken: send the body as it is"));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > settings.max_body) {
        return Err(too_large(settings.max_body));
    }
    if let (Some((load, weight)), Some(length)) = (&scale, announced) {
        weight.allows(length).map_err(|full| load.too_heavy(full))?;
    }
    let mut first = match next(&mut body, settings).await? {
        Some(chunk) => chunk,
        None => return Ok(Bytes::new()),
    };
    // Most bodies come in one piece and are not copied.
    let mut rest: Option<BytesMut> = None;
    loop {
        let length = rest.as_ref().map_or(first.len(), BytesMut::len);
        if length > settings.max_body {
            return Err(too_large(settings.max_body));
        }
        if let Some((load, weight)) = &mut scale {
            weight.grows_to(length).map_err(|full| load.too_heavy(full))?;
        }
        let Some(chunk) = next(&mut body, settings).await? else { break };
        rest.get_or_insert_with(|| {
            let mut all = BytesMut::with_capacity(announced.unwrap_or(first.len() + chunk.len()));
            all.extend_from_slice(&first);
            first = Bytes::new();
            all
        })
        .extend_from_slice(&chunk);
    }
    Ok(rest.map_or(first, BytesMut::freeze))
}

async fn next(body: &mut impl RequestBody, settings: &Settings) -> Result<Option<Bytes>, Fault> {
    loop {
        let frame = match tokio::time::timeout(settings.body_pause, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(unreadable(&error)),
            Ok(None) => return Ok(None),
            Err(_) => return Err(too_slow()),
        };
        // Trailers mean nothing here.
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
}

fn too_large(limit: usize) -> Fault {
    let message = format!("the body is larger than {limit} bytes (server.max_body)");
    Fault::new(FaultKind::RequestTooLarge, Origin::Caller, Step::Receive, message)
}

fn too_slow() -> Fault {
    Fault::new(FaultKind::RequestTimeout, Origin::Caller, Step::Receive, "the request body did not arrive in time")
}

/// Cut short or framed wrongly. Where the caller is gone nobody reads this.
fn unreadable(error: &impl std::fmt::Display) -> Fault {
    Fault::invalid("body", "the request body is cut short or its chunks are malformed").with_cause(error.to_string())
}
