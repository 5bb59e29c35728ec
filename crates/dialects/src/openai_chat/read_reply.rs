//! A provider's whole answer.

use super::errors::{self, Said};
use super::think;
use super::types::{ME, is_failure, keep_nested, kept, loose_arguments, loose_text, loose_time, minted_call_id, read_finish, read_usage};
use crate::Leniency;
use chat::{Choice, DialectId, Extras, Fault, Part, PartKind, ReasoningPart, Reply, Source, Step, ToolCall, Usage};
use wire::RawRef;
use wire::json::{self, Kind, Limits};
use wire::object::Fields;

/// Reads leniently: providers that imitate OpenAI leave things out and add others (providers/custom.md §3).
pub(super) fn read(body: &[u8], leniency: Leniency) -> Result<Reply, Fault> {
    let broken = |why: &str| Fault::bad_response(Step::FirstByte, format!("The provider's answer is no chat completion: {why}."));
    let text = std::str::from_utf8(body).map_err(|_| broken("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut fields = Fields::parse(text).map_err(|error| broken(&error.to_string()))?;
    if let Some(said) = errors::told(&fields) {
        return Err(errors::in_band(&said, Step::FirstByte));
    }
    let items = fields.take_items("choices").ok().flatten().ok_or_else(|| broken("it has no list of choices"))?;
    let mut reply = Reply {
        id: loose_text(fields.take_ref("id")).unwrap_or_default(),
        model: loose_text(fields.take_ref("model")).unwrap_or_default(),
        created: loose_time(fields.take_ref("created")),
        service_tier: loose_text(fields.take_ref("service_tier")),
        ..Reply::default()
    };
    fields.take_ref("object");
    for (item, position) in items.into_iter().zip(0_u32..) {
        let choice = item.fields().map_err(|_| broken("a choice is not an object"))?;
        let mut choice = read_choice(choice, position, &reply.id).ok_or_else(|| broken("a choice has no message"))?;
        if let Some(finish) = choice.finish.as_ref().filter(|finish| is_failure(&finish.native)) {
            return Err(errors::in_band(&Said::broken_off(&finish.native), Step::FirstByte));
        }
        think::split(&mut choice.parts, leniency.think_tags);
        reply.choices.push(choice);
    }
    if let Some((usage, extras)) = take_usage(&mut fields) {
        reply.usage = Some(usage);
        reply.usage_extras = extras;
    }
    reply.extras = kept(fields);
    Ok(reply)
}

/// Only the usage, by one scan over the top level.
pub(crate) fn usage_of(body: &[u8]) -> Option<Usage> {
    let object = json::scan(body, &Limits::default()).ok()?;
    let own = object.get("usage").filter(|member| member.kind == Kind::Object).and_then(|member| read_usage(member.raw()));
    own.or_else(|| usage_of_groq(object.get("x_groq")?.raw())).map(|(usage, _)| usage)
}

/// The usage object, or else the one that Groq repeats in a member of its own; never both.
pub(super) fn take_usage(fields: &mut Fields<'_>) -> Option<(Usage, Extras)> {
    let own = fields.peek("usage").filter(|raw| raw.kind() == Kind::Object).and_then(read_usage);
    if own.is_some() || fields.peek("usage").is_some_and(RawRef::is_null) {
        fields.take_ref("usage");
    }
    own.or_else(|| usage_of_groq(fields.peek("x_groq")?))
}

fn usage_of_groq(raw: RawRef<'_>) -> Option<(Usage, Extras)> {
    // The rest of this object stays where it is, so the copy of the counts has no extras of its own.
    let inner = raw.fields().ok()?.take_ref("usage").filter(|usage| usage.kind() == Kind::Object)?;
    read_usage(inner).map(|(usage, _)| (usage, Extras::default()))
}

fn read_choice(mut fields: Fields<'_>, position: u32, reply_id: &str) -> Option<Choice> {
    let index = loose_text(fields.take_ref("index")).and_then(|text| text.parse().ok()).unwrap_or(position);
    let mut message = fields.take_fields("message").ok().flatten()?;
    let parts = read_message(&mut message, index, reply_id);
    let has_calls = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall(_)));
    let finish = loose_text(fields.take_ref("finish_reason")).and_then(|word| read_finish(&word, has_calls));
    let logprobs = fields.take("logprobs").filter(|raw| !raw.is_null());
    Some(Choice { index, parts, finish, logprobs, extras: kept(fields), message_extras: kept(message) })
}

