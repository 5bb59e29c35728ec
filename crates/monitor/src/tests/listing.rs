use super::*;
use crate::list_models;

#[tokio::test]
async fn pages_are_followed_and_facts_added() {
    let upstream = Scripted::new(|request| {
        Ok(match request.uri().query() {
            None => answer(
                200,
                r#"{"data":[{"type":"model","id":"claude-opus-4-5-20251101","display_name":"Opus","created_at":"2025-11-01T00:00:00Z"}],"has_more":true,"last_id":"claude-opus-4-5-20251101"}"#,
            ),
            Some(_) => answer(
                200,
                r#"{"data":[{"type":"model","id":"claude-next","max_input_tokens":5,"max_tokens":3}],"has_more":false,"last_id":"x"}"#,
            ),
        })
    });
    let models = list_models(&upstream, &of_type("anthropic")).await.unwrap();
    assert_eq!(
        upstream.asked(),
        ["GET https://api.anthropic.com/v1/models", "GET https://api.anthropic.com/v1/models?limit=1000&after_id=claude-opus-4-5-20251101"]
    );
    assert_eq!((models[0].context, models[0].max_output), (Some(200_000), Some(64_000)), "from the catalogue");
    assert_eq!((models[1].context, models[1].max_output), (Some(5), Some(3)), "the provider's own word");
    assert!(upstream.headers().iter().all(|headers| headers["x-api-key"] == KEY && headers["anthropic-version"] == "2023-06-01"));
}

#[tokio::test]
async fn pages_without_end_end() {
    let endless = Scripted::new(|request| {
        let seen = request.uri().query().map_or(0, |query| query.len());
        let body = format!(r#"{{"data":[{{"id":"m{seen}"}}],"has_more":true,"last_id":"{}"}}"#, "a".repeat(seen % 997 + 1));
        Ok(Response::new(Bytes::from(body)))
    });
    assert_eq!(list_models(&endless, &of_type("anthropic")).await.unwrap().len(), 20);
    let stuck = Scripted::always(200, r#"{"data":[{"id":"m"}],"has_more":true,"last_id":"m"}"#);
    assert_eq!(list_models(&stuck, &of_type("anthropic")).await.unwrap().len(), 2, "the same page again is the last");
    assert_eq!(stuck.asked().len(), 2);
}

#[tokio::test]
async fn another_credential_is_asked_where_one_is_rejected() {
    let surface = Surface::of(providers::find("openai").unwrap());
    let provider = provider(surface, "https://api.openai.com/v1", &[("old", Some("sk-old-00000")), ("new", Some("sk-new-00000"))]);
    let upstream = Scripted::new(|request| {
        let new = request.headers()["authorization"] == "Bearer sk-new-00000";
        Ok(if new { answer(200, r#"{"data":[{"id":"gpt-4o"}]}"#) } else { answer(401, r#"{"error":{"message":"no: sk-old-00000"}}"#) })
    });
    let models = list_models(&upstream, &provider).await.unwrap();
    assert_eq!((models[0].id.as_str(), models[0].context), ("gpt-4o", Some(128_000)));
    let rejecting = Scripted::always(401, r#"{"error":{"message":"no: sk-old-00000 and sk-new-00000"}}"#);
    let fault = list_models(&rejecting, &provider).await.unwrap_err();
    assert_eq!((fault.kind, rejecting.asked().len()), (chat::FaultKind::ProviderAuthFailed, 2));
    assert!(!fault.message.contains("00000"), "R64: {fault}");
}

#[tokio::test]
async fn a_list_that_is_too_large_is_refused() {
    let upstream = Scripted::new(|_| Ok(Response::new(Bytes::from(vec![b' '; 17 * 1024 * 1024]))));
    let fault = list_models(&upstream, &of_type("openai")).await.unwrap_err();
    assert!(fault.message.contains("too large"), "{fault}");
}

#[tokio::test]
async fn faults_of_the_way_there_keep_their_kinds() {
    for (kind, expected) in [
        (SendFaultKind::Resolve, "does not resolve"),
        (SendFaultKind::Forbidden, "allow_private_network"),
        (SendFaultKind::Connect, "does not accept connections"),
        (SendFaultKind::Tls, "the TLS handshake failed"),
        (SendFaultKind::Broken, "no HTTP answer"),
    ] {
        let fault = list_models(&Scripted::failing(kind, "x"), &of_type("openai")).await.unwrap_err();
        assert_eq!(fault.kind, chat::FaultKind::ProviderUnavailable, "{kind:?}");
        assert!(fault.message.contains(expected) && fault.message.contains("`p`"), "{fault}");
    }
    for (status, body, kind) in [
        (200, "<html>", chat::FaultKind::ProviderBadResponse),
        (500, "", chat::FaultKind::ProviderUnavailable),
        (429, "{}", chat::FaultKind::ProviderRateLimited),
    ] {
        assert_eq!(list_models(&Scripted::always(status, body), &of_type("openai")).await.unwrap_err().kind, kind, "{status}");
    }
}
