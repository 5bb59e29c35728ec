//! The journey read aloud.

use crate::account;
use crate::arrival::{Arrival, unix_micros};
use crate::attempt::Failed;
use crate::authenticate::Caller;
use crate::caller_headers::CallerHeaders;
use crate::held::{Held, Journey};
use crate::ports::Intent;
use crate::receive::RequestBody;
use crate::respond::{self, Answer};
use crate::route::{Call, Route};
use crate::service::{Gateway, Settings};
use crate::visit::Visit;
use crate::{admit, models, receive, resolve, route};
use chat::{DialectId, Fault, FaultKind, Origin, Step};
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Set once it is known that the caller asked for a stream: only then may the head go out before the first event.
type IsStream = Arc<AtomicBool>;

impl Gateway {
    /// Answers one request; every way out is an answer.
    pub(crate) async fn handle<B: RequestBody>(self: Arc<Self>, request: Request<B>, visit: Arc<Visit>) -> Response<Answer> {
        let arrival = Arrival::now(request.headers(), Arc::clone(&visit));
        let request_id = Arc::clone(&arrival.request_id);
        let uri = request.uri().clone();
        let dialect = route::dialect_of(uri.path(), request.headers());
        let answered = AssertUnwindSafe(self.answer(request, arrival)).catch_unwind().await;
        let mut fault = None;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(failed)) => {
                fault = Some(failed.fault.rule().name);
                respond::fault(&failed, dialect, &request_id)
            }
            Err(_panic) => {
                let internal = panicked(&request_id);
                fault = Some(internal.rule().name);
                respond::fault(&internal.into(), dialect, &request_id)
            }
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(method) = Route::allowed(uri.path())
        {
            response.headers_mut().insert(http::header::ALLOW, respond::text(method.as_str()));
        }
        respond::name_request(response.headers_mut(), dialect, &request_id);
        visit.answered(response.status().as_u16(), fault, response.body().is_stream());
        response
    }

    async fn answer<B: RequestBody>(self: Arc<Self>, request: Request<B>, arrival: Arrival) -> Result<Response<Answer>, Failed> {
        let (head, body) = request.into_parts();
        match Route::find(&head.method, head.uri.path())? {
            Route::Live => Ok(respond::json(StatusCode::OK, r#"{"status":"ok"}"#)),
            Route::Ready => Ok(self.readiness().answer()),
            Route::Models => Ok(models::list(&self, &self.authenticate(&head)?, route::dialect_of(head.uri.path(), &head.headers))?),
            Route::Model(id) => Ok(models::one(&self, &self.authenticate(&head)?, &id, route::dialect_of(head.uri.path(), &head.headers))?),
            Route::Inference(call) => self.infer(call, head, body, arrival).await,
        }
    }

    /// Runs the journey; where a stream's first event is long in coming, the head goes out before it.
    async fn infer<B: RequestBody>(
        self: Arc<Self>,
        call: Call,
        head: Parts,
        body: B,
        arrival: Arrival,
    ) -> Result<Response<Answer>, Failed> {
        let is_stream = IsStream::default();
        let settings = self.settings();
        let keepalive_after = settings.keepalive_after;
        let request_id = Arc::clone(&arrival.request_id);
        let mut journey: Journey =
            Box::pin(self.travel(Asked { call, model: None, is_stream: Arc::clone(&is_stream), settings }, head, body, arrival));
        // Asked again and again: a body that is long in coming says only at its end whether it wants a stream.
        loop {
            match tokio::time::timeout(keepalive_after, journey.as_mut()).await {
                Ok(done) => return done,
                Err(_) if is_stream.load(Ordering::Acquire) => return Ok(held(journey, keepalive_after, call.dialect, request_id)),
                Err(_) => {}
            }
        }
    }

    /// authenticate, then the rest; a request of a known key that is refused before any provider is called leaves a record of that.
    async fn travel<B: RequestBody>(
        self: Arc<Self>,
        mut asked: Asked,
        head: Parts,
        body: B,
        arrival: Arrival,
    ) -> Result<Response<Answer>, Failed> {
        arrival.visit.asks(asked.call.operation);
        let caller = self.authenticate(&head)?;
        let travelled = AssertUnwindSafe(self.travel_as(caller.clone(), &mut asked, &head, body, &arrival)).catch_unwind().await;
        let travelled = match travelled {
            Ok(travelled) => travelled,
            Err(_panic) => Err(panicked(&arrival.request_id).into()),
        };
        if let Err(failed) = &travelled
            && failed.path.attempts == 0
        {
            self.record_refusal(&caller, &asked, &arrival, &failed.fault);
        }
        travelled
    }

    /// enter -> receive -> admit -> resolve -> attempt.
    async fn travel_as<B: RequestBody>(
        &self,
        caller: Caller,
        asked: &mut Asked,
        head: &Parts,
        body: B,
        arrival: &Arrival,
    ) -> Result<Response<Answer>, Failed> {
        let headers = CallerHeaders::read(asked.call.dialect, &head.headers)?;
        let settings = Arc::clone(&asked.settings);
        arrival.visit.takes(self.load.enter(&caller.key, &settings).await?);
        let (body, _weight) = receive::receive_weighed(&head.headers, body, &settings, &self.load).await?;
        let object = admit::scan(&body)?;
        let admitted = match admit::admit(caller, asked.call, headers, &object) {
            Ok(admitted) => admitted,
            Err(fault) => {
                asked.model = admit::model(&object);
                return Err(fault.into());
            }
        };
        asked.is_stream.store(admitted.stream, Ordering::Release);
        let answered = match self.resolve(&admitted) {
            Ok(plan) => self.attempt(arrival, settings, &admitted, (&body, &object), &plan).await,
            Err(fault) => Err(fault.into()),
        };
        if answered.is_err() {
            asked.model = Some(admitted.model);
        }
        answered
    }

    fn record_refusal(&self, caller: &Caller, asked: &Asked, arrival: &Arrival, fault: &Fault) {
        // Storage that fails takes no record either, and has told so itself; what is shed before it is read must cost next to nothing (R1).
        let silent = matches!(fault.kind, FaultKind::StorageUnavailable | FaultKind::Overloaded | FaultKind::Draining);
        let Some(opened) = self.opened().ok().filter(|_| !silent) else { return };
        let intent = Intent {
            attempt_id: arrival.id,
            request: arrival.id,
            request_id: arrival.request_id.to_string(),
            attempt: 0,
            started_at: unix_micros(),
            key_id: caller.key.id.clone(),
            operation: asked.call.operation,
            virtual_model: asked.model.as_deref().map(resolve::shortened).unwrap_or_default(),
            provider: String::new(),
            provider_model: String::new(),
            stream: asked.is_stream.load(Ordering::Acquire),
        };
        account::refused(&*opened.ledger, intent, arrival.at, fault);
    }
}

/// What is known of a request when it is refused.
struct Asked {
    call: Call,
    model: Option<String>,
    is_stream: IsStream,
    /// Those that the request began with.
    settings: Arc<Settings>,
}

/// The fault of a request in whose midst Conduit itself failed.
pub(crate) fn panicked(request_id: &str) -> Fault {
    tracing::error!(request_id, "a request ended in a panic: this is a bug in Conduit");
    Fault::new(FaultKind::Internal, Origin::Gateway, Step::Receive, "Conduit failed on this request")
}

fn held(journey: Journey, keepalive_after: Duration, dialect: DialectId, request_id: Arc<str>) -> Response<Answer> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    respond::with(StatusCode::OK, headers, Answer::Held(Held::new(journey, keepalive_after, dialect, request_id)))
}

#[cfg(test)]
mod tests;
