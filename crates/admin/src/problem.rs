//! Refusals as RFC 9457 problems: one table of kinds, each with its status, code and title.

use crate::reply::{Reply, no_store};
use axum::response::{IntoResponse, Response};
use chat::Fault;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// What is wrong with one field, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field's path in the body, as `credentials.api_key` or `mappings[2].provider`; or the name of a query parameter or header.
    #[schema(example = "base_url")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[schema(example = "expected a string, found a number")]
    pub(crate) problem: String,
    /// What to do about it.
    #[schema(example = "write it in quotes")]
    pub(crate) remedy: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// An error, as RFC 9457 writes it down.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// The kind of problem, as a URI that is not meant to be opened.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", example = "urn:conduit:problem:invalid_request")]
    pub(crate) kind: String,
    /// The kind of problem in words; the same for every problem of its kind.
    pub(crate) title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// The kind of problem for programs: the end of `type`.
    #[schema(example = "invalid_request")]
    pub(crate) code: String,
    /// This problem in words, with its remedy.
    pub(crate) detail: String,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) errors: Vec<FieldError>,
    /// What the log calls this request.
    pub(crate) request_id: String,
}

/// The kinds of problems of the admin API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    InvalidRequest,
    Unauthorized,
    NoSuchRoute,
    NotBuilt,
    NotFound,
    MethodNotAllowed,
    Conflict,
    ReadOnly,
    IdempotencyInProgress,
    Stale,
    TooLarge,
    NotJson,
    IdempotencyMismatch,
    TooManyAttempts,
    Internal,
    TestFailed,
    Storage,
}

impl Kind {
    /// Status, code and title.
    const fn rule(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "The master key is needed"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no_such_route", "There is no such route"),
            Self::NotBuilt => (StatusCode::NOT_FOUND, "not_built", "Not built in this version"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "There is no such object"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The route does not take this method"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "The change contradicts what is configured"),
            Self::ReadOnly => (StatusCode::CONFLICT, "read_only", "The object stands in the configuration file"),
            Self::IdempotencyInProgress => {
                (StatusCode::CONFLICT, "idempotency_in_progress", "A request with this Idempotency-Key is under way")
            }
            Self::Stale => (StatusCode::PRECONDITION_FAILED, "stale", "The object was changed since it was read"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", "The request body is too large"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "The request body must be JSON"),
            Self::IdempotencyMismatch => {
                (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "The Idempotency-Key belongs to another request")
            }
            Self::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "Too many wrong keys"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A mistake of Conduit"),
            Self::TestFailed => (StatusCode::BAD_GATEWAY, "test_failed", "The test against the provider failed"),
            Self::Storage => (StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", "The database does not answer"),
        }
    }
}

/// A refusal on its way to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    title: &'static str,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    allow: Option<Box<str>>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (status, code, title) = kind.rule();
        Self { status, code, title, detail: detail.into(), errors: Vec::new(), retry_after: None, allow: None }
    }

    /// One or more fields are at fault; the first one is the detail.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [] => "the request is not valid".to_owned(),
            [only] => sentence(only),
            [first, rest @ ..] => format!("{} (and {} more)", sentence(first), rest.len()),
        };
        Self { errors, ..Self::new(Kind::InvalidRequest, detail) }
    }

    pub(crate) fn field(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, problem, remedy)])
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(Kind::Unauthorized, detail)
    }

    /// Logged with its cause, shown without.
    pub(crate) fn storage(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "admin API: the database does not answer");
        Self::new(Kind::Storage, "the database does not answer: nothing was changed; try again in a moment")
            .retry_after(Duration::from_secs(2))
    }

    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "admin API: a mistake of Conduit");
        Self::new(Kind::Internal, "a mistake of Conduit: the log says more under this request id")
    }

    /// What a provider answered, or did not: the status of contract.md's table, the fault's name as the code.
    pub(crate) fn provider(fault: &Fault) -> Self {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::BAD_GATEWAY);
        let code = fault.rule().name;
        let title = "The provider did not answer as it should";
        Self { status, code, title, detail: fault.message.clone(), errors: Vec::new(), retry_after: fault.retry_after, allow: None }
    }

    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.allow = Some(methods.into());
        self
    }

    pub(crate) fn into_reply(self, request_id: &str) -> Response {
        let body = ProblemBody {
            kind: format!("urn:conduit:problem:{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
            errors: self.errors,
            request_id: request_id.to_owned(),
        };
        // Texts and numbers: they always serialise.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, bytes).into_response();
        let headers = response.headers_mut();
        no_store(headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(after) = self.retry_after {
            let seconds = u64::try_from(after.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(allow) = self.allow.and_then(|methods| HeaderValue::from_str(&methods).ok()) {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

fn sentence(error: &FieldError) -> String {
    match error.remedy.as_str() {
        "" => format!("{}: {}", error.field, error.problem),
        remedy => format!("{}: {}: {remedy}", error.field, error.problem),
    }
}

/// What a handler gives back.
pub(crate) type Outcome = Result<Reply, Problem>;
