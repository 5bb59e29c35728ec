//! The top level of a chat request: every member that OpenAI knows, and per-model rules.

use super::check::{self, Object};
use super::messages::{self, Conversation};
use super::models::{Model, Thinking};
use super::refusal::Refusal;
use super::tools;
use crate::author::{Format, Prompt, Reasoning};
use serde_json::Value;

/// A chat request that passed.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) prompt: Prompt,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) obfuscation: bool,
    pub(crate) choices: u64,
    /// With how many alternatives.
    pub(crate) logprobs: Option<usize>,
    pub(crate) input_tokens: u64,
    pub(crate) cached_tokens: u64,
    pub(crate) service_tier: &'static str,
}

const KNOWN: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

pub(crate) fn read(body: &Object, model: &Model) -> Result<ChatRequest, Refusal> {
    if let Some(unknown) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Refusal::unknown_parameter(unknown));
    }
    let conversation = messages::read(body.get("messages"))?;
    let stream = check::flag(body, "stream")?.unwrap_or(false);
    let (include_usage, obfuscation) = stream_options(body, stream)?;
    check_sampling(body)?;
    let effort = check_model_rules(body, model)?;
    let input_tokens = conversation.input_tokens + tools::tokens(body);
    let cached = conversation.cache_marked || check::given(body, "prompt_cache_key").is_some();
    Ok(ChatRequest {
        stream,
        include_usage,
        obfuscation,
        choices: check::integer(body, "n", 1, 128)?.unwrap_or(1).unsigned_abs(),
        logprobs: logprobs(body)?,
        cached_tokens: if cached { input_tokens / 2 } else { 0 },
        input_tokens,
        service_tier: service_tier(body)?,
        prompt: prompt(body, conversation, effort)?,
    })
}

fn prompt(body: &Object, conversation: Conversation, reasoning: Reasoning) -> Result<Prompt, Refusal> {
    let limit = check::integer(body, "max_completion_tokens", 1, i64::MAX)?.or(check::integer(body, "max_tokens", 1, i64::MAX)?);
    let tools = tools::read(body)?;
    let choice = tools::choice(body, &tools)?;
    let parallel = check::flag(body, "parallel_tool_calls")?;
    if parallel.is_some() && tools.is_empty() {
        return Err(Refusal::invalid(
            "parallel_tool_calls",
            "'parallel_tool_calls' is only allowed when 'tools' are specified.",
            "invalid_value",
        ));
    }
    Ok(Prompt {
        format: format(body, conversation.speaks_of_json)?,
        text: conversation.text,
        seen: conversation.seen,
        results: conversation.results,
        tools,
        choice,
        parallel: parallel.unwrap_or(true),
        stops: stops(body, 4)?,
        max_tokens: limit.map(i64::unsigned_abs),
        reasoning,
    })
}

fn stream_options(body: &Object, stream: bool) -> Result<(bool, bool), Refusal> {
    let Some(options) = check::given(body, "stream_options") else { return Ok((false, true)) };
    if !stream {
        let problem = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Refusal::new(400, problem.to_owned()).param("stream_options"));
    }
    let options = check::object(options, "stream_options")?;
    check::closed(options, "stream_options", &["include_usage", "include_obfuscation"])?;
    Ok((check::flag(options, "include_usage")?.unwrap_or(false), check::flag(options, "include_obfuscation")?.unwrap_or(true)))
}

fn check_sampling(body: &Object) -> Result<(), Refusal> {
    check::decimal(body, "temperature", 0.0, 2.0)?;
    check::decimal(body, "top_p", 0.0, 1.0)?;
    check::decimal(body, "frequency_penalty", -2.0, 2.0)?;
    check::decimal(body, "presence_penalty", -2.0, 2.0)?;
    check::integer(body, "seed", i64::MIN, i64::MAX)?;
    check::flag(body, "store")?;
    check::choice(body, "verbosity", &["low", "medium", "high"])?;
    for name in ["user", "safety_identifier", "prompt_cache_key"] {
        if let Some(value) = check::given(body, name) {
            check::text(value, name)?;
        }
    }
    if let Some(biases) = check::given(body, "logit_bias") {
        for (token, bias) in check::object(biases, "logit_bias")? {
            if !bias.as_f64().is_some_and(|bias| (-100.0..=100.0).contains(&bias)) {
                return Err(Refusal::invalid(&format!("logit_bias.{token}"), "expected a value between -100 and 100.", "invalid_value"));
            }
        }
    }
    match check::given(body, "metadata") {
        Some(metadata) => check_metadata(check::object(metadata, "metadata")?),
        None => Ok(()),
    }
}

fn check_metadata(metadata: &Object) -> Result<(), Refusal> {
    if metadata.len() > 16 {
        let problem = format!(
            "too many properties. Expected an object with at most 16 properties, but got an object with {} properties instead.",
            metadata.len()
        );
        return Err(Refusal::invalid("metadata", &problem, "object_above_max_properties"));
    }
    for (key, value) in metadata {
        let path = format!("metadata.{key}");
        if key.len() > 64 || check::text(value, &path)?.len() > 512 {
            return Err(Refusal::invalid(&path, "string too long.", "string_above_max_length"));
        }
    }
    Ok(())
}

