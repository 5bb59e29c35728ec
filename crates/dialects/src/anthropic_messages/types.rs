//! The words of the wire format, stated once.

use super::write_reply::Said;
use chat::{DialectId, Extras, Finish, FinishKind, Usage};
use wire::object::{FieldError, Fields, ObjectWriter};
use wire::{Raw, RawRef};

/// This dialect, as the tag of what only it understands.
pub(super) const HERE: DialectId = DialectId::AnthropicMessages;

/// From this API version on the sampling parameters are refused (`providers/anthropic.md`, "API version 2026-10-21").
pub(super) const VERSION_WITHOUT_SAMPLING: &str = "2026-10-21";

/// `stop_reason` in canonical terms. `pause_turn` means that the provider's own tools want another round: the answer is not finished.
pub(super) fn finish_kind(stop_reason: &str) -> FinishKind {
    match stop_reason {
        "end_turn" | "stop_sequence" => FinishKind::Stop,
        "max_tokens" | "model_context_window_exceeded" | "pause_turn" => FinishKind::Length,
        "tool_use" => FinishKind::ToolCalls,
        "refusal" => FinishKind::ContentFilter,
        _ => FinishKind::Other,
    }
}

/// The word for why an answer ended. A complete answer always has one: where the provider gave none, it follows from what was said.
pub(super) fn stop_reason(finish: Option<&Finish>, said: Said) -> &str {
    const OWN: [&str; 7] =
        ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded"];
    let Some(finish) = finish else {
        return if said.calls { "tool_use" } else { "end_turn" };
    };
    if OWN.contains(&finish.native.as_str()) && finish_kind(&finish.native) == finish.kind {
        return &finish.native;
    }
    match finish.kind {
        FinishKind::Length => "max_tokens",
        FinishKind::ToolCalls => "tool_use",
        FinishKind::ContentFilter => "refusal",
        FinishKind::Stop | FinishKind::Other if said.refusal => "refusal",
        FinishKind::Stop if finish.stop_sequence.is_some() => "stop_sequence",
        FinishKind::Stop | FinishKind::Other => "end_turn",
    }
}

/// The counts as this dialect spells them; the two that clients rely on are always there.
pub(super) fn write_counts(out: &mut ObjectWriter<'_>, usage: &Usage, extras: &Extras) {
    let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
    out.member("input_tokens", &usage.input.unwrap_or(0).saturating_sub(cached));
    out.optional("cache_creation_input_tokens", &usage.cache_write).optional("cache_read_input_tokens", &usage.cache_read);
    let short = usage.cache_write_1h.map(|long| usage.cache_write.unwrap_or(0).saturating_sub(long));
    let creation = [("ephemeral_5m_input_tokens", short), ("ephemeral_1h_input_tokens", usage.cache_write_1h)];
    write_nested(out, "cache_creation", &creation, extras);
    out.member("output_tokens", &usage.output.unwrap_or(0));
    write_nested(out, "output_tokens_details", &[("thinking_tokens", usage.reasoning)], extras);
    let nested = |name: &str| name.starts_with("cache_creation.") || name.starts_with("output_tokens_details.");
    out.extend(extras.of(HERE).iter().filter(|(name, _)| !nested(name)));
}

/// An object of counts, with the members that [`billed`] kept of it.
fn write_nested(out: &mut ObjectWriter<'_>, name: &str, counts: &[(&str, Option<u64>)], extras: &Extras) {
    let kept: Vec<(&str, &Raw)> =
        extras.of(HERE).iter().filter_map(|(key, value)| Some((key.strip_prefix(name)?.strip_prefix('.')?, value))).collect();
    if kept.is_empty() && counts.iter().all(|(_, count)| count.is_none()) {
        return;
    }
    out.object(name, |out| {
        for (name, count) in counts {
            out.optional(name, count);
        }
        for (name, value) in kept {
            out.raw(name, value);
        }
    });
}

