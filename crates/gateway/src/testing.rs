//! A gateway in memory, for tests: scripted providers, a ledger that can be read.

use crate::keys::{KeyHash, KeyHasher, KeyRing, VirtualKey};
use crate::ports::{Admin, Intent, Ledger, Outcome, SendFault, SendFaultKind, Ticket, Upstream, UpstreamBody};
use crate::snapshot::{Group, Mapping, Provider, ProviderCredential, ProviderSpec, Snapshot, Timeouts, Wildcard};
use crate::visit::Visit;
use crate::{Gateway, Opened, Parts, Settings, egress::Egress};
use arc_swap::ArcSwap;
use bytes::Bytes;
use chat::Fault;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use parking_lot::Mutex;
use providers::Surface;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const KEY: &str = "a-virtual-key-for-tests";

/// What a provider does when it is called.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Status, content type (empty: none), body.
    Says(u16, &'static str, String),
    /// The body in these pieces.
    Streams(&'static str, Vec<String>),
    Refuses,
    Never,
}

pub(crate) fn json(body: &Value) -> Act {
    Act::Says(200, "application/json", body.to_string())
}

pub(crate) fn sse(frames: &[&str]) -> Act {
    Act::Streams("text/event-stream", frames.iter().map(|frame| (*frame).to_owned()).collect())
}

/// A request as the provider got it.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
pub(crate) struct Script {
    acts: Mutex<VecDeque<Act>>,
    got: Mutex<Vec<Got>>,
}

impl Upstream for Script {
    fn send<'a>(&'a self, request: Request<Bytes>, _egress: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        let (head, body) = request.into_parts();
        self.got.lock().push(Got { uri: head.uri.to_string(), headers: head.headers, body });
        let act = self.acts.lock().pop_front().unwrap_or(Act::Never);
        Box::pin(async move {
            let (status, kind, pieces) = match act {
                Act::Says(status, kind, body) => (status, kind, vec![body]),
                Act::Streams(kind, pieces) => (200, kind, pieces),
                Act::Refuses => return Err(SendFault { kind: SendFaultKind::Connect, cause: "refused".to_owned() }),
                Act::Never => std::future::pending().await,
            };
            let frames = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from(piece))));
            let mut response = Response::new(UpstreamBody::new(StreamBody::new(futures_util::stream::iter(frames))));
            *response.status_mut() = status.try_into().unwrap();
            if !kind.is_empty() {
                response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
            }
            Ok(response)
        })
    }
}

#[derive(Default)]
pub(crate) struct Book(Mutex<Vec<(Intent, Option<Outcome>)>>);

impl Ledger for Book {
    fn intend(&self, intent: &Intent) -> Result<Ticket, Fault> {
        self.0.lock().push((intent.clone(), None));
        Ok(Ticket { attempt_id: intent.attempt_id, segment: 0 })
    }

    fn settle(&self, ticket: Ticket, outcome: Outcome) {
        let mut rows = self.0.lock();
        let row = rows.iter_mut().find(|(intent, _)| intent.attempt_id == ticket.attempt_id).unwrap();
        assert!(row.1.replace(outcome).is_none(), "settled twice");
    }

    fn record(&self, intent: Intent, outcome: Outcome) {
        self.0.lock().push((intent, Some(outcome)));
    }
}

struct Plain;

impl KeyHasher for Plain {
    fn hash(&self, key: &str) -> KeyHash {
        let mut hash = [0; 32];
        for (slot, byte) in hash.iter_mut().zip(key.bytes()) {
            *slot = byte;
        }
        hash
    }
}

/// A gateway that is being set up.
pub(crate) struct House {
    snapshot: Snapshot,
    script: Arc<Script>,
    book: Arc<Book>,
    keys: Arc<KeyRing>,
}

/// One that serves.
pub(crate) struct Open {
    pub(crate) gateway: Arc<Gateway>,
    script: Arc<Script>,
    book: Arc<Book>,
}

/// The answer to a caller.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `x-conduit-attempts` and `x-conduit-fallback`.
    pub(crate) fn path(&self) -> (Option<&str>, Option<&str>) {
        (self.header("x-conduit-attempts"), self.header("x-conduit-fallback"))
    }
}

/// A provider of a type, with one credential for each of these names and weights; its key is `key-<name>`.
pub(crate) fn spec(name: &str, surface: Surface, credentials: &[(&str, u32)]) -> ProviderSpec {
    let credential = |(credential, weight): &(&str, u32)| {
        let mut key = HeaderValue::from_str(&format!("Bearer key-{credential}")).unwrap();
        key.set_sensitive(true);
        let headers = [(HeaderName::from_static("authorization"), key)].into_iter().collect();
        ProviderCredential { name: (*credential).to_owned(), weight: *weight, headers, version: None }
    };
    let long = Duration::from_secs(30);
    ProviderSpec {
        id: format!("file:{name}"),
        name: name.to_owned(),
        surface,
        base_url: format!("https://{name}.example"),
        query: None,
        credentials: credentials.iter().map(credential).collect(),
        unusable: None,
        timeouts: Timeouts { first_byte: long, idle: long, total: long },
        egress: Egress { allow_private_network: false, connect_timeout: long, in_process: false },
        max_in_flight: None,
    }
}

