//! A provider's secrets, known so that they can be found in texts that must not hold them.

use http::HeaderMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// Shorter values are no secrets, and would be found in any text.
const SHORTEST: usize = 6;
const REDACTED: &str = "[redacted]";
/// How a shortened text ends.
const CUT: char = '…';

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
        self.0.iter().fold(text, |text, secret| scrub_one(text, secret.expose_secret()))
    }
}

/// A secret may stand as it is, as JSON or a URL spells it, or cut off where the text was shortened.
fn scrub_one(text: String, secret: &str) -> String {
    let spellings = [secret.to_owned(), secret.replace('/', "\\/"), utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()];
    let text = spellings.iter().fold(text, |text, spelling| match text.contains(spelling.as_str()) {
        true => text.replace(spelling.as_str(), REDACTED),
        false => text,
    });
    let Some(shortened) = text.strip_suffix(CUT) else { return text };
    let begun = (SHORTEST..secret.len()).rev().filter_map(|length| secret.get(..length)).find_map(|begin| shortened.strip_suffix(begin));
    match begun {
        Some(before) => format!("{before}{REDACTED}{CUT}"),
        None => text,
    }
}

#[cfg(test)]
mod tests;
