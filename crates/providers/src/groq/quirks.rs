//! Where Groq differs from OpenAI chat: `providers/groq.md §2`, row by row.
//!
//! Not here, because the provider's own 400 says it best: `n` above 1, more than 4 stop sequences, JSON mode with streaming, image limits.
//! Temperature 0 is sent as it is: Groq itself reads it as 1e-8.

use crate::quirk::{Models, OtherWord, Quirk, Sourced, Word};
use chat::Operation;

pub(super) const QUIRKS: &[Sourced] = &[
    refused("logprobs"),
    refused("top_logprobs"),
    refused("logit_bias"),
    without_effect("frequency_penalty"),
    without_effect("presence_penalty"),
    unknown("metadata"),
    unknown("store"),
    unknown("web_search_options"),
    unknown("modalities"),
    unknown("audio"),
    unknown("prediction"),
    unknown("verbosity"),
    unknown("prompt_cache_key"),
    unknown("prompt_cache_options"),
    unknown("prompt_cache_retention"),
    unknown("safety_identifier"),
    unknown("moderation"),
    unknown("cache_control"),
    all(Quirk::Clamp { field: "temperature", min: 0.0, max: 2.0, reason: "Groq takes 0 to 2" }, "providers/groq.md §2 temperature"),
    all(
        Quirk::Words {
            field: "service_tier",
            words: &[
                Word::same("auto"),
                Word::same("on_demand"),
                Word::same("flex"),
                Word::same("performance"),
                Word::spelt("default", "on_demand"),
                Word::near("priority", "performance"),
                Word::near("fast", "performance"),
            ],
            other: OtherWord::Drop,
            reason: "Groq has the tiers auto, on_demand, flex and performance",
        },
        "providers/groq.md §2 service_tier",
    ),
    Sourced {
        quirk: Quirk::Words {
            field: "reasoning_effort",
            words: &[Word::near("none", "low"), Word::near("minimal", "low"), Word::near("xhigh", "high"), Word::near("max", "high")],
            other: OtherWord::Keep,
            reason: "this model takes low, medium or high",
        },
        operation: Operation::Chat,
        models: Models::Starting(&["openai/gpt-oss"]),
        source: "providers/groq.md §2 reasoning_effort",
    },
    Sourced {
        quirk: Quirk::Words {
            field: "reasoning_effort",
            words: &[Word::near("minimal", "low"), Word::spelt("xhigh", "high"), Word::near("max", "high")],
            other: OtherWord::Keep,
            reason: "this model takes none, default, low, medium or high",
        },
        operation: Operation::Chat,
        models: Models::Starting(&["qwen/qwen3.8"]),
        source: "providers/groq.md §2 reasoning_effort",
    },
    Sourced {
        quirk: Quirk::Words {
            field: "reasoning_effort",
            words: &[
                Word::near("minimal", "default"),
                Word::near("low", "default"),
                Word::near("medium", "default"),
                Word::near("high", "default"),
                Word::near("xhigh", "default"),
                Word::near("max", "default"),
            ],
            other: OtherWord::Keep,
            reason: "this model takes none or default",
        },
        operation: Operation::Chat,
        models: Models::Starting(&["qwen/qwen3-"]),
        source: "providers/groq.md §2 reasoning_effort",
    },
    Sourced {
        // Else the thought leaks into the content between <think> marks. Exclusive with include_reasoning.
        quirk: Quirk::Default { field: "reasoning_format", value: "\"parsed\"", unless: &["include_reasoning"] },
        operation: Operation::Chat,
        models: Models::Starting(&["qwen/"]),
        source: "providers/groq.md §2 reasoning rules",
    },
    all(Quirk::DropTurnNames, "providers/groq.md §2 messages[].name"),
    all(
        Quirk::DropMessageMembers {
            members: &["annotations", "audio", "executed_tools", "provider_specific_fields"],
            reason: "Groq refuses unknown members of messages",
        },
        "providers/groq.md §2 Messages, Tools",
    ),
    all(Quirk::DeveloperAsSystem, "providers/groq.md §2 Messages"),
    all(Quirk::ReasoningMember { name: "reasoning" }, "providers/groq.md §2 Messages"),
    all(Quirk::RefusalAsText { reason: "Groq has no refusal member" }, "providers/groq.md §2 Messages"),
    all(Quirk::DropCacheMarkers { reason: "Groq refuses unknown members of messages and tools" }, "providers/groq.md §2 Tools"),
    // Last: it looks at what the others left.
    all(Quirk::DropNullMembers, "providers/groq.md §2 Messages"),
];

const fn all(quirk: Quirk, source: &'static str) -> Sourced {
    Sourced { quirk, operation: Operation::Chat, models: Models::All, source }
}

/// Answered 400 wherever it stands.
const fn refused(field: &'static str) -> Sourced {
    all(Quirk::Drop { field, reason: "Groq refuses it" }, "providers/groq.md §2 logprobs, logit_bias")
}

const fn without_effect(field: &'static str) -> Sourced {
    all(Quirk::Drop { field, reason: "no model of Groq heeds it" }, "providers/groq.md §2 penalties")
}

const fn unknown(field: &'static str) -> Sourced {
    all(Quirk::Drop { field, reason: "not in Groq's schema" }, "providers/groq.md §2 fields not in the schema")
}
