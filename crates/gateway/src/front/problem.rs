//! A refusal of an admin request that never reached the admin API, in the form that its callers read: a problem of RFC 9457.

use crate::respond::Answer;
use chat::Fault;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

/// The same answer with a problem as its body.
pub(super) fn problem(response: Response<Answer>, fault: &Fault, request_id: &str) -> Response<Answer> {
    let status = response.status();
    let code = fault.rule().name;
    let body = serde_json::json!({
        "type": format!("urn:conduit:problem:{code}"),
        "title": title(code, status),
        "status": status.as_u16(),
        "code": code,
        "detail": fault.message,
        "request_id": request_id,
    });
    let mut response = response.map(|_| Answer::whole(body.to_string().into()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// In the words of the admin API, where it has the same kind of problem.
fn title(code: &str, status: StatusCode) -> &'static str {
    match code {
        "request_too_large" => "The request body is too large",
        "invalid_request" => "The request is not valid",
        _ => status.canonical_reason().unwrap_or("Refused"),
    }
}
