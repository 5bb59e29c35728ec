//! The simulated provider: OpenAI's dialect, served inside this process by the simulator, so that a first start answers without any account.

use crate::{Auth, Declaration, DefaultTimeouts, Endpoint, LimitHeaders, ModelList};
use chat::{DialectId, Operation};
use dialects::ModelFacts;

pub(crate) static DECLARATION: Declaration = Declaration {
    kind: "simulated",
    label: "Simulated",
    note: "Needs no key: it answers inside this process, free of charge.",
    fields: &[],
    // Never dialled: the path is what the simulator routes by.
    base_url: Some("http://simulated/simulated/v1"),
    endpoints: &[
        Endpoint { operation: Operation::Chat, dialect: Some(DialectId::OpenaiChat), path: "/chat/completions" },
        Endpoint { operation: Operation::Embeddings, dialect: None, path: "/embeddings" },
    ],
    auth: Auth::None,
    field_headers: &[],
    fixed_headers: &[],
    quirks: &[],
    closed: false,
    models: ModelList { path: "/models" },
    limit_headers: LimitHeaders::OPENAI,
    timeouts: DefaultTimeouts::USUAL,
    end_marker_optional: false,
    in_process: true,
    request_id_header: "x-request-id",
    facts: |_| ModelFacts::default(),
};
