//! What the tests ask: an admin API with its database, and a provider that answers as the test says.

use crate::{AdminApi, Parts};
use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::egress::Egress;
use gateway::keys::{KeyHasher, KeyRing};
use gateway::ports::{Admin, Intent, Ledger, Outcome, SendFault, Ticket, Upstream, UpstreamBody};
use gateway::{Gateway, Opened, Peer};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use inventory::{FileObjects, Inventory};
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use store::{Keys, RootSecret, Store, StoreConfig};

pub(super) const MASTER: &str = "condm_the-master-key-of-these-tests-7Qx";
pub(super) const TOKEN: &str = "condm_the-token-of-this-machine-for-tests-9Zz";

pub(super) struct Bench {
    pub(super) api: Arc<AdminApi>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) store: Store,
    pub(super) provider: Arc<Scripted>,
    /// Kept alive: the admin API holds it weakly.
    _gateway: Arc<Gateway>,
    next_peer: AtomicU32,
}

/// A provider that gives one answer to everybody, and remembers who asked.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) answer: Mutex<(u16, String)>,
    pub(super) asked: Mutex<Vec<(String, http::HeaderMap)>>,
}

impl Upstream for Scripted {
    fn send<'a>(&'a self, request: Request<Bytes>, _: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        self.asked.lock().push((request.uri().to_string(), request.headers().clone()));
        let (status, body) = self.answer.lock().clone();
        Box::pin(async move {
            let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
            Ok(Response::builder().status(status).header("content-type", "application/json").body(body).unwrap())
        })
    }
}

/// Nothing is accounted here.
struct NoLedger;

impl Ledger for NoLedger {
    fn intend(&self, intent: &Intent) -> Result<Ticket, chat::Fault> {
        Ok(Ticket { attempt_id: intent.attempt_id, segment: 0 })
    }

    fn settle(&self, _: Ticket, _: Outcome) {}

    fn record(&self, _: Intent, _: Outcome) {}
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::with(FileObjects::default()).await
    }

    pub(super) async fn with(file: FileObjects) -> Self {
        let keys = Arc::new(Keys::derive(&RootSecret::parse("a root secret for the tests of this crate, 42").unwrap()));
        let store = Store::open(StoreConfig::new("sqlite::memory:"), keys).await.unwrap();
        Self::on(store, file).await
    }

    pub(super) async fn on(store: Store, file: FileObjects) -> Self {
        let hasher: Arc<dyn KeyHasher> = Arc::new(store.pepper());
        let (snapshot, ring) = (Arc::new(ArcSwap::default()), Arc::new(KeyRing::default()));
        let master_key = hasher.hash(MASTER);
        let inventory = Inventory::new(store.clone(), Arc::clone(&hasher), master_key, Arc::clone(&snapshot), Arc::clone(&ring));
        inventory.load(file).await.unwrap();
        let provider = Arc::new(Scripted::default());
        *provider.answer.lock() = (200, r#"{"object":"list","data":[{"id":"gpt-4o","object":"model"}]}"#.to_owned());
        let gateway = Gateway::new(gateway::Parts { snapshot, keys: ring, upstream: Arc::clone(&provider) as _ });
        let api = AdminApi::new(Parts {
            inventory: Arc::clone(&inventory),
            store: store.clone(),
            upstream: Arc::clone(&provider) as _,
            gateway: Arc::downgrade(&gateway),
            token: Some(hasher.hash(TOKEN)),
            hasher: Arc::clone(&hasher),
            master_key: Some(master_key),
            runtime: tokio::runtime::Handle::current(),
            version: "0.0.0-test",
            journal_depth: Arc::new(|| 0),
        });
        gateway.open(Opened { hasher, master_key: Some(master_key), ledger: Arc::new(NoLedger), admin: Some(Arc::clone(&api) as _) });
        Self { api, inventory, store, provider, _gateway: gateway, next_peer: AtomicU32::new(1) }
    }

    /// Asks as somebody from an address of his own, so that no test is locked out by another one's wrong keys.
    pub(super) async fn ask(&self, mut request: Request<Bytes>) -> Answer {
        let number = self.next_peer.fetch_add(1, Ordering::Relaxed);
        request.extensions_mut().insert(Peer(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number))));
        let response = self.api.handle(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(request("GET", path).body(Bytes::new()).unwrap()).await
    }

    /// With a JSON body as its text.
    pub(super) async fn send(&self, method: &str, path: &str, body: impl ToString) -> Answer {
        let request = request(method, path).header("content-type", "application/json");
        self.ask(request.body(Bytes::from(body.to_string())).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// A virtual key's secret and id.
    pub(super) async fn key(&self, name: &str) -> (String, String) {
        let made = self.inventory.create_key(inventory::NewKey::new(name)).await.unwrap();
        (made.secret.expose_secret().to_owned(), made.entry.object.id.clone())
    }
}

/// A request of the master key's holder.
pub(super) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {MASTER}"))
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    /// The JSON of an answer that must be this one.
    pub(super) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The fields that a problem names.
    pub(super) fn fields(&self) -> Vec<String> {
        let json = self.json();
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    /// A refusal is a problem, whole and well formed.
    pub(super) fn is_problem(&self) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{} {}", self.status, self.text);
        let json = self.json();
        assert_eq!(json["status"], self.status);
        for member in ["type", "title", "code", "detail", "request_id"] {
            assert!(json[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", self.text);
        }
        assert_eq!(self.header("x-request-id"), json["request_id"].as_str());
        for error in json["errors"].as_array().into_iter().flatten() {
            assert!(error["field"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
            assert!(error["problem"].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
        }
    }
}
