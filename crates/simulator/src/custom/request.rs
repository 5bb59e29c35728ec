//! A chat request, as each server reads it: most fields are taken as they are, some are refused.

use super::refusal::Refusal;
use super::server::Server;
use crate::author::{Choice, Format, Prompt, Reasoning, Tool};
use crate::tokens;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

pub(super) struct Request {
    pub(super) model: String,
    pub(super) prompt: Prompt,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) input_tokens: u64,
    pub(super) is_old: bool,
}

pub(super) fn read(body: &Object, model: &str, server: Server) -> Result<Request, Refusal> {
    let is_old = model.contains("old");
    let refuse = |message: &str| Refusal::new(400, message).of_old(is_old);
    let stream = flag(body, "stream").map_err(|message| refuse(&message))?;
    let include_usage = given(body, "stream_options").and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true));
    if server == Server::Vllm && !stream && given(body, "stream_options").is_some() {
        return Err(refuse("Stream options can only be defined when `stream=True`."));
    }
    let messages = messages(body, server).map_err(|message| refuse(&message))?;
    check_tools(body, model, server).map_err(|message| refuse(&message))?;
    let format = format(body, server).map_err(|message| refuse(&message))?;
    let reasoning = if model.contains("think") { Reasoning::Effort(1) } else { Reasoning::None };
    let prompt = Prompt {
        text: messages.last_of("user"),
        results: messages.trailing_results(),
        tools: tools(body),
        choice: choice(body),
        format,
        stops: stops(body),
        max_tokens: ["max_tokens", "max_completion_tokens"].iter().find_map(|name| body.get(*name)?.as_u64()),
        reasoning,
        ..Prompt::default()
    };
    let input_tokens = messages.0.iter().map(|(_, text)| tokens::MESSAGE + tokens::of_input(text)).sum();
    Ok(Request { model: model.to_owned(), prompt, stream, include_usage, input_tokens, is_old })
}

fn given<'a>(body: &'a Object, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn flag(body: &Object, name: &str) -> Result<bool, String> {
    match given(body, name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("Input should be a valid boolean: {name}")),
    }
}

/// Roles and texts.
struct Messages(Vec<(String, String)>);

impl Messages {
    fn last_of(&self, role: &str) -> String {
        self.0.iter().rev().find(|(of, _)| of == role).map(|(_, text)| text.clone()).unwrap_or_default()
    }

    fn trailing_results(&self) -> Vec<String> {
        let mut results: Vec<String> = self.0.iter().rev().take_while(|(role, _)| role == "tool").map(|(_, text)| text.clone()).collect();
        results.reverse();
        results
    }
}

fn messages(body: &Object, server: Server) -> Result<Messages, String> {
    let Some(Value::Array(list)) = given(body, "messages") else { return Err("'messages' is required and must be a list".to_owned()) };
    if list.is_empty() {
        return Err("'messages' must not be empty".to_owned());
    }
    let mut messages = Vec::with_capacity(list.len());
    for message in list {
        let Some(role @ ("system" | "developer" | "user" | "assistant" | "tool")) = message.get("role").and_then(Value::as_str) else {
            return Err("Unexpected message role.".to_owned());
        };
        // The chat templates of these models know no developer.
        if role == "developer" {
            return Err("Unexpected message role: developer".to_owned());
        }
        messages.push((role.to_owned(), text(message.get("content"), server)?));
    }
    Ok(Messages(messages))
}

fn text(content: Option<&Value>, server: Server) -> Result<String, String> {
    match content {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            let mut whole = String::new();
            for part in parts {
                match part.get("type").and_then(Value::as_str) {
                    Some("text") => whole.push_str(part.get("text").and_then(Value::as_str).ok_or("a text part has no text")?),
                    Some("image_url") => image(part, server)?,
                    other => return Err(format!("unsupported content[].type: {}", other.unwrap_or("none"))),
                }
            }
            Ok(whole)
        }
        Some(_) => Err("'content' must be a string or a list of parts".to_owned()),
    }
}

fn image(part: &Value, server: Server) -> Result<(), String> {
    let url = part.pointer("/image_url/url").and_then(Value::as_str).ok_or("an image has no url")?;
    match server {
        Server::LmStudio if !url.starts_with("data:") => Err("'url' field must be a base64 encoded image.".to_owned()),
        _ => Ok(()),
    }
}

fn check_tools(body: &Object, model: &str, server: Server) -> Result<(), String> {
    let tools = given(body, "tools").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if tools.iter().any(|tool| tool.get("type").and_then(Value::as_str) != Some("function")) {
        return Err("tools: Input should be 'function'".to_owned());
    }
    let choice = given(body, "tool_choice");
    match server {
        Server::Vllm if !tools.is_empty() && model.contains("no-tools") && choice.is_none_or(|choice| choice == "auto") => {
            Err("\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set".to_owned())
        }
        Server::Vllm if choice.is_some_and(|choice| choice != "none") && tools.is_empty() => {
            Err("When using `tool_choice`, `tools` must be set.".to_owned())
        }
        Server::LmStudio if choice.is_some_and(Value::is_object) => {
            Err("Invalid tool_choice type: 'object'. Supported string values: none, auto, required".to_owned())
        }
        _ => Ok(()),
    }
}

fn tools(body: &Object) -> Vec<Tool> {
    let tools = given(body, "tools").and_then(Value::as_array).into_iter().flatten();
    tools
        .filter_map(|tool| {
            let function = tool.get("function")?;
            let schema = function.get("parameters").cloned().unwrap_or_else(|| serde_json::json!({ "type": "object" }));
            Some(Tool { name: function.get("name")?.as_str()?.to_owned(), schema: Some(schema) })
        })
        .collect()
}

fn choice(body: &Object) -> Choice {
    match given(body, "tool_choice") {
        Some(Value::String(word)) if word == "none" => Choice::None,
        Some(Value::String(word)) if word == "required" => Choice::Required,
        Some(named) => named.pointer("/function/name").and_then(Value::as_str).map_or(Choice::Auto, |name| Choice::Named(name.to_owned())),
        None => Choice::Auto,
    }
}

fn format(body: &Object, server: Server) -> Result<Format, String> {
    let format = given(body, "response_format");
    match format.and_then(|format| format.get("type")).and_then(Value::as_str) {
        None | Some("text") => Ok(Format::Text),
        Some("json_schema") => {
            let schema = format.and_then(|format| format.pointer("/json_schema/schema"));
            Ok(Format::Schema(schema.cloned().ok_or("response_format: a schema is missing")?))
        }
        Some("json_object") if server == Server::LmStudio => Err("'response_format.type' must be 'json_schema' or 'text'".to_owned()),
        Some("json_object") => Ok(Format::JsonObject),
        Some(other) => Err(format!("response_format type must be one of text, json_object, json_schema, but got: {other}")),
    }
}

fn stops(body: &Object) -> Vec<String> {
    match given(body, "stop") {
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
