//! A streamed answer, event by event.

use super::errors;
use super::read_reply::finish;
use super::types::{Counts, HERE, billed, extras, owned};
use crate::{Ending, StreamReader, Verdict};
use chat::{Delta, Event, Extras, PartOpen, Usage};
use wire::RawRef;
use wire::object::{FieldError, Fields};

/// There is one choice.
const CHOICE: u32 = 0;

/// What has been read of one stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    stage: Stage,
    counts: Counts,
    counted: bool,
    finished: bool,
    /// Blocks that have begun and not ended.
    open: Vec<OpenBlock>,
    /// Parts begun so far, which is the number of the next.
    parts: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Before,
    Inside,
    Complete,
    Failed,
}

#[derive(Debug)]
struct OpenBlock {
    /// The provider's number of the block.
    index: u64,
    part: u32,
    kind: BlockKind,
    /// A delta with arguments has come.
    argued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    Text,
    Thinking,
    ToolUse,
    Native,
}

impl StreamReader for Reader {
    fn read(&mut self, event: &str, data: &str, out: &mut Vec<Event>) -> Verdict {
        if matches!(self.stage, Stage::Complete | Stage::Failed) {
            return Verdict::Malformed;
        }
        let Ok(mut fields) = Fields::parse(data) else { return Verdict::Malformed };
        let named = fields.take_ref("type").and_then(RawRef::as_str);
        let kind = named.as_deref().unwrap_or(event);
        let before = out.len();
        match self.event(kind, data, fields, out) {
            Ok(true) => Verdict::Known,
            Ok(false) => Verdict::Unknown,
            Err(_) => {
                out.truncate(before);
                Verdict::Malformed
            }
        }
    }

    fn ending(&self) -> Ending {
        if self.stage == Stage::Complete { Ending::Complete } else { Ending::Truncated }
    }

    fn usage(&self) -> Option<Usage> {
        self.counted.then(|| self.counts.usage())
    }
}

