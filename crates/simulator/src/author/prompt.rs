//! What the simulated model is asked.

use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Prompt {
    /// Of the last user turn.
    pub(crate) text: String,
    /// Images and files of the last user turn.
    pub(crate) seen: Vec<Seen>,
    /// What tools answered at the end of the conversation.
    pub(crate) results: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) choice: Choice,
    /// Several calls at once are allowed.
    pub(crate) parallel: bool,
    pub(crate) format: Format,
    pub(crate) stops: Vec<String>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) reasoning: Reasoning,
}

impl Default for Prompt {
    fn default() -> Self {
        Self {
            text: String::new(),
            seen: Vec::new(),
            results: Vec::new(),
            tools: Vec::new(),
            choice: Choice::Auto,
            parallel: true,
            format: Format::Text,
            stops: Vec::new(),
            max_tokens: None,
            reasoning: Reasoning::None,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Inline { media_type: String, bytes: usize },
    Linked(String),
}

#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// `None` for a tool that takes free text.
    pub(crate) schema: Option<Value>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    Auto,
    Required,
    Named(String),
    Allowed { names: Vec<String>, required: bool },
}

impl Choice {
    pub(crate) fn offers(&self, name: &str) -> bool {
        match self {
            Choice::None => false,
            Choice::Auto | Choice::Required => true,
            Choice::Named(only) => only == name,
            Choice::Allowed { names, .. } => names.iter().any(|allowed| allowed == name),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Format {
    Text,
    JsonObject,
    Schema(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reasoning {
    None,
    /// How many sentences of thought.
    Effort(u8),
}

impl Reasoning {
    /// The words that providers use for effort.
    pub(crate) fn of_effort(effort: &str) -> Self {
        match effort {
            "none" => Reasoning::None,
            "minimal" | "low" => Reasoning::Effort(1),
            "high" => Reasoning::Effort(3),
            "xhigh" | "max" => Reasoning::Effort(4),
            _ => Reasoning::Effort(2),
        }
    }
}
