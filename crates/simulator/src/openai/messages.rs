//! The messages of a chat request: roles, shapes, and that every tool call is answered.

use super::check::{self, Object};
use super::refusal::Refusal;
use crate::author::Seen;
use crate::tokens;
use serde_json::Value;

/// What the answer needs to know of the messages.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// Of the last user message.
    pub(crate) text: String,
    pub(crate) seen: Vec<Seen>,
    /// Tool results after the last user or assistant message.
    pub(crate) results: Vec<String>,
    pub(crate) input_tokens: u64,
    pub(crate) speaks_of_json: bool,
    pub(crate) cache_marked: bool,
}

const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];

pub(crate) fn read(messages: Option<&Value>) -> Result<Conversation, Refusal> {
    read_with(messages, &["name", "refusal", "audio", "annotations"])
}

/// `assistant_members` are those that an assistant's message may have beside content and calls.
pub(crate) fn read_with(messages: Option<&Value>, assistant_members: &'static [&'static str]) -> Result<Conversation, Refusal> {
    let value = messages.filter(|value| !value.is_null()).ok_or_else(|| Refusal::missing("messages"))?;
    let messages = check::list(value, "messages", "an array of objects")?;
    if messages.is_empty() {
        let problem = "empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Refusal::invalid("messages", problem, "empty_array"));
    }
    let mut reader = Reader {
        conversation: Conversation { input_tokens: 3, ..Conversation::default() },
        unanswered: Vec::new(),
        asked_at: 0,
        after_call: false,
        assistant_members,
    };
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        reader.message(check::object(message, &path)?, &path, index)?;
    }
    reader.all_answered()?;
    Ok(reader.conversation)
}

struct Reader {
    conversation: Conversation,
    /// Ids of the last assistant message's calls that have no result yet.
    unanswered: Vec<String>,
    asked_at: usize,
    /// Tool messages may stand here.
    after_call: bool,
    assistant_members: &'static [&'static str],
}

impl Reader {
    fn message(&mut self, message: &Object, path: &str, index: usize) -> Result<(), Refusal> {
        let role = check::given(message, "role").ok_or_else(|| Refusal::missing(&format!("{path}.role")))?;
        let role = check::one_of(role, &format!("{path}.role"), ROLES)?;
        self.conversation.input_tokens += tokens::MESSAGE;
        if let Some(name) = check::given(message, "name") {
            check::text(name, &format!("{path}.name"))?;
        }
        if role == "tool" {
            return self.tool(message, path, index);
        }
        self.all_answered()?;
        self.after_call = false;
        match role {
            "assistant" => self.assistant(message, path, index),
            "function" => check::required_text(message, "name", path).and_then(|_| self.content(message, path, &["text"])).map(drop),
            "user" => self.user(message, path),
            _ => {
                check::closed(message, path, &["role", "content", "name"])?;
                self.content(message, path, &["text"]).map(drop)
            }
        }
    }

    fn user(&mut self, message: &Object, path: &str) -> Result<(), Refusal> {
        check::closed(message, path, &["role", "content", "name"])?;
        self.conversation.seen.clear();
        self.conversation.results.clear();
        self.conversation.text = self.content(message, path, &["text", "image_url", "input_audio", "file"])?;
        Ok(())
    }

    fn assistant(&mut self, message: &Object, path: &str, index: usize) -> Result<(), Refusal> {
        let known = [&["role", "content", "tool_calls", "function_call"], self.assistant_members].concat();
        check::closed(message, path, &known)?;
        self.conversation.results.clear();
        let calls = check::given(message, "tool_calls");
        let excused = calls.is_some() || ["function_call", "refusal", "audio"].iter().any(|name| check::given(message, name).is_some());
        if check::given(message, "content").is_some() || !excused {
            self.content(message, path, &["text", "refusal"])?;
        }
        let Some(calls) = calls else { return Ok(()) };
        let path = format!("{path}.tool_calls");
        let calls = check::list(calls, &path, "an array of objects")?;
        if calls.is_empty() {
            let problem = "empty array. Expected an array with minimum length 1, but got an empty array instead.";
            return Err(Refusal::invalid(&path, problem, "empty_array"));
        }
        for (at, call) in calls.iter().enumerate() {
            let id = self.call(call, &format!("{path}[{at}]"))?;
            self.unanswered.push(id);
        }
        self.asked_at = index;
        self.after_call = true;
        Ok(())
    }

    fn call(&mut self, call: &Value, path: &str) -> Result<String, Refusal> {
        let call = check::object(call, path)?;
        let id = check::required_text(call, "id", path)?;
        let kind_path = format!("{path}.type");
        let kind = check::given(call, "type").ok_or_else(|| Refusal::missing(&kind_path))?;
        let (member, input) = match check::one_of(kind, &kind_path, &["function", "custom"])? {
            "custom" => ("custom", "input"),
            _ => ("function", "arguments"),
        };
        let path = format!("{path}.{member}");
        let inner = check::object(check::given(call, member).ok_or_else(|| Refusal::missing(&path))?, &path)?;
        let name = check::required_text(inner, "name", &path)?;
        check::identifier(name, &format!("{path}.name"))?;
        let input = check::required_text(inner, input, &path)?;
        self.conversation.input_tokens += tokens::of_input(name) + tokens::of_input(input);
        Ok(id.to_owned())
    }

