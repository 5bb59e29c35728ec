//! The top level of a chat request, as Groq takes it.

use super::models::{GPT_OSS_EFFORTS, Model, Thinking};
use super::{messages, refusal};
use crate::author::{Format, Prompt, Reasoning, Tool};
use crate::openai::check::{self, Object};
use crate::openai::refusal::Refusal;
use crate::openai::{messages as openai_messages, request as openai_request, tools};
use serde_json::Value;

/// A chat request that passed.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) prompt: Prompt,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) shows: Shows,
    pub(super) input_tokens: u64,
    pub(super) service_tier: &'static str,
    pub(super) has_inline_media: bool,
}

/// Where reasoning goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    Hidden,
    /// In the member `reasoning`.
    Parsed,
    /// In the content, between `<think>` tags.
    Raw,
}

const KNOWN: &[&str] = &[
    "citation_options",
    "compound_custom",
    "disable_tool_validation",
    "documents",
    "frequency_penalty",
    "function_call",
    "functions",
    "include_reasoning",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "reasoning_format",
    "response_format",
    "search_settings",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_p",
    "user",
];

pub(super) fn read(body: &Object, model: &Model) -> Result<ChatRequest, Refusal> {
    if let Some(unknown) = body.iter().find(|(name, value)| !KNOWN.contains(&name.as_str()) && !value.is_null()) {
        return Err(refusal::unsupported(unknown.0));
    }
    let has_inline_media = messages::check(body.get("messages"), model)?;
    let conversation = openai_messages::read_with(body.get("messages"), &["reasoning"])?;
    check_sampling(body)?;
    let stream = check::flag(body, "stream")?.unwrap_or(false);
    let offered = tools::read(body)?;
    if offered.iter().any(|tool| tool.schema.is_none()) {
        return Err(Refusal::new(400, "'tools' : the type 'custom' is not supported".to_owned()));
    }
    let format = format(body, model, conversation.speaks_of_json, &offered)?;
    let (reasoning, shows) = thinking(body, model, &format, &offered)?;
    let input_tokens = conversation.input_tokens + tools::tokens(body);
    Ok(ChatRequest {
        stream,
        include_usage: include_usage(body, stream)?,
        shows,
        input_tokens,
        service_tier: tier(body)?,
        has_inline_media,
        prompt: Prompt {
            choice: tools::choice(body, &offered)?,
            text: conversation.text,
            seen: conversation.seen,
            results: conversation.results,
            tools: offered,
            parallel: check::flag(body, "parallel_tool_calls")?.unwrap_or(true),
            format,
            stops: openai_request::stops(body, 4)?,
            max_tokens: limit(body, model)?,
            reasoning,
        },
    })
}

fn check_sampling(body: &Object) -> Result<(), Refusal> {
    check::decimal(body, "temperature", 0.0, 2.0)?;
    check::decimal(body, "top_p", 0.0, 1.0)?;
    check::decimal(body, "frequency_penalty", -2.0, 2.0)?;
    check::decimal(body, "presence_penalty", -2.0, 2.0)?;
    check::integer(body, "seed", i64::MIN, i64::MAX)?;
    match check::given(body, "n").map(Value::as_i64) {
        None | Some(Some(1)) => Ok(()),
        Some(_) => Err(Refusal::new(400, "'n' : number must be at most 1".to_owned()).param("n")),
    }
}

fn include_usage(body: &Object, stream: bool) -> Result<bool, Refusal> {
    let Some(value) = check::given(body, "stream_options") else { return Ok(false) };
    if !stream {
        return Err(Refusal::new(400, "'stream_options' : only allowed when 'stream' is true".to_owned()));
    }
    let options = check::object(value, "stream_options")?;
    match options.keys().find(|name| *name != "include_usage") {
        Some(name) => Err(refusal::unsupported(&format!("stream_options.{name}"))),
        None => Ok(check::flag(options, "include_usage")?.unwrap_or(false)),
    }
}

