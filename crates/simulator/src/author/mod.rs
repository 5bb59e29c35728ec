//! The simulated model: reads what it is asked, whatever the wire format, and writes the answer.

mod prompt;
mod text;

pub(crate) use prompt::{Choice, Format, Prompt, Reasoning, Seen, Tool};
pub(crate) use text::Text;

use crate::faults::Faults;
use crate::json_instance;
use crate::tokens;
use serde_json::{Value, json};

/// A text with this word is refused.
const REFUSE: &str = "please-refuse";
/// The longest part of the caller's text that is repeated to it, in characters.
const ECHO: usize = 400;

/// An answer before it takes a provider's form.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    pub(crate) reasoning: Text,
    pub(crate) text: Text,
    pub(crate) refusal: Option<String>,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Finish,
    /// Includes the reasoning.
    pub(crate) output_tokens: u64,
    pub(crate) reasoning_tokens: u64,
}

#[derive(Debug)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) input: ToolInput,
}

#[derive(Debug)]
pub(crate) enum ToolInput {
    Arguments(Value),
    /// A custom tool's free text.
    Text(String),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Finish {
    #[default]
    Stop,
    /// One of the caller's stop sequences.
    StopSequence(String),
    Length,
    ToolCalls,
    Refusal,
}

/// Writes the answer number `index` to a prompt.
pub(crate) fn compose(prompt: &Prompt, faults: &Faults, index: u64) -> Composed {
    let reasoning = reasoning(prompt);
    let mut composed = Composed { reasoning_tokens: reasoning.tokens(), reasoning, ..Composed::default() };
    if let Some(text) = sized_text(faults) {
        composed.text = text;
    } else if prompt.text.contains(REFUSE) {
        composed.refusal = Some("I can't help with that request.".to_owned());
        composed.finish = Finish::Refusal;
    } else {
        composed.calls = calls(prompt);
        if composed.calls.is_empty() {
            write_text(&mut composed, prompt, index);
        } else {
            composed.finish = Finish::ToolCalls;
        }
    }
    count(&mut composed, prompt);
    composed
}

fn write_text(composed: &mut Composed, prompt: &Prompt, index: u64) {
    let mut words = answer_text(prompt, index);
    let earliest =
        prompt.stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| words.find(stop.as_str()).map(|at| (at, stop))).min();
    if let Some((at, stop)) = earliest {
        words.truncate(at);
        composed.finish = Finish::StopSequence(stop.clone());
    }
    composed.text = Text::of_tokens(words);
}

/// Adds up the tokens and cuts what is over the caller's limit, reasoning first.
fn count(composed: &mut Composed, prompt: &Prompt) {
    if let Some(limit) = prompt.max_tokens {
        let cut_reasoning = composed.reasoning.truncate(limit);
        composed.reasoning_tokens = composed.reasoning.tokens();
        let cut_text = composed.text.truncate(limit - composed.reasoning_tokens.min(limit));
        if cut_reasoning {
            composed.calls.clear();
        }
        if cut_reasoning || cut_text {
            composed.finish = Finish::Length;
        }
    }
    let calls: u64 = composed.calls.iter().map(|call| 3 + tokens::of_input(&call.name) + call.input.tokens()).sum();
    let refusal = composed.refusal.as_deref().map_or(0, tokens::of_input);
    composed.output_tokens = composed.reasoning_tokens + composed.text.tokens() + calls + refusal;
}

impl ToolInput {
    /// As it goes over the wire where that is text.
    pub(crate) fn as_text(&self) -> String {
        match self {
            ToolInput::Arguments(value) => value.to_string(),
            ToolInput::Text(text) => text.clone(),
        }
    }

    fn tokens(&self) -> u64 {
        tokens::of_input(&self.as_text())
    }
}

/// The text that the words `bytes=` and `events=` ask for.
fn sized_text(faults: &Faults) -> Option<Text> {
    match (faults.bytes, faults.events) {
        (None, None) => None,
        (Some(bytes), None) => Some(Text::of_size(bytes, bytes.div_ceil(1024))),
        (bytes, Some(events)) => Some(Text::of_size(bytes.unwrap_or(events * 6), events)),
    }
}

