//! Which server is imitated, and what it says of its models.

use crate::answer::Answer;
use crate::openai::CREATED;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Vllm,
    LlamaCpp,
    LmStudio,
    Tgi,
}

impl Server {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "vllm" => Self::Vllm,
            "llama.cpp" => Self::LlamaCpp,
            "lm-studio" => Self::LmStudio,
            "tgi" => Self::Tgi,
            _ => return None,
        })
    }

    /// The model that it has loaded.
    pub(super) fn model(self) -> &'static str {
        match self {
            Self::Vllm => "qwen3-8b",
            Self::LlamaCpp => "Qwen3.6-27B-Q4_0.gguf",
            Self::LmStudio => "deepseek-r1-distill-llama-8b",
            Self::Tgi => "tgi",
        }
    }

    pub(super) fn fingerprint(self) -> Value {
        match self {
            Self::Vllm => Value::Null,
            Self::LlamaCpp => Value::from("b9465-23e6dab86"),
            Self::LmStudio => Value::from(self.model()),
            Self::Tgi => Value::from("3.3.5-native"),
        }
    }

    /// The member that holds what the model thinks.
    pub(super) fn thought_in(self, is_old: bool) -> &'static str {
        match self {
            Self::Vllm if !is_old => "reasoning",
            _ => "reasoning_content",
        }
    }

    pub(super) fn models(self) -> Answer {
        let id = self.model();
        let entry = match self {
            Self::Vllm => json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "vllm", "root": id, "parent": null,
                "max_model_len": 32_768, "permission": [] }),
            Self::LlamaCpp => json!({ "id": id, "object": "model", "created": CREATED, "owned_by": "llamacpp", "meta": null,
                "architecture": { "input_modalities": ["text"], "output_modalities": ["text"] } }),
            Self::LmStudio => json!({ "id": id, "object": "model", "owned_by": "organization_owner" }),
            Self::Tgi => json!({ "id": id, "object": "model", "created": 0, "owned_by": id }),
        };
        match self {
            Self::LlamaCpp => Answer::json(200, &json!({ "models": [{ "name": id, "model": id }], "object": "list", "data": [entry] })),
            _ => Answer::json(200, &json!({ "object": "list", "data": [entry] })),
        }
    }
}
