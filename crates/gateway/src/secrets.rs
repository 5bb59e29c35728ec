//! A provider's secrets, known so that they can be found in texts that must not hold them.

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

/// Shorter values are no secrets, and would be found in any text.
const SHORTEST: usize = 6;

/// The secret values of one provider. Debug shows none of them.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// The values of headers that are marked sensitive, without an authentication scheme before them.
    pub(crate) fn in_headers(headers: &HeaderMap) -> Self {
        let values = headers.values().filter(|value| value.is_sensitive()).filter_map(|value| value.to_str().ok());
        let secrets = values.map(|value| value.split_once(' ').map_or(value, |(_scheme, secret)| secret));
        Self(secrets.filter(|secret| secret.len() >= SHORTEST).map(SecretString::from).collect())
    }

    pub(crate) fn scrub(&self, text: String) -> String {
        self.0.iter().fold(text, |text, secret| match text.contains(secret.expose_secret()) {
            true => text.replace(secret.expose_secret(), "[redacted]"),
            false => text,
        })
    }
}

#[cfg(test)]
mod tests;
