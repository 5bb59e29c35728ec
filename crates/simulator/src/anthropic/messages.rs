//! The turns of a conversation: roles, blocks, and that every tool use is answered at once.

use super::cache::Markers;
use super::check::{self, Object};
use super::models::Model;
use super::refusal::Refusal;
use super::{Version, signature};
use crate::author::Seen;
use crate::openai::messages::decoded_length;
use crate::tokens;
use serde_json::Value;

/// What the answer needs to know of the messages.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// Of the last user turn that has text.
    pub(super) text: String,
    pub(super) seen: Vec<Seen>,
    /// Tool results of the last turn.
    pub(super) results: Vec<String>,
    pub(super) has_tool_blocks: bool,
    /// The path of the last assistant turn's first block, where that turn uses tools and does not begin with thinking.
    pub(super) unthought: Option<(String, String)>,
}

const IMAGE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];
const MOST_MESSAGES: usize = 100_000;

pub(super) fn read(body: &Object, model: &Model, name: &str, version: Version, markers: &mut Markers) -> Result<Conversation, Refusal> {
    let messages = check::list(check::required(body, "messages", "")?, "messages")?;
    if messages.is_empty() {
        return Err(Refusal::field("messages", "at least one message is required"));
    }
    if messages.len() > MOST_MESSAGES {
        return Err(Refusal::field("messages", &format!("List should have at most {MOST_MESSAGES} items after validation")));
    }
    let signer = model.bound_signatures.then(|| name.to_owned());
    let mut reader = Reader {
        conversation: Conversation::default(),
        unanswered: Vec::new(),
        markers,
        signer,
        version,
        system_turns: model.system_turns,
    };
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages.{index}");
        reader.message(check::object(message, &path)?, &path, index, index + 1 == messages.len())?;
    }
    if !reader.unanswered.is_empty() {
        return Err(reader.not_answered(messages.len() - 1));
    }
    if let Some(Value::String(role)) = messages.last().and_then(|last| last.get("role"))
        && role == "assistant"
    {
        check_prefill(messages.last().and_then(|last| last.get("content")), model)?;
    }
    Ok(reader.conversation)
}

fn check_prefill(content: Option<&Value>, model: &Model) -> Result<(), Refusal> {
    if !model.prefill {
        return Err(Refusal::invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ));
    }
    let text = match content {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Array(blocks)) => blocks.last().and_then(|block| block.get("text")).and_then(Value::as_str),
        _ => None,
    };
    if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Refusal::field("messages", "final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

struct Reader<'a> {
    conversation: Conversation,
    /// Tool uses of the turn before that have no result yet.
    unanswered: Vec<String>,
    markers: &'a mut Markers,
    /// The model that signatures must be of.
    signer: Option<String>,
    version: Version,
    system_turns: bool,
}

