//! Anthropic: the Messages dialect at its home (`providers/anthropic.md`).

mod models;

use crate::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldHeader, FieldKind, LimitHeaders, ModelList};
use chat::{DialectId, Operation};

pub(crate) static DECLARATION: Declaration = Declaration {
    kind: "anthropic",
    label: "Anthropic",
    note: "Keys are made at platform.claude.com, under API keys.",
    fields: &[
        Field {
            name: "api_key",
            label: "API key",
            kind: FieldKind::Text,
            required: true,
            secret: true,
            help: "A key from platform.claude.com, under API keys; it begins with sk-ant-.",
            default: None,
        },
        Field {
            name: "version",
            label: "API version",
            kind: FieldKind::Text,
            required: false,
            secret: false,
            help: "The anthropic-version header. From 2026-10-21 on no model takes temperature, top_p and top_k.",
            default: Some("2023-06-01"),
        },
        Field {
            name: "betas",
            label: "Betas",
            kind: FieldKind::List,
            required: false,
            secret: false,
            help: "Names for the anthropic-beta header, such as files-api-2025-04-14 for files by id.",
            default: None,
        },
    ],
    base_url: Some("https://api.anthropic.com"),
    endpoints: &[
        Endpoint { operation: Operation::Chat, dialect: Some(DialectId::AnthropicMessages), path: "/v1/messages" },
        Endpoint { operation: Operation::CountTokens, dialect: Some(DialectId::AnthropicMessages), path: "/v1/messages/count_tokens" },
    ],
    // A key goes as Bearer as well; exactly one of the two may be sent ("Auth and headers").
    auth: Auth::Header { header: "x-api-key", field: "api_key" },
    field_headers: &[
        FieldHeader { field: "version", header: "anthropic-version" },
        FieldHeader { field: "betas", header: "anthropic-beta" },
    ],
    fixed_headers: &[],
    quirks: &[],
    closed: false,
    models: ModelList { path: "/v1/models" },
    limit_headers: LimitHeaders {
        limit_requests: "anthropic-ratelimit-requests-limit",
        remaining_requests: "anthropic-ratelimit-requests-remaining",
        reset_requests: "anthropic-ratelimit-requests-reset",
        limit_tokens: "anthropic-ratelimit-tokens-limit",
        remaining_tokens: "anthropic-ratelimit-tokens-remaining",
        reset_tokens: "anthropic-ratelimit-tokens-reset",
    },
    timeouts: DefaultTimeouts::USUAL,
    end_marker_optional: false,
    in_process: false,
    request_id_header: "request-id",
    facts: models::facts,
};

#[cfg(test)]
mod tests;
