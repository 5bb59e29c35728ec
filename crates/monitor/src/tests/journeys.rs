//! What each thing that can be wrong is told as.

use super::*;
use crate::{StepName, StepState, TestReport, test_credential, test_provider};

const LIST: &str = r#"{"object":"list","data":[{"id":"gpt-4o","object":"model"},{"id":"own","object":"model"}]}"#;

fn failed(report: &TestReport) -> Vec<(StepName, String, String)> {
    let failed = report.steps.iter().filter(|step| !step.ok);
    failed.map(|step| (step.name, step.message.clone(), step.remedy.clone().unwrap())).collect()
}

fn state(report: &TestReport, name: StepName) -> StepState {
    report.steps.iter().find(|step| step.name == name).unwrap().state
}

#[tokio::test]
async fn a_good_provider_passes_every_step_with_one_free_request() {
    let upstream = Scripted::always(200, LIST);
    let report = test_provider(&upstream, &of_type("openai")).await;
    assert!(report.ok && report.reachable == Some(true) && report.key_valid == Some(true) && report.models == Some(2), "{report:?}");
    let steps: Vec<_> = report.steps.iter().map(|step| (step.name, step.state)).collect();
    use StepName::*;
    assert_eq!(steps, [Dns, Connect, Tls, Answer, Authentication, Models].map(|name| (name, StepState::Passed)));
    assert_eq!(upstream.asked(), ["GET https://api.openai.com/v1/models"]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        (&json["steps"][0]["name"], &json["steps"][0]["state"], &json["steps"][0]["ok"]),
        (&"dns".into(), &"passed".into(), &true.into())
    );
    assert!(json["took_ms"].is_u64());
}

/// Reachable and key valid are told apart.
#[tokio::test]
async fn a_wrong_key_is_reached_and_rejected() {
    let upstream = Scripted::always(
        401,
        r#"{"error":{"message":"Incorrect API key provided: sk-c4nary-0123456789abcdef.","type":"invalid_request_error","code":"invalid_api_key"}}"#,
    );
    let report = test_provider(&upstream, &of_type("openai")).await;
    assert_eq!((report.reachable, report.key_valid, report.ok), (Some(true), Some(false), false));
    let failed = failed(&report);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0, StepName::Authentication);
    assert!(failed[0].1.starts_with("the provider rejects the key: ") && failed[0].2.starts_with("enter the key again"), "{failed:?}");
    assert!(!serde_json::to_string(&report).unwrap().contains("c4nary"), "R64: {report:?}");
}

