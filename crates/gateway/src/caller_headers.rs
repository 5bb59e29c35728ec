//! The headers of a caller that belong to its dialect. Nothing else that a caller sends as a header goes out.

use chat::{DialectId, Fault, Loss};
use http::{HeaderMap, HeaderName, HeaderValue};

const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const BETAS: HeaderName = HeaderName::from_static("anthropic-beta");

/// More betas than this have no meaning, and each is compared with each.
const MOST_BETAS: usize = 64;

/// What a caller of Anthropic's dialect says beside its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallerHeaders {
    version: Option<String>,
    betas: Vec<String>,
}

impl CallerHeaders {
    /// Nothing for callers of other dialects, and for those that send none.
    pub(crate) fn read(dialect: DialectId, headers: &HeaderMap) -> Result<Option<Box<Self>>, Fault> {
        if dialect != DialectId::AnthropicMessages {
            return Ok(None);
        }
        let mut read = Self::default();
        for value in headers.get_all(VERSION) {
            let version = plain(&VERSION, value)?;
            match &read.version {
                Some(other) if other != version => {
                    return Err(Fault::invalid(VERSION.as_str(), "two different versions are asked for: send one"));
                }
                _ => read.version = Some(version.to_owned()),
            }
        }
        for value in headers.get_all(BETAS) {
            let value = plain(&BETAS, value)?;
            if read.betas.len() + value.split(',').count() > MOST_BETAS {
                return Err(Fault::invalid(
                    BETAS.as_str(),
                    format!("more than {MOST_BETAS} betas are asked for: send those that the request needs"),
                ));
            }
            join(&mut read.betas, value);
        }
        Ok((read != Self::default()).then(|| Box::new(read)))
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Puts them in the place of the credential's version, and beside its betas.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        if let Some(version) = self.version.as_deref().and_then(|version| HeaderValue::from_str(version).ok()) {
            headers.insert(VERSION, version);
        }
        if self.betas.is_empty() {
            return;
        }
        let mut betas = Vec::new();
        for value in headers.get_all(BETAS).iter().filter_map(|value| value.to_str().ok()) {
            join(&mut betas, value);
        }
        for beta in &self.betas {
            join(&mut betas, beta);
        }
        if let Ok(joined) = HeaderValue::from_str(&betas.join(",")) {
            headers.insert(BETAS, joined);
        }
    }

    /// What a provider of another dialect does not get.
    pub(crate) fn losses(&self) -> impl Iterator<Item = Loss> {
        let lost = !self.betas.is_empty();
        lost.then(|| Loss::dropped("header anthropic-beta", "only a provider of Anthropic's dialect knows its betas")).into_iter()
    }
}

/// The items of a comma-separated list that are not there yet.
fn join(list: &mut Vec<String>, value: &str) {
    for item in value.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        if !list.iter().any(|have| have == item) {
            list.push(item.to_owned());
        }
    }
}

fn plain<'a>(name: &HeaderName, value: &'a HeaderValue) -> Result<&'a str, Fault> {
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    text.ok_or_else(|| Fault::invalid(name.as_str(), format!("the header {name} holds characters that are not plain ASCII: remove them")))
}

#[cfg(test)]
mod tests;
