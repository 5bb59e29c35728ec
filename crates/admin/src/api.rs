//! The admin API as a whole: what it is made of, and how it answers the gateway.

use crate::access::Door;
use crate::gate;
use crate::problem::Problem;
use crate::route::router;
use axum::Router;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::Gateway;
use gateway::keys::{KeyHash, KeyHasher};
use gateway::ports::{Admin, AdminBody, Upstream};
use http::{Request, Response};
use inventory::Inventory;
use std::sync::{Arc, Weak};
use std::time::Instant;
use store::Store;

/// What the admin API is made of.
pub struct Parts {
    pub inventory: Arc<Inventory>,
    pub store: Store,
    pub upstream: Arc<dyn Upstream>,
    /// For `explain`; weak, because the gateway owns the admin API.
    pub gateway: Weak<Gateway>,
    pub hasher: Arc<dyn KeyHasher>,
    /// The hash of the master key. Without it and without `token` every request is refused.
    pub master_key: Option<KeyHash>,
    /// The hash of this machine's `admin-token`: as good as the master key.
    pub token: Option<KeyHash>,
    /// Where requests run to their end, also when their caller goes away.
    pub runtime: tokio::runtime::Handle,
    /// The program's version, for `system`.
    pub version: &'static str,
    /// Outcomes that wait in the journal for the database, for `system`.
    pub journal_depth: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// The admin API, to be handed to `gateway::Opened`.
pub struct AdminApi {
    frame: Arc<Frame>,
    runtime: tokio::runtime::Handle,
}

/// What stands in front of the handlers.
pub(crate) struct Frame {
    pub(crate) door: Door,
    pub(crate) router: Router,
}

/// What handlers need.
pub(crate) struct Api {
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) store: Store,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) gateway: Weak<Gateway>,
    pub(crate) version: &'static str,
    pub(crate) started: Instant,
    pub(crate) journal_depth: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl AdminApi {
    pub fn new(parts: Parts) -> Arc<Self> {
        let api = Arc::new(Api {
            inventory: parts.inventory,
            store: parts.store,
            upstream: parts.upstream,
            gateway: parts.gateway,
            version: parts.version,
            started: Instant::now(),
            journal_depth: parts.journal_depth,
        });
        if let Some(token) = parts.token {
            api.inventory.set_admin_token(token);
        }
        let door = Door::new(parts.hasher, parts.master_key, parts.token);
        Arc::new(Self { frame: Arc::new(Frame { door, router: router(&api) }), runtime: parts.runtime })
    }
}

impl Admin for AdminApi {
    fn handle(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<AdminBody>> {
        let frame = Arc::clone(&self.frame);
        // A task of its own: a caller that goes away does not drop a database call half way (R42).
        let answer = self.runtime.spawn(async move { gate::answer(&frame, request).await });
        Box::pin(async move {
            match answer.await {
                Ok(response) => response,
                Err(failed) => gate::whole(Problem::internal(&failed).into_reply("unknown")).await,
            }
        })
    }
}
