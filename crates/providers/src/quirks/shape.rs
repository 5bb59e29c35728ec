//! Fields of the canonical form that stand in OpenAI chat as objects or in two forms: as JSON text, and back.

use chat::{Chat, DialectId, Output, Sampling, ToolChoice};
use serde_json::{Map, Value, json};
use wire::Raw;

const OPENAI: DialectId = DialectId::OpenaiChat;

pub(super) fn stop(sampling: &Sampling) -> Option<String> {
    match (sampling.stop.as_slice(), sampling.stop_listed) {
        ([], false) => None,
        ([one], false) => serde_json::to_string(one).ok(),
        (all, _) => serde_json::to_string(all).ok(),
    }
}

pub(super) fn set_stop(sampling: &mut Sampling, raw: &Raw) {
    match raw.read::<Vec<String>>() {
        Ok(all) => {
            sampling.stop = all;
            sampling.stop_listed = true;
        }
        Err(_) => {
            sampling.stop = raw.read::<String>().into_iter().collect();
            sampling.stop_listed = false;
        }
    }
}

pub(super) fn stream_options(chat: &Chat) -> Option<String> {
    let mut options = nested(chat, "stream_options");
    if let Some(include) = chat.include_usage {
        options.get_or_insert_default().insert("include_usage".to_owned(), json!(include));
    }
    options.map(|options| Value::Object(options).to_string())
}

pub(super) fn tool_choice(choice: &ToolChoice) -> Option<String> {
    Some(match choice {
        ToolChoice::Auto => "\"auto\"".to_owned(),
        ToolChoice::None => "\"none\"".to_owned(),
        ToolChoice::Required => "\"required\"".to_owned(),
        ToolChoice::Function { name } => json!({"type": "function", "function": {"name": name}}).to_string(),
        ToolChoice::Custom { name } => json!({"type": "custom", "custom": {"name": name}}).to_string(),
        ToolChoice::Native { from: OPENAI, raw } => raw.text().to_owned(),
        ToolChoice::Native { .. } => return None,
    })
}

pub(super) fn read_tool_choice(raw: Raw) -> ToolChoice {
    match raw.text() {
        "\"auto\"" => ToolChoice::Auto,
        "\"none\"" => ToolChoice::None,
        "\"required\"" => ToolChoice::Required,
        _ => ToolChoice::Native { from: OPENAI, raw },
    }
}

/// `None` where the form is one that the canonical form has no name for: then it stands among the extras.
pub(super) fn response_format(chat: &Chat) -> Option<String> {
    let mut format = Map::new();
    let kind = match chat.output.as_ref()? {
        Output::Text => "text",
        Output::JsonObject => "json_object",
        Output::JsonSchema { name, description, schema, strict, extras } => {
            let mut inner = Map::new();
            inner.insert("name".to_owned(), json!(name.as_deref().unwrap_or("answer")));
            let schema = schema.as_ref().and_then(|raw| raw.read::<Value>().ok());
            let optional =
                [("description", description.as_ref().map(|text| json!(text))), ("schema", schema), ("strict", strict.map(Value::Bool))];
            inner.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            inner.extend(extras.of(OPENAI).iter().filter_map(|(name, raw)| Some((name.clone(), raw.read().ok()?))));
            format.insert("json_schema".to_owned(), Value::Object(inner));
            "json_schema"
        }
    };
    format.insert("type".to_owned(), json!(kind));
    format.extend(nested(chat, "response_format").unwrap_or_default());
    Some(Value::Object(format).to_string())
}

/// The members of an object of the request that the canonical form has no names for.
fn nested(chat: &Chat, field: &str) -> Option<Map<String, Value>> {
    let (_, raw) = chat.extras.of(OPENAI).iter().find(|(name, _)| name == field)?;
    raw.read().ok()
}
