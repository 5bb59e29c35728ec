//! A server that speaks a known dialect at an address of the owner's: vLLM, llama.cpp, LM Studio, a proxy, another gateway
//! (`providers/custom.md`). What sets it apart is data of its owner, [`CustomOptions`], checked here and nowhere else.

mod base_url;
mod face;
mod headers;
mod options;
mod presets;
mod quirks;
mod reading;

pub use options::{CustomDialect, CustomOptions, Method, PATHS, Preset, Probe};
pub use quirks::{QUIRK_NAMES, QUIRK_OBJECTS};

pub(crate) use base_url::{normalize, without_version};

use crate::{Auth, Declaration, DefaultTimeouts, Endpoint, Field, FieldKind, LimitHeaders, ModelList};
use chat::{DialectId, Operation};
use dialects::ModelFacts;

pub(crate) static DECLARATION: Declaration = Declaration {
    kind: "custom",
    label: "Custom Provider",
    note: "The key, if the server wants one, is what its operator set: --api-key of vLLM and llama.cpp, the account page of a hosted one.",
    fields: &[Field {
        name: "api_key",
        label: "API key",
        kind: FieldKind::Text,
        required: false,
        secret: true,
        help: "The key that the server wants; leave it empty for a server without one: no header is sent then.",
        default: None,
    }],
    base_url: None,
    // What a server without further word has; `dialects` and `paths` of the owner change it.
    endpoints: &[
        Endpoint { operation: Operation::Chat, dialect: Some(DialectId::OpenaiChat), path: "/chat/completions" },
        Endpoint { operation: Operation::Completions, dialect: Some(DialectId::OpenaiCompletions), path: "/completions" },
        Endpoint { operation: Operation::Embeddings, dialect: None, path: "/embeddings" },
    ],
    auth: Auth::Bearer { field: "api_key" },
    field_headers: &[],
    fixed_headers: &[],
    quirks: &[],
    closed: false,
    models: ModelList { path: "/models" },
    limit_headers: LimitHeaders::OPENAI,
    timeouts: DefaultTimeouts::USUAL,
    // Many servers leave the marker out (§4).
    end_marker_optional: true,
    in_process: false,
    request_id_header: "x-request-id",
    facts: |_| ModelFacts::default(),
};

#[cfg(test)]
mod tests;
