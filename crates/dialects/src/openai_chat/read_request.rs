//! A client's request.

mod parts;
mod tools;
mod turns;

use super::types::{ME, given, keep_nested};
use chat::{CacheMarker, Chat, Effort, Extras, Fault, Output, Reasoning, Sampling};
use wire::RawRef;
use wire::json::Kind;
use wire::object::{FieldError, Fields};

pub(super) fn read(body: &[u8]) -> Result<Chat, Fault> {
    read_fields(body).map_err(crate::field_fault::invalid)
}

fn read_fields(body: &[u8]) -> Result<Chat, FieldError> {
    let mut fields = Fields::parse_bytes(body)?;
    let mut chat = Chat { model: fields.require("model")?, turns: turns::read(&mut fields)?, ..Chat::default() };
    chat.tools = tools::read(&mut fields)?;
    chat.tool_choice = tools::read_choice(&mut fields)?;
    chat.parallel_tools = fields.take_as("parallel_tool_calls")?;
    chat.sampling = read_sampling(&mut fields)?;
    chat.choices = fields.take_as("n")?;
    chat.logprobs = fields.take_as("logprobs")?;
    chat.top_logprobs = fields.take_as("top_logprobs")?;
    chat.stream = fields.take_as("stream")?;
    chat.user = fields.take_as("user")?;
    chat.service_tier = fields.take_as("service_tier")?;
    chat.cache = take_cache(&mut fields);
    chat.reasoning = read_reasoning(&mut fields)?;
    let mut nested = Extras::default();
    chat.include_usage = read_stream_options(&mut fields, &mut nested)?;
    chat.output = read_output(&mut fields, &mut nested)?;
    read_limit(&mut fields, &mut chat)?;
    chat.extras = given(fields);
    for (name, value) in nested.iter() {
        chat.extras.push(ME, name, value.clone());
    }
    Ok(chat)
}

fn read_sampling(fields: &mut Fields<'_>) -> Result<Sampling, FieldError> {
    let mut sampling = Sampling {
        temperature: fields.take_as("temperature")?,
        top_p: fields.take_as("top_p")?,
        top_k: fields.take_as("top_k")?,
        frequency_penalty: fields.take_as("frequency_penalty")?,
        presence_penalty: fields.take_as("presence_penalty")?,
        seed: fields.take_as("seed")?,
        logit_bias: fields.take("logit_bias").filter(|raw| !raw.is_null()),
        ..Sampling::default()
    };
    match fields.peek("stop").map(RawRef::kind) {
        Some(Kind::Array) => {
            sampling.stop = fields.take_as("stop")?.unwrap_or_default();
            sampling.stop_listed = true;
        }
        _ => sampling.stop = fields.take_as::<String>("stop")?.into_iter().collect(),
    }
    Ok(sampling)
}

/// Two spellings of one limit. Where a caller sends both, the old one travels beside the new one.
fn read_limit(fields: &mut Fields<'_>, chat: &mut Chat) -> Result<(), FieldError> {
    chat.max_tokens = fields.take_as("max_completion_tokens")?;
    if chat.max_tokens.is_none() {
        chat.max_tokens = fields.take_as("max_tokens")?;
        chat.max_tokens_legacy = chat.max_tokens.is_some();
    }
    Ok(())
}

/// `reasoning_effort`, and the objects of other APIs that clients send here: `thinking` (Anthropic) and `reasoning` (OpenRouter). The objects
/// stay as they came for a provider of this dialect; for another one they are read.
fn read_reasoning(fields: &mut Fields<'_>) -> Result<Reasoning, FieldError> {
    let mut reasoning = Reasoning { effort: take_effort(fields, "reasoning_effort")?, ..Reasoning::default() };
    for name in ["thinking", "reasoning"] {
        let Some(raw) = fields.peek(name).filter(|raw| raw.kind() == Kind::Object) else { continue };
        let mut object = raw.fields().map_err(|error| FieldError::from(error).within(name))?;
        let inside = |error: FieldError| error.within(name);
        let budget = ["budget_tokens", "max_tokens"].iter().find_map(|name| object.peek(name));
        reasoning.budget = reasoning.budget.or(budget.and_then(|raw| raw.read().ok()));
        if reasoning.effort.is_none() {
            reasoning.effort = take_effort(&mut object, "effort").map_err(inside)?;
        }
        let switched = object.peek("type").and_then(RawRef::as_str);
        if switched.as_deref() == Some("disabled") || object.peek("enabled").and_then(RawRef::as_bool) == Some(false) {
            reasoning.effort = reasoning.effort.or(Some(Effort::None));
        }
        let hidden = object.peek("exclude").and_then(RawRef::as_bool);
        reasoning.visible = reasoning.visible.or(hidden.map(|hidden| !hidden));
        if let Some(raw) = fields.take(name) {
            reasoning.extras.push(ME, name, raw);
        }
    }
    Ok(reasoning)
}

fn take_effort(fields: &mut Fields<'_>, name: &str) -> Result<Option<Effort>, FieldError> {
    Ok(fields.take_as::<String>(name)?.map(|word| Effort::from_word(&word)))
}

fn read_stream_options(fields: &mut Fields<'_>, nested: &mut Extras) -> Result<Option<bool>, FieldError> {
    let Some(mut options) = fields.take_fields("stream_options")? else { return Ok(None) };
    let include = options.take_as("include_usage").map_err(|error| error.within("stream_options"))?;
    keep_nested(nested, "stream_options", options);
    Ok(include)
}

fn read_output(fields: &mut Fields<'_>, nested: &mut Extras) -> Result<Option<Output>, FieldError> {
    let within = |error: FieldError| error.within("response_format");
    let Some(raw) = fields.peek("response_format").filter(|raw| !raw.is_null()) else {
        fields.take_ref("response_format");
        return Ok(None);
    };
    let mut format = raw.fields().map_err(|error| FieldError::from(error).within("response_format"))?;
    let kind: String = format.require("type").map_err(within)?;
    let output = match kind.as_str() {
        "text" => Output::Text,
        "json_object" => Output::JsonObject,
        "json_schema" => read_schema(&mut format).map_err(within)?,
        // A form that one server alone knows stays as it came.
        _ => return Ok(None),
    };
    fields.take_ref("response_format");
    keep_nested(nested, "response_format", format);
    Ok(Some(output))
}

fn read_schema(format: &mut Fields<'_>) -> Result<Output, FieldError> {
    let within = |error: FieldError| error.within("json_schema");
    let mut inner = format.take_fields("json_schema")?.ok_or_else(|| FieldError::new("json_schema", "is missing"))?;
    Ok(Output::JsonSchema {
        name: inner.take_as("name").map_err(within)?,
        description: inner.take_as("description").map_err(within)?,
        schema: inner.take("schema").filter(|raw| !raw.is_null()),
        strict: inner.take_as("strict").map_err(within)?,
        extras: given(inner),
    })
}

/// `cache_control: {type, ttl}` as Anthropic's API has it. Without a type it is no marker (at the top level it is Conduit's own option).
fn take_cache(fields: &mut Fields<'_>) -> Option<CacheMarker> {
    let marker = fields.peek("cache_control")?.fields().ok()?;
    marker.peek("type").filter(|kind| !kind.is_null())?;
    let ttl = marker.peek("ttl").and_then(RawRef::as_str).map(std::borrow::Cow::into_owned);
    fields.take_ref("cache_control");
    Some(CacheMarker { ttl })
}
