//! What a route is, and how a request runs through one.

use crate::access::{Access, Granted};
use crate::api::Api;
use crate::problem::{Kind, Outcome, Problem};
use crate::{body, idempotency, openapi, query, table};
use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One entry of the table: everything that is known about a route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Who may use it. There is no default.
    pub(crate) access: Access,
    /// `operationId` in the OpenAPI document.
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    /// The members of its query.
    pub(crate) query: Option<Shape>,
    pub(crate) body: Body,
    pub(crate) answer: Answer,
    /// Its change can be made on a version: it takes `If-Match`.
    pub(crate) versioned: bool,
    /// Statuses of problems beside those that every route has.
    pub(crate) problems: &'static [u16],
    pub(crate) run: Handler,
}

/// A function of the resources.
pub(crate) type Handler = fn(Arc<Api>, Call) -> BoxFuture<'static, Outcome>;

/// What a route takes as its body.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    /// An empty body is an empty object.
    Optional(Shape),
    Required(Shape),
}

/// What a route answers where all is well.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) content: Content,
}

#[derive(Clone, Copy)]
pub(crate) enum Content {
    None,
    Json(Shape),
    /// Any JSON: the OpenAPI document itself.
    FreeJson,
    Html,
}

/// A type as the OpenAPI document knows it.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: fn() -> Cow<'static, str>,
    pub(crate) schema: fn() -> RefOr<Schema>,
    pub(crate) inner: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    pub(crate) const fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: <T as PartialSchema>::schema, inner: T::schemas }
    }
}

impl Body {
    pub(crate) fn shape(&self) -> Option<&Shape> {
        match self {
            Self::None => None,
            Self::Optional(shape) | Self::Required(shape) => Some(shape),
        }
    }
}

/// A request, read and checked.
#[derive(Debug)]
pub(crate) struct Call {
    /// What `{id}` stands for.
    pub(crate) id: String,
    query: Value,
    body: Value,
    /// The version that the caller has seen.
    pub(crate) if_match: Option<i64>,
}

impl Call {
    /// The body as its type. It was checked against the type's schema, so what is wrong here is a mistake of ours.
    pub(crate) fn body<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        typed(self.body.take(), "body")
    }

    pub(crate) fn query<T: DeserializeOwned>(&mut self) -> Result<T, Problem> {
        typed(self.query.take(), "query")
    }
}

fn typed<T: DeserializeOwned>(value: Value, what: &str) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::field(what, error.to_string(), "see /openapi.json for what it takes"))
}

/// The name of a request in the log and in problems.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// All routes of the table.
pub(crate) fn router(api: &Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in table::ROUTES {
        let api = Arc::clone(api);
        let handler = move |request: Request<axum::body::Body>| {
            let api = Arc::clone(&api);
            async move { respond(route, api, request).await }
        };
        router = router.route(route.path, MethodRouter::new().on(filter(&route.method), handler));
    }
    router.fallback(unknown).method_not_allowed_fallback(not_allowed)
}

fn filter(method: &Method) -> MethodFilter {
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        Method::PUT => MethodFilter::PUT,
        _ => MethodFilter::GET,
    }
}

async fn respond(route: &'static Route, api: Arc<Api>, request: Request<axum::body::Body>) -> Response {
    let (mut head, body) = request.into_parts();
    let id = head.extensions.get::<RequestId>().cloned().map_or_else(String::new, |id| id.0);
    let granted = head.extensions.get::<Granted>().copied();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let outcome = run(route, api, &mut head, bytes, granted).await;
    if route.method != Method::GET {
        let status = outcome.as_ref().map_or_else(|problem| problem.status, |reply| reply.status).as_u16();
        let by = granted.map_or("nobody", |granted| granted.by);
        tracing::info!(operation = route.id, object = %head.uri.path(), status, by, request_id = %id, "admin API");
    }
    match outcome {
        Ok(reply) => reply.into_response(),
        Err(problem) => problem.into_reply(&id),
    }
}

async fn run(route: &'static Route, api: Arc<Api>, head: &mut http::request::Parts, bytes: Bytes, granted: Option<Granted>) -> Outcome {
    // The gate has judged the path; the matched route decides again, so that a path that means two things cannot get past (R59).
    if route.access == Access::Master && granted.is_none() {
        return Err(Problem::unauthorized("no key: send `Authorization: Bearer <master key>`"));
    }
    let shapes = openapi::shapes();
    let id = path_id(head).await?;
    let query = query::read(route.query.as_ref(), head.uri.query(), shapes)?;
    let body = body::read(route, &head.headers, &bytes, shapes)?;
    let if_match = if route.versioned { if_match(&head.headers)? } else { None };
    let call = Call { id, query, body, if_match };
    match idempotency::Ticket::of(route, head, &bytes)? {
        Some(ticket) => ticket.once(&api, (route.run)(Arc::clone(&api), call)).await,
        None => (route.run)(api, call).await,
    }
}

async fn path_id(head: &mut http::request::Parts) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(head, &()).await;
    let params = params.map_err(|_| Problem::new(Kind::NotFound, "the id in the path is not UTF-8"))?;
    Ok(params.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default())
}

/// A header that may stand once: of two nobody knows which one is meant.
pub(crate) fn once<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut given = headers.get_all(name).iter();
    match (given.next(), given.next()) {
        (_, Some(_)) => Err(Problem::field(name, "stands twice", "send it once")),
        (value, None) => Ok(value),
    }
}

/// `"3"` or `3`; `*` stands for whatever version there is.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = once(headers, "if-match")? else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    number
        .parse()
        .map(Some)
        .map_err(|_| Problem::field("if-match", "is not a version", "send the `version` of the object that you have read, as \"3\""))
}

/// After the gate, so only to those who may know what there is.
async fn unknown(request: Request<axum::body::Body>) -> Response {
    let path = request.uri().path();
    let shown = crate::json::shown(path);
    let problem = match table::not_built(path) {
        Some(name) => Problem::new(Kind::NotBuilt, format!("`{name}` is not built in this version of Conduit")),
        None => Problem::new(Kind::NoSuchRoute, format!("no route has the path {shown}: see /openapi.json for those there are")),
    };
    problem.into_reply(&id_of(&request))
}

async fn not_allowed(request: Request<axum::body::Body>) -> Response {
    let matched = request.extensions().get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let methods: Vec<&str> = table::ROUTES.iter().filter(|route| route.path == matched).map(|route| route.method.as_str()).collect();
    let allow = methods.join(", ");
    let detail = format!("{matched} takes {allow}, not {}", request.method());
    Problem::new(Kind::MethodNotAllowed, detail).allow(allow).into_reply(&id_of(&request))
}

fn id_of(request: &Request<axum::body::Body>) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}