fn reasoning(prompt: &Prompt) -> Text {
    let sentences = match prompt.reasoning {
        Reasoning::None => return Text::default(),
        Reasoning::Effort(sentences) => sentences,
    };
    let mut thought = format!("The caller said: {}.", excerpt(&prompt.text));
    for _ in 1..sentences {
        thought.push_str(" Let me look at that once more, step by step.");
    }
    Text::of_tokens(thought)
}

fn answer_text(prompt: &Prompt, index: u64) -> String {
    match &prompt.format {
        Format::Schema(schema) => return json_instance::of(schema, index).to_string(),
        Format::JsonObject => return json!({ "answer": said(prompt, index) }).to_string(),
        Format::Text => {}
    }
    said(prompt, index)
}

fn said(prompt: &Prompt, index: u64) -> String {
    let mut text = if index == 0 { String::new() } else { format!("(choice {}) ", index + 1) };
    if prompt.results.is_empty() {
        text.push_str("You said: ");
        text.push_str(excerpt(&prompt.text));
    } else {
        text.push_str("The tools said: ");
        text.push_str(excerpt(&prompt.results.join("; ")));
    }
    for seen in &prompt.seen {
        text.push_str(&seen.describe());
    }
    text
}

fn excerpt(text: &str) -> &str {
    text.char_indices().nth(ECHO).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}

/// The calls that the model makes: those it is forced to, those the text names, or none.
fn calls(prompt: &Prompt) -> Vec<ToolCall> {
    let text = prompt.text.to_lowercase();
    let named = |tool: &&Tool| text.contains(&tool.name.to_lowercase());
    let offered: Vec<&Tool> = prompt.tools.iter().filter(|tool| prompt.choice.offers(&tool.name)).collect();
    let mentioned: Vec<&Tool> = offered.iter().copied().filter(named).collect();
    let wanted: Vec<&Tool> = match &prompt.choice {
        Choice::None => Vec::new(),
        Choice::Named(_) => offered.iter().copied().take(1).collect(),
        Choice::Allowed { required, .. } if !required && !prompt.results.is_empty() => Vec::new(),
        Choice::Auto if !prompt.results.is_empty() => Vec::new(),
        _ if !mentioned.is_empty() => mentioned,
        Choice::Required | Choice::Allowed { required: true, .. } => offered.iter().copied().take(1).collect(),
        _ if speaks_of_calling(&text) => offered.iter().copied().take(1).collect(),
        _ => Vec::new(),
    };
    several(wanted, &offered, prompt, &text).into_iter().zip(0u64..).map(|(tool, variant)| tool.call(variant)).collect()
}

fn several<'a>(mut wanted: Vec<&'a Tool>, offered: &[&'a Tool], prompt: &Prompt, text: &str) -> Vec<&'a Tool> {
    let parallel = text.contains("both") || text.contains("parallel");
    if !prompt.parallel {
        wanted.truncate(1);
    } else if let (true, [only]) = (parallel, wanted.as_slice()) {
        let first = *only;
        let other = offered.iter().copied().find(|tool| tool.name != first.name);
        let forced = matches!(prompt.choice, Choice::Named(_));
        wanted.push(other.filter(|_| !forced).unwrap_or(first));
    }
    wanted
}

fn speaks_of_calling(text: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric()).any(|word| word == "call" || word == "weather")
}

impl Tool {
    fn call(&self, variant: u64) -> ToolCall {
        let input = match &self.schema {
            Some(schema) => ToolInput::Arguments(json_instance::of(schema, variant)),
            None => ToolInput::Text(format!("input {}", variant + 1)),
        };
        ToolCall { name: self.name.clone(), input }
    }
}

impl Seen {
    fn describe(&self) -> String {
        match self {
            Seen::Inline { media_type, bytes } => format!(" I see {media_type} of {bytes} bytes."),
            Seen::Linked(url) => format!(" I see {url}."),
        }
    }
}

#[cfg(test)]
mod tests;