pub(crate) fn surface(kind: &str) -> Surface {
    Surface::of(providers::find(kind).unwrap())
}

/// A server of the owner's choice.
pub(crate) fn lenient() -> Surface {
    let mut surface = surface("openai");
    surface.lenient = true;
    surface.end_marker_optional = true;
    surface
}

pub(crate) fn provider(name: &str, kind: &str) -> Arc<Provider> {
    Arc::new(Provider::prepare(spec(name, surface(kind), &[(name, 1)])).unwrap())
}

pub(crate) fn mapping(virtual_model: &str, provider: &Arc<Provider>, provider_model: &str, priority: i32) -> Mapping {
    Mapping {
        id: format!("{virtual_model}/{}/{provider_model}", provider.spec.name),
        virtual_model: virtual_model.to_owned(),
        provider: Arc::clone(provider),
        provider_model: provider_model.to_owned(),
        priority,
        strict: false,
        parameters: Vec::new(),
        timeouts: provider.spec.timeouts,
        counted: crate::snapshot::Counted::default(),
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let keys = Arc::new(KeyRing::default());
        let key = VirtualKey { id: "key-1".into(), name: "tests".into(), enabled: true, ..VirtualKey::default() };
        keys.insert(Plain.hash(KEY), key);
        Self { snapshot: Snapshot::default(), script: Arc::default(), book: Arc::default(), keys }
    }

    pub(crate) fn mapped(mut self, mapping: Mapping) -> Self {
        let name = mapping.virtual_model.clone();
        let mapping = Arc::new(mapping);
        match name.strip_suffix('*') {
            None => self.snapshot.groups.entry(name).or_default().mappings.push(mapping),
            Some(beginning) => {
                let group = Group { mappings: vec![mapping], created: 1 };
                self.snapshot.wildcards.push(Wildcard { beginning: beginning.to_owned(), group });
            }
        }
        self
    }

    pub(crate) fn settings(mut self, settings: Settings) -> Self {
        self.snapshot.settings = Arc::new(settings);
        self
    }

    pub(crate) fn key(self, secret: &str, key: VirtualKey) -> Self {
        self.keys.insert(Plain.hash(secret), key);
        self
    }

    /// What the providers do, call by call; after the last one they are silent.
    pub(crate) fn acts(self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.script.acts.lock().extend(acts);
        self
    }

    pub(crate) fn open(self) -> Open {
        let script = Arc::clone(&self.script);
        self.open_with(script, None)
    }

    /// With a way to the providers of one's own, and an admin API.
    pub(crate) fn open_with(self, upstream: Arc<dyn Upstream>, admin: Option<Arc<dyn Admin>>) -> Open {
        let Self { snapshot, script, book, keys } = self;
        let gateway = Gateway::new(Parts { snapshot: Arc::new(ArcSwap::from_pointee(snapshot)), keys, upstream });
        gateway.open(Opened { hasher: Arc::new(Plain), master_key: None, ledger: Arc::clone(&book) as _, admin });
        Open { gateway, script, book }
    }

    /// With a way to the providers and a ledger of one's own.
    pub(crate) fn open_to(self, upstream: Arc<dyn Upstream>, ledger: Arc<dyn Ledger>) -> Arc<Gateway> {
        let Self { snapshot, keys, .. } = self;
        let gateway = Gateway::new(Parts { snapshot: Arc::new(ArcSwap::from_pointee(snapshot)), keys, upstream });
        gateway.open(Opened { hasher: Arc::new(Plain), master_key: None, ledger, admin: None });
        gateway
    }
}

impl Open {
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Request::post(path).header("authorization", format!("Bearer {KEY}")), body.to_string()).await
    }

    pub(crate) async fn ask(&self, request: http::request::Builder, body: impl Into<String>) -> Reply {
        let request = request.body(Full::new(Bytes::from(body.into()))).unwrap();
        let visit = Visit::new(self.gateway.metrics(), None);
        let (head, body) = Arc::clone(&self.gateway).handle(request, visit).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: head.status.as_u16(), headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// The requests that providers got, in order.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.script.got.lock().clone()
    }

    /// The records, each settled.
    pub(crate) fn rows(&self) -> Vec<(Intent, Outcome)> {
        self.book.0.lock().iter().map(|(intent, outcome)| (intent.clone(), outcome.clone().unwrap())).collect()
    }

    /// Attempts that are not settled.
    pub(crate) fn rows_under_way(&self) -> usize {
        self.book.0.lock().iter().filter(|(_, outcome)| outcome.is_none()).count()
    }
}
