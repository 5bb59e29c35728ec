//! The request to a provider and the timers around it.

use crate::admit::Admitted;
use crate::ports::{SendFault, SendFaultKind, Upstream, UpstreamBody};
use crate::snapshot::Provider;
use crate::target::Chosen;
use bytes::{Bytes, BytesMut};
use chat::{Fault, FaultKind, Origin, Step};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use tokio::time::Sleep;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("conduit/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Compressed streams would delay events, and a compressed answer could unfold without bound.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Only these headers and the provider's own go out, and of the caller's those that belong to a dialect which it shares with the provider.
pub(crate) fn request(admitted: &Admitted, chosen: Chosen<'_>, body: Bytes) -> Result<Request<Bytes>, Fault> {
    let provider = chosen.provider();
    let Some(uri) = provider.uri(chosen.endpoint) else {
        let message = format!("the provider `{}` has no operation {}", provider.spec.name, admitted.operation.name());
        return Err(Fault::new(FaultKind::UnsupportedOperation, Origin::Gateway, Step::Send, message));
    };
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = chosen.credential.map(|credential| credential.headers.clone()).unwrap_or_default();
    let headers = request.headers_mut();
    if let Some(own) = admitted.headers.as_deref().filter(|_| chosen.endpoint.dialect == Some(admitted.dialect)) {
        own.apply(headers);
    }
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ACCEPT, if admitted.stream { EVENT_STREAM } else { JSON });
    headers.insert(ACCEPT_ENCODING, IDENTITY);
    headers.insert(USER_AGENT, AGENT);
    Ok(request)
}

/// Calls the provider; the answer's head, or a fault that names the stage.
pub(crate) async fn send(upstream: &dyn Upstream, provider: &Provider, request: Request<Bytes>) -> Result<Response<UpstreamBody>, Fault> {
    upstream.send(request, &provider.spec.egress).await.map_err(|fault| explain(provider, fault))
}

fn explain(provider: &Provider, fault: SendFault) -> Fault {
    let (kind, step, what) = match fault.kind {
        SendFaultKind::Resolve => (FaultKind::ProviderUnavailable, Step::Connect, "its name does not resolve"),
        SendFaultKind::Forbidden => (FaultKind::ProviderUnavailable, Step::Connect, "its address is not one that this provider may reach"),
        SendFaultKind::Connect => (FaultKind::ProviderUnavailable, Step::Connect, "it does not accept connections"),
        SendFaultKind::ConnectTimeout => (FaultKind::ProviderTimeout, Step::Connect, "connecting took too long"),
        SendFaultKind::Tls => (FaultKind::ProviderUnavailable, Step::Connect, "the TLS handshake failed"),
        SendFaultKind::Broken => (FaultKind::ProviderUnavailable, Step::Send, "it closed the connection without an answer"),
        SendFaultKind::Protocol => (FaultKind::ProviderBadResponse, Step::FirstByte, "its answer is not HTTP"),
    };
    let message = format!("the provider `{}` cannot be used: {what}", provider.spec.name);
    Fault::new(kind, Origin::Provider, step, message).with_cause(fault.cause)
}

/// Runs `work` until `deadline` fires; `None` if it fired first. The timer serves several steps in turn and is set up once.
pub(crate) async fn before<T>(mut deadline: Pin<&mut Sleep>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => deadline.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// The provider was too slow at `step`.
pub(crate) fn too_slow(provider: &Provider, step: Step, what: &str) -> Fault {
    let message = format!("the provider `{}` was too slow: {what}", provider.spec.name);
    Fault::new(FaultKind::ProviderTimeout, Origin::Provider, step, message)
}

/// A whole body, up to `limit` bytes.
pub(crate) async fn collect(mut body: UpstreamBody, limit: usize) -> Result<Bytes, Fault> {
    let too_large = || Fault::bad_response(Step::Relay, format!("the provider's answer is larger than {limit} bytes"));
    // One that says so itself is not read at all.
    if usize::try_from(http_body::Body::size_hint(&body).lower()).map_or(true, |announced| announced > limit) {
        return Err(too_large());
    }
    let mut first: Option<Bytes> = None;
    let mut all: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Fault::bad_response(Step::Relay, "the provider's answer broke off").with_cause(error.to_string()))?;
        let Ok(chunk) = frame.into_data() else { continue };
        let so_far = all.as_ref().map_or_else(|| first.as_ref().map_or(0, Bytes::len), BytesMut::len);
        if so_far + chunk.len() > limit {
            return Err(too_large());
        }
        match (&mut all, first.take()) {
            (Some(all), _) => {
                // In large steps: what is only reserved costs nothing, while each copy leaves its old place with the allocator for a while.
                if all.capacity() - all.len() < chunk.len() {
                    all.reserve((all.len() * 3).min(limit - all.len()).max(chunk.len()));
                }
                all.extend_from_slice(&chunk);
            }
            (None, None) => first = Some(chunk),
            (None, Some(head)) => {
                let mut joined = BytesMut::with_capacity((head.len() + chunk.len()) * 2);
                joined.extend_from_slice(&head);
                joined.extend_from_slice(&chunk);
                all = Some(joined);
            }
        }
    }
    Ok(all.map(BytesMut::freeze).or(first).unwrap_or_default())
}