impl Reader {
    /// `Ok(false)` is an event or a delta that no table knows.
    fn event(&mut self, kind: &str, data: &str, fields: Fields<'_>, out: &mut Vec<Event>) -> Result<bool, FieldError> {
        match kind {
            "ping" => return Ok(true),
            "error" => {
                out.push(Event::Error(Box::new(errors::in_stream(data))));
                self.stage = Stage::Failed;
                return Ok(true);
            }
            "message_start" => self.start(fields, out)?,
            "content_block_start" => self.block_start(fields, out)?,
            "content_block_delta" => return self.block_delta(fields, out),
            "content_block_stop" => self.block_stop(fields, out)?,
            "message_delta" => self.message_delta(fields, out)?,
            "message_stop" => self.stop(out)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn inside(&self) -> Result<(), FieldError> {
        if self.stage == Stage::Inside { Ok(()) } else { Err(FieldError::new("type", "comes before `message_start`")) }
    }

    fn start(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Result<(), FieldError> {
        if self.stage != Stage::Before {
            return Err(FieldError::new("type", "`message_start` comes twice"));
        }
        let mut message = fields.take_fields("message")?.ok_or_else(|| FieldError::new("message", "is missing"))?;
        for constant in ["type", "role", "content"] {
            message.take_ref(constant);
        }
        let (id, model) = (message.take_as("id")?.unwrap_or_default(), message.take_as("model")?.unwrap_or_default());
        // Null until `message_delta` says them.
        for later in ["stop_reason", "stop_sequence"] {
            message.take_ref(later);
        }
        let usage = message.take_fields("usage")?.map(billed).transpose()?;
        let service_tier = usage.as_ref().and_then(|usage| usage.service_tier.clone());
        out.push(Event::Start { id, model, created: None, service_tier, extras: extras(message) });
        if let Some(usage) = usage {
            self.count(usage.counts, usage.extras, out);
        }
        self.stage = Stage::Inside;
        Ok(())
    }

    fn count(&mut self, counts: Counts, extras: Extras, out: &mut Vec<Event>) {
        self.counts.overwrite(counts);
        self.counted = true;
        out.push(Event::Usage { usage: self.counts.usage(), extras });
    }

    fn block_start(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Result<(), FieldError> {
        self.inside()?;
        let index = fields.require("index")?;
        if self.open.iter().any(|block| block.index == index) {
            return Err(FieldError::new("index", "is the number of an open block"));
        }
        let raw = fields.take_ref("content_block").ok_or_else(|| FieldError::new("content_block", "is missing"))?;
        let mut block = raw.fields()?;
        let name: String = block.require("type")?;
        let part = self.parts;
        let mut first = Vec::new();
        let (kind, open) = match name.as_str() {
            "text" => {
                first.extend(text_delta(block.take_as("text")?));
                for citation in block.take_items("citations")?.unwrap_or_default() {
                    first.push(Delta::Citation { raw: owned(citation)?, from: HERE });
                }
                (BlockKind::Text, PartOpen::Text)
            }
            "thinking" => {
                first.extend(text_delta(block.take_as("thinking")?));
                first.extend(block.take_as("signature")?.filter(|text: &String| !text.is_empty()).map(Delta::Signature));
                (BlockKind::Thinking, PartOpen::Reasoning)
            }
            "redacted_thinking" => {
                first.push(Delta::Encrypted(block.require("data")?));
                (BlockKind::Thinking, PartOpen::Reasoning)
            }
            "tool_use" => {
                let open = PartOpen::ToolCall { id: block.require("id")?, name: block.require("name")?, custom: false };
                // Empty as a rule: the arguments come as deltas.
                let input = block.take_ref("input").filter(|input| input.fields().is_ok_and(|members| !members.is_empty()));
                first.extend(input.map(|input| Delta::Arguments(input.text().to_owned())));
                (BlockKind::ToolUse, open)
            }
            _ => (BlockKind::Native, PartOpen::Native { raw: owned(raw)?, from: HERE }),
        };
        let argued = !first.is_empty();
        out.push(Event::PartStart { choice: CHOICE, part, open });
        out.extend(first.into_iter().map(|delta| Event::PartDelta { choice: CHOICE, part, delta }));
        if kind != BlockKind::Native {
            push_extras(Some(CHOICE), extras(block), out);
        }
        self.open.push(OpenBlock { index, part, kind, argued });
        self.parts += 1;
        Ok(())
    }

    fn block_delta(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Result<bool, FieldError> {
        self.inside()?;
        let index: u64 = fields.require("index")?;
        let raw = fields.take_ref("delta").ok_or_else(|| FieldError::new("delta", "is missing"))?;
        let block =
            self.open.iter_mut().find(|block| block.index == index).ok_or_else(|| FieldError::new("index", "names no open block"))?;
        let mut delta = raw.fields()?;
        let name: String = delta.require("type")?;
        let read = match (block.kind, name.as_str()) {
            (BlockKind::Native, _) => Some(Delta::Native { raw: owned(raw)?, from: HERE }),
            (BlockKind::Text, "text_delta") => Some(Delta::Text(delta.require("text")?)),
            (BlockKind::Text, "citations_delta") => {
                let citation = delta.take("citation").ok_or_else(|| FieldError::new("citation", "is missing"))?;
                Some(Delta::Citation { raw: citation, from: HERE })
            }
            (BlockKind::Thinking, "thinking_delta") => Some(Delta::Text(delta.require("thinking")?)),
            (BlockKind::Thinking, "signature_delta") => Some(Delta::Signature(delta.require("signature")?)),
            (BlockKind::ToolUse, "input_json_delta") => {
                let piece: String = delta.require("partial_json")?;
                block.argued |= !piece.is_empty();
                Some(Delta::Arguments(piece))
            }
            _ => return Ok(false),
        };
        let part = block.part;
        // An empty piece says nothing: a tool without arguments sends one.
        let told = read
            .filter(|delta| !matches!(delta, Delta::Text(piece) | Delta::Arguments(piece) | Delta::Signature(piece) if piece.is_empty()));
        out.extend(told.map(|delta| Event::PartDelta { choice: CHOICE, part, delta }));
        Ok(true)
    }

    fn block_stop(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Result<(), FieldError> {
        self.inside()?;
        let index: u64 = fields.require("index")?;
        let at = self.open.iter().position(|block| block.index == index).ok_or_else(|| FieldError::new("index", "names no open block"))?;
        close(&self.open.remove(at), out);
        Ok(())
    }

    fn message_delta(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Result<(), FieldError> {
        self.inside()?;
        if let Some(mut delta) = fields.take_fields("delta")? {
            let ended = finish(delta.take_as("stop_reason")?, delta.take_as("stop_sequence")?);
            let details = delta.take("stop_details").filter(|details| !details.is_null());
            let details = details.map(|details| vec![("stop_details".to_owned(), details)]).unwrap_or_default();
            push_extras(Some(CHOICE), Extras::new(HERE, details), out);
            push_extras(None, extras(delta), out);
            if let Some(finish) = ended.filter(|_| !self.finished) {
                // The blocks are complete now, even where their own end was not sent.
                self.open.drain(..).for_each(|block| close(&block, out));
                out.push(Event::Finish { choice: CHOICE, finish });
                self.finished = true;
            }
        }
        if let Some(usage) = fields.take_fields("usage")? {
            let usage = billed(usage)?;
            self.count(usage.counts, usage.extras, out);
        }
        push_extras(None, extras(fields), out);
        Ok(())
    }

    fn stop(&mut self, out: &mut Vec<Event>) -> Result<(), FieldError> {
        self.inside()?;
        self.open.drain(..).for_each(|block| close(&block, out));
        out.push(Event::End);
        self.stage = Stage::Complete;
        Ok(())
    }
}

/// A tool without arguments may send none: its input is the empty object.
fn close(block: &OpenBlock, out: &mut Vec<Event>) {
    if block.kind == BlockKind::ToolUse && !block.argued {
        out.push(Event::PartDelta { choice: CHOICE, part: block.part, delta: Delta::Arguments("{}".to_owned()) });
    }
    out.push(Event::PartEnd { choice: CHOICE, part: block.part });
}

fn text_delta(text: Option<String>) -> Option<Delta> {
    text.filter(|text| !text.is_empty()).map(Delta::Text)
}

fn push_extras(choice: Option<u32>, extras: Extras, out: &mut Vec<Event>) {
    if !extras.is_empty() {
        out.push(Event::Extras { choice, extras });
    }
}
