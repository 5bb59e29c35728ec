//! The journey read aloud.

use crate::arrival::Arrival;
use crate::attempt::Failed;
use crate::held::{Held, Journey};
use crate::respond::{self, Answer};
use crate::route::Route;
use crate::service::Gateway;
use crate::{admit, models, receive, route};
use chat::{Fault, FaultKind, Operation, Origin, Step};
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Set once it is known that the caller asked for a stream: only then may the head go out before the first event.
type IsStream = Arc<AtomicBool>;

impl Gateway {
    /// Answers one request; every way out is an answer.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Answer> {
        let arrival = Arrival::now(request.headers());
        let request_id = arrival.request_id.clone();
        let path = request.uri().path().to_owned();
        let answered = AssertUnwindSafe(self.answer(request, arrival)).catch_unwind().await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(failed)) => respond::fault(&failed, route::dialect(&path), &request_id),
            Err(_panic) => {
                tracing::error!(request_id, "a request ended in a panic: this is a bug in Conduit");
                let fault = Fault::new(FaultKind::Internal, Origin::Gateway, Step::Receive, "Conduit failed on this request");
                respond::fault(&fault.into(), route::dialect(&path), &request_id)
            }
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(method) = Route::allowed(&path)
        {
            response.headers_mut().insert(http::header::ALLOW, respond::text(method.as_str()));
        }
        response.headers_mut().insert(respond::REQUEST_ID, respond::text(&request_id));
        response
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>, arrival: Arrival) -> Result<Response<Answer>, Failed> {
        let (head, body) = request.into_parts();
        match Route::find(&head.method, head.uri.path())? {
            Route::Live => Ok(respond::json(StatusCode::OK, r#"{"status":"ok"}"#)),
            Route::Ready => Ok(self.readiness()),
            Route::Models => Ok(models::list(&self, &self.authenticate(&head)?)?),
            Route::Model(id) => Ok(models::one(&self, &self.authenticate(&head)?, &id)?),
            Route::Inference(operation) => self.infer(operation, head, body, arrival).await,
        }
    }

    fn readiness(&self) -> Response<Answer> {
        match self.is_ready() {
            true => respond::json(StatusCode::OK, r#"{"status":"ready"}"#),
            false => respond::json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"not ready"}"#),
        }
    }

    /// Runs the journey; where a stream's first event is long in coming, the head goes out before it.
    async fn infer(
        self: Arc<Self>,
        operation: Operation,
        head: Parts,
        body: Incoming,
        arrival: Arrival,
    ) -> Result<Response<Answer>, Failed> {
        let is_stream = IsStream::default();
        let keepalive_after = self.settings().keepalive_after;
        let request_id = arrival.request_id.clone();
        let mut journey: Journey = Box::pin(self.travel(operation, head, body, arrival, Arc::clone(&is_stream)));
        // Asked again and again: a body that is long in coming says only at its end whether it wants a stream.
        loop {
            match tokio::time::timeout(keepalive_after, journey.as_mut()).await {
                Ok(done) => return done,
                Err(_) if is_stream.load(Ordering::Acquire) => return Ok(held(journey, keepalive_after, request_id)),
                Err(_) => {}
            }
        }
    }

    /// authenticate -> receive -> admit -> resolve -> attempt.
    async fn travel(
        self: Arc<Self>,
        operation: Operation,
        head: Parts,
        body: Incoming,
        arrival: Arrival,
        is_stream: IsStream,
    ) -> Result<Response<Answer>, Failed> {
        let caller = self.authenticate(&head)?;
        let body = receive::receive(&head.headers, body, &self.settings()).await?;
        let object = admit::scan(&body)?;
        let admitted = admit::admit(caller, operation, &object)?;
        is_stream.store(admitted.stream, Ordering::Release);
        let plan = self.resolve(&admitted)?;
        self.attempt(&arrival, &admitted, &object, &plan).await
    }
}

fn held(journey: Journey, keepalive_after: Duration, request_id: String) -> Response<Answer> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    respond::with(StatusCode::OK, headers, Answer::Held(Held::new(journey, keepalive_after, request_id)))
}
