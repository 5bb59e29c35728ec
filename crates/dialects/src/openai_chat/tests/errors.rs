use super::*;
use crate::ErrorAnswer;
use chat::{Fault, FaultKind as K, Origin, Step};
use http::HeaderMap;
use std::time::Duration;

fn answer(status: u16, body: &str) -> Fault {
    OpenaiChat.read_error(ErrorAnswer { status, headers: &HeaderMap::new(), body: body.as_bytes() })
}

/// providers/openai.md §6, groq.md §5, custom.md §5.
#[test]
fn every_shape_of_error_has_its_kind() {
    let cases: &[(u16, &str, K)] = &[
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"p","code":"unsupported_parameter"}}"#,
            K::ProviderRejected,
        ),
        (401, r#"{"error":{"message":"Incorrect API key provided: sk-ab***yz","code":"invalid_api_key"}}"#, K::ProviderAuthFailed),
        (403, r#"{"error":{"message":"country not supported","code":"unsupported_country_region_territory"}}"#, K::ProviderAuthFailed),
        (404, r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#, K::ProviderModelNotFound),
        (404, r#"{"error":"model 'x' not found"}"#, K::ProviderModelNotFound),
        (404, "404 page not found", K::ProviderBadResponse),
        (400, r#"{"error":{"message":"gone","code":"model_decommissioned"}}"#, K::ProviderModelNotFound),
        (429, r#"{"error":{"message":"slow","type":"tokens","code":"rate_limit_exceeded"}}"#, K::ProviderRateLimited),
        (429, r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#, K::ProviderQuotaExceeded),
        (429, r#"{"error":{"message":"m","type":"insufficient_quota","code":"credit_balance_exhausted"}}"#, K::ProviderQuotaExceeded),
        (429, r#"{"error":{"message":"m","type":"x","code":"project_spend_limit_exceeded"}}"#, K::ProviderQuotaExceeded),
        (402, r#"{"error":{"message":"pay","code":402}}"#, K::ProviderQuotaExceeded),
        (413, r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#, K::ProviderRejected),
        (422, r#"{"detail":[{"loc":["body","n"],"msg":"bad","type":"t"}]}"#, K::ProviderRejected),
        (408, "", K::ProviderTimeout),
        (504, "<html><title>Gateway Time-out</title></html>", K::ProviderTimeout),
        (498, r#"{"error":{"message":"m","code":"capacity_exceeded"}}"#, K::ProviderUnavailable),
        (500, r#"{"error":{"message":"m","type":"server_error"}}"#, K::ProviderUnavailable),
        (503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#, K::ProviderUnavailable),
        (529, "", K::ProviderUnavailable),
        (302, "", K::ProviderBadResponse),
    ];
    for (status, body, kind) in cases {
        let fault = answer(*status, body);
        assert_eq!((fault.kind, fault.provider_status, fault.origin), (*kind, Some(*status), Origin::Provider), "{status} {body}");
        assert!(!fault.message.is_empty());
    }
}

#[test]
fn a_rejected_request_keeps_status_message_param_and_code() {
    let fault = answer(422, r#"{"error":{"message":"no such thing","type":"t","param":"tools[0]","code":"unknown_parameter"}}"#);
    assert_eq!(
        (fault.status(), fault.message.as_str(), fault.param.as_deref(), fault.code()),
        (422, "no such thing", Some("tools[0]"), Some("unknown_parameter"))
    );
    let body: Value = serde_json::from_slice(&OpenaiChat.write_error(&fault, "r")).unwrap();
    assert_eq!(
        body,
        json(r#"{"error":{"message":"no such thing","type":"invalid_request_error","param":"tools[0]","code":"unknown_parameter"}}"#)
    );
    let number = answer(400, r#"{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}"#);
    assert_eq!((number.message.as_str(), number.code()), ("bad", None));
    assert_eq!(answer(400, r#"{"detail":"Not so"}"#).message, "Not so");
    assert_eq!(answer(422, r#"{"detail":[{"loc":["body","n"],"msg":"bad"}]}"#).message, "body.n: bad");
    assert_eq!(
        answer(400, r#"{"error":"'response_format.type' must be 'json_schema' or 'text'"}"#).message,
        "'response_format.type' must be 'json_schema' or 'text'"
    );
    assert_eq!(answer(400, "plain words").message, "plain words");
    assert_eq!(
        answer(413, "<html><head><title>413 Request Entity Too Large</title></head></html>").message,
        "413 Request Entity Too Large"
    );
}

#[test]
fn a_prompt_that_is_too_long_has_one_code() {
    for body in [
        r#"{"error":{"code":400,"message":"request (13392 tokens) exceeds the available context size (8192 tokens)","type":"exceed_context_size_error","n_ctx":8192}}"#,
        r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","code":null}}"#,
        r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#,
    ] {
        assert_eq!(answer(400, body).code(), Some("context_length_exceeded"), "{body}");
    }
}

/// R67: our credential never reaches the caller or the log.
#[test]
fn an_echoed_key_is_told_to_nobody() {
    for status in [400, 401, 403, 404, 429, 500] {
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-proj-abcdef1234567890. Model gone. Bearer gsk_aaaabbbbcccc","code":"sk-live-123456789"}}"#;
        let fault = answer(status, body);
        let told = format!("{fault:?}{}", String::from_utf8(OpenaiChat.write_error(&fault, "r")).unwrap());
        assert!(!told.contains("abcdef1234567890") && !told.contains("aaaabbbb") && !told.contains("123456789"), "{told}");
    }
}

#[test]
fn headers_say_when_and_whether_to_come_back() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after-ms", "1500".parse().unwrap());
    headers.insert("retry-after", "9".parse().unwrap());
    headers.insert("x-should-retry", "false".parse().unwrap());
    let fault = OpenaiChat.read_error(ErrorAnswer { status: 429, headers: &headers, body: b"{}" });
    assert_eq!((fault.retry_after, fault.retry), (Some(Duration::from_millis(1500)), Some(false)));
    assert!(!fault.caller_may_retry());
}

#[test]
fn a_stream_error_is_one_frame_without_an_end() {
    let fault = Fault::new(K::ProviderTimeout, Origin::Provider, Step::Relay, "slow\n\ndata: [DONE]");
    let frame = String::from_utf8(OpenaiChat.write_stream_error(&fault, "r")).unwrap();
    let body = frame.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).unwrap();
    assert!(!body.contains('\n'));
    assert_eq!(json(body)["error"]["code"], "provider_timeout");
}
