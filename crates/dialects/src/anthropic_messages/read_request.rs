//! A client's request.
//!
//! Turns are not this dialect's messages one by one: `system` is a turn, and each result of a tool is one. So where each turn stood is kept
//! beside them ([`chat::Place`]), for what is told of it later. What the canonical form has no name for stays for this dialect alone.

mod blocks;
mod markers;
mod tools;
mod turns;

use super::types::{HERE, said};
use crate::field_fault;
use chat::{Chat, Effort, Extras, Fault, Output, Sampling};
use wire::RawRef;
use wire::json::Kind;
use wire::object::{FieldError, Fields};

pub(super) fn read(body: &[u8]) -> Result<Chat, Fault> {
    read_fields(body).map_err(field_fault::invalid)
}

fn read_fields(body: &[u8]) -> Result<Chat, FieldError> {
    let mut fields = Fields::parse_bytes(body)?;
    let mut chat = Chat { model: fields.require("model")?, from: Some(HERE), ..Chat::default() };
    turns::read(&mut fields, &mut chat)?;
    chat.tools = tools::read(&mut fields)?;
    (chat.tool_choice, chat.parallel_tools) = tools::read_choice(&mut fields)?;
    chat.sampling = read_sampling(&mut fields)?;
    chat.max_tokens = fields.take_as("max_tokens")?;
    chat.stream = fields.take_as("stream")?;
    chat.service_tier = fields.take_as("service_tier")?;
    chat.cache = markers::take(&mut fields);
    let mut kept = Extras::default();
    read_thinking(&mut fields, &mut chat)?;
    read_output_config(&mut fields, &mut chat, &mut kept)?;
    read_metadata(&mut fields, &mut chat, &mut kept)?;
    chat.extras = Extras::new(HERE, said(fields));
    for (name, value) in kept.iter() {
        chat.extras.push(HERE, name, value.clone());
    }
    Ok(chat)
}

fn read_sampling(fields: &mut Fields<'_>) -> Result<Sampling, FieldError> {
    let stop: Option<Vec<String>> = fields.take_as("stop_sequences")?;
    Ok(Sampling {
        temperature: fields.take_as("temperature")?,
        top_p: fields.take_as("top_p")?,
        top_k: fields.take_as("top_k")?,
        stop_listed: stop.is_some(),
        stop: stop.unwrap_or_default(),
        ..Sampling::default()
    })
}

/// The object stays as it came, for this dialect; for another one its budget and display are read. How hard to think stands elsewhere.
fn read_thinking(fields: &mut Fields<'_>, chat: &mut Chat) -> Result<(), FieldError> {
    let Some(raw) = fields.take("thinking").filter(|raw| !raw.is_null()) else { return Ok(()) };
    let within = |error: FieldError| error.within("thinking");
    let mut thinking = raw.fields().map_err(|error| within(error.into()))?;
    let kind: String = thinking.require("type").map_err(within)?;
    if kind == "enabled" {
        chat.reasoning.budget = thinking.take_as("budget_tokens").map_err(within)?;
    }
    let display: Option<String> = thinking.take_as("display").map_err(within)?;
    chat.reasoning.visible = match display.as_deref() {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        _ => None,
    };
    drop(thinking);
    chat.reasoning.extras.push(HERE, "thinking", raw);
    Ok(())
}

/// `output_config`: effort and format are read; `output_format` is the older place of the second.
fn read_output_config(fields: &mut Fields<'_>, chat: &mut Chat, kept: &mut Extras) -> Result<(), FieldError> {
    const NAME: &str = "output_config";
    let within = |error: FieldError| error.within(NAME);
    if let Some(mut config) = fields.take_fields(NAME)? {
        let effort: Option<String> = config.take_as("effort").map_err(within)?;
        chat.reasoning.effort = effort.map(|word| Effort::from_word(&word));
        chat.output = take_format(&mut config, "format").map_err(within)?;
        let rest = said(config);
        if !rest.is_empty()
            && let Some(raw) = super::types::object_of(&rest)
        {
            kept.push(HERE, NAME, raw);
        }
    }
    if chat.output.is_none() && !kept.iter().any(|(name, _)| name == NAME) {
        chat.output = take_format(fields, "output_format")?;
    }
    Ok(())
}

/// A schema and nothing else; another form stays as it came.
fn take_format(fields: &mut Fields<'_>, name: &str) -> Result<Option<Output>, FieldError> {
    let Some(raw) = fields.peek(name).filter(|raw| !raw.is_null()) else { return Ok(None) };
    let mut format = raw.fields().map_err(|error| FieldError::from(error).within(name))?;
    let kind = format.take_ref("type").and_then(RawRef::as_str);
    let schema = format.take("schema").filter(|schema| schema.by_ref().kind() == Kind::Object);
    if kind.as_deref() != Some("json_schema") || schema.is_none() || !said(format).is_empty() {
        return Ok(None);
    }
    fields.take_ref(name);
    Ok(Some(Output::JsonSchema { name: None, description: None, schema, strict: Some(true), extras: Extras::default() }))
}

fn read_metadata(fields: &mut Fields<'_>, chat: &mut Chat, kept: &mut Extras) -> Result<(), FieldError> {
    const NAME: &str = "metadata";
    let Some(mut metadata) = fields.take_fields(NAME)? else { return Ok(()) };
    chat.user = metadata.take_as("user_id").map_err(|error| error.within(NAME))?;
    if let Some(raw) = super::types::object_of(&said(metadata)) {
        kept.push(HERE, NAME, raw);
    }
    Ok(())
}
