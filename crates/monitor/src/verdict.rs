//! What an answer, or its absence, says: in plain words, with what helps.

use crate::ask::{Answer, Trouble};
use crate::report::{StepName, StepState, TestStep};
use chat::{Fault, FaultKind};
use gateway::ports::{SendFault, SendFaultKind};
use gateway::snapshot::Provider;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{StatusCode, Uri};

/// The steps of reaching a provider, as far as the trouble let them pass; nothing after the failed one was tried.
pub(crate) fn of_trouble(provider: &Provider, trouble: &Trouble) -> Vec<TestStep> {
    use StepName::{Answer, Connect, Dns, Tls};
    let failed = match trouble {
        Trouble::Address(cause) => TestStep::failed(Dns, format!("the base URL is no address: {cause}"), "correct base_url"),
        Trouble::TooSlow => TestStep::failed(
            Answer,
            "it did not answer within 20 seconds",
            "look whether the server is busy or still loading, and whether a firewall between swallows the answer",
        ),
        Trouble::TooLarge => TestStep::failed(Answer, "its answer is larger than 16 MiB", "check base_url: this is no list of models"),
        Trouble::Broken(cause) => {
            TestStep::failed(Answer, format!("its answer broke off: {}", chat::scrub(cause)), "try again; look into the server's log")
        }
        Trouble::Send(fault) => of_send(provider, fault),
    };
    let mut steps = passed_before(provider, failed.name);
    steps.push(failed);
    let done = steps.len();
    steps.extend([Dns, Connect, Tls, Answer].into_iter().skip(done).map(|name| TestStep::new(name, StepState::Skipped, "not tried")));
    steps
}

/// The steps that an answer, or a failure later than they, proves.
pub(crate) fn passed_before(provider: &Provider, end: StepName) -> Vec<TestStep> {
    let egress = &provider.spec.egress;
    let uri = provider.spec.base_url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let literal = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    let secure = uri.as_ref().and_then(Uri::scheme_str) == Some("https");
    let step = |name: StepName| match name {
        _ if egress.in_process => TestStep::new(name, StepState::Skipped, "served inside this process"),
        StepName::Dns if literal => TestStep::new(name, StepState::Skipped, "the base URL names an address"),
        StepName::Dns => TestStep::new(name, StepState::Passed, format!("{host} resolves")),
        StepName::Connect => TestStep::new(name, StepState::Passed, format!("{host} accepts connections")),
        StepName::Tls if !secure => TestStep::new(name, StepState::Skipped, "plain http"),
        _ => TestStep::new(name, StepState::Passed, "the certificate is good"),
    };
    [StepName::Dns, StepName::Connect, StepName::Tls].into_iter().take_while(|name| *name != end).map(step).collect()
}

fn of_send(provider: &Provider, fault: &SendFault) -> TestStep {
    use StepName::{Answer, Connect, Dns, Tls};
    let secure = provider.spec.base_url.starts_with("https:");
    let cause = chat::scrub(&fault.cause);
    let (name, message, remedy) = match fault.kind {
        SendFaultKind::Resolve => (Dns, "its name does not resolve", "check the spelling of base_url, and this machine's DNS"),
        SendFaultKind::Forbidden => (
            Connect,
            "its address is on a private network, or plain http, which this provider may not use",
            "set allow_private_network for this provider, if the address is yours and meant",
        ),
        SendFaultKind::Connect => (
            Connect,
            "nothing accepts the connection",
            "start the server, check the port of base_url, and whether a firewall is between; a server that listens on 127.0.0.1 is not reached from another machine or container",
        ),
        SendFaultKind::ConnectTimeout if fault.cause.contains("TLS handshake") => {
            (Tls, "the TLS handshake takes too long", "check that the port speaks TLS; a port of plain http waits for a request")
        }
        SendFaultKind::ConnectTimeout if fault.cause.contains("name resolution") => {
            (Dns, "its name takes too long to resolve", "check this machine's DNS")
        }
        SendFaultKind::ConnectTimeout => {
            (Connect, "connecting takes too long", "check host and port of base_url, and whether a firewall drops the packets")
        }
        SendFaultKind::Tls if speaks_plainly(&fault.cause) => (
            Tls,
            "the server answers plain http",
            "write base_url with http:// and set allow_private_network, or give the server a certificate",
        ),
        SendFaultKind::Tls => (
            Tls,
            "the TLS handshake failed",
            "check that the certificate is valid for the host of base_url; a certificate of your own authority must be known to this machine",
        ),
        SendFaultKind::Broken if !secure => {
            (Answer, "it closed the connection without an answer", "try https:// in base_url: the port may speak TLS alone")
        }
        SendFaultKind::Broken => (Answer, "it closed the connection without an answer", "look into the server's log"),
        SendFaultKind::Protocol if !secure => (Answer, "its answer is not HTTP", "try https:// in base_url: the port may speak TLS alone"),
        SendFaultKind::Protocol => (Answer, "its answer is not HTTP", "check the port of base_url: another service listens there"),
    };
    TestStep::failed(name, format!("{message} ({cause})"), remedy)
}

/// A server without TLS answers a TLS greeting with an HTTP error, which no TLS library can read.
fn speaks_plainly(cause: &str) -> bool {
    ["InvalidContentType", "corrupt message", "wrong version number", "record overflow"].iter().any(|sign| cause.contains(sign))
}

/// What the answer to the question for models says of the key and the list.
pub(crate) struct Verdict {
    pub(crate) key_valid: Option<bool>,
    pub(crate) authentication: TestStep,
    pub(crate) models: TestStep,
}