#[tokio::test]
async fn each_credential_is_tested_and_named() {
    let surface = Surface::of(providers::find("groq").unwrap());
    let provider = provider(surface, "https://api.groq.com/openai/v1", &[("good", Some("gsk_good00000")), ("old", Some("gsk_old000000"))]);
    let upstream = Scripted::new(|request| {
        let good = request.headers()["authorization"].to_str().unwrap().contains("good");
        Ok(if good { answer(200, LIST) } else { answer(401, r#"{"error":{"message":"Invalid API Key","code":"invalid_api_key"}}"#) })
    });
    let report = test_provider(&upstream, &provider).await;
    assert_eq!((report.reachable, report.key_valid), (Some(true), Some(false)));
    let rejected: Vec<_> = report.steps.iter().filter(|step| !step.ok).map(|step| step.credential.as_deref()).collect();
    assert_eq!(rejected, [Some("old")]);
    assert_eq!(report.steps.iter().filter(|step| step.name == StepName::Dns).count(), 1, "the way there is told once");
    assert_eq!(test_credential(&upstream, &provider, "good").await.unwrap().key_valid, Some(true));
    assert!(test_credential(&upstream, &provider, "none").await.is_none());
}

#[tokio::test]
async fn a_connection_that_fails_names_the_step_and_what_helps() {
    use SendFaultKind as Kind;
    use StepName::{Answer, Connect, Dns, Tls};
    for (kind, cause, step, remedy) in [
        (Kind::Resolve, "h: no such host", Dns, "check the spelling of base_url"),
        (Kind::Forbidden, "10.0.0.1 is private", Connect, "set allow_private_network"),
        (Kind::Connect, "refused", Connect, "start the server"),
        (Kind::ConnectTimeout, "the connect timeout of 5s ran out during the TLS handshake", Tls, "check that the port speaks TLS"),
        (Kind::ConnectTimeout, "the connect timeout of 5s ran out during name resolution", Dns, "check this machine's DNS"),
        (Kind::ConnectTimeout, "timed out", Connect, "check host and port"),
        (Kind::Tls, "invalid peer certificate: UnknownIssuer", Tls, "check that the certificate is valid"),
        (Kind::Tls, "received corrupt message of type InvalidContentType", Tls, "write base_url with http://"),
        (Kind::Broken, "connection reset", Answer, "look into the server's log"),
        (Kind::Protocol, "invalid HTTP version", Answer, "check the port"),
    ] {
        let upstream = Scripted::failing(kind, cause);
        let report = test_provider(&upstream, &of_type("openai")).await;
        assert_eq!((report.reachable, report.key_valid, report.ok), (Some(false), None, false), "{kind:?}");
        let failed = failed(&report);
        assert_eq!((failed.len(), failed[0].0), (1, step), "{kind:?} {report:?}");
        assert!(failed[0].2.starts_with(remedy), "{kind:?}: {failed:?}");
        let after = report.steps.iter().skip_while(|step| step.ok).skip(1);
        assert!(after.into_iter().all(|step| step.state == StepState::Skipped), "{report:?}");
        assert_eq!(report.steps.len(), 4, "{kind:?} {report:?}");
        assert_eq!(upstream.asked().len(), 1, "no second try");
    }
}

#[tokio::test]
async fn plain_http_on_a_port_of_tls_is_told() {
    for kind in [SendFaultKind::Broken, SendFaultKind::Protocol] {
        let report = test_provider(&Scripted::failing(kind, "x"), &custom(serde_json::json!({}), None)).await;
        assert!(failed(&report)[0].2.starts_with("try https:// in base_url"), "{report:?}");
        assert_eq!((state(&report, StepName::Dns), state(&report, StepName::Tls)), (StepState::Skipped, StepState::Skipped));
    }
    let nginx = Scripted::always(400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>");
    let report = test_provider(&nginx, &custom(serde_json::json!({}), None)).await;
    assert_eq!(failed(&report)[0].2, "write base_url with https://");
}

/// R71: a redirect is told and not followed, and no secret goes to a second host.
#[tokio::test]
async fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let upstream = Scripted::new(move |_| Ok(redirect(status, "https://evil.example/v1/models?key=c4nary")));
        let report = test_provider(&upstream, &of_type("anthropic")).await;
        assert_eq!(upstream.asked(), ["GET https://api.anthropic.com/v1/models"], "{status}");
        let failed = failed(&report);
        assert!(
            failed[0].1.contains("redirects to https://evil.example/v1/models (") && failed[0].2.contains("enter the key again"),
            "{failed:?}"
        );
        assert!(!failed[0].1.contains("c4nary") && report.key_valid.is_none());
    }
    let upstream = Scripted::new(|_| Ok(redirect(301, "/api/v1/models")));
    let report = test_provider(&upstream, &of_type("openai")).await;
    assert!(failed(&report)[0].1.contains("https://api.openai.com/api/v1/models"), "{report:?}");
    let fault = crate::list_models(&upstream, &of_type("openai")).await.unwrap_err();
    assert!(fault.message.contains("redirects, which is not followed"), "{fault}");
    let nowhere = Scripted::always(302, "");
    assert!(failed(&test_provider(&nowhere, &of_type("openai")).await)[0].1.contains("does not name"));
}

#[tokio::test]
async fn answers_that_are_no_list_are_told_apart() {
    for (status, body, part, remedy) in [
        (200, "<!DOCTYPE html><html></html>", "a web page answers", "check base_url"),
        (200, "{\"hello\":1}", "is no list of models", "check the path"),
        (
            404,
            "{\"error\":{\"message\":\"Not Found\"}}",
            "no list of models at this address",
            "check the path of base_url: it is often missing /v1",
        ),
        (403, "<html>blocked</html>", "something before the provider", "a firewall or proxy"),
        (403, "{\"error\":{\"message\":\"Missing scopes: api.model.read\"}}", "Missing scopes", "give the key the right"),
        (429, "{\"error\":{\"message\":\"slow down\"}}", "limits the rate", "test again later"),
        (500, "oops", "the provider fails", "test again later"),
        (503, "", "the provider fails", "test again later"),
    ] {
        let report = test_provider(&Scripted::always(status, body), &of_type("openai")).await;
        assert_eq!(report.reachable, Some(true), "{status} {body}");
        assert_ne!(report.key_valid, Some(false), "{status} {body}");
        let failed = failed(&report);
        assert!(failed.iter().any(|(_, message, help)| message.contains(part) && help.starts_with(remedy)), "{status} {body}: {failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_is_given_up_on() {
    struct Silent;
    impl Upstream for Silent {
        fn send<'a>(&'a self, _: Request<Bytes>, _: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
            std::future::pending().boxed()
        }
    }
    let report = test_provider(&Silent, &of_type("openai")).await;
    assert!(failed(&report)[0].1.contains("did not answer within 20 seconds"), "{report:?}");
    assert_eq!(crate::list_models(&Silent, &of_type("openai")).await.unwrap_err().kind, chat::FaultKind::ProviderTimeout);
}

#[tokio::test]
async fn a_provider_that_cannot_be_used_is_not_called() {
    let mut spec = of_type("openai").spec;
    spec.unusable = Some("its credential cannot be opened".into());
    let upstream = Scripted::always(200, LIST);
    let provider = Provider::unusable(spec);
    let report = test_provider(&upstream, &provider).await;
    assert_eq!((report.reachable, report.key_valid, report.ok), (None, None, false));
    assert_eq!(failed(&report)[0].1, "its credential cannot be opened");
    assert!(crate::list_models(&upstream, &provider).await.is_err());
    assert!(upstream.asked().is_empty());
}

#[tokio::test]
async fn the_simulated_provider_needs_no_network() {
    let upstream = Scripted::always(200, LIST);
    let report = test_provider(&upstream, &of_type("simulated")).await;
    assert!(report.ok && report.key_valid.is_none(), "{report:?}");
    assert_eq!(state(&report, StepName::Connect), StepState::Skipped);
    assert_eq!(state(&report, StepName::Authentication), StepState::Unknown);
}
