//! A whole answer.

use super::errors;
use super::types::{HERE, billed, extras, finish_kind, owned, type_of};
use chat::{Choice, Extras, Fault, Finish, Part, PartKind, ReasoningPart, Reply, Step, ToolCall, Usage};
use wire::RawRef;
use wire::object::{FieldError, Fields};

pub(super) fn read(body: &[u8]) -> Result<Reply, Fault> {
    let fields = Fields::parse_bytes(body).map_err(|error| malformed(&FieldError::from(error)))?;
    match fields.peek("type").and_then(RawRef::as_str).as_deref() {
        Some("message") => message(fields).map_err(|error| malformed(&error)),
        Some("error") => Err(errors::in_success(body)),
        _ => Err(malformed(&FieldError::new("type", "is not `message`"))),
    }
}

/// The usage alone, without the content.
pub(super) fn read_usage(body: &[u8]) -> Option<Usage> {
    let mut fields = Fields::parse_bytes(body).ok()?;
    let usage = fields.take_fields("usage").ok()??;
    Some(billed(usage).ok()?.counts.usage())
}

fn malformed(error: &FieldError) -> Fault {
    Fault::bad_response(Step::Translate, "The provider's answer is not a message of the Anthropic dialect.").with_cause(error.to_string())
}

fn message(mut fields: Fields<'_>) -> Result<Reply, FieldError> {
    let _: Option<String> = fields.take_as("type")?;
    let _: Option<String> = fields.take_as("role")?;
    let mut reply =
        Reply { id: fields.take_as("id")?.unwrap_or_default(), model: fields.take_as("model")?.unwrap_or_default(), ..Reply::default() };
    let content = fields.take_items("content")?.ok_or_else(|| FieldError::new("content", "is missing"))?;
    let mut choice = Choice { parts: parts(&content)?, ..Choice::default() };
    choice.finish = finish(fields.take_as("stop_reason")?, fields.take_as("stop_sequence")?);
    if let Some(details) = fields.take("stop_details").filter(|details| !details.is_null()) {
        choice.extras.push(HERE, "stop_details", details);
    }
    reply.choices.push(choice);
    if let Some(usage) = fields.take_fields("usage")? {
        let billed = billed(usage).map_err(|error| error.within("usage"))?;
        reply.usage = Some(billed.counts.usage());
        reply.service_tier = billed.service_tier;
        reply.usage_extras = billed.extras;
    }
    reply.extras = extras(fields);
    Ok(reply)
}

/// Why it ended; `None` where the provider does not say.
pub(super) fn finish(stop_reason: Option<String>, stop_sequence: Option<String>) -> Option<Finish> {
    stop_reason.map(|native| Finish { kind: finish_kind(&native), native, stop_sequence })
}

fn parts(content: &[RawRef<'_>]) -> Result<Vec<Part>, FieldError> {
    let mut parts = Vec::with_capacity(content.len());
    for (n, block) in content.iter().enumerate() {
        read_block(*block, &mut parts).map_err(|error| error.within(&format!("content[{n}]")))?;
    }
    Ok(parts)
}

fn read_block(block: RawRef<'_>, parts: &mut Vec<Part>) -> Result<(), FieldError> {
    let kind = type_of(block).ok_or_else(|| FieldError::new("type", "is missing"))?;
    let mut fields = block.fields()?;
    match kind.as_str() {
        "text" => {
            let text = fields.require("text")?;
            let citations = fields.take_items("citations")?.unwrap_or_default();
            parts.push(part(PartKind::Text { text }, fields));
            for citation in citations {
                parts.push(Part::new(PartKind::Citation { raw: owned(citation)?, from: HERE }));
            }
        }
        "thinking" => {
            let text = fields.take_as("thinking")?.unwrap_or_default();
            let signature = fields.take_as::<String>("signature")?.filter(|signature| !signature.is_empty());
            parts.push(part(PartKind::Reasoning(ReasoningPart { text, signature, encrypted: None, from: HERE }), fields));
        }
        "redacted_thinking" => {
            let encrypted = Some(fields.require("data")?);
            parts.push(part(PartKind::Reasoning(ReasoningPart { text: String::new(), signature: None, encrypted, from: HERE }), fields));
        }
        "tool_use" => {
            let call = ToolCall {
                id: fields.require("id")?,
                name: fields.require("name")?,
                arguments: fields.take_ref("input").filter(|input| !input.is_null()).map_or("{}", RawRef::text).to_owned(),
                custom: false,
                inner_extras: Extras::default(),
            };
            parts.push(part(PartKind::ToolCall(call), fields));
        }
        // The provider's own tools, and whatever comes next: whole, for this dialect alone.
        _ => parts.push(Part::new(PartKind::Native { raw: owned(block)?, from: HERE })),
    }
    Ok(())
}

fn part(kind: PartKind, mut fields: Fields<'_>) -> Part {
    fields.take_ref("type");
    Part { extras: extras(fields), ..Part::new(kind) }
}
