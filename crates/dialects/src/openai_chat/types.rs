//! What several files of this dialect share: its words, its usage object, members kept for later.

use chat::{DialectId, Extras, Finish, FinishKind, Usage};
use wire::object::{Fields, ObjectWriter};
use wire::{Raw, RawRef};

pub(super) const ME: DialectId = DialectId::OpenaiChat;

/// What nobody took. A null says "not given" in a request, so it is not kept.
pub(super) fn given(fields: Fields<'_>) -> Extras {
    Extras::new(ME, fields.rest().into_iter().filter(|(_, value)| !value.is_null()).collect())
}

/// What nobody took, nulls included: a provider's answer is kept as it came.
pub(super) fn kept(fields: Fields<'_>) -> Extras {
    Extras::new(ME, fields.rest())
}

/// One object of these members; `None` where there are none.
pub(super) fn object_of(members: &[(String, Raw)]) -> Option<Raw> {
    if members.is_empty() {
        return None;
    }
    built(|out| {
        out.extend(members);
    })
}

/// An object as a raw value.
pub(super) fn built(fill: impl FnOnce(&mut ObjectWriter<'_>)) -> Option<Raw> {
    let bytes = ObjectWriter::build(fill).ok()?;
    Raw::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// Keeps the unknown members of a nested object under the name of that object.
pub(super) fn keep_nested(extras: &mut Extras, name: &str, fields: Fields<'_>) {
    let rest: Vec<(String, Raw)> = fields.rest().into_iter().filter(|(_, value)| !value.is_null()).collect();
    if let Some(raw) = object_of(&rest) {
        extras.push(ME, name, raw);
    }
}

/// Writes back into a nested object what [`keep_nested`] kept.
pub(super) fn write_nested(out: &mut ObjectWriter<'_>, extras: &Extras, name: &str) {
    let kept = extras.of(ME).iter().find(|(key, _)| key == name);
    if let Some(Ok(fields)) = kept.map(|(_, raw)| raw.fields()) {
        out.extend(&fields.rest());
    }
}

/// Writes the members that came from this dialect, save those that are nested elsewhere.
pub(super) fn write_extras(out: &mut ObjectWriter<'_>, extras: &Extras, nested: &[&str]) {
    out.extend(extras.of(ME).iter().filter(|(name, _)| !nested.contains(&name.as_str())));
}

/// The reason in canonical terms. The words beside OpenAI's own are those of servers that imitate it (providers/custom.md §3).
pub(super) fn read_finish(word: &str, has_tool_calls: bool) -> Option<Finish> {
    let kind = match word {
        "" => return None,
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" if has_tool_calls => FinishKind::ToolCalls,
        "stop" | "eos" | "eos_token" | "stop_sequence" | "end_turn" => FinishKind::Stop,
        "length" | "max_tokens" | "limit" | "model_length" => FinishKind::Length,
        "tool_calls" | "tool_use" | "function_call" => FinishKind::ToolCalls,
        "content_filter" => FinishKind::ContentFilter,
        _ => FinishKind::Other,
    };
    Some(Finish { kind, native: word.to_owned(), stop_sequence: None })
}

/// Words for "it did not end well": the server broke the answer off (vLLM's `abort`, OpenRouter's `error`).
pub(super) fn is_failure(word: &str) -> bool {
    matches!(word, "abort" | "aborted" | "error")
}

/// OpenAI's words are a closed list: its own word stays, another one is written as what it means.
pub(super) fn finish_word(finish: &Finish) -> &str {
    const OWN: [&str; 5] = ["stop", "length", "tool_calls", "content_filter", "function_call"];
    if OWN.contains(&finish.native.as_str()) {
        return &finish.native;
    }
    match finish.kind {
        FinishKind::Length => "length",
        FinishKind::ToolCalls => "tool_calls",
        FinishKind::ContentFilter => "content_filter",
        FinishKind::Stop | FinishKind::Other => "stop",
    }
}

const PROMPT_DETAILS: &str = "prompt_tokens_details";
const COMPLETION_DETAILS: &str = "completion_tokens_details";

/// This dialect's convention: `prompt_tokens` includes cached tokens, `completion_tokens` includes reasoning tokens. What has no canonical
/// name is returned beside it.
pub(super) fn read_usage(raw: RawRef<'_>) -> Option<(Usage, Extras)> {
    let mut fields = raw.fields().ok()?;
    let mut usage = Usage {
        input: count(fields.take_ref("prompt_tokens")),
        output: count(fields.take_ref("completion_tokens")),
        total: count(fields.take_ref("total_tokens")),
        ..Usage::default()
    };
    // DeepSeek's name for the cached part; the count stays among the extras as it came.
    usage.cache_read = count(fields.peek("prompt_cache_hit_tokens"));
    let mut prompt = fields.take_fields(PROMPT_DETAILS).ok().flatten();
    if let Some(details) = &mut prompt {
        usage.cache_read = count(details.take_ref("cached_tokens")).or(usage.cache_read);
        usage.cache_write = count(details.take_ref("cache_write_tokens"));
        usage.audio_input = count(details.take_ref("audio_tokens"));
    }
    let mut completion = fields.take_fields(COMPLETION_DETAILS).ok().flatten();
    if let Some(details) = &mut completion {
        usage.reasoning = count(details.take_ref("reasoning_tokens"));
        usage.audio_output = count(details.take_ref("audio_tokens"));
    }
    let mut extras = kept(fields);
    for (name, details) in [(PROMPT_DETAILS, prompt), (COMPLETION_DETAILS, completion)] {
        if let Some(raw) = details.and_then(|details| object_of(&details.rest())) {
            extras.push(ME, name, raw);
        }
    }
    Some((usage, extras))
}

/// A count; some servers send it with a fraction.
fn count(raw: Option<RawRef<'_>>) -> Option<u64> {
    let text = raw?.text();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // Above 2^53 a float is no count any more.
        (number.is_finite() && (0.0..9.0e15).contains(&number)).then_some(number.round() as u64)
    })
}