impl Reader<'_> {
    fn message(&mut self, message: &Object, path: &str, index: usize, last: bool) -> Result<(), Refusal> {
        check::closed(message, path, &["role", "content"])?;
        let role = check::required_text(message, "role", path)?;
        if !matches!(role, "user" | "assistant" | "system") {
            return Err(Refusal::field(&format!("{path}.role"), "Input should be 'user' or 'assistant'"));
        }
        if role == "system" && !self.system_turns {
            let problem = "Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.";
            return Err(Refusal::field("messages", problem));
        }
        if index == 0 && role != "user" {
            return Err(Refusal::field("messages", "first message must use the \"user\" role"));
        }
        if role != "user" && !self.unanswered.is_empty() {
            return Err(self.not_answered(index - 1));
        }
        let content = check::required(message, "content", path)?;
        if is_empty(content) && !(last && role == "assistant") {
            return Err(Refusal::field(path, "all messages must have non-empty content except for the optional final assistant message"));
        }
        self.markers.pass(tokens::MESSAGE);
        let content_path = format!("{path}.content");
        match (content, role) {
            (Value::String(text), "user") => self.user_turn(&[], text, &content_path, index),
            (Value::String(text), role) => {
                self.forget_results(role);
                self.markers.pass(tokens::of_input(text));
                Ok(())
            }
            (Value::Array(blocks), "user") => self.user_turn(blocks, "", &content_path, index),
            (Value::Array(blocks), role) => {
                self.forget_results(role);
                self.assistant_turn(blocks, &content_path, role)
            }
            _ => Err(Refusal::field(&content_path, "Input should be a valid list")),
        }
    }

    fn forget_results(&mut self, role: &str) {
        if role == "assistant" {
            self.conversation.results.clear();
            self.conversation.unthought = None;
        }
    }

    fn not_answered(&self, index: usize) -> Refusal {
        Refusal::field(
            &format!("messages.{index}"),
            &format!(
                "`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding \
                 `tool_result` block in the next message.",
                self.unanswered.join(", ")
            ),
        )
    }

    fn user_turn(&mut self, blocks: &[Value], text: &str, path: &str, index: usize) -> Result<(), Refusal> {
        let mut turn = Turn { texts: if text.is_empty() { Vec::new() } else { vec![text.to_owned()] }, ..Turn::default() };
        self.markers.pass(tokens::of_input(text));
        for (at, block) in blocks.iter().enumerate() {
            let path = format!("{path}.{at}");
            let block = check::object(block, &path)?;
            let kind = check::required_text(block, "type", &path)?;
            if kind != "tool_result" && !self.unanswered.is_empty() {
                return Err(self.not_answered(index.saturating_sub(1)));
            }
            self.user_block(block, kind, &path, &mut turn)?;
            self.markers.read(block, &format!("{path}.{kind}"))?;
        }
        if !self.unanswered.is_empty() {
            return Err(self.not_answered(index.saturating_sub(1)));
        }
        self.conversation.results = turn.results;
        if !turn.texts.is_empty() || !turn.seen.is_empty() {
            self.conversation.text = turn.texts.join("\n");
            self.conversation.seen = turn.seen;
        } else {
            self.conversation.seen.clear();
        }
        Ok(())
    }

    fn user_block(&mut self, block: &Object, kind: &str, path: &str, turn: &mut Turn) -> Result<(), Refusal> {
        match kind {
            "tool_result" => self.tool_result(block, &format!("{path}.tool_result"), turn),
            "text" => {
                let text = self.text_block(block, &format!("{path}.text"))?;
                let cited = check::given(block, "citations").and_then(Value::as_array).is_some_and(|citations| !citations.is_empty());
                if cited && self.version == Version::V2026 {
                    return Err(Refusal::field(&format!("{path}.text.citations"), "citations are not permitted in user messages"));
                }
                turn.texts.push(text);
                Ok(())
            }
            _ => self.media(block, kind, path).map(|seen| turn.seen.extend(seen)),
        }
    }

    fn assistant_turn(&mut self, blocks: &[Value], path: &str, role: &str) -> Result<(), Refusal> {
        for (at, block) in blocks.iter().enumerate() {
            let path = format!("{path}.{at}");
            let block = check::object(block, &path)?;
            let kind = check::required_text(block, "type", &path)?;
            match kind {
                "text" => drop(self.text_block(block, &format!("{path}.text"))?),
                "tool_use" if role == "assistant" => self.tool_use(block, &format!("{path}.tool_use"))?,
                "thinking" if role == "assistant" => self.thinking(block, &path)?,
                "redacted_thinking" if role == "assistant" => redacted(block, &path)?,
                "document" if role == "assistant" && self.version == Version::V2023 => drop(self.media(block, kind, &path)?),
                _ => return Err(unexpected_tag(&path, kind, "'redacted_thinking', 'text', 'thinking', 'tool_use'")),
            }
            self.markers.read(block, &format!("{path}.{kind}"))?;
        }
        let kind_of =
            |block: Option<&Value>| block.and_then(|block| block.get("type")).and_then(Value::as_str).unwrap_or_default().to_owned();
        let first = kind_of(blocks.first());
        if !self.unanswered.is_empty() && !first.ends_with("thinking") {
            self.conversation.unthought = Some((format!("{path}.0.type"), first));
        }
        Ok(())
    }

    fn text_block(&mut self, block: &Object, path: &str) -> Result<String, Refusal> {
        check::closed(block, path, &["type", "text", "cache_control", "citations"])?;
        let text = check::required_text(block, "text", path)?;
        if text.is_empty() {
            return Err(Refusal::field("messages", "text content blocks must be non-empty"));
        }
        if text.trim().is_empty() {
            return Err(Refusal::field("messages", "text content blocks must contain non-whitespace text"));
        }
        self.markers.pass(tokens::of_input(text));
        Ok(text.to_owned())
    }

    fn tool_use(&mut self, block: &Object, path: &str) -> Result<(), Refusal> {
        check::closed(block, path, &["type", "id", "name", "input", "cache_control", "caller"])?;
        let id = check::required_text(block, "id", path)?;
        check::identifier(id, &format!("{path}.id"), usize::MAX)?;
        check::identifier(check::required_text(block, "name", path)?, &format!("{path}.name"), 200)?;
        let input = check::required(block, "input", path)?;
        check::object(input, &format!("{path}.input"))?;
        if self.unanswered.iter().any(|unanswered| unanswered == id) {
            return Err(Refusal::field("messages", "`tool_use` ids must be unique"));
        }
        self.markers.pass(tokens::of_input(&input.to_string()));
        self.unanswered.push(id.to_owned());
        self.conversation.has_tool_blocks = true;
        Ok(())
    }

    fn thinking(&mut self, block: &Object, path: &str) -> Result<(), Refusal> {
        let inner = format!("{path}.thinking");
        check::closed(block, &inner, &["type", "thinking", "signature"])?;
        let thinking = check::required_text(block, "thinking", &inner)?;
        let signature = check::required_text(block, "signature", &inner)?;
        if !signature::holds(signature, thinking, self.signer.as_deref()) {
            return Err(Refusal::field(path, "Invalid `signature` in `thinking` block"));
        }
        self.markers.pass(tokens::of_input(thinking));
        Ok(())
    }

    fn tool_result(&mut self, block: &Object, path: &str, turn: &mut Turn) -> Result<(), Refusal> {
        check::closed(block, path, &["type", "tool_use_id", "content", "is_error", "cache_control"])?;
        let id = check::required_text(block, "tool_use_id", path)?;
        check::flag(block, "is_error", path)?;
        let Some(position) = self.unanswered.iter().position(|unanswered| unanswered == id) else {
            let problem = format!(
                "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            );
            return Err(Refusal::field(path.trim_end_matches(".tool_result"), &problem));
        };
        self.unanswered.remove(position);
        let path = format!("{path}.content");
        let mut texts = Vec::new();
        match check::given(block, "content") {
            None => {}
            Some(Value::String(text)) => {
                self.markers.pass(tokens::of_input(text));
                texts.push(text.clone());
            }
            Some(Value::Array(parts)) => {
                for (at, part) in parts.iter().enumerate() {
                    let path = format!("{path}.{at}");
                    let part = check::object(part, &path)?;
                    match check::required_text(part, "type", &path)? {
                        "text" => texts.push(self.text_block(part, &format!("{path}.text"))?),
                        kind => turn.seen.extend(self.media(part, kind, &path)?),
                    }
                }
            }
            Some(_) => return Err(Refusal::field(&path, "Input should be a valid list")),
        }
        turn.results.push(texts.join("\n"));
        Ok(())
    }

    /// Images, documents and search results.
    fn media(&mut self, block: &Object, kind: &str, path: &str) -> Result<Option<Seen>, Refusal> {
        let inner = format!("{path}.{kind}");
        match kind {
            "image" => check::closed(block, &inner, &["type", "source", "cache_control"])?,
            "document" => check::closed(block, &inner, &["type", "source", "title", "context", "citations", "cache_control"])?,
            "search_result" => {
                check::required_text(block, "title", &inner)?;
                return Ok(None);
            }
            _ => return Err(unexpected_tag(path, kind, "'document', 'image', 'search_result', 'text', 'tool_result'")),
        }
        let source_path = format!("{inner}.source");
        let source = check::object(check::required(block, "source", &inner)?, &source_path)?;
        let form = check::required_text(source, "type", &source_path)?;
        let path = format!("{source_path}.{form}");
        self.markers.pass(tokens::IMAGE);
        match (form, kind) {
            ("base64", _) => self.inline(source, kind, &path).map(Some),
            ("url", _) => {
                let url = check::required_text(source, "url", &path)?;
                let linked = url.starts_with("https://") || url.starts_with("http://");
                if linked { Ok(Some(Seen::Linked(url.to_owned()))) } else { Err(Refusal::invalid("Only HTTPS URLs are supported.")) }
            }
            ("file", _) => Ok(Some(Seen::Linked(format!("file {}", check::required_text(source, "file_id", &path)?)))),
            ("text", "document") => {
                check::one_of(check::required(source, "media_type", &path)?, &format!("{path}.media_type"), &["text/plain"])?;
                let data = check::required_text(source, "data", &path)?;
                self.markers.pass(tokens::of_input(data));
                Ok(Some(Seen::Inline { media_type: "text/plain".to_owned(), bytes: data.len() }))
            }
            _ => Err(unexpected_tag(&source_path, form, "'base64', 'file', 'url'")),
        }
    }

    fn inline(&mut self, source: &Object, kind: &str, path: &str) -> Result<Seen, Refusal> {
        check::closed(source, path, &["type", "media_type", "data"])?;
        let types = if kind == "image" { IMAGE_TYPES } else { &["application/pdf"] };
        let media_type = check::one_of(check::required(source, "media_type", path)?, &format!("{path}.media_type"), types)?;
        let data = check::required_text(source, "data", path)?;
        let bytes = decoded_length(data).ok_or_else(|| Refusal::field(&format!("{path}.data"), "Invalid base64 data"))?;
        Ok(Seen::Inline { media_type: media_type.to_owned(), bytes })
    }
}

#[derive(Default)]
struct Turn {
    texts: Vec<String>,
    seen: Vec<Seen>,
    results: Vec<String>,
}

fn redacted(block: &Object, path: &str) -> Result<(), Refusal> {
    let inner = format!("{path}.redacted_thinking");
    check::closed(block, &inner, &["type", "data"])?;
    let data = check::required_text(block, "data", &inner)?;
    if signature::is_redacted(data) { Ok(()) } else { Err(Refusal::field(path, "Invalid `data` in `redacted_thinking` block")) }
}

fn is_empty(content: &Value) -> bool {
    match content {
        Value::String(text) => text.is_empty(),
        Value::Array(blocks) => blocks.is_empty(),
        _ => false,
    }
}

fn unexpected_tag(path: &str, tag: &str, expected: &str) -> Refusal {
    Refusal::field(path, &format!("Input tag '{tag}' found using 'type' does not match any of the expected tags: {expected}"))
}