/// The usage object as the provider counts: its `input_tokens` leaves out what the cache read or wrote, ours includes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    uncached: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    thinking: Option<u64>,
}

/// What a usage object says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Billed {
    pub(super) counts: Counts,
    pub(super) service_tier: Option<String>,
    /// Members that the canonical usage has no name for.
    pub(super) extras: Extras,
}

impl Counts {
    /// Counts of a stream are cumulative: a later one overwrites, an absent one keeps what is known.
    pub(super) fn overwrite(&mut self, newer: Counts) {
        self.uncached = newer.uncached.or(self.uncached);
        self.cache_read = newer.cache_read.or(self.cache_read);
        self.cache_write = newer.cache_write.or(self.cache_write);
        self.cache_write_1h = newer.cache_write_1h.or(self.cache_write_1h);
        self.output = newer.output.or(self.output);
        self.thinking = newer.thinking.or(self.thinking);
    }

    pub(super) fn usage(self) -> Usage {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        Usage {
            input: self.uncached.map(|uncached| uncached.saturating_add(cached)),
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            cache_write_1h: self.cache_write_1h,
            output: self.output,
            reasoning: self.thinking,
            ..Usage::default()
        }
    }
}

/// Reads a usage object, of a whole reply or of a stream's event.
pub(super) fn billed(mut fields: Fields<'_>) -> Result<Billed, FieldError> {
    let mut counts = Counts {
        uncached: fields.take_as("input_tokens")?,
        cache_read: fields.take_as("cache_read_input_tokens")?,
        cache_write: fields.take_as("cache_creation_input_tokens")?,
        output: fields.take_as("output_tokens")?,
        ..Counts::default()
    };
    let mut kept = Vec::new();
    if let Some(mut written) = fields.take_fields("cache_creation")? {
        counts.cache_write_1h = written.take_as("ephemeral_1h_input_tokens")?;
        let short: Option<u64> = written.take_as("ephemeral_5m_input_tokens")?;
        // The total is their sum where the provider leaves it out.
        if counts.cache_write.is_none() && (short.is_some() || counts.cache_write_1h.is_some()) {
            counts.cache_write = Some(short.unwrap_or(0).saturating_add(counts.cache_write_1h.unwrap_or(0)));
        }
        kept.extend(prefixed("cache_creation", written));
    }
    if let Some(mut details) = fields.take_fields("output_tokens_details")? {
        counts.thinking = details.take_as("thinking_tokens")?;
        kept.extend(prefixed("output_tokens_details", details));
    }
    let service_tier = fields.take_as("service_tier")?;
    kept.extend(said(fields));
    Ok(Billed { counts, service_tier, extras: Extras::new(HERE, kept) })
}

/// What nobody took of an object, without the members that say nothing.
pub(super) fn said(fields: Fields<'_>) -> Vec<(String, Raw)> {
    fields.rest().into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// The same as [`Extras`] of this dialect.
pub(super) fn extras(fields: Fields<'_>) -> Extras {
    Extras::new(HERE, said(fields))
}

fn prefixed(outer: &str, inner: Fields<'_>) -> Vec<(String, Raw)> {
    said(inner).into_iter().map(|(name, value)| (format!("{outer}.{name}"), value)).collect()
}

/// The `type` member of an object.
pub(super) fn type_of(value: RawRef<'_>) -> Option<String> {
    let fields = value.fields().ok()?;
    fields.peek("type")?.as_str().map(|text| text.into_owned())
}

/// A value that is kept as it came.
pub(super) fn owned(value: RawRef<'_>) -> Result<Raw, FieldError> {
    value.to_raw().map_err(|error| FieldError::new("", error.to_string()))
}

/// One object of these members; `None` where there are none.
pub(super) fn object_of(members: &[(String, Raw)]) -> Option<Raw> {
    if members.is_empty() {
        return None;
    }
    let bytes = ObjectWriter::build(|out| {
        out.extend(members);
    });
    Raw::parse(std::str::from_utf8(&bytes.ok()?).ok()?).ok()
}
