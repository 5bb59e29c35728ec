//! What every request passes before a route is looked for: its name, its caller, its size.

use crate::access::Access;
use crate::api::Frame;
use crate::problem::{Kind, Problem};
use crate::route::RequestId;
use crate::table;
use axum::response::Response;
use bytes::Bytes;
use gateway::Peer;
use gateway::ports::AdminBody;
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tower::ServiceExt;

/// The largest body that the admin API takes.
pub(crate) const LARGEST_BODY: usize = 4 << 20;
const LONGEST_REQUEST_ID: usize = 128;

pub(crate) async fn answer(frame: &Frame, mut request: Request<Bytes>) -> http::Response<AdminBody> {
    let id = request_id(request.headers());
    let mut response = match admit(frame, &mut request) {
        Err(problem) => problem.into_reply(&id),
        Ok(()) => {
            request.extensions_mut().insert(RequestId(id.clone()));
            match frame.router.clone().oneshot(request.map(axum::body::Body::from)).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    };
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    whole(response).await
}

/// Refuses by default: only the exact path of a public route needs no key, whatever else a path may mean.
fn admit(frame: &Frame, request: &mut Request<Bytes>) -> Result<(), Problem> {
    if !is_public(request.method(), request.uri().path()) {
        let place = request.extensions().get::<Peer>().map(|peer| peer.0);
        let granted = frame.door.open(request.headers(), place, Instant::now())?;
        request.extensions_mut().insert(granted);
    }
    let size = request.body().len();
    if size > LARGEST_BODY {
        return Err(Problem::new(Kind::TooLarge, format!("the body has {size} bytes: send at most {LARGEST_BODY}")));
    }
    Ok(())
}

fn is_public(method: &Method, path: &str) -> bool {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let is_it = |pattern: &str| match pattern.strip_suffix("{id}") {
        Some(beginning) => path.strip_prefix(beginning).is_some_and(crate::docs::is_asset),
        None => path == pattern,
    };
    reads && table::ROUTES.iter().any(|route| route.access == Access::Public && route.method == Method::GET && is_it(route.path))
}

/// The gateway's name for the request, where it gave it one; letters, digits and `-_.:` only.
fn request_id(headers: &HeaderMap) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let sane = |id: &&str| {
        (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    match headers.get("x-request-id").and_then(|value| value.to_str().ok()).filter(sane) {
        Some(id) => id.to_owned(),
        None => {
            let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
            format!("adm_{micros:x}_{:x}", COUNT.fetch_add(1, Ordering::Relaxed))
        }
    }
}

/// The answers of today are whole.
pub(crate) async fn whole(response: Response) -> http::Response<AdminBody> {
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    http::Response::from_parts(head, Full::new(bytes).boxed_unsync())
}
