//! A provider's secrets, known so that they can be found in texts that must not hold them.

use http::HeaderMap;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
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
    pub(crate) fn in_headers<'a>(headers: impl IntoIterator<Item = &'a HeaderMap>) -> Self {
        let values = headers.into_iter().flat_map(HeaderMap::values).filter(|value| value.is_sensitive());
        let secrets = values.filter_map(|value| value.to_str().ok());
        let secrets = secrets.map(|value| value.split_once(' ').map_or(value, |(_scheme, secret)| secret));
        Self(secrets.filter(|secret| secret.len() >= SHORTEST).map(SecretString::from).collect())
    }

    /// And the values of a query, as they were before they were encoded.
    pub(crate) fn and_query(mut self, query: Option<&SecretString>) -> Self {
        let pairs = query.map(ExposeSecret::expose_secret).unwrap_or_default().split('&');
        let values = pairs.filter_map(|pair| pair.split_once('=')).filter_map(|(_, value)| percent_decode_str(value).decode_utf8().ok());
        self.0.extend(values.filter(|value| value.len() >= SHORTEST).map(|value| SecretString::from(value.into_owned())));
        self
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
