//! Answers that are not refusals.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const REFERRER: HeaderName = HeaderName::from_static("referrer-policy");

/// An answer with a JSON body, or with none.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// JSON; empty for 204.
    pub(crate) body: Vec<u8>,
    /// The version of the row that the body shows.
    pub(crate) version: Option<i64>,
    /// Where an object that was just made is found.
    pub(crate) location: Option<String>,
    /// Headers of its own: they win over those that every answer has.
    pub(crate) headers: HeaderMap,
}

impl Reply {
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self, crate::problem::Problem> {
        let body = serde_json::to_vec(body).map_err(|error| crate::problem::Problem::internal(&error))?;
        Ok(Self::whole(StatusCode::OK, body))
    }

    /// 201, with the address of what was made.
    pub(crate) fn created(body: &impl Serialize, location: String) -> Result<Self, crate::problem::Problem> {
        Ok(Self { status: StatusCode::CREATED, location: Some(location), ..Self::ok(body)? })
    }

    pub(crate) fn gone() -> Self {
        Self::whole(StatusCode::NO_CONTENT, Vec::new())
    }

    /// A body as it is.
    pub(crate) fn whole(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body, version: None, location: None, headers: HeaderMap::new() }
    }

    pub(crate) fn version(mut self, version: Option<i64>) -> Self {
        self.version = version;
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        no_store(headers);
        headers.remove(CONTENT_TYPE);
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(version) = self.version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok()) {
            headers.insert(ETAG, version);
        }
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(LOCATION, location);
        }
        headers.extend(self.headers);
        response
    }
}

/// What every answer of the admin API carries: nobody keeps it, guesses its type, or is told by a link where it came from (R76).
pub(crate) fn no_store(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER, HeaderValue::from_static("no-referrer"));
}
