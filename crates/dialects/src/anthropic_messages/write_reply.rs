//! A whole answer to a client.
//!
//! One answer: a caller of this dialect cannot ask for several. What has no place in it and is of another dialect stands in `provider_parts`,
//! as it does for callers of OpenAI chat.

use super::types::{HERE, stop_reason, write_counts};
use chat::{Choice, DialectId, Extras, Fault, FaultKind, Origin, Part, PartKind, ReasoningPart, Reply, Step, Usage};
use wire::json::Kind;
use wire::object::{ArrayWriter, ObjectWriter};
use wire::{Raw, RawRef};

pub(super) fn write(reply: &Reply) -> Result<Vec<u8>, Fault> {
    let nothing = Choice::default();
    let choice = reply.choices.first().unwrap_or(&nothing);
    let body = ObjectWriter::build(|out| {
        out.member("id", &reply.id).member("type", "message").member("role", "assistant").member("model", &reply.model);
        let mut foreign = Vec::new();
        out.array("content", |out| write_content(out, &choice.parts, &mut foreign));
        out.member("stop_reason", stop_reason(choice.finish.as_ref(), Said::of(&choice.parts)));
        out.member("stop_sequence", &choice.finish.as_ref().and_then(|finish| finish.stop_sequence.as_ref()));
        out.extend(choice.extras.of(HERE));
        write_usage(out, reply.usage.unwrap_or_default(), reply.service_tier.as_deref(), &reply.usage_extras);
        out.extend(reply.extras.of(HERE));
        write_foreign(out, &foreign);
    });
    body.map_err(|error| {
        Fault::new(FaultKind::Internal, Origin::Gateway, Step::Relay, "The answer could not be written.").with_cause(error.to_string())
    })
}

/// What a message holds, where its end needs to know.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) calls: bool,
    pub(super) refusal: bool,
}

impl Said {
    fn of(parts: &[Part]) -> Self {
        Self {
            calls: parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_))),
            refusal: parts.iter().any(|part| matches!(part.kind, PartKind::Refusal { .. })),
        }
    }
}

/// A part of a dialect that has no block here.
pub(super) type Foreign<'p> = (DialectId, &'p Raw);

fn write_content<'p>(out: &mut ArrayWriter<'_>, parts: &'p [Part], foreign: &mut Vec<Foreign<'p>>) {
    for (at, part) in parts.iter().enumerate() {
        match &part.kind {
            // What says nothing is refused when it comes back.
            PartKind::Text { text } | PartKind::Refusal { text } | PartKind::Audio { transcript: Some(text), .. } if text.is_empty() => {}
            PartKind::Reasoning(thought) if says_nothing(thought) => {}
            PartKind::Text { text } => write_text(out, text, &own_citations(parts, at), &part.extras),
            PartKind::Refusal { text } => write_text(out, text, &[], &Extras::default()),
            PartKind::Audio { transcript: Some(text), .. } => write_text(out, text, &[], &Extras::default()),
            PartKind::Reasoning(thought) => write_thought(out, thought, &part.extras),
            PartKind::ToolCall(call) => {
                out.object(|out| {
                    out.member("type", "tool_use").member("id", &call.id).member("name", &call.name);
                    out.json("input", &input(&call.arguments)).extend(part.extras.of(HERE));
                });
            }
            PartKind::Native { raw, from } if *from == HERE => {
                out.raw(raw);
            }
            PartKind::Native { raw, from } => foreign.push((*from, raw)),
            PartKind::Citation { raw, from } if *from != HERE => foreign.push((*from, raw)),
            // With the text before it; and what no reader puts into a reply.
            PartKind::Citation { .. }
            | PartKind::Audio { .. }
            | PartKind::Image { .. }
            | PartKind::File { .. }
            | PartKind::ToolResult(_) => {}
        }
    }
}

/// The sources that follow a text.
fn own_citations(parts: &[Part], at: usize) -> Vec<&Raw> {
    let after = parts.iter().skip(at + 1);
    after
        .map_while(|part| match &part.kind {
            PartKind::Citation { raw, from } => Some((raw, *from)),
            _ => None,
        })
        .filter_map(|(raw, from)| (from == HERE).then_some(raw))
        .collect()
}

fn write_text(out: &mut ArrayWriter<'_>, text: &str, citations: &[&Raw], extras: &Extras) {
    out.object(|out| {
        out.member("type", "text").member("text", text);
        if !citations.is_empty() {
            out.member("citations", citations);
        }
        out.extend(extras.of(HERE));
    });
}

fn says_nothing(thought: &ReasoningPart) -> bool {
    thought.text.is_empty() && thought.signature.is_none() && thought.encrypted.is_none()
}

/// A thought that nobody signed has an empty signature: clients rely on the member, and send it back so.
fn write_thought(out: &mut ArrayWriter<'_>, thought: &ReasoningPart, extras: &Extras) {
    out.object(|out| {
        match &thought.encrypted {
            Some(data) => out.member("type", "redacted_thinking").member("data", data),
            None => {
                let signature = thought.signature.as_deref().unwrap_or_default();
                out.member("type", "thinking").member("thinking", &thought.text).member("signature", signature)
            }
        };
        out.extend(extras.of(HERE));
    });
}

/// A call's arguments as the object that this dialect has: what is none stands inside one, as text.
pub(super) fn input(arguments: &str) -> String {
    let text = arguments.trim();
    if text.is_empty() {
        return "{}".to_owned();
    }
    if RawRef::parse(text).is_ok_and(|value| value.kind() == Kind::Object && value.fields().is_ok()) {
        return text.to_owned();
    }
    wrapped(arguments)
}

/// Text as the member `input` of an object.
pub(super) fn wrapped(arguments: &str) -> String {
    format!("{{\"input\":{}}}", wire::json::json_string(arguments))
}

/// This dialect's convention: `input_tokens` leaves out what the cache read and wrote.
pub(super) fn write_usage(out: &mut ObjectWriter<'_>, usage: Usage, tier: Option<&str>, extras: &Extras) {
    out.object("usage", |out| {
        write_counts(out, &usage, extras);
        // OpenAI's word for the tier without priority.
        let tier = tier.map(|tier| if tier == "default" { "standard" } else { tier });
        out.optional("service_tier", &tier);
    });
}

/// Under a name of our own, so that nothing is lost in silence.
pub(super) fn write_foreign(out: &mut ObjectWriter<'_>, foreign: &[Foreign<'_>]) {
    if foreign.is_empty() {
        return;
    }
    out.array("provider_parts", |out| {
        for ((from, raw), n) in foreign.iter().zip(0_u32..) {
            out.object(|out| {
                out.member("index", &n).member("from", from.name()).raw("part", raw);
            });
        }
    });
}
