//! OpenAI: the provider whose chat dialect most others imitate (`providers/openai.md`).

use crate::catalog::{self, Family};
use crate::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldHeader, FieldKind, LimitHeaders, ModelList, Models, Quirk, Sourced};
use chat::{DialectId, Operation};
use dialects::{ModelFacts, ThinkingMode};

pub(crate) static DECLARATION: Declaration = Declaration {
    kind: "openai",
    label: "OpenAI",
    note: "Keys are made at platform.openai.com, under API keys.",
    fields: &[
        Field {
            name: "api_key",
            label: "API key",
            kind: FieldKind::Text,
            required: true,
            secret: true,
            help: "A project key from platform.openai.com, under API keys; it begins with sk-.",
            default: None,
        },
        Field {
            name: "organization",
            label: "Organization",
            kind: FieldKind::Text,
            required: false,
            secret: false,
            help: "The organization id (org-...), for a key that belongs to several.",
            default: None,
        },
        Field {
            name: "project",
            label: "Project",
            kind: FieldKind::Text,
            required: false,
            secret: false,
            help: "The project id (proj_...), for a key that is not bound to one.",
            default: None,
        },
    ],
    base_url: Some("https://api.openai.com/v1"),
    endpoints: &[
        Endpoint { operation: Operation::Chat, dialect: Some(DialectId::OpenaiChat), path: "/chat/completions" },
        Endpoint { operation: Operation::Completions, dialect: Some(DialectId::OpenaiCompletions), path: "/completions" },
        Endpoint { operation: Operation::Embeddings, dialect: None, path: "/embeddings" },
    ],
    auth: Auth::Bearer { field: "api_key" },
    field_headers: &[
        FieldHeader { field: "organization", header: "openai-organization" },
        FieldHeader { field: "project", header: "openai-project" },
    ],
    fixed_headers: &[],
    quirks: QUIRKS,
    closed: false,
    models: ModelList { path: "/models" },
    limit_headers: LimitHeaders::OPENAI,
    timeouts: DefaultTimeouts::USUAL,
    end_marker_optional: false,
    in_process: false,
    request_id_header: "x-request-id",
    facts,
};

/// Families that take the old `max_tokens`. Every other one, known or to come, is taken as a reasoning model, which refuses it (§11).
const WITHOUT_REASONING: &[&str] = &["gpt-3.5", "gpt-4", "chatgpt-", "gpt-5-chat", "babbage", "davinci"];

/// What reasoning models refuse beside it (`temperature`, `stop`, `n`, ...) is sent as it is: the provider's 400 tells the caller more than a
/// request whose meaning was changed in silence (§11).
///
/// Thought and cache markers stand in the history of a caller that a model of another provider answered before: they are Conduit's own
/// extensions of the dialect, not OpenAI's.
const QUIRKS: &[Sourced] = &[
    Sourced::chat_of(
        Models::not_starting(WITHOUT_REASONING),
        Quirk::rename("max_tokens", "max_completion_tokens"),
        "providers/openai.md §3, §11",
    ),
    Sourced::chat(Quirk::drop_reasoning("OpenAI's messages have no member for thought"), "providers/openai.md §3 Messages"),
    Sourced::chat(
        Quirk::drop_cache_markers("OpenAI's messages and tools have no cache markers of this form"),
        "providers/openai.md §3 Messages",
    ),
];

fn facts(model: &str) -> ModelFacts {
    let mut facts = catalog::by_family(FAMILIES, model);
    let base = model.strip_prefix("ft:").unwrap_or(model);
    if WITHOUT_REASONING.iter().any(|family| base.starts_with(family)) {
        // A caller of another dialect asks for thought in its own way: here it is a loss, where the provider would refuse the request.
        facts.thinking.mode = ThinkingMode::None;
    }
    facts
}

/// From `providers/openai.md §10`.
const FAMILIES: &[Family] = &[
    family("gpt-6-", 922_000, 128_000),
    family("gpt-5.6", 922_000, 128_000),
    family("gpt-5.4", 1_050_000, 128_000),
    family("gpt-5", 272_000, 128_000),
    // Shares the name with the reasoning models and not their figures, which are not documented.
    Family { prefix: "gpt-5-chat", context: None, max_output: None },
    family("gpt-4.1", 1_047_576, 32_768),
    family("gpt-4o", 128_000, 16_384),
    family("o3", 200_000, 100_000),
];

const fn family(prefix: &'static str, context: u64, max_output: u64) -> Family {
    Family { prefix, context: Some(context), max_output: Some(max_output) }
}