fn tier(body: &Object) -> Result<&'static str, Refusal> {
    Ok(match check::choice(body, "service_tier", &["auto", "on_demand", "flex", "performance"])? {
        Some("flex") => "flex",
        Some("performance") => "performance",
        _ => "on_demand",
    })
}

fn limit(body: &Object, model: &Model) -> Result<Option<u64>, Refusal> {
    for name in ["max_completion_tokens", "max_tokens"] {
        let Some(limit) = check::integer(body, name, 1, i64::MAX)? else { continue };
        if limit > model.most_output {
            let message = format!(
                "`{name}` must be less than or equal to `{0}`, the maximum value for `{name}` is less than the `context_window` for this model",
                model.most_output
            );
            return Err(Refusal::new(400, message).param(name));
        }
        return Ok(Some(limit.unsigned_abs()));
    }
    Ok(None)
}

fn format(body: &Object, model: &Model, speaks_of_json: bool, offered: &[Tool]) -> Result<Format, Refusal> {
    let format = openai_request::format(body, speaks_of_json)?;
    match format {
        Format::Schema(_) if !model.schemas => {
            let message = "This model does not support response format `json_schema`. See supported models at \
                           https://console.groq.com/docs/structured-outputs#supported-models";
            Err(Refusal::new(400, message.to_owned()).param("response_format"))
        }
        Format::Schema(_) | Format::JsonObject if !offered.is_empty() => {
            Err(Refusal::new(400, "json mode cannot be combined with tool/function calling".to_owned()))
        }
        format => Ok(format),
    }
}

fn thinking(body: &Object, model: &Model, format: &Format, offered: &[Tool]) -> Result<(Reasoning, Shows), Refusal> {
    let effort = check::given(body, "reasoning_effort").map(|value| check::text(value, "reasoning_effort")).transpose()?;
    let wanted = check::choice(body, "reasoning_format", &["hidden", "raw", "parsed"])?;
    let include = check::flag(body, "include_reasoning")?;
    let unsupported = |name: &str| Err(Refusal::new(400, format!("`{name}` is not supported with this model")).param(name.to_owned()));
    if wanted.is_some() && include.is_some() {
        return Err(Refusal::new(400, "cannot specify both `reasoning_format` and `include_reasoning`".to_owned()));
    }
    let efforts = match model.thinking {
        Thinking::Never if effort.is_some() => return unsupported("reasoning_effort"),
        Thinking::Never if wanted.is_some() => return unsupported("reasoning_format"),
        Thinking::Never => return Ok((Reasoning::None, Shows::Hidden)),
        Thinking::GptOss if wanted.is_some() => return unsupported("reasoning_format"),
        Thinking::GptOss => GPT_OSS_EFFORTS,
        Thinking::Qwen(efforts) => efforts,
    };
    if let Some(effort) = effort.filter(|effort| !efforts.contains(effort)) {
        let quoted: Vec<String> = efforts.iter().map(|effort| format!("`{effort}`")).collect();
        let message = format!("`reasoning_effort` must be one of {}, got `{effort}`", quoted.join(", "));
        return Err(Refusal::new(400, message).param("reasoning_effort"));
    }
    let structured = !matches!(format, Format::Text) || !offered.is_empty();
    let shows = match (wanted, include) {
        (Some("raw"), _) if structured => {
            return Err(Refusal::new(400, "`reasoning_format` must be `hidden` or `parsed` when using JSON mode or tools".to_owned()));
        }
        (Some("hidden"), _) | (None, Some(false)) => Shows::Hidden,
        (Some("raw"), _) => Shows::Raw,
        (None, None) if model.thinking != Thinking::GptOss && !structured => Shows::Raw,
        _ => Shows::Parsed,
    };
    Ok((Reasoning::of_effort(effort.unwrap_or("medium")), shows))
}
