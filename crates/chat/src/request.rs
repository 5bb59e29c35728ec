//! A request in canonical form.

use crate::{CacheMarker, DialectId, Extras, Tool, ToolChoice, Turn};
use serde_json::Number;
use wire::Raw;

/// The richest common meaning of a chat request; not the shape of any one dialect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chat {
    pub model: String,
    pub turns: Vec<Turn>,
    pub tools: Vec<Tool>,
    pub tool_choice: Option<ToolChoice>,
    pub parallel_tools: Option<bool>,
    pub output: Option<Output>,
    pub sampling: Sampling,
    pub reasoning: Reasoning,
    /// Upper bound of the output, in tokens, reasoning included.
    pub max_tokens: Option<u64>,
    /// True where the caller used the old spelling (`max_tokens` of OpenAI chat, not `max_completion_tokens`).
    pub max_tokens_legacy: bool,
    /// How many alternative replies.
    pub choices: Option<u64>,
    pub logprobs: Option<bool>,
    pub top_logprobs: Option<u64>,
    pub stream: Option<bool>,
    /// The caller wants usage in the stream.
    pub include_usage: Option<bool>,
    /// The end user on whose behalf the caller asks.
    pub user: Option<String>,
    pub service_tier: Option<String>,
    /// Automatic caching asked for the whole request.
    pub cache: Option<CacheMarker>,
    pub extras: Extras,
    /// The dialect that it was read from, where that is not OpenAI chat: losses and faults name OpenAI's fields until they are told to a caller.
    pub from: Option<DialectId>,
    /// Where each turn stood, where turns are not the messages of the body one by one.
    pub places: Vec<Place>,
}

/// Where a turn and its parts stood in the caller's own body, as `messages[2]` and `messages[2].content[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub turn: String,
    pub parts: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    pub temperature: Option<Number>,
    pub top_p: Option<Number>,
    pub top_k: Option<Number>,
    pub frequency_penalty: Option<Number>,
    pub presence_penalty: Option<Number>,
    pub seed: Option<Number>,
    pub stop: Vec<String>,
    /// True where `stop` came as a list.
    pub stop_listed: bool,
    pub logit_bias: Option<Raw>,
}

/// The form that the answer must have.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Text,
    JsonObject,
    JsonSchema { name: Option<String>, description: Option<String>, schema: Option<Raw>, strict: Option<bool>, extras: Extras },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    pub effort: Option<Effort>,
    /// Tokens that thought may take.
    pub budget: Option<u64>,
    /// The caller wants the text of the thought (`Some(true)`), or only its result (`Some(false)`).
    pub visible: Option<bool>,
    /// A dialect's own reasoning member (Anthropic's `thinking` object) for that dialect alone.
    pub extras: Extras,
}

/// How hard to think; `Other` keeps a word that no table knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
    Other(String),
}

impl Effort {
    /// The word as OpenAI chat spells it.
    pub fn word(&self) -> &str {
        match self {
            Effort::None => "none",
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::XHigh => "xhigh",
            Effort::Max => "max",
            Effort::Other(word) => word,
        }
    }

    pub fn from_word(word: &str) -> Self {
        match word {
            "none" => Effort::None,
            "minimal" => Effort::Minimal,
            "low" => Effort::Low,
            "medium" => Effort::Medium,
            "high" => Effort::High,
            "xhigh" => Effort::XHigh,
            "max" => Effort::Max,
            other => Effort::Other(other.to_owned()),
        }
    }
}
