//! The law of the Messages stream and the shape of a message, checked as strictly as clients could: written from `providers/anthropic.md`,
//! not from the codec.

use serde_json::{Map, Value};

const REASONS: [&str; 7] =
    ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];

/// A stream as the blocks that a client assembles, or the law that it breaks.
pub(super) fn assembled(stream: &str) -> Result<Value, String> {
    let mut state = State::default();
    for frame in stream.split("\n\n").filter(|frame| !frame.is_empty()) {
        let lines: Vec<&str> = frame.split('\n').collect();
        let [event, data] = lines.as_slice() else { return Err(format!("not an event line and a data line: {frame}")) };
        let event = event.strip_prefix("event: ").ok_or_else(|| format!("no event line: {frame}"))?;
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").ok_or("no data line")?).map_err(|error| error.to_string())?;
        if data["type"] != event {
            return Err(format!("the event line says {event}, the data {}", data["type"]));
        }
        state.take(event, &data)?;
    }
    if !stream.ends_with("\n\n") {
        return Err("the last frame is not ended".into());
    }
    let message = state.message.ok_or("no message_start")?;
    if !state.over { Err("no message_stop".into()) } else { Ok(Value::Object(message)) }
}

#[derive(Default)]
struct State {
    message: Option<Map<String, Value>>,
    /// Index, block and the text of a call's arguments.
    open: Option<(u64, Value, String)>,
    next: u64,
    ending: bool,
    over: bool,
}

impl State {
    fn take(&mut self, event: &str, data: &Value) -> Result<(), String> {
        if self.over {
            return Err(format!("{event} after message_stop"));
        }
        if event == "message_start" {
            return self.start(data);
        }
        if self.message.is_none() {
            return Err(format!("{event} before message_start"));
        }
        match event {
            "content_block_start" | "content_block_delta" | "content_block_stop" if self.ending => {
                Err(format!("{event} after message_delta"))
            }
            "content_block_start" => self.block_start(data),
            "content_block_delta" => self.delta(data),
            "content_block_stop" => self.block_stop(data),
            "message_delta" => self.message_delta(data),
            "message_stop" if self.ending => {
                self.over = true;
                Ok(())
            }
            other => Err(format!("{other} may not come here")),
        }
    }

    fn start(&mut self, data: &Value) -> Result<(), String> {
        if self.message.is_some() {
            return Err("message_start twice".into());
        }
        let message = data["message"].as_object().ok_or("no message")?;
        let fine = message["content"] == Value::Array(Vec::new()) && message["stop_reason"].is_null() && message["role"] == "assistant";
        if !fine || !message["id"].is_string() || !message["model"].is_string() || message["type"] != "message" {
            return Err(format!("not an empty message: {message:?}"));
        }
        usage(&message["usage"])?;
        self.message = Some(message.clone());
        Ok(())
    }

    fn block_start(&mut self, data: &Value) -> Result<(), String> {
        if self.open.is_some() || data["index"] != self.next {
            return Err(format!("block {} begins, {} is next, open: {}", data["index"], self.next, self.open.is_some()));
        }
        let block = &data["content_block"];
        let empty = match block["type"].as_str().unwrap_or_default() {
            "text" => block["text"] == "",
            "thinking" => block["thinking"] == "" && block["signature"] == "",
            "redacted_thinking" => block["data"].as_str().is_some_and(|data| !data.is_empty()),
            "tool_use" => block["input"] == Value::Object(Map::new()) && block["id"].is_string() && block["name"].is_string(),
            "" => false,
            _ => true,
        };
        if !empty {
            return Err(format!("not the start of a block: {block}"));
        }
        self.open = Some((self.next, block.clone(), String::new()));
        self.next += 1;
        Ok(())
    }

