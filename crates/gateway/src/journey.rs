//! The journey read aloud.

use crate::arrival::Arrival;
use crate::attempt::Failed;
use crate::held::{Held, Journey};
use crate::respond::{self, Answer};
use crate::route::Route;
use crate::service::Gateway;
use crate::{admit, models, receive};
use chat::Operation;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once it is known that the caller asked for a stream: only then may the head go out before the first event.
type IsStream = Arc<AtomicBool>;

impl Gateway {
    /// Answers one request; every way out is an answer.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Answer> {
        let arrival = Arrival::now(request.headers());
        let request_id = arrival.request_id.clone();
        let mut response = match self.answer(request, arrival).await {
            Ok(response) => response,
            Err(failed) => respond::fault(&failed, &request_id),
        };
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
        let keepalive_after = self.parts.settings.keepalive_after;
        let request_id = arrival.request_id.clone();
        let mut journey: Journey = Box::pin(self.travel(operation, head, body, arrival, Arc::clone(&is_stream)));
        match tokio::time::timeout(keepalive_after, journey.as_mut()).await {
            Ok(done) => done,
            Err(_) if is_stream.load(Ordering::Acquire) => {
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
                Ok(respond::with(StatusCode::OK, headers, Answer::Held(Held::new(journey, keepalive_after, request_id))))
            }
            Err(_) => journey.await,
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
        let body = receive::receive(&head.headers, body, &self.parts.settings).await?;
        let object = admit::scan(&body)?;
        let admitted = admit::admit(caller, operation, &object)?;
        is_stream.store(admitted.stream, Ordering::Release);
        let plan = self.resolve(&admitted)?;
        self.attempt(&arrival, &admitted, &object, &plan).await
    }
}
