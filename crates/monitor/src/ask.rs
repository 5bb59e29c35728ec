//! One request that costs nothing, with bounds on its time and its answer.

use bytes::{Bytes, BytesMut};
use gateway::ports::{SendFault, Upstream, UpstreamBody};
use gateway::snapshot::Provider;
use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use std::time::{Duration, Instant};

/// From the request to the end of its answer.
const WAIT: Duration = Duration::from_secs(20);
/// The longest list that is known has about a megabyte.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) took: Duration,
}

/// Why there is none.
pub(crate) enum Trouble {
    /// The name does not make an address.
    Address(String),
    Send(SendFault),
    TooSlow,
    TooLarge,
    /// The answer broke off.
    Broken(String),
}

/// What is sent along.
#[derive(Clone, Copy)]
pub(crate) enum With<'a> {
    /// The headers of a credential.
    Headers(&'a HeaderMap),
    Nothing,
}

/// Asks the address, which must be the provider's own, with the provider's query.
pub(crate) async fn ask(
    upstream: &dyn Upstream,
    provider: &Provider,
    method: Method,
    url: &str,
    with: With<'_>,
) -> Result<Answer, Trouble> {
    let request = request(provider, method, url, with)?;
    let begun = Instant::now();
    let exchange = async {
        let answer = upstream.send(request, &provider.spec.egress).await.map_err(Trouble::Send)?;
        let (head, body) = answer.into_parts();
        let body = collect(body).await?;
        Ok(Answer { status: head.status, headers: head.headers, body, took: begun.elapsed() })
    };
    tokio::time::timeout(WAIT, exchange).await.unwrap_or(Err(Trouble::TooSlow))
}

fn request(provider: &Provider, method: Method, url: &str, with: With<'_>) -> Result<Request<Bytes>, Trouble> {
    let address = match &provider.spec.query {
        Some(query) => format!("{url}{}{}", if url.contains('?') { '&' } else { '?' }, query.expose_secret()),
        None => url.to_owned(),
    };
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    // Without the address: its query may hold a secret.
    *request.uri_mut() = address.parse().map_err(|error: http::uri::InvalidUri| Trouble::Address(error.to_string()))?;
    if let With::Headers(headers) = with {
        *request.headers_mut() = headers.clone();
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("conduit/", env!("CARGO_PKG_VERSION"))));
    Ok(request)
}

async fn collect(mut body: UpstreamBody) -> Result<Bytes, Trouble> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::Broken(error.to_string()))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if all.len() + chunk.len() > MOST_BYTES {
            return Err(Trouble::TooLarge);
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}
