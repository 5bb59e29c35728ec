//! The face of a custom endpoint: its options, the preset's and what is usual, in this order.

use super::options::{CustomDialect, CustomOptions, Method, Probe};
use super::reading::Reading;
use super::{DECLARATION, headers, presets, quirks};
use crate::surface::Carrier;
use crate::{FieldFault, Quirk, Served, Sourced, Surface};
use chat::{DialectId, Operation};
use std::borrow::Cow;

impl Surface {
    /// The face of a custom endpoint. Every fault names its option.
    pub fn custom(options: &CustomOptions) -> Result<Self, Vec<FieldFault>> {
        let mut reading = Reading::default();
        let known = options.preset.map(presets::known).unwrap_or_default();
        let dialects = options.dialects.clone().unwrap_or_else(|| vec![CustomDialect::OpenaiChat]);
        let mut quirks = quirks::merged(known.quirks, &options.quirks, &mut reading);
        // The first of all, so that the owner's own quirks see the field.
        quirks.insert(0, Sourced::chat(Quirk::TakesTopK, "providers/custom.md §2 extras"));
        let header = headers::auth_header(options, &mut reading);
        let prefix = headers::auth_prefix(options, &header, &mut reading);
        let keeps = options.keep.clone().unwrap_or_else(|| known.keep.iter().map(|name| (*name).to_owned()).collect());
        let surface = Surface {
            declaration: &DECLARATION,
            endpoints: endpoints(&dialects, options),
            quirks: Cow::Owned(quirks),
            closed: DECLARATION.closed,
            end_marker_optional: DECLARATION.end_marker_optional,
            leniency: options.leniency.unwrap_or_default(),
            lenient: true,
            keeps,
            models_path: options.path("models").unwrap_or(DECLARATION.models.path).to_owned(),
            probe: options.probe.clone().or_else(|| options.path("health").map(health)).or(known.probe),
            append_v1: options.append_v1.unwrap_or(true),
            headers: headers::extra(options, &header, &mut reading),
            query: headers::query(options, &mut reading),
            auth: Some(Carrier { header, prefix, field: "api_key" }),
        };
        reading.end(Some(surface.with_version_header(&dialects)))
    }

    /// Servers of Anthropic's dialect expect the header of its version, which nobody else minds.
    fn with_version_header(mut self, dialects: &[CustomDialect]) -> Self {
        let name = http::HeaderName::from_static("anthropic-version");
        if dialects.contains(&CustomDialect::AnthropicMessages) && !self.headers.iter().any(|(other, _)| *other == name) {
            self.headers.push((name, http::HeaderValue::from_static("2023-06-01")));
        }
        self
    }
}

fn health(path: &str) -> Probe {
    Probe { path: path.to_owned(), method: Method::Get, expect: vec![200], expect_body_contains: None }
}

/// What is served where: the usual paths of the dialects, and of operations that the owner names a path for.
fn endpoints(dialects: &[CustomDialect], options: &CustomOptions) -> Vec<Served> {
    let mut all = Vec::new();
    let mut serve = |operation, dialect, name: &str, usual: Option<&str>| {
        let path = options.path(name).or(usual);
        all.extend(path.map(|path| Served { operation, dialect, path: path.to_owned() }));
    };
    let openai = dialects.contains(&CustomDialect::OpenaiChat);
    for dialect in dialects {
        match dialect {
            CustomDialect::OpenaiChat => serve(Operation::Chat, Some(DialectId::OpenaiChat), "chat", Some("/chat/completions")),
            CustomDialect::AnthropicMessages => {
                serve(Operation::Chat, Some(DialectId::AnthropicMessages), "messages", Some("/messages"));
                serve(Operation::CountTokens, Some(DialectId::AnthropicMessages), "count_tokens", Some("/messages/count_tokens"));
            }
        }
    }
    serve(Operation::Completions, Some(DialectId::OpenaiCompletions), "completions", openai.then_some("/completions"));
    serve(Operation::Embeddings, None, "embeddings", openai.then_some("/embeddings"));
    all
}