pub(super) fn write_usage(out: &mut ObjectWriter<'_>, usage: &Usage, extras: &Extras) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    out.member("prompt_tokens", &input);
    out.member("completion_tokens", &output);
    out.member("total_tokens", &usage.total.unwrap_or_else(|| input.saturating_add(output)));
    let prompt = [("cached_tokens", usage.cache_read), ("cache_write_tokens", usage.cache_write), ("audio_tokens", usage.audio_input)];
    let completion = [("reasoning_tokens", usage.reasoning), ("audio_tokens", usage.audio_output)];
    write_details(out, PROMPT_DETAILS, &prompt, extras);
    write_details(out, COMPLETION_DETAILS, &completion, extras);
    write_extras(out, extras, &[PROMPT_DETAILS, COMPLETION_DETAILS]);
}

fn write_details(out: &mut ObjectWriter<'_>, name: &str, counts: &[(&str, Option<u64>)], extras: &Extras) {
    let has_extras = extras.of(ME).iter().any(|(key, _)| key == name);
    if has_extras || counts.iter().any(|(_, count)| count.is_some()) {
        out.object(name, |out| {
            for (name, count) in counts {
                out.optional(name, count);
            }
            write_nested(out, extras, name);
        });
    }
}

/// A provider's member that should be text: a number reads as its digits, null and anything else as nothing.
pub(super) fn loose_text(raw: Option<RawRef<'_>>) -> Option<String> {
    let raw = raw?;
    match raw.kind() {
        wire::json::Kind::String => raw.as_str().map(|text| text.into_owned()),
        wire::json::Kind::Number => Some(raw.text().to_owned()),
        _ => None,
    }
}

/// Seconds since 1970; as a number with a fraction or in quotes from some servers.
pub(super) fn loose_time(raw: Option<RawRef<'_>>) -> Option<i64> {
    let text = loose_text(raw)?;
    text.parse().ok().or_else(|| text.parse::<f64>().ok().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64))
}

/// A tool call's arguments: text, or an object that a server did not put into quotes.
pub(super) fn loose_arguments(raw: Option<RawRef<'_>>) -> String {
    match raw {
        None => String::new(),
        Some(raw) if raw.is_null() => String::new(),
        Some(raw) => raw.as_str().map_or_else(|| raw.text().to_owned(), std::borrow::Cow::into_owned),
    }
}

/// The identity of a call whose provider sent none: unique within its reply, and of characters that every dialect takes.
pub(super) fn minted_call_id(reply_id: &str, choice: u32, n: usize) -> String {
    let tail: String = reply_id.chars().filter(char::is_ascii_alphanumeric).rev().take(16).collect();
    format!("call_{tail}_{choice}_{n}")
}
