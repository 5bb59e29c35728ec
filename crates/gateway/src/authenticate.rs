//! Who asks: one extractor for every place that a key may stand in.

use crate::arrival::unix_micros;
use crate::keys::VirtualKey;
use crate::service::Gateway;
use chat::{Fault, FaultKind, Origin, Step};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// A caller whose key is known, enabled and not expired.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) key: Arc<VirtualKey>,
}

const KEY_HEADERS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

impl Gateway {
    pub(crate) fn authenticate(&self, head: &Parts) -> Result<Caller, Fault> {
        // First of all: while nothing can be looked up, no key may be called unknown (R38).
        let opened = self.opened()?;
        let Some(secret) = presented_key(head)? else {
            return Err(refused("no virtual key: send `Authorization: Bearer <key>`"));
        };
        let hash = opened.hasher.hash(&secret);
        if opened.master_key == Some(hash) {
            return Err(refused("the master key does not work for inference: use a virtual key"));
        }
        let now = unix_micros() / 1_000_000;
        // One message for unknown, revoked and expired keys: the answer tells a stranger nothing about which keys exist.
        let key = self
            .parts
            .keys
            .find(&hash)
            .filter(|key| key.is_usable(now))
            .ok_or_else(|| refused("the virtual key is unknown, revoked or expired"))?;
        if let Some(uses) = &key.replaced {
            uses.note(now);
        }
        Ok(Caller { key })
    }
}

fn refused(message: &str) -> Fault {
    Fault::new(FaultKind::InvalidKey, Origin::Caller, Step::Authenticate, message)
}

/// The one key that the request carries. The same key in two places is one key; two different ones are refused (R62).
fn presented_key(head: &Parts) -> Result<Option<String>, Fault> {
    let mut found = None;
    for value in head.headers.get_all(http::header::AUTHORIZATION) {
        take(&mut found, bearer(value)?)?;
    }
    for name in KEY_HEADERS {
        for value in head.headers.get_all(name) {
            take(&mut found, text(value, name)?)?;
        }
    }
    for pair in head.uri.query().unwrap_or("").split('&') {
        if let Some(encoded) = pair.strip_prefix("key=") {
            let key = percent_decode_str(encoded).decode_utf8().map_err(|_| Fault::invalid("key", "the query key is not UTF-8"))?;
            take(&mut found, &key)?;
        }
    }
    Ok(found)
}

fn take(found: &mut Option<String>, key: &str) -> Result<(), Fault> {
    match found {
        _ if key.is_empty() => Ok(()),
        Some(known) if known != key => Err(Fault::invalid("authorization", "the request carries two different keys: send one")),
        _ => {
            *found = Some(key.to_owned());
            Ok(())
        }
    }
}

fn bearer(value: &http::HeaderValue) -> Result<&str, Fault> {
    let value = text(value, "authorization")?;
    match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Ok(key.trim()),
        _ => Err(refused("the Authorization header must be `Bearer <key>`")),
    }
}

fn text<'a>(value: &'a http::HeaderValue, name: &str) -> Result<&'a str, Fault> {
    value.to_str().map_err(|_| Fault::invalid(name, format!("the header {name} holds characters that no key has")))
}

#[cfg(test)]
mod tests;