/// The parts of a message: thought, content, refusal, sound, calls.
fn read_message(message: &mut Fields<'_>, choice: u32, reply_id: &str) -> Vec<Part> {
    message.take_ref("role");
    let mut parts = read_reasoning(message);
    if parts.is_empty() {
        parts.extend(read_other_reasoning(message));
    }
    read_content(message.take_ref("content"), &mut parts);
    if let Some(text) = take_text(message, "refusal") {
        parts.push(Part::new(PartKind::Refusal { text }));
    }
    if let Ok(Some(audio)) = message.take_fields("audio") {
        parts.push(read_audio(audio));
    }
    read_tool_calls(message, choice, reply_id, &mut parts);
    parts
}

/// Takes a member that is text or null; another kind stays for the extras.
fn take_text(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let raw = fields.peek(name)?;
    match raw.kind() {
        Kind::String => {
            let text = raw.as_str()?.into_owned();
            fields.take_ref(name);
            Some(text)
        }
        Kind::Null => {
            fields.take_ref(name);
            None
        }
        _ => None,
    }
}

/// The text of a thought under either of its names, and our own blocks of signed or encrypted thought.
pub(super) fn read_reasoning(fields: &mut Fields<'_>) -> Vec<Part> {
    let blocks = read_thinking_blocks(fields);
    let told: String = blocks
        .iter()
        .filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some(thought.text.as_str()) } else { None })
        .collect();
    let first = take_text(fields, "reasoning_content").filter(|text| !text.is_empty());
    let second = match (&first, fields.peek("reasoning").and_then(RawRef::as_str)) {
        // Two different texts are not one thought under two names: the second stays as it came.
        (Some(first), Some(second)) if *first != second && !second.is_empty() => None,
        _ => take_text(fields, "reasoning").filter(|text| !text.is_empty()),
    };
    let mut parts = Vec::new();
    if let Some(text) = first.or(second).filter(|text| *text != told) {
        parts.push(Part::new(PartKind::Reasoning(ReasoningPart { text, signature: None, encrypted: None, from: ME })));
    }
    parts.extend(blocks);
    parts
}

/// Thought under the names of fewer servers. The list of details stays too: its server wants it back as it was.
fn read_other_reasoning(message: &mut Fields<'_>) -> Option<Part> {
    let text = take_text(message, "thinking").or_else(|| details_text(message)).filter(|text| !text.is_empty())?;
    Some(Part::new(PartKind::Reasoning(ReasoningPart { text, signature: None, encrypted: None, from: ME })))
}

/// What `reasoning_details` (OpenRouter) says in words.
pub(super) fn details_text(fields: &Fields<'_>) -> Option<String> {
    let items = fields.peek("reasoning_details")?.items().ok()?;
    let said = items.iter().filter_map(|item| {
        let detail = item.fields().ok()?;
        ["text", "summary"].iter().find_map(|name| loose_text(detail.peek(name)))
    });
    Some(said.collect())
}

/// `thinking_blocks`: Anthropic's blocks, as clients of this dialect carry them to the next turn.
fn read_thinking_blocks(fields: &mut Fields<'_>) -> Vec<Part> {
    let items = fields.peek("thinking_blocks").and_then(|raw| raw.items().ok()).unwrap_or_default();
    let blocks: Option<Vec<Part>> = items.iter().map(|item| read_thinking_block(*item)).collect();
    let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else { return Vec::new() };
    fields.take_ref("thinking_blocks");
    blocks
}

fn read_thinking_block(item: RawRef<'_>) -> Option<Part> {
    let fields = item.fields().ok()?;
    let text = |name: &str| loose_text(fields.peek(name)).filter(|text| !text.is_empty());
    let thought = match text("type")?.as_str() {
        "thinking" => ReasoningPart {
            text: text("thinking").unwrap_or_default(),
            signature: text("signature"),
            encrypted: None,
            from: DialectId::AnthropicMessages,
        },
        "redacted_thinking" => {
            ReasoningPart { text: String::new(), signature: None, encrypted: Some(text("data")?), from: DialectId::AnthropicMessages }
        }
        _ => return None,
    };
    Some(Part::new(PartKind::Reasoning(thought)))
}

