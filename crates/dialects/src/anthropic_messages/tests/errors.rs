//! The provider's errors, row by row of `providers/anthropic.md`, "Errors".

use super::*;
use crate::ErrorAnswer;
use chat::{FaultKind, Origin, Step};
use http::HeaderMap;
use std::time::Duration;

fn fault(status: u16, kind: &str, message: &str, headers: &[(&'static str, &str)]) -> Fault {
    let body = serde_json::json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}).to_string();
    let headers: HeaderMap = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
    AnthropicMessages.read_error(ErrorAnswer { status, headers: &headers, body: body.as_bytes() })
}

#[test]
fn each_row() {
    let rows: &[(u16, &str, &str, FaultKind, u16)] = &[
        (400, "invalid_request_error", "max_tokens: Field required", FaultKind::ProviderRejected, 400),
        (400, "invalid_request_error", "You have reached your specified API usage limits.", FaultKind::ProviderQuotaExceeded, 503),
        (400, "invalid_request_error", "Your credit balance is too low", FaultKind::ProviderQuotaExceeded, 503),
        (401, "authentication_error", "invalid x-api-key", FaultKind::ProviderAuthFailed, 502),
        (402, "billing_error", "pay", FaultKind::ProviderQuotaExceeded, 503),
        (403, "permission_error", "no", FaultKind::ProviderAuthFailed, 502),
        (404, "not_found_error", "model: x", FaultKind::ProviderModelNotFound, 502),
        (409, "conflict_error", "again", FaultKind::ProviderUnavailable, 503),
        (413, "request_too_large", "large", FaultKind::ProviderRejected, 413),
        (422, "invalid_request_error", "odd", FaultKind::ProviderRejected, 422),
        (429, "rate_limit_error", "slow down", FaultKind::ProviderRateLimited, 429),
        (500, "api_error", "oops", FaultKind::ProviderUnavailable, 503),
        (504, "timeout_error", "late", FaultKind::ProviderTimeout, 504),
        (529, "overloaded_error", "Overloaded", FaultKind::ProviderUnavailable, 503),
    ];
    for (status, kind, message, expected, to_caller) in rows {
        let fault = fault(*status, kind, message, &[]);
        assert_eq!((fault.kind, fault.status(), fault.provider_status), (*expected, *to_caller, Some(*status)), "{status} {message}");
        assert_eq!((fault.origin, fault.step), (Origin::Provider, Step::FirstByte));
        let passed_on = *expected == FaultKind::ProviderRejected;
        assert_eq!(fault.message == *message, passed_on, "the account's affairs are not the caller's: {}", fault.message);
        assert!(fault.cause.unwrap().contains(message), "the log has the provider's words");
        // The same error in a stream and under a status of success.
        let data = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#);
        let whole = AnthropicMessages.read_reply(data.as_bytes()).unwrap_err();
        if *status != 422 {
            assert_eq!(whole.kind, *expected, "{status} in a success");
        }
    }
}

#[test]
fn codes_of_rejections() {
    let long = "prompt is too long: 210000 tokens > 200000 maximum";
    assert_eq!(fault(400, "invalid_request_error", long, &[]).code(), Some("context_length_exceeded"));
    assert_eq!(fault(413, "request_too_large", "x", &[]).code(), Some("request_too_large"));
    assert_eq!(fault(400, "invalid_request_error", "x", &[]).code(), None);
    let detailed = r#"{"type":"error","error":{"type":"invalid_request_error","message":"m","details":{"error_code":"bad_schema"}}}"#;
    let headers = HeaderMap::new();
    assert_eq!(
        AnthropicMessages.read_error(ErrorAnswer { status: 400, headers: &headers, body: detailed.as_bytes() }).code(),
        Some("bad_schema")
    );
}

#[test]
fn when_to_come_back() {
    let limited = |headers: &[(&'static str, &str)]| fault(429, "rate_limit_error", "slow", headers);
    assert_eq!(limited(&[("retry-after", "12")]).retry_after, Some(Duration::from_secs(12)));
    assert_eq!(limited(&[("retry-after", "12"), ("retry-after-ms", "1500")]).retry_after, Some(Duration::from_millis(1500)));
    assert_eq!(limited(&[("retry-after", "soon")]).retry_after, None);
    assert_eq!(limited(&[("retry-after", "-1")]).retry_after, None);
    assert!(limited(&[("retry-after", "12")]).may_retry_same());
    assert!(!limited(&[]).may_retry_same(), "the spend limit of a tier comes without a time, and does not pass");
    assert!(!fault(500, "api_error", "x", &[("x-should-retry", "false")]).may_retry_same());
    assert!(fault(500, "api_error", "x", &[("x-should-retry", "true")]).may_retry_same());
}

#[test]
fn answers_that_are_not_the_providers() {
    let headers = HeaderMap::new();
    for (status, body, expected) in [
        (502, "<html>bad gateway</html>", FaultKind::ProviderUnavailable),
        (404, "<html>nothing</html>", FaultKind::ProviderModelNotFound),
        (400, "", FaultKind::ProviderRejected),
        (503, r#"{"error":"text"}"#, FaultKind::ProviderUnavailable),
    ] {
        let fault = AnthropicMessages.read_error(ErrorAnswer { status, headers: &headers, body: body.as_bytes() });
        assert_eq!((fault.kind, fault.cause), (expected, None), "{body}");
        assert!(!fault.message.contains('<') && fault.message.len() > 10, "{}", fault.message);
    }
}

/// R64: what a provider says back never carries a key to a caller or a log.
#[test]
fn keys_are_scrubbed_from_messages() {
    let key = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
    let fault = fault(400, "invalid_request_error", &format!("bad key {key} in request"), &[]);
    assert!(!fault.message.contains(key) && !fault.cause.unwrap().contains(key));
}

#[test]
fn our_own_errors_in_this_dialect() {
    let fault = Fault::invalid("messages", "`messages` is empty");
    let body: Value = serde_json::from_slice(&AnthropicMessages.write_error(&fault, "req_9")).unwrap();
    let expected = serde_json::json!({"type": "error", "error": {"type": "invalid_request_error", "message": "`messages` is empty"}, "request_id": "req_9"});
    assert_eq!(body, expected);
    let frame = String::from_utf8(AnthropicMessages.write_stream_error(&fault, "req_9")).unwrap();
    assert!(frame.starts_with("event: error\ndata: {") && frame.ends_with("}\n\n"));
}
