//! The top level of a Messages request.

use super::cache::Markers;
use super::check::{self, Object};
use super::models::Model;
use super::refusal::Refusal;
use super::rules::{self, Plan};
use super::{Version, messages, schema, tools};
use crate::author::{Format, Prompt, Reasoning};
use crate::tokens;
use serde_json::Value;

/// A request that passed.
#[derive(Debug)]
pub(super) struct MessagesRequest {
    pub(super) prompt: Prompt,
    /// As the caller wrote it.
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) shows_thinking: bool,
    /// The model that signatures are bound to.
    pub(super) signer: Option<String>,
    /// Without what is read from or written to the cache.
    pub(super) input_tokens: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
    pub(super) one_hour: bool,
}

const KNOWN: &[&str] = &[
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];

pub(super) fn read(body: &Object, name: &str, model: &Model, version: Version) -> Result<MessagesRequest, Refusal> {
    check::closed(body, "", KNOWN)?;
    let max_tokens = max_tokens(body, name, model)?;
    let mut markers = Markers::default();
    let offered = tools::read(body, &mut markers)?;
    let system = system(body, &mut markers)?;
    let conversation = messages::read(body, model, name, version, &mut markers)?;
    markers.read(body, "")?;

    let output_config = check::given(body, "output_config").map(|value| check::object(value, "output_config")).transpose()?;
    let effort = rules::effort(output_config, model)?;
    let plan = rules::plan(body, model, effort, max_tokens)?;
    rules::check_sampling(body, model, version, plan)?;
    let (choice, parallel) = tools::choice(body, &offered, model, plan.manual)?;
    if conversation.has_tool_blocks && check::given(body, "tools").is_none() {
        return Err(Refusal::invalid("Requests which have `tool_use` or `tool_result` blocks in messages must define tools"));
    }
    check_thought(&conversation, plan)?;
    check_metadata(body)?;

    let reasoning = if plan.between_tools && conversation.results.is_empty() { Reasoning::None } else { plan.reasoning };
    let prompt = Prompt {
        text: conversation.text,
        seen: conversation.seen,
        results: conversation.results,
        tools: offered,
        choice,
        parallel,
        format: format(output_config, &system)?,
        stops: stops(body)?,
        max_tokens: Some(max_tokens.unsigned_abs()),
        reasoning,
    };
    Ok(MessagesRequest {
        prompt,
        model: name.to_owned(),
        stream: check::flag(body, "stream", "")?.unwrap_or(false),
        shows_thinking: plan.shown,
        signer: model.bound_signatures.then(|| name.to_owned()),
        input_tokens: markers.tokens - markers.marked,
        cache_read: markers.marked / 2,
        cache_write: markers.marked - markers.marked / 2,
        one_hour: markers.one_hour,
    })
}

/// `0` is legal: it only warms the cache.
fn max_tokens(body: &Object, name: &str, model: &Model) -> Result<i64, Refusal> {
    check::required(body, "max_tokens", "")?;
    let value = check::integer(body, "max_tokens", "")?.ok_or_else(|| Refusal::field("max_tokens", "Input should be a valid integer"))?;
    if value < 0 {
        return Err(Refusal::field("max_tokens", "Input should be greater than or equal to 0"));
    }
    if value > model.most_output {
        let problem = format!("{value} > {}, which is the maximum allowed number of output tokens for {name}", model.most_output);
        return Err(Refusal::field("max_tokens", &problem));
    }
    Ok(value)
}

fn system(body: &Object, markers: &mut Markers) -> Result<String, Refusal> {
    match check::given(body, "system") {
        None => Ok(String::new()),
        Some(Value::String(text)) => {
            markers.pass(tokens::of_input(text));
            Ok(text.clone())
        }
        Some(Value::Array(blocks)) => {
            let mut whole = String::new();
            for (at, block) in blocks.iter().enumerate() {
                let path = format!("system.{at}");
                let block = check::object(block, &path)?;
                check::one_of(check::required(block, "type", &path)?, &format!("{path}.type"), &["text"])?;
                check::closed(block, &path, &["type", "text", "cache_control", "citations"])?;
                let text = check::required_text(block, "text", &path)?;
                if text.trim().is_empty() {
                    return Err(Refusal::field("system", "text content blocks must be non-empty"));
                }
                markers.pass(tokens::of_input(text));
                markers.read(block, &path)?;
                whole.push_str(text);
            }
            Ok(whole)
        }
        Some(_) => Err(Refusal::field("system", "Input should be a valid list")),
    }
}

/// With a thinking budget, a turn that uses tools must come back with its thinking.
fn check_thought(conversation: &messages::Conversation, plan: Plan) -> Result<(), Refusal> {
    match &conversation.unthought {
        Some((path, found)) if plan.manual => Err(Refusal::field(
            path,
            &format!(
                "Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final `assistant` message must start with \
                 a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable `thinking`."
            ),
        )),
        _ => Ok(()),
    }
}

fn check_metadata(body: &Object) -> Result<(), Refusal> {
    if let Some(value) = check::given(body, "metadata") {
        let metadata = check::object(value, "metadata")?;
        check::closed(metadata, "metadata", &["user_id"])?;
        if let Some(user) = check::given(metadata, "user_id") {
            check::text(user, "metadata.user_id")?;
        }
    }
    match check::given(body, "service_tier") {
        Some(tier) => check::one_of(tier, "service_tier", &["auto", "standard_only"]).map(drop),
        None => Ok(()),
    }
}

fn stops(body: &Object) -> Result<Vec<String>, Refusal> {
    let Some(value) = check::given(body, "stop_sequences") else { return Ok(Vec::new()) };
    let stops = check::list(value, "stop_sequences")?;
    stops
        .iter()
        .enumerate()
        .map(|(at, stop)| match check::text(stop, &format!("stop_sequences.{at}"))? {
            stop if stop.trim().is_empty() => Err(Refusal::field("stop_sequences", "each stop sequence must contain non-whitespace")),
            stop => Ok(stop.to_owned()),
        })
        .collect()
}

fn format(output_config: Option<&Object>, system: &str) -> Result<Format, Refusal> {
    // A model that is told to answer in JSON does so.
    let told = if system.to_ascii_lowercase().contains("json object") { Format::JsonObject } else { Format::Text };
    let Some(config) = output_config else { return Ok(told) };
    check::closed(config, "output_config", &["effort", "format", "task_budget"])?;
    let Some(value) = check::given(config, "format") else { return Ok(told) };
    const PATH: &str = "output_config.format";
    let format = check::object(value, PATH)?;
    check::one_of(check::required(format, "type", PATH)?, "output_config.format.type", &["json_schema"])?;
    check::closed(format, PATH, &["type", "schema"])?;
    let wanted = check::required(format, "schema", PATH)?;
    check::object(wanted, "output_config.format.schema")?;
    schema::check(wanted, "output_config.format.schema")?;
    Ok(Format::Schema(wanted.clone()))
}
