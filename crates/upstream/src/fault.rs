//! From errors of connections to the gateway's kinds. A cause names host and port at most: path and query may hold what should not be logged.

use gateway::ports::{SendFault, SendFaultKind};
use http::uri::Authority;
use std::error::Error;

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct ConnectFault {
    pub(crate) kind: SendFaultKind,
    pub(crate) cause: String,
}

impl ConnectFault {
    pub(crate) fn new(kind: SendFaultKind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into() }
    }

    pub(crate) fn at(self, authority: &Authority) -> SendFault {
        SendFault { kind: self.kind, cause: format!("{authority}: {}", self.cause) }
    }
}

/// Of a request that was under way.
pub(crate) fn of_request(error: &hyper::Error, authority: &Authority) -> SendFault {
    let kind = if error.is_parse() { SendFaultKind::Protocol } else { SendFaultKind::Broken };
    let mut cause = authority.to_string();
    for link in chain(error) {
        let text = link.to_string();
        // hyper repeats the text of its source in some of its own.
        if !cause.ends_with(&text) {
            cause.push_str(": ");
            cause.push_str(&text);
        }
    }
    SendFault { kind, cause }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| (*link).source())
}