/// What reasoning models refuse, and how much this request makes the model think.
fn check_model_rules(body: &Object, model: &Model) -> Result<Reasoning, Refusal> {
    let effort = check::given(body, "reasoning_effort").map(|value| check::text(value, "reasoning_effort")).transpose()?;
    if let Some(effort) = effort {
        check_effort(effort, model)?;
    }
    let thinks = match model.thinking {
        Thinking::Never => return Ok(Reasoning::None),
        Thinking::AsAsked => return Ok(effort.map_or(Reasoning::None, Reasoning::of_effort)),
        Thinking::Always => effort.unwrap_or("medium"),
        Thinking::ByEffort { default, .. } => effort.unwrap_or(default),
    };
    if check::given(body, "max_tokens").is_some() {
        return Err(Refusal::unsupported_parameter("max_tokens", " Use 'max_completion_tokens' instead."));
    }
    if check::given(body, "stop").is_some() {
        return Err(Refusal::unsupported_parameter("stop", ""));
    }
    if thinks != "none" {
        refuse_sampling(body)?;
    }
    Ok(Reasoning::of_effort(thinks))
}

fn check_effort(effort: &str, model: &Model) -> Result<(), Refusal> {
    let efforts = model.efforts();
    if efforts.is_empty() {
        return Err(Refusal::unknown_parameter("reasoning_effort"));
    }
    if efforts.contains(&effort) {
        return Ok(());
    }
    let quoted: Vec<String> = efforts.iter().map(|effort| format!("'{effort}'")).collect();
    Err(Refusal::unsupported_value("reasoning_effort", &format!("'{effort}'"), &format!(" Supported values are: {}.", quoted.join(", "))))
}

fn refuse_sampling(body: &Object) -> Result<(), Refusal> {
    if let Some(temperature) = check::given(body, "temperature").filter(|value| value.as_f64() != Some(1.0)) {
        return Err(Refusal::unsupported_value("temperature", &temperature.to_string(), " Only the default (1) value is supported."));
    }
    if let Some(top_p) = check::given(body, "top_p").filter(|value| value.as_f64() != Some(1.0)) {
        return Err(Refusal::unsupported_value("top_p", &top_p.to_string(), " Only the default (1) value is supported."));
    }
    let refused = ["presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"];
    let sent = |name: &&&str| check::given(body, name).is_some_and(|value| value.as_f64() != Some(0.0) && value.as_bool() != Some(false));
    refused.iter().find(sent).map_or(Ok(()), |name| Err(Refusal::unsupported_parameter(name, "")))
}

fn logprobs(body: &Object) -> Result<Option<usize>, Refusal> {
    let wanted = check::flag(body, "logprobs")?.unwrap_or(false);
    let top = check::integer(body, "top_logprobs", 0, 20)?;
    match (wanted, top) {
        (false, Some(_)) => {
            Err(Refusal::invalid("top_logprobs", "'logprobs' must be set to true when 'top_logprobs' is used.", "invalid_value"))
        }
        (false, None) => Ok(None),
        (true, top) => Ok(Some(top.and_then(|top| usize::try_from(top).ok()).unwrap_or(0))),
    }
}

fn service_tier(body: &Object) -> Result<&'static str, Refusal> {
    let tier = check::choice(body, "service_tier", &["auto", "default", "flex", "scale", "priority", "fast"])?;
    Ok(match tier {
        Some("flex") => "flex",
        Some("priority" | "fast") => "priority",
        Some("scale") => "scale",
        _ => "default",
    })
}

pub(crate) fn stops(body: &Object, most: usize) -> Result<Vec<String>, Refusal> {
    match check::given(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(stops)) if stops.len() <= most => {
            stops.iter().enumerate().map(|(at, stop)| check::text(stop, &format!("stop[{at}]")).map(str::to_owned)).collect()
        }
        Some(Value::Array(stops)) => {
            let problem = format!(
                "array too long. Expected an array with maximum length {most}, but got an array with length {} instead.",
                stops.len()
            );
            Err(Refusal::invalid("stop", &problem, "array_above_max_length"))
        }
        Some(other) => Err(Refusal::invalid_type("stop", "a string or an array of strings", other)),
    }
}

pub(crate) fn format(body: &Object, speaks_of_json: bool) -> Result<Format, Refusal> {
    let Some(value) = check::given(body, "response_format") else { return Ok(Format::Text) };
    let format = check::object(value, "response_format")?;
    let kind = check::given(format, "type").ok_or_else(|| Refusal::missing("response_format.type"))?;
    match check::one_of(kind, "response_format.type", &["text", "json_object", "json_schema"])? {
        "json_schema" => schema(format),
        "json_object" if speaks_of_json => Ok(Format::JsonObject),
        "json_object" => {
            let problem = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            Err(Refusal::new(400, problem.to_owned()).param("messages"))
        }
        _ => Ok(Format::Text),
    }
}

fn schema(format: &Object) -> Result<Format, Refusal> {
    const PATH: &str = "response_format.json_schema";
    check::closed(format, "response_format", &["type", "json_schema"])?;
    let outer = check::object(check::given(format, "json_schema").ok_or_else(|| Refusal::missing(PATH))?, PATH)?;
    check::closed(outer, PATH, &["name", "description", "schema", "strict"])?;
    let name = check::required_text(outer, "name", PATH)?;
    check::identifier(name, "response_format.json_schema.name")?;
    let schema = check::given(outer, "schema").ok_or_else(|| Refusal::missing("response_format.json_schema.schema"))?;
    check::object(schema, "response_format.json_schema.schema")?;
    if check::flag(outer, "strict")?.unwrap_or(false) {
        tools::check_strict(schema, &format!("Invalid schema for response_format '{name}'"), "response_format", "invalid_json_schema")?;
    }
    Ok(Format::Schema(schema.clone()))
}
