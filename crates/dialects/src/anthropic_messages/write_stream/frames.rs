//! The frames of a stream, as bytes.

use crate::anthropic_messages::types::write_counts;
use crate::anthropic_messages::write_reply::{Foreign, write_foreign};
use chat::{Extras, Usage};
use wire::Raw;
use wire::object::ObjectWriter;

/// A frame of this kind: its name stands in the event line and in the data.
fn frame(out: &mut Vec<u8>, kind: &str, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let mut data = ObjectWriter::new(out);
    data.member("type", kind);
    fill(&mut data);
    // Only text, numbers and raw JSON were written: none of them can fail.
    let written = data.finish();
    debug_assert!(written.is_ok());
    out.extend_from_slice(b"\n\n");
}

pub(super) fn message_start(
    out: &mut Vec<u8>,
    id: &str,
    model: &str,
    members: &[(String, Raw)],
    usage: impl FnOnce(&mut ObjectWriter<'_>),
) {
    frame(out, "message_start", |data| {
        data.object("message", |out| {
            out.member("id", id).member("type", "message").member("role", "assistant").member("model", model);
            out.array("content", |_| {}).json("stop_reason", "null").json("stop_sequence", "null");
            usage(out);
            out.extend(members);
        });
    });
}

pub(super) fn block_start(out: &mut Vec<u8>, index: u32, fill: impl FnOnce(&mut ObjectWriter<'_>)) {
    frame(out, "content_block_start", |data| {
        data.member("index", &index).object("content_block", fill);
    });
}

/// A block of the dialect's own, as it came.
pub(super) fn raw_block_start(out: &mut Vec<u8>, index: u32, raw: &Raw) {
    frame(out, "content_block_start", |data| {
        data.member("index", &index).raw("content_block", raw);
    });
}

/// One text in a delta of this kind.
pub(super) fn delta(out: &mut Vec<u8>, index: u32, kind: &str, member: &str, text: &str) {
    frame(out, "content_block_delta", |data| {
        data.member("index", &index).object("delta", |out| {
            out.member("type", kind).member(member, text);
        });
    });
}

pub(super) fn citation(out: &mut Vec<u8>, index: u32, raw: &Raw) {
    frame(out, "content_block_delta", |data| {
        data.member("index", &index).object("delta", |out| {
            out.member("type", "citations_delta").raw("citation", raw);
        });
    });
}

pub(super) fn raw_delta(out: &mut Vec<u8>, index: u32, raw: &Raw) {
    frame(out, "content_block_delta", |data| {
        data.member("index", &index).raw("delta", raw);
    });
}

pub(super) fn block_stop(out: &mut Vec<u8>, index: u32) {
    frame(out, "content_block_stop", |data| {
        data.member("index", &index);
    });
}

/// What the end says.
pub(super) struct End<'e> {
    pub(super) stop_reason: &'e str,
    pub(super) stop_sequence: Option<&'e str>,
    pub(super) inside: &'e [(String, Raw)],
    pub(super) members: &'e [(String, Raw)],
    pub(super) usage: &'e Usage,
    pub(super) usage_extras: &'e Extras,
    pub(super) foreign: &'e [Foreign<'e>],
}

/// Reason and counts, and the terminal marker.
pub(super) fn message_end(out: &mut Vec<u8>, end: &End<'_>) {
    frame(out, "message_delta", |data| {
        data.object("delta", |out| {
            out.member("stop_reason", end.stop_reason).member("stop_sequence", &end.stop_sequence).extend(end.inside);
        });
        data.object("usage", |out| write_counts(out, end.usage, end.usage_extras));
        data.extend(end.members);
        write_foreign(data, end.foreign);
    });
    frame(out, "message_stop", |_| {});
}
