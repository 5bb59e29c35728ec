//! A whole answer to a client: complete and strict, whatever the provider left out.

use super::types::{ME, finish_word, write_extras, write_nested, write_usage};
use chat::{Choice, Fault, FaultKind, Origin, Part, PartKind, ReasoningPart, Reply, Source, Step, ToolCall};
use wire::object::{ArrayWriter, ObjectWriter};

pub(super) fn write(reply: &Reply) -> Result<Vec<u8>, Fault> {
    let body = ObjectWriter::build(|out| {
        out.member("id", &reply.id).member("object", "chat.completion");
        out.member("created", &reply.created.unwrap_or(0)).member("model", &reply.model);
        out.array("choices", |out| {
            for choice in &reply.choices {
                out.object(|out| write_choice(out, choice));
            }
        });
        if let Some(usage) = &reply.usage {
            out.object("usage", |out| write_usage(out, usage, &reply.usage_extras));
        }
        out.optional("service_tier", &reply.service_tier);
        write_extras(out, &reply.extras, &[]);
    });
    body.map_err(|error| {
        Fault::new(FaultKind::Internal, Origin::Gateway, Step::Relay, "The answer could not be written.").with_cause(error.to_string())
    })
}

fn write_choice(out: &mut ObjectWriter<'_>, choice: &Choice) {
    out.member("index", &choice.index);
    out.object("message", |out| write_message(out, choice));
    out.member("logprobs", &choice.logprobs);
    out.member("finish_reason", &choice.finish.as_ref().map(finish_word));
    write_extras(out, &choice.extras, &[]);
}

fn write_message(out: &mut ObjectWriter<'_>, choice: &Choice) {
    let parts = &choice.parts;
    out.member("role", "assistant");
    out.member("content", &joined(parts, |kind| if let PartKind::Text { text } = kind { Some(text) } else { None }));
    out.member("refusal", &joined(parts, |kind| if let PartKind::Refusal { text } = kind { Some(text) } else { None }));
    write_reasoning(out, parts);
    for part in parts {
        if let PartKind::Audio { source: Source::Base64 { data, .. }, transcript, .. } = &part.kind {
            out.object("audio", |out| {
                out.member("data", data).optional("transcript", transcript);
                write_extras(out, &part.extras, &[]);
            });
        }
    }
    write_tool_calls(out, parts);
    write_foreign(out, parts);
    write_extras(out, &choice.message_extras, &[]);
}

/// Texts of one kind, put together; `None` where there is no such part.
fn joined<'p>(parts: &'p [Part], of: impl Fn(&'p PartKind) -> Option<&'p String>) -> Option<String> {
    let texts: Vec<&str> = parts.iter().filter_map(|part| of(&part.kind)).map(String::as_str).collect();
    if texts.is_empty() { None } else { Some(texts.concat()) }
}

/// Thought as `reasoning_content`, and as `thinking_blocks` where it must go back to its maker unchanged.
pub(super) fn write_reasoning(out: &mut ObjectWriter<'_>, parts: &[Part]) {
    let thoughts = || parts.iter().filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some(thought) } else { None });
    let text: String = thoughts().map(|thought| thought.text.as_str()).collect();
    if !text.is_empty() {
        out.member("reasoning_content", &text);
    }
    if thoughts().any(is_sealed) {
        out.array("thinking_blocks", |out| {
            for thought in thoughts().filter(|thought| is_sealed(thought)) {
                out.object(|out| write_thinking_block(out, thought));
            }
        });
    }
}

fn is_sealed(thought: &ReasoningPart) -> bool {
    thought.signature.is_some() || thought.encrypted.is_some()
}

pub(super) fn write_thinking_block(out: &mut ObjectWriter<'_>, thought: &ReasoningPart) {
    match &thought.encrypted {
        Some(data) => out.member("type", "redacted_thinking").member("data", data),
        None => out.member("type", "thinking").member("thinking", &thought.text).member("signature", &thought.signature),
    };
}

/// Calls, and tool calls of a kind that this dialect alone knows; nothing where there are none.
pub(super) fn write_tool_calls(out: &mut ObjectWriter<'_>, parts: &[Part]) {
    if !parts.iter().any(is_call) {
        return;
    }
    out.array("tool_calls", |out| {
        for part in parts.iter().filter(|part| is_call(part)) {
            write_tool_call(out, part);
        }
    });
}

/// A native part of an answer stands among the calls if it looks like one, else in the content.
pub(super) fn is_call(part: &Part) -> bool {
    match &part.kind {
        PartKind::ToolCall(_) => true,
        PartKind::Native { raw, from } => *from == ME && raw.fields().is_ok_and(|fields| fields.peek("id").is_some()),
        _ => false,
    }
}

fn write_tool_call(out: &mut ArrayWriter<'_>, part: &Part) {
    match &part.kind {
        PartKind::ToolCall(call) => {
            out.object(|out| {
                write_call_members(out, call);
                write_extras(out, &part.extras, &[]);
            });
        }
        PartKind::Native { raw, .. } => {
            out.raw(raw);
        }
        _ => {}
    }
}

fn write_call_members(out: &mut ObjectWriter<'_>, call: &ToolCall) {
    let (kind, arguments) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
    out.member("id", &call.id).member("type", kind);
    out.object(kind, |out| {
        out.member("name", &call.name).member(arguments, &call.arguments);
        write_extras(out, &call.inner_extras, &[]);
    });
}

/// Blocks and citations that this dialect has no place for: told under a name of our own, so that nothing is lost in silence.
fn write_foreign(out: &mut ObjectWriter<'_>, parts: &[Part]) {
    let foreign =
        || parts.iter().filter(|part| matches!(&part.kind, PartKind::Native { .. } | PartKind::Citation { .. }) && !is_call(part));
    if foreign().next().is_none() {
        return;
    }
    out.array("provider_parts", |out| {
        for (part, n) in foreign().zip(0_u32..) {
            if let PartKind::Native { raw, from } | PartKind::Citation { raw, from } = &part.kind {
                out.object(|out| {
                    out.member("index", &n).member("from", from.name()).raw("part", raw);
                });
            }
        }
    });
}

/// `audio: {id}` of an earlier turn.
pub(super) fn write_audio_reference(out: &mut ObjectWriter<'_>, id: &str, part: &Part) {
    out.object("audio", |out| {
        out.member("id", id);
        write_nested(out, &part.extras, "audio");
    });
}
