//! Groq: OpenAI's chat dialect with a stricter schema (`providers/groq.md`).

mod quirks;

use crate::catalog::{self, Family};
use crate::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldKind, LimitHeaders, ModelList};
use chat::{DialectId, Operation};
use dialects::ModelFacts;

pub(crate) static DECLARATION: Declaration = Declaration {
    kind: "groq",
    label: "Groq",
    note: "Keys are made at console.groq.com, under API Keys.",
    fields: &[Field {
        name: "api_key",
        label: "API key",
        kind: FieldKind::Text,
        required: true,
        secret: true,
        help: "A key from console.groq.com, under API Keys; it begins with gsk_.",
        default: None,
    }],
    base_url: Some("https://api.groq.com/openai/v1"),
    // No embeddings: the path exists, no model of the catalogue serves it (§1).
    endpoints: &[Endpoint { operation: Operation::Chat, dialect: Some(DialectId::OpenaiChat), path: "/chat/completions" }],
    auth: Auth::Bearer { field: "api_key" },
    field_headers: &[],
    fixed_headers: &[],
    quirks: quirks::QUIRKS,
    closed: false,
    models: ModelList { path: "/models" },
    limit_headers: LimitHeaders::OPENAI,
    timeouts: DefaultTimeouts::USUAL,
    end_marker_optional: false,
    in_process: false,
    request_id_header: "x-request-id",
    facts,
};

fn facts(model: &str) -> ModelFacts {
    catalog::by_family(FAMILIES, model)
}

/// From `providers/groq.md §7`.
const FAMILIES: &[Family] = &[
    Family { prefix: "openai/gpt-oss-", context: Some(131_072), max_output: Some(65_536) },
    Family { prefix: "qwen/qwen3.8-27b", context: Some(131_072), max_output: Some(16_384) },
];
