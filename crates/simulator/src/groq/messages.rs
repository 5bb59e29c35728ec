//! What Groq refuses in messages beyond what OpenAI does: names, nulls, unknown members, the role `developer`.

use super::models::Model;
use super::refusal;
use crate::openai::check::Object;
use crate::openai::refusal::Refusal;
use serde_json::Value;

const MOST_IMAGES: usize = 5;

/// Whether the messages hold images in the request itself.
pub(super) fn check(messages: Option<&Value>, model: &Model) -> Result<bool, Refusal> {
    let messages = messages.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut images = Images::default();
    for (index, message) in messages.iter().enumerate() {
        if let Some(message) = message.as_object() {
            check_message(message, index)?;
            images.look(message, index, model)?;
        }
    }
    if images.count > MOST_IMAGES {
        return Err(Refusal::new(400, format!("Too many images provided. This model supports up to {MOST_IMAGES} images")));
    }
    Ok(images.inline)
}

fn check_message(message: &Object, index: usize) -> Result<(), Refusal> {
    let Some(role) = message.get("role").and_then(Value::as_str) else { return Ok(()) };
    let known: &[&str] = match role {
        "system" | "user" => &["role", "content"],
        "assistant" => &["role", "content", "tool_calls", "function_call", "reasoning"],
        "tool" => &["role", "content", "tool_call_id"],
        "function" => &["role", "content", "name"],
        other => {
            let message = format!("'messages.{index}' : discriminator property 'role' has invalid value '{other}'");
            return Err(Refusal::new(400, message));
        }
    };
    if let Some(name) = message.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(refusal::message(index, role, &format!("property '{name}' is unsupported")));
    }
    // An assistant that only calls tools may say null for its content; no other null passes.
    let excused = |name: &str| name == "content" && role == "assistant" && message.contains_key("tool_calls");
    if let Some((name, _)) = message.iter().find(|(name, value)| value.is_null() && !excused(name)) {
        return Err(refusal::message(index, role, &format!("'messages.{index}.{name}' : value must not be null")));
    }
    Ok(())
}

#[derive(Default)]
struct Images {
    count: usize,
    inline: bool,
}

impl Images {
    fn look(&mut self, message: &Object, index: usize, model: &Model) -> Result<(), Refusal> {
        let parts = message.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for part in parts {
            match part.get("type").and_then(Value::as_str) {
                Some("image_url") if !model.vision => return Err(Refusal::new(400, format!("messages[{index}].content must be a string"))),
                Some("image_url") => {
                    self.count += 1;
                    let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
                    self.inline |= url.starts_with("data:");
                }
                Some("input_audio" | "file") => {
                    return Err(refusal::message(index, "user", "'content' : one of the types 'text', 'image_url' is expected"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
