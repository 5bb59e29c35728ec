//! Names and values of headers and query parameters that an owner sets.

use super::options::CustomOptions;
use super::reading::{Reading, within};
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// Made by Conduit or by HTTP itself: a second one would change what the request is.
const RESERVED: &[&str] = &[
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The header that carries the key.
pub(super) fn auth_header(options: &CustomOptions, reading: &mut Reading) -> HeaderName {
    let named = options.auth_header.as_deref().map(|name| header_name("auth_header", name, reading));
    named.flatten().unwrap_or(http::header::AUTHORIZATION)
}

/// With the space that sets it apart from the key.
pub(super) fn auth_prefix(options: &CustomOptions, header: &HeaderName, reading: &mut Reading) -> String {
    // A header of the server's own usually carries the key alone.
    let usual = if *header == http::header::AUTHORIZATION { "Bearer" } else { "" };
    let prefix = options.auth_prefix.as_deref().unwrap_or(usual).trim();
    if !prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        reading.fault("auth_prefix", "has a character that a header can't carry", "use letters, digits and signs of ASCII");
        return String::new();
    }
    if prefix.is_empty() { String::new() } else { format!("{prefix} ") }
}

/// The owner's headers, marked as secret: what they hold is not known.
pub(super) fn extra(options: &CustomOptions, auth: &HeaderName, reading: &mut Reading) -> Vec<(HeaderName, HeaderValue)> {
    let mut made: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for (name, value) in &options.headers {
        let field = within("headers", name);
        let Some(header) = header_name(&field, name, reading) else { continue };
        if header == *auth {
            reading.fault(
                &field,
                "is the header that carries the key",
                "put its value into `credentials`, and what stands before it into auth_prefix",
            );
            continue;
        }
        if made.iter().any(|(other, _)| *other == header) {
            reading.fault(&field, "is set twice", "keep one of them");
            continue;
        }
        made.extend(header_value(&field, value.as_ref(), reading).map(|value| (header, value)));
    }
    made
}

fn header_name(field: &str, name: &str, reading: &mut Reading) -> Option<HeaderName> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(header) if RESERVED.contains(&header.as_str()) || header.as_str().starts_with("x-conduit-") => {
            reading.none(field, format!("is the header '{header}', which is set by Conduit alone"), "remove it")
        }
        Ok(header) if name.len() <= 128 => Some(header),
        _ => reading.none(field, "is no name of a header", "use letters, digits and `-`"),
    }
}

/// R55: nothing that could end a header line gets into one.
fn header_value(field: &str, value: Option<&SecretString>, reading: &mut Reading) -> Option<HeaderValue> {
    let Some(value) = value.map(ExposeSecret::expose_secret) else {
        return reading.none(field, "has no value", "enter it again");
    };
    let sound =
        value.trim() == value && !value.is_empty() && value.len() <= 8192 && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match HeaderValue::from_str(value) {
        Ok(mut made) if sound => {
            made.set_sensitive(true);
            Some(made)
        }
        _ => reading.none(field, "is empty or holds what a header can't carry", "use letters, digits, signs and single spaces of ASCII"),
    }
}

/// The query as it stands in an address, without the `?`.
pub(super) fn query(options: &CustomOptions, reading: &mut Reading) -> Option<SecretString> {
    let mut text = String::new();
    for (name, value) in &options.query {
        let field = within("query", name);
        match value {
            _ if name.is_empty() || name.len() > 128 => reading.fault(field, "is no name of a parameter", "use 1 to 128 characters"),
            None => reading.fault(field, "has no value", "enter it again"),
            Some(value) if value.expose_secret().len() > 4096 => reading.fault(field, "is longer than 4,096 bytes", "shorten it"),
            Some(value) => {
                if !text.is_empty() {
                    text.push('&');
                }
                text.push_str(&crate::models::query_value(name));
                text.push('=');
                text.push_str(&crate::models::query_value(value.expose_secret()));
            }
        }
    }
    (!text.is_empty()).then(|| SecretString::from(text))
}
