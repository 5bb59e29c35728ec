mod journeys;
mod listing;
mod servers;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gateway::egress::Egress;
use gateway::ports::{SendFault, SendFaultKind, Upstream, UpstreamBody};
use gateway::snapshot::{Provider, ProviderCredential, ProviderSpec, Timeouts};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use providers::{Credential, CustomOptions, Surface};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

pub(super) const KEY: &str = "sk-c4nary-0123456789abcdef";

type Script = Box<dyn Fn(&Request<Bytes>) -> Result<Response<Bytes>, SendFault> + Send + Sync>;

/// Answers as its script says, and remembers what it was asked.
pub(super) struct Scripted {
    script: Script,
    seen: Mutex<Vec<(String, HeaderMap)>>,
}

impl Scripted {
    pub(super) fn new(script: impl Fn(&Request<Bytes>) -> Result<Response<Bytes>, SendFault> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), seen: Mutex::default() }
    }

    /// One answer to everything.
    pub(super) fn always(status: u16, body: &'static str) -> Self {
        Self::new(move |_| Ok(answer(status, body)))
    }

    pub(super) fn failing(kind: SendFaultKind, cause: &'static str) -> Self {
        Self::new(move |_| Err(SendFault { kind, cause: cause.to_owned() }))
    }

    /// Method and address of each request.
    pub(super) fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(line, _)| line.clone()).collect()
    }

    pub(super) fn headers(&self) -> Vec<HeaderMap> {
        self.seen.lock().unwrap().iter().map(|(_, headers)| headers.clone()).collect()
    }
}

impl Upstream for Scripted {
    fn send<'a>(&'a self, request: Request<Bytes>, _egress: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        assert!(request.body().is_empty(), "a test never sends a body");
        self.seen.lock().unwrap().push((format!("{} {}", request.method(), request.uri()), request.headers().clone()));
        let answer =
            (self.script)(&request).map(|answer| answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync()));
        async move { answer }.boxed()
    }
}

pub(super) fn answer(status: u16, body: &'static str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

pub(super) fn redirect(status: u16, to: &str) -> Response<Bytes> {
    Response::builder().status(status).header("location", to).body(Bytes::new()).unwrap()
}

pub(super) fn credential(surface: &Surface, name: &str, key: Option<&str>) -> ProviderCredential {
    let values = key.map(|key| ("api_key".to_owned(), SecretString::from(key.to_owned())));
    let headers = surface.prepare_headers(&Credential::new(values.into_iter().collect())).unwrap();
    ProviderCredential { name: name.to_owned(), weight: 1, headers, version: None }
}

pub(super) fn provider(surface: Surface, base_url: &str, keys: &[(&str, Option<&str>)]) -> Provider {
    let second = Duration::from_secs(1);
    let credentials = keys.iter().map(|(name, key)| credential(&surface, name, *key)).collect();
    let in_process = surface.declaration.in_process;
    Provider::prepare(ProviderSpec {
        id: "file:p".into(),
        name: "p".into(),
        query: surface.query().cloned(),
        surface,
        base_url: base_url.into(),
        credentials,
        unusable: None,
        timeouts: Timeouts { first_byte: second, idle: second, total: second },
        egress: Egress { allow_private_network: true, connect_timeout: second, in_process },
        max_in_flight: None,
    })
    .unwrap()
}

/// A provider of a built type, at its usual address, with a key.
pub(super) fn of_type(kind: &str) -> Provider {
    let declaration = providers::find(kind).unwrap();
    let keys: &[(&str, Option<&str>)] = if declaration.fields.is_empty() { &[("default", None)] } else { &[("default", Some(KEY))] };
    provider(Surface::of(declaration), declaration.base_url.unwrap(), keys)
}

pub(super) fn custom(options: Value, key: Option<&str>) -> Provider {
    let surface = Surface::custom(&CustomOptions::read(&options).unwrap()).unwrap();
    provider(surface, "http://10.0.0.5:8000/v1", &[("default", key)])
}
