//! What is known of the servers that people run most: `providers/custom.md §1, §2`, `providers/huggingface.md §4`.

use super::options::{Method, Preset, Probe};
use crate::{JsonForm, Quirk, Sourced, Text};
use chat::Operation;
use std::borrow::Cow;

/// What a preset says where its owner says nothing.
#[derive(Default)]
pub(super) struct Known {
    pub(super) quirks: Vec<Sourced>,
    pub(super) probe: Option<Probe>,
    pub(super) keep: &'static [&'static str],
}

const CUSTOM: &str = "providers/custom.md §2";
const TGI: &str = "providers/huggingface.md §4";

pub(super) fn known(preset: Preset) -> Known {
    match preset {
        Preset::Vllm => Known { quirks: vllm(), probe: health(), ..Known::default() },
        Preset::Llamacpp => Known { quirks: llamacpp(), probe: health(), ..Known::default() },
        // Answers any path with 200, so that only the words of the list prove something (§1).
        Preset::Lmstudio => Known { quirks: lmstudio(), probe: probe("/v1/models", Some("\"data\"")), ..Known::default() },
        Preset::Sglang => Known { quirks: usual(), probe: health(), ..Known::default() },
        Preset::Tgi => Known { quirks: tgi(), probe: health(), ..Known::default() },
        Preset::Openrouter => Known { keep: &["models", "provider"], ..Known::default() },
    }
}

fn probe(path: &str, contains: Option<&str>) -> Option<Probe> {
    let expect_body_contains = contains.map(str::to_owned);
    Some(Probe { path: path.to_owned(), method: Method::Get, expect: vec![200], expect_body_contains })
}

fn health() -> Option<Probe> {
    probe("/health", None)
}

fn of(operation: Operation, quirk: Quirk) -> Sourced {
    Sourced { operation, ..Sourced::chat(quirk, CUSTOM) }
}

fn chat(quirk: Quirk) -> Sourced {
    of(Operation::Chat, quirk)
}

fn text(text: &'static str) -> Text {
    Cow::Borrowed(text)
}

/// What every local server shares: templates that know no role `developer`, parsers that know tools of type `function` only, and an empty list
/// of tools that is read as "tools asked for".
fn usual() -> Vec<Sourced> {
    vec![
        chat(Quirk::DropEmpty { field: text("tools") }),
        chat(Quirk::DeveloperAsSystem),
        chat(Quirk::FunctionToolsOnly { reason: text("the server has tools of type function only") }),
    ]
}

fn vllm() -> Vec<Sourced> {
    let mut quirks = usual();
    quirks.push(chat(Quirk::StreamOptionsWithStreamOnly));
    quirks.push(of(Operation::Completions, Quirk::StreamOptionsWithStreamOnly));
    quirks.push(chat(Quirk::reasoning_member("reasoning")));
    quirks
}

fn llamacpp() -> Vec<Sourced> {
    let mut quirks = usual();
    quirks.push(chat(Quirk::rename("max_completion_tokens", "max_tokens")));
    quirks
}

fn lmstudio() -> Vec<Sourced> {
    let mut quirks = llamacpp();
    quirks.extend([
        chat(Quirk::ToolChoiceAsWord { reason: text("LM Studio takes auto, none and required") }),
        chat(Quirk::JsonObjectAs { form: JsonForm::Schema, reason: text("LM Studio takes text and json_schema") }),
        chat(Quirk::drop("logprobs", "LM Studio has no log probabilities")),
        chat(Quirk::drop("top_logprobs", "LM Studio has no log probabilities")),
        chat(Quirk::clamp("n", 1.0, 1.0, "LM Studio makes one answer")),
    ]);
    quirks
}

/// Text Generation Inference. Its parser refuses types that differ from its own (an object for `logit_bias`, a text for `stop`).
fn tgi() -> Vec<Sourced> {
    const NOT_THERE: &str = "Text Generation Inference has no such field";
    let mut quirks = usual();
    let dropped = ["logit_bias", "user", "store", "metadata", "service_tier", "modalities", "audio", "prediction", "parallel_tool_calls"];
    quirks.extend(dropped.map(|field| chat(Quirk::drop(field, NOT_THERE))));
    quirks.extend([
        chat(Quirk::rename("max_completion_tokens", "max_tokens")),
        chat(Quirk::clamp("n", 1.0, 1.0, "Text Generation Inference makes one answer")),
        chat(Quirk::clamp("top_logprobs", 0.0, 5.0, "Text Generation Inference takes 0 to 5")),
        chat(Quirk::AsList { field: text("stop") }),
        // Refused; without the field the server does not sample at all, which is what 0 asks for.
        chat(Quirk::DropWhen { field: text("temperature"), equals: text("0"), exact: true, reason: text("0 is refused") }),
        chat(Quirk::JsonObjectAs { form: JsonForm::Value, reason: text(NOT_THERE) }),
    ]);
    for sourced in &mut quirks {
        sourced.source = text(TGI);
    }
    quirks
}

/// Whether two quirks are about the same thing, so that the owner's takes the preset's place.
pub(super) fn rival(left: &Sourced, right: &Sourced) -> bool {
    let about = |quirk: &Quirk| match quirk {
        Quirk::Drop { field, .. }
        | Quirk::DropWhen { field, .. }
        | Quirk::DropEmpty { field }
        | Quirk::Clamp { field, .. }
        | Quirk::Default { field, .. }
        | Quirk::Words { field, .. }
        | Quirk::AsList { field } => Some(field.to_string()),
        Quirk::Rename { from, .. } => Some(from.to_string()),
        _ => None,
    };
    left.operation == right.operation
        && std::mem::discriminant(&left.quirk) == std::mem::discriminant(&right.quirk)
        && about(&left.quirk) == about(&right.quirk)
}