    fn delta(&mut self, data: &Value) -> Result<(), String> {
        let (index, block, arguments) = self.open.as_mut().ok_or("a delta without a block")?;
        if data["index"] != *index {
            return Err(format!("a delta of block {} while {index} is open", data["index"]));
        }
        let delta = &data["delta"];
        let add = |block: &mut Value, member: &str| {
            let piece = delta[member].as_str().ok_or_else(|| format!("no {member}: {delta}"))?;
            let whole = block[member].as_str().unwrap_or_default().to_owned() + piece;
            block[member] = whole.into();
            Ok(())
        };
        match (block["type"].as_str().unwrap_or_default(), delta["type"].as_str().unwrap_or_default()) {
            ("text", "text_delta") => add(block, "text"),
            ("text", "citations_delta") if delta["citation"].is_object() => Ok(()),
            ("thinking", "thinking_delta") => add(block, "thinking"),
            ("thinking", "signature_delta") => add(block, "signature"),
            ("tool_use", "input_json_delta") | ("server_tool_use", "input_json_delta") => {
                arguments.push_str(delta["partial_json"].as_str().ok_or("no partial_json")?);
                Ok(())
            }
            (block, delta) => Err(format!("a {delta} in a block of {block}")),
        }
    }

    fn block_stop(&mut self, data: &Value) -> Result<(), String> {
        let (index, mut block, arguments) = self.open.take().ok_or("no block to stop")?;
        if data["index"] != index {
            return Err(format!("block {} stops, {index} is open", data["index"]));
        }
        if !arguments.is_empty() {
            // What breaks off is an answer cut at its length; clients read such JSON as far as it goes.
            block["input"] = match serde_json::from_str::<Value>(&arguments) {
                Ok(input) if input.is_object() => input,
                Err(error) if error.is_eof() => Value::String(arguments),
                other => return Err(format!("arguments are {other:?}")),
            };
        }
        if block["type"] == "text" && block["text"] == "" {
            return Err("an empty text, which the provider refuses when it comes back".into());
        }
        if let Some(Value::Array(content)) = self.message.as_mut().and_then(|message| message.get_mut("content")) {
            content.push(block);
        }
        Ok(())
    }

    fn message_delta(&mut self, data: &Value) -> Result<(), String> {
        if self.open.is_some() || self.ending {
            return Err("message_delta while a block is open, or twice".into());
        }
        self.ending = true;
        let reason = data["delta"]["stop_reason"].as_str().unwrap_or_default();
        if !REASONS.contains(&reason) {
            return Err(format!("stop_reason {reason:?}"));
        }
        usage(&data["usage"])?;
        let message = self.message.as_mut().ok_or("no message")?;
        message.insert("stop_reason".into(), reason.into());
        message.insert("usage".into(), data["usage"].clone());
        Ok(())
    }
}

fn usage(usage: &Value) -> Result<(), String> {
    let counted = usage["input_tokens"].is_u64() && usage["output_tokens"].is_u64();
    if counted { Ok(()) } else { Err(format!("usage {usage}")) }
}

/// A whole message.
pub(super) fn message(body: &[u8]) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if value["type"] != "message" || value["role"] != "assistant" || !value["id"].is_string() || !value["model"].is_string() {
        return Err(format!("not a message: {value}"));
    }
    if !REASONS.contains(&value["stop_reason"].as_str().unwrap_or_default()) {
        return Err(format!("stop_reason {}", value["stop_reason"]));
    }
    usage(&value["usage"])?;
    for block in value["content"].as_array().ok_or("content is no list")? {
        let fine = match block["type"].as_str().unwrap_or_default() {
            "text" => block["text"].as_str().is_some_and(|text| !text.is_empty()),
            "thinking" => block["thinking"].is_string() && block["signature"].is_string(),
            "redacted_thinking" => block["data"].is_string(),
            "tool_use" => block["input"].is_object() && block["id"].is_string() && block["name"].is_string(),
            other => !other.is_empty(),
        };
        if !fine {
            return Err(format!("block {block}"));
        }
    }
    Ok(value)
}
