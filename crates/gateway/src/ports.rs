//! What the gateway needs from the outside: a way to a provider and a ledger. Owned here, implemented by the crates `upstream` and `store`.

use crate::egress::Egress;
use bytes::Bytes;
use chat::{Fault, Operation, Usage};
use futures_util::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An error of a body that a provider sends: the connection broke or a timer fired.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A provider's answer body, frame by frame.
pub type UpstreamBody = UnsyncBoxBody<Bytes, BodyError>;

/// Sends one request to a provider. Dropping the future or the body cancels the request and closes its connection.
///
/// The implementation owns: the connection pool, TLS, the connect timeout, the rule which addresses may be reached. The gateway owns the
/// first-byte, idle and total timeouts, because they belong to the journey.
pub trait Upstream: Send + Sync {
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        egress: &'a Egress,
    ) -> BoxFuture<'a, Result<http::Response<UpstreamBody>, SendFault>>;
}

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFault {
    pub kind: SendFaultKind,
    /// For the log; holds no secret.
    pub cause: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFaultKind {
    /// The name does not resolve.
    Resolve,
    /// The address is one that this provider may not reach (see `allow_private_network`).
    Forbidden,
    /// Nobody accepts the connection.
    Connect,
    ConnectTimeout,
    Tls,
    /// The connection broke before an answer.
    Broken,
    /// The answer is not HTTP.
    Protocol,
}

/// The body of an admin answer: whole, or a stream of events.
pub type AdminBody = UnsyncBoxBody<Bytes, std::convert::Infallible>;

/// The other end of the connection that a request came on; in the extensions of a request that [`Admin`] is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(pub std::net::IpAddr);

/// The admin API. The gateway hands over what its path says is administration; the implementation judges who asks, and refuses by default.
pub trait Admin: Send + Sync {
    /// Runs to its end even where the future is dropped: a caller that goes away leaves no half-made change.
    fn handle(&self, request: http::Request<Bytes>) -> BoxFuture<'static, http::Response<AdminBody>>;
}

/// The journal in front of the usage table: an intent before the provider is called, an outcome before the last byte leaves.
///
/// Both calls return when the record has been handed to the operating system (write(2)), so that kill -9 loses nothing; the rows reach the
/// database in batches, later. Neither waits for a database.
pub trait Ledger: Send + Sync {
    /// Reserves room and appends the intent. `Err` when the journal cannot take it: the request is refused with 503, nothing is called.
    fn intend(&self, intent: &Intent) -> Result<Ticket, Fault>;
    /// Appends the outcome. Never fails for want of room: [`Ledger::intend`] reserved it. A failing disk is logged and retried by the implementation.
    fn settle(&self, ticket: Ticket, outcome: Outcome);
    /// Appends the record of a request that was refused before any provider was called: `attempt` 0, no provider. A journal that cannot take it
    /// logs that; the caller has its refusal all the same.
    fn record(&self, intent: Intent, outcome: Outcome);
}

/// The right to settle one attempt, given out by [`Ledger::intend`]; not `Clone`: an attempt is settled once.
#[derive(Debug)]
pub struct Ticket {
    /// The attempt's id, unique for ever.
    pub attempt_id: u128,
    /// The implementation's own bookkeeping: the journal segment of the intent.
    pub segment: u64,
}

/// What is about to be done, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// UUID version 7; the unique key of the usage row.
    pub attempt_id: u128,
    /// The request that the attempt belongs to: the id of its first row, made when the request arrives. 0 in journals of earlier versions: then the attempt's own id.
    #[serde(default)]
    pub request: u128,
    /// What the caller sees as `x-request-id`.
    pub request_id: String,
    /// 1 for the first attempt of a request; 0 for the record of a request that was refused before any provider was called.
    pub attempt: u32,
    /// Microseconds since 1970.
    pub started_at: i64,
    pub key_id: String,
    pub operation: Operation,
    pub virtual_model: String,
    pub provider: String,
    pub provider_model: String,
    pub stream: bool,
}

/// The `x-request-id` of a request whose caller gave none: it tells the request's id, and so needs no place of its own in storage.
pub fn own_request_id(request: u128) -> String {
    format!("req_{request:032x}")
}

/// The request that such an `x-request-id` tells; `None` for any other text.
pub fn request_of_own_id(text: &str) -> Option<u128> {
    let digits = text.strip_prefix("req_").filter(|digits| digits.len() == 32)?;
    digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub status: OutcomeStatus,
    /// The HTTP status that the caller got, or would have got; 0 where no answer was begun.
    pub http_status: u16,
    /// The name of the fault, where there was one (see docs/faults.md).
    pub fault: Option<String>,
    pub usage: Option<Usage>,
    /// The usage was counted or guessed here, not told by the provider.
    pub usage_estimated: bool,
    /// From the request's arrival to its end.
    pub latency: Duration,
    /// From the request's arrival to the first byte of the answer's body.
    pub first_token: Option<Duration>,
    /// From the call of the provider to its end.
    pub upstream: Duration,
    /// Fields of the request that the provider did not get.
    pub losses: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStatus {
    Succeeded,
    /// The attempt failed (its fault says how).
    Failed,
    /// The caller went away.
    Cancelled,
    /// The provider's stream ended before its terminal marker.
    Truncated,
    /// Conduit stopped between intent and outcome; written at the next start.
    Unknown,
}
