//! Where Groq differs from OpenAI chat: `providers/groq.md §2`, row by row.
//!
//! Not here, because the provider's own 400 says it best: `n` above 1, more than 4 stop sequences, JSON mode with streaming, image limits.
//! Temperature 0 is sent as it is: Groq itself reads it as 1e-8.

use crate::quirk::{Models, OtherWord, Quirk, Sourced, Word};

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
    Sourced::chat(Quirk::clamp("temperature", 0.0, 2.0, "Groq takes 0 to 2"), "providers/groq.md §2 temperature"),
    Sourced::chat(
        Quirk::words("service_tier", TIERS, OtherWord::Drop, "Groq has the tiers auto, on_demand, flex and performance"),
        "providers/groq.md §2 service_tier",
    ),
    effort(&["openai/gpt-oss"], EFFORTS_OF_GPT_OSS, "this model takes low, medium or high"),
    effort(&["qwen/qwen3.8"], EFFORTS_OF_QWEN_3_8, "this model takes none, default, low, medium or high"),
    effort(&["qwen/qwen3-"], EFFORTS_OF_QWEN_3, "this model takes none or default"),
    // Else the thought leaks into the content between <think> marks. Exclusive with include_reasoning.
    Sourced::chat_of(
        Models::starting(&["qwen/"]),
        Quirk::default("reasoning_format", "\"parsed\"", &["include_reasoning"]),
        "providers/groq.md §2 reasoning rules",
    ),
    Sourced::chat(Quirk::DropTurnNames, "providers/groq.md §2 messages[].name"),
    Sourced::chat(
        Quirk::drop_message_members(
            &["annotations", "audio", "executed_tools", "provider_specific_fields"],
            "Groq refuses unknown members of messages",
        ),
        "providers/groq.md §2 Messages, Tools",
    ),
    Sourced::chat(Quirk::DeveloperAsSystem, "providers/groq.md §2 Messages"),
    Sourced::chat(Quirk::reasoning_member("reasoning"), "providers/groq.md §2 Messages"),
    Sourced::chat(Quirk::refusal_as_text("Groq has no refusal member"), "providers/groq.md §2 Messages"),
    Sourced::chat(Quirk::drop_cache_markers("Groq refuses unknown members of messages and tools"), "providers/groq.md §2 Tools"),
    // Last: it looks at what the others left.
    Sourced::chat(Quirk::DropNullMembers, "providers/groq.md §2 Messages"),
];

const TIERS: &[Word] = &[
    Word::same("auto"),
    Word::same("on_demand"),
    Word::same("flex"),
    Word::same("performance"),
    Word::spelt("default", "on_demand"),
    Word::near("priority", "performance"),
    Word::near("fast", "performance"),
];

const EFFORTS_OF_GPT_OSS: &[Word] =
    &[Word::near("none", "low"), Word::near("minimal", "low"), Word::near("xhigh", "high"), Word::near("max", "high")];

const EFFORTS_OF_QWEN_3_8: &[Word] = &[Word::near("minimal", "low"), Word::spelt("xhigh", "high"), Word::near("max", "high")];

const EFFORTS_OF_QWEN_3: &[Word] = &[
    Word::near("minimal", "default"),
    Word::near("low", "default"),
    Word::near("medium", "default"),
    Word::near("high", "default"),
    Word::near("xhigh", "default"),
    Word::near("max", "default"),
];

const fn effort(families: &'static [&'static str], words: &'static [Word], reason: &'static str) -> Sourced {
    let quirk = Quirk::words("reasoning_effort", words, OtherWord::Keep, reason);
    Sourced::chat_of(Models::starting(families), quirk, "providers/groq.md §2 reasoning_effort")
}

/// Answered 400 wherever it stands.
const fn refused(field: &'static str) -> Sourced {
    Sourced::chat(Quirk::drop(field, "Groq refuses it"), "providers/groq.md §2 logprobs, logit_bias")
}

const fn without_effect(field: &'static str) -> Sourced {
    Sourced::chat(Quirk::drop(field, "no model of Groq heeds it"), "providers/groq.md §2 penalties")
}

const fn unknown(field: &'static str) -> Sourced {
    Sourced::chat(Quirk::drop(field, "not in Groq's schema"), "providers/groq.md §2 fields not in the schema")
}
