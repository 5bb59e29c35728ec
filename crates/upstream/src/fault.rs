//! From the client's errors to the gateway's kinds. A cause names host and port at most: path and query may hold what should not be logged.

use gateway::ports::{SendFault, SendFaultKind};
use http::uri::Authority;
use hyper_util::client::legacy;
use std::error::Error;

/// Why the connector gave up; travels through the pool's error as its source.
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
}

pub(crate) fn of_client(error: &legacy::Error, authority: &Authority) -> SendFault {
    let links = || chain(error);
    if let Some(fault) = links().find_map(|link| link.downcast_ref::<ConnectFault>()) {
        return SendFault { kind: fault.kind, cause: format!("{authority}: {}", fault.cause) };
    }
    let kind = match links().find_map(|link| link.downcast_ref::<hyper::Error>()) {
        Some(fault) if fault.is_parse() => SendFaultKind::Protocol,
        Some(_) => SendFaultKind::Broken,
        None if error.is_connect() => SendFaultKind::Connect,
        None => SendFaultKind::Broken,
    };
    let mut cause = authority.to_string();
    for link in links() {
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