impl Verdict {
    /// The key could not be judged.
    pub(crate) fn unknown(message: impl Into<String>, models: TestStep) -> Self {
        let authentication = TestStep::new(StepName::Authentication, StepState::Unknown, message);
        Self { key_valid: None, authentication, models }
    }

    fn rejected(message: String, remedy: &str) -> Self {
        Self {
            key_valid: Some(false),
            authentication: TestStep::failed(StepName::Authentication, message, remedy),
            models: TestStep::new(StepName::Models, StepState::Skipped, "not tried"),
        }
    }
}

/// Judges an answer that is no list of models. `keyed`: a key was sent.
pub(crate) fn of_refusal(provider: &Provider, answer: &Answer, keyed: bool) -> Verdict {
    let status = answer.status;
    if status.is_redirection() {
        return unjudged(redirected(provider, answer));
    }
    if wants_tls(answer) {
        return unjudged(failed("the port speaks https, and base_url says http", "write base_url with https://"));
    }
    if status == StatusCode::FORBIDDEN && is_page(answer) {
        return unjudged(failed(
            "something before the provider refuses the request",
            "a firewall or proxy answers 403: let this machine through",
        ));
    }
    let fault = said(provider, answer);
    let said = format!("{} ({})", fault.message, status.as_u16());
    match (status, fault.kind) {
        (StatusCode::UNAUTHORIZED, _) if !keyed => {
            Verdict::rejected(format!("the server wants a key, and none is set: {said}"), "enter the api_key of this provider")
        }
        (StatusCode::FORBIDDEN, _) => Verdict::unknown(
            format!("the key may not list models, or is not known: {said}"),
            failed(said.clone(), "give the key the right to read models, or use another one"),
        ),
        (_, FaultKind::ProviderAuthFailed) => Verdict::rejected(
            format!("the provider rejects the key: {said}"),
            "enter the key again; look on the provider's page whether it was revoked",
        ),
        _ => unjudged(without_list(status, &fault, &said)),
    }
}

fn without_list(status: StatusCode, fault: &Fault, said: &str) -> TestStep {
    let (what, remedy) = match (status, fault.kind) {
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, _) => {
            ("there is no list of models at this address", "check the path of base_url: it is often missing /v1")
        }
        (StatusCode::SERVICE_UNAVAILABLE, _) if fault.message.contains("Loading model") => {
            ("the server is loading its model", "wait until it has loaded, then test again")
        }
        (_, FaultKind::ProviderRateLimited) => ("the provider limits the rate of this account", "test again later"),
        (_, FaultKind::ProviderQuotaExceeded) => ("the account has no credit", "look into billing on the provider's page"),
        _ if status.is_server_error() => ("the provider fails", "test again later; look at the provider's status page or the server's log"),
        _ => ("the provider refuses the question for its models", "check base_url and the credential's fields"),
    };
    failed(format!("{what}: {said}"), remedy)
}

fn failed(message: impl Into<String>, remedy: &str) -> TestStep {
    TestStep::failed(StepName::Models, message, remedy)
}

fn unjudged(models: TestStep) -> Verdict {
    Verdict::unknown("the key was not judged", models)
}

/// The provider's own words, without our secrets: some repeat the key that they refuse (R64).
fn said(provider: &Provider, answer: &Answer) -> Fault {
    let mut fault = providers::models::refusal(&provider.spec.surface, answer.status, &answer.headers, &answer.body);
    provider.scrub(&mut fault);
    // Callers are not told how the provider words its refusal of our credential; whoever tests the credential is.
    fault.message = chat::scrub(fault.cause.as_deref().filter(|cause| !cause.trim().is_empty()).unwrap_or(&fault.message));
    fault
}

/// An answer with status 200 that is no list.
pub(crate) fn of_odd_list(answer: &Answer, fault: &Fault) -> TestStep {
    if is_page(answer) {
        return TestStep::failed(StepName::Models, "a web page answers, not the API", "check base_url: the API has an address of its own");
    }
    let cause = fault.message.trim_end_matches('.');
    let remedy = "check the path of base_url; some servers answer every path with 200";
    TestStep::failed(StepName::Models, format!("the answer is no list of models: {cause}"), remedy)
}

/// R71: where it points is told, and not followed: a secret would go along.
fn redirected(provider: &Provider, answer: &Answer) -> TestStep {
    let target = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<Uri>().ok());
    let own = provider.spec.base_url.parse::<Uri>().ok();
    let own_host = own.as_ref().and_then(Uri::host).unwrap_or_default();
    let shown = match &target {
        // Without the query, which may hold anything.
        Some(uri) => format!("{}://{}{}", uri.scheme_str().unwrap_or("https"), uri.host().unwrap_or(own_host), uri.path()),
        None => "an address that it does not name".to_owned(),
    };
    let message = format!("it redirects to {} ({}), which is not followed", chat::scrub(&shown), answer.status.as_u16());
    let other_host = target.as_ref().and_then(Uri::host).is_some_and(|host| host != own_host);
    let remedy = if other_host {
        "if that host is meant, write it as base_url and enter the key again"
    } else {
        "write the address that it points to as base_url"
    };
    TestStep::failed(StepName::Models, message, remedy)
}

fn is_page(answer: &Answer) -> bool {
    let typed = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"));
    typed || answer.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// What nginx and Go say to plain http on a TLS port.
fn wants_tls(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(answer.body.get(..2048).unwrap_or(&answer.body));
    answer.status == StatusCode::BAD_REQUEST
        && (text.contains("plain HTTP request was sent to HTTPS port") || text.contains("HTTP request to an HTTPS server"))
}
