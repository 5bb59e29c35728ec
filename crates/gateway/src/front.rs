//! What a request meets before its journey: is it sound HTTP, and is it for the operator or for a model?

mod problem;
mod sound;

use crate::arrival::Arrival;
use crate::ports::Peer;
use crate::receive::{self, RequestBody};
use crate::respond::{self, Answer};
use crate::service::{Gateway, Settings};
use crate::visit::Visit;
use crate::{metrics, route};
use chat::{Fault, FaultKind, Origin, Step};
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use std::sync::Arc;

/// Largest body of an admin request.
const LONGEST_ADMIN_BODY: usize = 4 << 20;
/// A larger one needs one of a few places, so that callers who have not said who they are cannot fill the memory.
const SMALL_ADMIN_BODY: usize = 64 << 10;

/// What stands outside of the data plane. Everything else has its route, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Desk {
    Metrics,
    Admin,
}

impl Desk {
    /// By the path as it was parsed, letter by letter: another spelling is another path, and finds no desk.
    fn of(path: &str) -> Option<Self> {
        match path {
            "/metrics" => Some(Self::Metrics),
            "/openapi.json" | "/docs" | "/admin/v1" => Some(Self::Admin),
            _ if path.starts_with("/docs/") || path.starts_with("/admin/v1/") => Some(Self::Admin),
            _ => None,
        }
    }
}

impl Gateway {
    /// Answers one request; every way out is an answer.
    pub(crate) async fn attend<B: RequestBody>(self: Arc<Self>, request: Request<B>, visit: Arc<Visit>) -> Response<Answer> {
        let is_http1 = request.version() <= Version::HTTP_11;
        let unsound = sound::judge(&request).err();
        let is_refused = unsound.is_some();
        let gateway = Arc::clone(&self);
        let mut response = match (unsound, Desk::of(request.uri().path())) {
            (Some(fault), _) => refusal(&fault, &request, &visit),
            (None, Some(Desk::Metrics)) => gateway.show_metrics(&request, &visit).await,
            (None, Some(Desk::Admin)) => gateway.administer(request, &visit).await,
            (None, None) => gateway.handle(request, visit).await,
        };
        if is_http1 && (is_refused || self.readiness().is_draining()) {
            // Nothing behind an unsound request is read, and a caller who comes again during a drain comes to another instance.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn show_metrics<B>(&self, request: &Request<B>, visit: &Arc<Visit>) -> Response<Answer> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let fault = Fault::new(FaultKind::MethodNotAllowed, Origin::Caller, Step::Receive, "/metrics takes GET");
            let mut response = refusal(&fault, request, visit);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            return response;
        }
        // A page of thousands of series takes a while: the streams of this thread go on meanwhile.
        let metrics = Arc::clone(self.metrics());
        let page = tokio::task::spawn_blocking(move || metrics.text()).await.unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        respond::with(StatusCode::OK, headers, Answer::whole(page.into()))
    }

    /// Hands an admin request over. It runs to its end on the runtime that carries the database, whether or not its caller stays (R42).
    async fn administer<B: RequestBody>(&self, request: Request<B>, visit: &Arc<Visit>) -> Response<Answer> {
        let asked = Request::from_parts(request_head(&request), ());
        match self.hand_over(request, visit).await {
            Ok(response) => response.map(Answer::Admin),
            Err(fault) => refusal(&fault, &asked, visit),
        }
    }

    async fn hand_over<B: RequestBody>(&self, request: Request<B>, visit: &Visit) -> Result<Response<crate::ports::AdminBody>, Fault> {
        let Some(admin) = self.opened()?.admin.clone() else {
            let message = format!("{} is not served by this Conduit", request.uri().path());
            return Err(Fault::new(FaultKind::NoSuchRoute, Origin::Caller, Step::Receive, message));
        };
        let (head, body) = request.into_parts();
        let _large = match is_small(&head) {
            true => None,
            false => Some(self.load.large_admin_body()?),
        };
        let settings = Settings { max_body: LONGEST_ADMIN_BODY, ..(*self.settings()).clone() };
        let body = receive::receive(&head.headers, body, &settings).await.map_err(of_the_desk)?;
        let mut request = Request::from_parts(head, body);
        // A target with a host in it is judged by its path, like any other.
        *request.uri_mut() = origin_form(request.uri());
        if let Some(peer) = visit.peer {
            request.extensions_mut().insert(Peer(peer));
        }
        let handled = admin.handle(request);
        match &self.runtime {
            Some(runtime) => runtime.spawn(handled).await,
            None => tokio::spawn(handled).await,
        }
        .map_err(|error| {
            let fault = Fault::new(FaultKind::Internal, Origin::Gateway, Step::Receive, "Conduit failed on this request");
            fault.with_cause(error.to_string())
        })
    }
}

/// What a refusal has to know of the request.
fn request_head<B>(request: &Request<B>) -> http::request::Parts {
    let mut head = Request::new(()).into_parts().0;
    head.uri = request.uri().clone();
    head.headers = request.headers().get("x-request-id").map(|id| ("x-request-id", id)).map_or_else(HeaderMap::new, |(name, id)| {
        let mut headers = HeaderMap::new();
        headers.insert(name, id.clone());
        headers
    });
    head
}

/// The bound of the admin API is its own, and nobody can set it.
fn of_the_desk(fault: Fault) -> Fault {
    if fault.kind != FaultKind::RequestTooLarge {
        return fault;
    }
    let message = format!("the body has more than {LONGEST_ADMIN_BODY} bytes, the most that the admin API takes: send less at once");
    Fault::new(fault.kind, Origin::Caller, Step::Receive, message)
}

/// Without a body, or with one that says that it is small.
fn is_small(head: &http::request::Parts) -> bool {
    match head.headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok().and_then(|length| length.parse().ok()).is_some_and(|length: usize| length <= SMALL_ADMIN_BODY),
        None => matches!(head.method, Method::GET | Method::HEAD),
    }
}

fn origin_form(uri: &Uri) -> Uri {
    uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()))
}

fn refusal<B>(fault: &Fault, request: &Request<B>, visit: &Arc<Visit>) -> Response<Answer> {
    let arrival = Arrival::now(request.headers(), Arc::clone(visit));
    if let Some(cause) = &fault.cause {
        tracing::error!(request_id = %arrival.request_id, cause, "a request outside of the data plane failed");
    }
    let dialect = route::dialect(request.uri().path());
    let mut response = respond::fault(&fault.clone().into(), dialect, &arrival.request_id);
    if Desk::of(request.uri().path()) == Some(Desk::Admin) {
        response = problem::problem(response, fault, &arrival.request_id);
    }
    respond::name_request(response.headers_mut(), dialect, &arrival.request_id);
    response
}

#[cfg(test)]
mod tests;
