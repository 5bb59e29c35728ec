//! Models of the simulated Groq. Their ids hold slashes.

use crate::answer::Answer;
use crate::openai::CREATED;
use crate::openai::refusal::Refusal;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    Never,
    /// gpt-oss: `include_reasoning`, but no `reasoning_format`.
    GptOss,
    /// qwen: `reasoning_format`; the efforts that the model takes.
    Qwen(&'static [&'static str]),
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) id: &'static str,
    owner: &'static str,
    context: u64,
    pub(super) most_output: i64,
    pub(super) thinking: Thinking,
    pub(super) vision: bool,
    pub(super) schemas: bool,
}

/// The largest request with images inside.
pub(super) const LARGEST_INLINE: usize = 4 << 20;
pub(super) const GPT_OSS_EFFORTS: &[&str] = &["low", "medium", "high"];
const RETIRED: &[&str] = &["mixtral-8x7b-32768", "gemma-7b-it", "llama3-70b-8192"];

const fn chat(id: &'static str, owner: &'static str, most_output: i64) -> Model {
    Model { id, owner, context: 131_072, most_output, thinking: Thinking::Never, vision: false, schemas: false }
}

const MODELS: &[Model] = &[
    Model { thinking: Thinking::GptOss, schemas: true, ..chat("openai/gpt-oss-120b", "OpenAI", 65_536) },
    Model { thinking: Thinking::GptOss, schemas: true, ..chat("openai/gpt-oss-20b", "OpenAI", 65_536) },
    Model { thinking: Thinking::GptOss, schemas: true, ..chat("openai/gpt-oss-safeguard-20b", "OpenAI", 65_536) },
    Model {
        thinking: Thinking::Qwen(&["none", "default", "low", "medium", "high"]),
        vision: true,
        schemas: true,
        ..chat("qwen/qwen3.8-27b", "Alibaba Cloud", 16_384)
    },
    Model { thinking: Thinking::Qwen(&["none", "default"]), ..chat("qwen/qwen3-32b", "Alibaba Cloud", 40_960) },
    Model { vision: true, schemas: true, ..chat("meta-llama/llama-4-scout-17b-16e-instruct", "Meta", 8_192) },
    Model { schemas: true, ..chat("moonshotai/kimi-k2-instruct-0905", "Moonshot AI", 16_384) },
    chat("llama-3.3-70b-versatile", "Meta", 32_768),
    chat("llama-3.1-8b-instant", "Meta", 131_072),
    chat("groq/compound", "Groq", 8_192),
    chat("groq/compound-mini", "Groq", 8_192),
];

pub(super) fn find(id: &str) -> Result<&'static Model, Refusal> {
    if RETIRED.contains(&id) {
        let message = format!(
            "The model `{id}` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations for a \
             recommendation on which model to use instead."
        );
        return Err(Refusal::new(400, message).code("model_decommissioned"));
    }
    MODELS.iter().find(|model| model.id == id).ok_or_else(|| Refusal::no_such_model(id))
}

fn describe(model: &Model) -> Value {
    json!({
        "id": model.id, "object": "model", "created": CREATED, "owned_by": model.owner, "active": true, "context_window": model.context,
        "public_apps": null, "max_completion_tokens": model.most_output
    })
}

pub(super) fn list() -> Answer {
    let data: Vec<Value> = MODELS.iter().map(describe).collect();
    Answer::json(200, &json!({ "object": "list", "data": data }))
}

/// `id` as it stands in the path, percent-encoded or not.
pub(super) fn retrieve(id: &str) -> Result<Answer, Refusal> {
    find(&id.replace("%2F", "/").replace("%2f", "/")).map(|model| Answer::json(200, &describe(model)))
}