    fn tool(&mut self, message: &Object, path: &str, index: usize) -> Result<(), Refusal> {
        check::closed(message, path, &["role", "content", "tool_call_id", "name"])?;
        if !self.after_call {
            let problem = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
            return Err(Refusal::new(400, problem.to_owned()).param(format!("messages.[{index}].role")));
        }
        let id = check::required_text(message, "tool_call_id", path)?;
        let Some(position) = self.unanswered.iter().position(|unanswered| unanswered == id) else {
            let problem = format!("Invalid parameter: 'tool_call_id' of '{id}' not found in 'tool_calls' of previous message.");
            return Err(Refusal::new(400, problem).param(format!("messages.[{index}].tool_call_id")));
        };
        self.unanswered.remove(position);
        let result = self.content(message, path, &["text"])?;
        self.conversation.results.push(result);
        Ok(())
    }

    fn all_answered(&self) -> Result<(), Refusal> {
        if self.unanswered.is_empty() {
            return Ok(());
        }
        let message = format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. \
             The following tool_call_ids did not have response messages: {}",
            self.unanswered.join(", ")
        );
        Err(Refusal::new(400, message).param(format!("messages.[{}].role", self.asked_at + 1)))
    }

    /// Reads `content` as text or parts of the given types; returns the text.
    fn content(&mut self, message: &Object, path: &str, types: &[&str]) -> Result<String, Refusal> {
        let path = format!("{path}.content");
        let text = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => self.parts(parts, &path, types)?,
            None => return Err(Refusal::missing(&path)),
            Some(other) => {
                let message = format!(
                    "Invalid value for 'content': expected a string, got {}.",
                    if other.is_null() { "null" } else { "something else" }
                );
                return Err(Refusal::new(400, message).param(path.replace('[', ".[")));
            }
        };
        self.conversation.input_tokens += tokens::of_input(&text);
        self.conversation.speaks_of_json |= text.to_ascii_lowercase().contains("json");
        Ok(text)
    }

    fn parts(&mut self, parts: &[Value], path: &str, types: &[&str]) -> Result<String, Refusal> {
        let mut texts = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            let path = format!("{path}[{at}]");
            let part = check::object(part, &path)?;
            let kind_path = format!("{path}.type");
            let kind = check::given(part, "type").ok_or_else(|| Refusal::missing(&kind_path))?;
            let kind = check::one_of(kind, &kind_path, types)?;
            check::closed(part, &path, &["type", kind, "prompt_cache_breakpoint"])?;
            self.conversation.cache_marked |= check::given(part, "prompt_cache_breakpoint").is_some();
            match kind {
                "text" | "refusal" => texts.push(check::required_text(part, kind, &path)?.to_owned()),
                "image_url" => self.image(part, &path)?,
                "input_audio" => self.audio(part, &path)?,
                _ => self.file(part, &path)?,
            }
        }
        Ok(texts.join("\n"))
    }

    fn image(&mut self, part: &Object, path: &str) -> Result<(), Refusal> {
        let path = format!("{path}.image_url");
        let image = check::object(check::given(part, "image_url").ok_or_else(|| Refusal::missing(&path))?, &path)?;
        check::closed(image, &path, &["url", "detail"])?;
        let url = check::required_text(image, "url", &path)?;
        if let Some(detail) = check::given(image, "detail") {
            check::one_of(detail, &format!("{path}.detail"), &["auto", "low", "high", "original"])?;
        }
        self.conversation.input_tokens += tokens::IMAGE;
        self.conversation.seen.push(look(url, &path)?);
        Ok(())
    }

    fn audio(&mut self, part: &Object, path: &str) -> Result<(), Refusal> {
        let path = format!("{path}.input_audio");
        let audio = check::object(check::given(part, "input_audio").ok_or_else(|| Refusal::missing(&path))?, &path)?;
        let format_path = format!("{path}.format");
        let format = check::given(audio, "format").ok_or_else(|| Refusal::missing(&format_path))?;
        let format = check::one_of(format, &format_path, &["wav", "mp3"])?;
        let data = check::required_text(audio, "data", &path)?;
        let bytes = decoded_length(data).ok_or_else(|| Refusal::invalid(&format!("{path}.data"), "expected base64.", "invalid_value"))?;
        self.conversation.seen.push(Seen::Inline { media_type: format!("audio/{format}"), bytes });
        Ok(())
    }

    fn file(&mut self, part: &Object, path: &str) -> Result<(), Refusal> {
        let path = format!("{path}.file");
        let file = check::object(check::given(part, "file").ok_or_else(|| Refusal::missing(&path))?, &path)?;
        check::closed(file, &path, &["file_id", "file_data", "filename"])?;
        let seen = match (check::given(file, "file_id"), check::given(file, "file_data")) {
            (Some(id), _) => Seen::Linked(format!("file {}", check::text(id, &format!("{path}.file_id"))?)),
            (None, Some(data)) => {
                check::required_text(file, "filename", &path)?;
                look(check::text(data, &format!("{path}.file_data"))?, &path)?
            }
            (None, None) => return Err(Refusal::missing(&format!("{path}.file_id"))),
        };
        self.conversation.seen.push(seen);
        Ok(())
    }
}

/// An http(s) URL, or a `data:` URL of which the media type and size are told.
pub(crate) fn look(url: &str, path: &str) -> Result<Seen, Refusal> {
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(Seen::Linked(url.to_owned()));
    }
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let seen = data.and_then(|(media_type, data)| Some(Seen::Inline { media_type: media_type.to_owned(), bytes: decoded_length(data)? }));
    seen.ok_or_else(|| {
        let problem = "Expected a valid URL, but got a value with an invalid format.";
        Refusal::invalid(&format!("{path}.url"), problem, "invalid_value")
    })
}

/// How many bytes a base64 text stands for, without decoding it.
pub(crate) fn decoded_length(data: &str) -> Option<usize> {
    let plain = data.trim_end_matches('=');
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    (data.len().is_multiple_of(4) && data.len() - plain.len() <= 2 && !plain.is_empty() && plain.bytes().all(valid))
        .then_some(plain.len() * 3 / 4)
}
