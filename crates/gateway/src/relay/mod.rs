//! The answer on its way from the provider to the caller: whole, or event by event.
//!
//! One driver owns what happens on each kind of frame, so no dialect can invent its own policy: a stream that is cut is an error and never
//! ends as if it were complete (R13, R15), and the outcome is in the journal before the last byte leaves.

mod other_form;
mod pipe;
mod stream;
mod whole;

pub(crate) use stream::Relay;

use crate::account::Account;
use crate::admit::Admitted;
use crate::attempt::Path;
use crate::respond::{self, Answer};
use crate::service::Settings;
use crate::target::Chosen;
use bytes::Bytes;
use chat::{DialectId, Loss, Operation};
use dialects::{NameMap, StreamOptions};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

pub(crate) use stream::stream;
pub(crate) use whole::whole;

/// What the relay must know of the request.
pub(crate) struct Relayed<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) admitted: &'a Admitted,
    pub(crate) chosen: Chosen<'a>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) names: NameMap,
    pub(crate) path: Path,
    pub(crate) request_id: &'a std::sync::Arc<str>,
}

impl Relayed<'_> {
    fn caller(&self) -> DialectId {
        self.admitted.dialect
    }

    /// The dialect of the provider's answer.
    fn dialect(&self) -> DialectId {
        self.chosen.dialect(self.caller())
    }

    /// Whether the answer's bytes are what the caller understands, names of tools included.
    fn passes_through(&self) -> bool {
        self.chosen.passes_through(self.caller()) && self.names.is_empty()
    }

    /// What the caller asked of its stream, for the writer of its dialect.
    fn stream_options(&self) -> StreamOptions {
        let prefix = match self.caller() {
            DialectId::AnthropicMessages => "msg_",
            DialectId::OpenaiChat => "chatcmpl-",
            DialectId::OpenaiCompletions => "cmpl-",
        };
        StreamOptions {
            include_usage: self.admitted.include_usage,
            created: crate::arrival::unix_micros() / 1_000_000,
            fallback_id: format!("{prefix}{}", self.request_id),
        }
    }

    fn operation(&self) -> Operation {
        self.admitted.operation
    }
}

/// An answer that may go out: all that is left is to put its account in order.
pub(crate) enum Finish {
    Whole { head: Head, body: Bytes, status: StatusCode },
    Stream { head: Head, relay: Box<Relay> },
}

/// The response headers that the relay knows.
pub(crate) struct Head {
    headers: HeaderMap,
}

impl Finish {
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Settles a whole answer, or hands the account to the stream, which settles it at its end.
    pub(crate) fn complete(self, account: Account) -> Response<Answer> {
        match self {
            Self::Whole { head, body, status } => {
                let headers = head.timed(&account);
                account.succeeded(status.as_u16());
                respond::with(status, headers, Answer::whole(body))
            }
            Self::Stream { head, mut relay } => {
                let headers = head.timed(&account);
                relay.take_account(account);
                respond::with(StatusCode::OK, headers, Answer::Relay(relay))
            }
        }
    }
}

impl Head {
    fn new(relayed: &Relayed<'_>, content_type: HeaderValue) -> Self {
        let mut headers = respond::path_headers(relayed.chosen.target, relayed.path);
        headers.insert(http::header::CONTENT_TYPE, content_type);
        if let Some(losses) = respond::losses(&relayed.losses) {
            headers.insert(respond::LOSSES, losses);
        }
        Self { headers }
    }

    fn timed(mut self, account: &Account) -> HeaderMap {
        let upstream = account.since_call();
        self.headers.insert(respond::UPSTREAM_MS, respond::number(upstream.as_millis()));
        self.headers.insert(respond::OVERHEAD_US, respond::number(account.before_call().as_micros()));
        self.headers
    }
}
