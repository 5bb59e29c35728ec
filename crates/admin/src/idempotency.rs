//! `Idempotency-Key`: the same request asked twice is done once, and its answer given twice (R24).

use crate::api::Api;
use crate::problem::{Kind, Outcome, Problem};
use crate::reply::Reply;
use crate::route::{Route, once};
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::idempotency::Begun;

const HEADER: &str = "idempotency-key";
const LONGEST: usize = 200;

/// The right to do one request once.
pub(crate) struct Ticket {
    scope: String,
    key: String,
    /// Of everything that the request says.
    request: [u8; 32],
}

/// An answer as it is kept, sealed: it may hold the secret of a new key.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: Option<i64>,
    location: Option<String>,
    body: String,
}

impl Ticket {
    /// For a POST that carries the header; any other request is simply done.
    pub(crate) fn of(route: &Route, head: &http::request::Parts, body: &[u8]) -> Result<Option<Self>, Problem> {
        if route.method != Method::POST {
            return Ok(None);
        }
        let Some(value) = once(&head.headers, HEADER)? else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
        let remedy = "send 1 to 200 visible characters, such as a UUID";
        let key = key.ok_or_else(|| Problem::field("idempotency-key", "is not a key", remedy))?;
        let said = Sha256::new().chain_update(head.uri.path()).chain_update([0]).chain_update(body).finalize();
        Ok(Some(Self { scope: format!("admin:{}", route.id), key: key.to_owned(), request: said.into() }))
    }

    /// Does the work unless it was done, is being done, or the key belongs to another request.
    pub(crate) async fn once(self, api: &Api, work: BoxFuture<'static, Outcome>) -> Outcome {
        let kept = api.store.idempotency();
        let claim = match kept.begin(&self.scope, &self.key, &self.request).await? {
            Begun::Fresh(claim) => claim,
            Begun::InProgress => {
                let detail = "a request with this Idempotency-Key is under way: ask again in a moment";
                return Err(Problem::new(Kind::IdempotencyInProgress, detail).retry_after(Duration::from_secs(1)));
            }
            Begun::Mismatch => {
                let detail = "this Idempotency-Key was used for another request: send a new one for a new request";
                return Err(Problem::new(Kind::IdempotencyMismatch, detail));
            }
            Begun::Stored { status, body } => return replayed(status, body.expose_secret()),
        };
        match work.await {
            Ok(reply) => {
                let stored = Kept {
                    version: reply.version,
                    location: reply.location.clone(),
                    body: String::from_utf8_lossy(&reply.body).into_owned(),
                };
                let body = serde_json::to_vec(&stored).map_err(|error| Problem::internal(&error))?;
                // The change is made, whatever happens to the note of it.
                if let Err(error) = kept.finish(claim, reply.status.as_u16(), &body).await {
                    tracing::error!(%error, "admin API: an answer could not be kept for its Idempotency-Key");
                }
                Ok(reply)
            }
            // Nothing was changed: the same key may be used for the corrected request.
            Err(problem) => {
                if let Err(error) = kept.abandon(claim).await {
                    tracing::warn!(%error, "admin API: an Idempotency-Key stays taken until it expires");
                }
                Err(problem)
            }
        }
    }
}

fn replayed(status: u16, body: &[u8]) -> Outcome {
    let kept: Kept = serde_json::from_slice(body).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(status).map_err(|error| Problem::internal(&error))?;
    let mut reply = Reply::whole(status, kept.body.into_bytes());
    (reply.version, reply.location) = (kept.version, kept.location);
    Ok(reply)
}