/// Text, or a list of parts from servers that send one.
fn read_content(raw: Option<RawRef<'_>>, parts: &mut Vec<Part>) {
    let Some(raw) = raw.filter(|raw| !raw.is_null()) else { return };
    if let Some(text) = raw.as_str() {
        parts.push(Part::text(text));
        return;
    }
    let items = raw.items().unwrap_or_else(|_| vec![raw]);
    parts.extend(items.into_iter().filter_map(read_content_part));
}

fn read_content_part(item: RawRef<'_>) -> Option<Part> {
    if let Some(text) = item.as_str() {
        return Some(Part::text(text));
    }
    let mut fields = item.fields().ok()?;
    let kind = loose_text(fields.take_ref("type")).unwrap_or_else(|| "text".to_owned());
    let text = loose_text(fields.take_ref(if kind == "refusal" { "refusal" } else { "text" }));
    let part = match (kind.as_str(), text) {
        ("text" | "output_text", Some(text)) => PartKind::Text { text },
        ("refusal", Some(text)) => PartKind::Refusal { text },
        _ => PartKind::Native { raw: item.to_raw().ok()?, from: ME },
    };
    let extras = if matches!(part, PartKind::Native { .. }) { Extras::default() } else { kept(fields) };
    Some(Part { extras, ..Part::new(part) })
}

fn read_audio(mut fields: Fields<'_>) -> Part {
    let data = loose_text(fields.take_ref("data")).unwrap_or_default();
    let transcript = loose_text(fields.take_ref("transcript"));
    let kind = PartKind::Audio { source: Source::Base64 { media_type: None, data }, format: None, transcript };
    Part { extras: kept(fields), ..Part::new(kind) }
}

fn read_tool_calls(message: &mut Fields<'_>, choice: u32, reply_id: &str, parts: &mut Vec<Part>) {
    let Ok(items) = message.take_items("tool_calls") else { return };
    let mut known: Vec<String> = Vec::new();
    let mut found: Vec<Part> = items.unwrap_or_default().into_iter().filter_map(read_tool_call).collect();
    if found.is_empty() {
        found.extend(read_legacy_call(message));
    }
    for (n, mut part) in found.into_iter().enumerate() {
        if let PartKind::ToolCall(call) = &mut part.kind {
            if call.arguments.trim().is_empty() && !call.custom {
                "{}".clone_into(&mut call.arguments);
            }
            if call.id.is_empty() || known.contains(&call.id) {
                call.id = minted_call_id(reply_id, choice, n);
            }
            known.push(call.id.clone());
        }
        parts.push(part);
    }
}

/// `function_call`, as old servers and old clients have it. It stays beside the call, for a client that asked in that way.
fn read_legacy_call(message: &Fields<'_>) -> Option<Part> {
    let mut legacy = message.peek("function_call")?.fields().ok()?;
    let name = loose_text(legacy.take_ref("name")).filter(|name| !name.is_empty())?;
    let arguments = loose_arguments(legacy.take_ref("arguments"));
    let call = ToolCall { id: String::new(), name, arguments, custom: false, inner_extras: Extras::default() };
    Some(Part::new(PartKind::ToolCall(call)))
}

/// One call, of a request's assistant turn too.
pub(super) fn read_tool_call(item: RawRef<'_>) -> Option<Part> {
    let mut fields = item.fields().ok()?;
    let id = loose_text(fields.take_ref("id")).unwrap_or_default();
    let kind = loose_text(fields.take_ref("type")).unwrap_or_default();
    let custom = kind == "custom";
    let known = matches!(kind.as_str(), "" | "function" | "custom");
    let inner = fields.take_fields(if custom { "custom" } else { "function" }).ok().flatten();
    let (Some(mut inner), true) = (inner, known) else {
        return Some(Part::new(PartKind::Native { raw: item.to_raw().ok()?, from: ME }));
    };
    let name = loose_text(inner.take_ref("name")).unwrap_or_default();
    let arguments = loose_arguments(inner.take_ref(if custom { "input" } else { "arguments" }));
    let call = ToolCall { id, name, arguments, custom, inner_extras: kept(inner) };
    Some(Part { extras: kept(fields), ..Part::new(PartKind::ToolCall(call)) })
}

/// Audio that the assistant said in an earlier turn, by its id.
pub(super) fn read_audio_reference(mut fields: Fields<'_>) -> Part {
    let source = Source::FileId { id: loose_text(fields.take_ref("id")).unwrap_or_default() };
    let mut part = Part::new(PartKind::Audio { source, format: None, transcript: None });
    keep_nested(&mut part.extras, "audio", fields);
    part
}
