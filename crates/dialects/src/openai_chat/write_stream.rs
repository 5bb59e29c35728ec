//! Events as the chunks of a client's stream.
//!
//! A choice begins with its role; members that only ride along (`x_groq`, `native_finish_reason`) wait for the next chunk of their level, so
//! that there are no chunks of theirs alone. The usage chunk and `[DONE]` come in [`StreamWriter::finish`].

use super::types::{ME, finish_word, write_usage};
use super::write_reply::write_thinking_block;
use crate::{StreamOptions, StreamWriter};
use chat::{Delta, Event, Extras, PartOpen, ReasoningPart, Usage};
use std::collections::BTreeMap;
use wire::object::ObjectWriter;
use wire::{Raw, json};

pub(super) struct Writer {
    options: StreamOptions,
    /// `data: {` and the members that every chunk repeats.
    head: Vec<u8>,
    choices: BTreeMap<u32, ChoiceWriter>,
    /// Members for the next chunk.
    waiting: Vec<(String, Raw)>,
    usage: Option<(Usage, Vec<(String, Raw)>)>,
    done: bool,
}

#[derive(Default)]
struct ChoiceWriter {
    role_told: bool,
    parts: BTreeMap<u32, PartWriter>,
    calls: u32,
    blocks: u32,
    foreign: u32,
    /// Members for the next chunk of this choice, and for its delta.
    waiting: Vec<(String, Raw)>,
    waiting_delta: Vec<(String, Raw)>,
}

enum PartWriter {
    Text,
    Refusal,
    Audio,
    /// Its number among the calls of the choice.
    Call(u32, bool),
    /// Kept until the part ends: a signed thought goes out once more, as a whole.
    Reasoning(Box<ReasoningPart>),
    Foreign,
}

/// A member of a delta.
type Fill<'f> = &'f dyn Fn(&mut ObjectWriter<'_>);

impl Writer {
    pub(super) fn new(options: StreamOptions) -> Self {
        let mut writer = Self { options, head: Vec::new(), choices: BTreeMap::new(), waiting: Vec::new(), usage: None, done: false };
        let (id, created) = (writer.options.fallback_id.clone(), writer.options.created);
        writer.set_head(&id, "", created, None);
        writer
    }

    fn set_head(&mut self, id: &str, model: &str, created: i64, more: Option<(&str, &str)>) {
        let mut head = b"data: {\"id\":".to_vec();
        json::push_json_string(&mut head, id);
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        head.extend_from_slice(created.to_string().as_bytes());
        head.extend_from_slice(b",\"model\":");
        json::push_json_string(&mut head, model);
        if let Some((name, value)) = more {
            head.push(b',');
            json::push_json_string(&mut head, name);
            head.push(b':');
            head.extend_from_slice(value.as_bytes());
        }
        self.head = head;
    }

    fn start(&mut self, id: &str, model: &str, created: Option<i64>, tier: Option<&str>, extras: &Extras) {
        let id = if id.is_empty() { self.options.fallback_id.clone() } else { id.to_owned() };
        let tier = tier.map(json::json_string);
        let created = created.filter(|seconds| *seconds > 0).unwrap_or(self.options.created);
        self.set_head(&id, model, created, tier.as_deref().map(|tier| ("service_tier", tier)));
        self.waiting.extend_from_slice(extras.of(ME));
    }

    /// A chunk around the text of its choices.
    fn chunk(&mut self, choices: &[u8], tail: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        for (name, value) in self.waiting.drain(..) {
            out.push(b',');
            json::push_json_string(out, &name);
            out.push(b':');
            out.extend_from_slice(value.text().as_bytes());
        }
        out.extend_from_slice(b",\"choices\":[");
        out.extend_from_slice(choices);
        out.push(b']');
        out.extend_from_slice(tail);
        out.extend_from_slice(b"}\n\n");
    }

    /// A chunk of one choice. The role is told with the first one.
    fn choice_chunk(&mut self, choice: u32, delta: Fill<'_>, finish: Option<&str>, logprobs: Option<&Raw>, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let first = !std::mem::replace(&mut state.role_told, true);
        let members = std::mem::take(&mut state.waiting);
        let in_delta = std::mem::take(&mut state.waiting_delta);
        let mut body = Vec::with_capacity(256);
        let mut writer = ObjectWriter::new(&mut body);
        writer.member("index", &choice);
        writer.object("delta", |out| {
            if first {
                out.member("role", "assistant");
            }
            delta(out);
            out.extend(&in_delta);
        });
        match logprobs {
            Some(raw) => writer.raw("logprobs", raw),
            None => writer.json("logprobs", "null"),
        };
        writer.member("finish_reason", &finish);
        writer.extend(&members);
        // Only text, numbers and raw JSON were written: none of them can fail.
        let written = writer.finish();
        debug_assert!(written.is_ok());
        let tail: &[u8] = if self.options.include_usage { b",\"usage\":null" } else { b"" };
        self.chunk(&body, tail, out);
    }

    fn open(&mut self, choice: u32, part: u32, open: &PartOpen, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let begun = state.role_told;
        let nothing: Fill<'_> = &|out| {
            out.json("content", "null");
        };
        let empty: Fill<'_> = &|out| {
            out.member("content", "");
        };
        let (kind, fill): (PartWriter, Option<Fill<'_>>) = match open {
            PartOpen::Text => (PartWriter::Text, (!begun).then_some(empty)),
            PartOpen::Refusal => (PartWriter::Refusal, (!begun).then_some(nothing)),
            PartOpen::Audio => (PartWriter::Audio, (!begun).then_some(nothing)),
            PartOpen::Reasoning => {
                let thought = ReasoningPart { text: String::new(), signature: None, encrypted: None, from: ME };
                (PartWriter::Reasoning(Box::new(thought)), (!begun).then_some(nothing))
            }
            PartOpen::ToolCall { id, name, custom } => {
                let n = state.calls;
                state.calls += 1;
                state.parts.insert(part, PartWriter::Call(n, *custom));
                return self.open_call(choice, n, &Call { id, name, custom: *custom }, !begun, out);
            }
            PartOpen::Native { raw, from } => {
                let n = state.foreign;
                state.foreign += 1;
                state.parts.insert(part, PartWriter::Foreign);
                let name = from.name();
                let fill: Fill<'_> = &|out| write_foreign(out, n, name, raw);
                return self.choice_chunk(choice, fill, None, None, out);
            }
        };
        state.parts.insert(part, kind);
        if let Some(fill) = fill {
            self.choice_chunk(choice, fill, None, None, out);
        }
    }

    fn open_call(&mut self, choice: u32, n: u32, call: &Call<'_>, first: bool, out: &mut Vec<u8>) {
        let (kind, arguments) = if call.custom { ("custom", "input") } else { ("function", "arguments") };
        let fill: Fill<'_> = &|out| {
            if first {
                out.json("content", "null");
            }
            out.array("tool_calls", |out| {
                out.object(|out| {
                    out.member("index", &n).member("id", call.id).member("type", kind);
                    out.object(kind, |out| {
                        out.member("name", call.name).member(arguments, "");
                    });
                });
            });
        };
        self.choice_chunk(choice, fill, None, None, out);
    }

    fn grow(&mut self, choice: u32, part: u32, delta: &Delta, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let text_member = match (state.parts.get_mut(&part), delta) {
            (Some(PartWriter::Text), Delta::Text(_)) => "content",
            (Some(PartWriter::Refusal), Delta::Text(_)) => "refusal",
            (Some(PartWriter::Reasoning(thought)), Delta::Text(text)) => {
                thought.text.push_str(text);
                "reasoning_content"
            }
            (Some(PartWriter::Reasoning(thought)), Delta::Signature(more)) => {
                return thought.signature.get_or_insert_default().push_str(more);
            }
            (Some(PartWriter::Reasoning(thought)), Delta::Encrypted(more)) => {
                return thought.encrypted.get_or_insert_default().push_str(more);
            }
            _ => "",
        };
        match delta {
            Delta::Text(text) if !text_member.is_empty() => {
                let fill: Fill<'_> = &|out| {
                    out.member(text_member, text);
                };
                self.choice_chunk(choice, fill, None, None, out);
            }
            Delta::Arguments(text) => self.grow_call(choice, part, text, out),
            Delta::Audio { data, transcript, extras } => {
                let fill: Fill<'_> = &|out| {
                    out.object("audio", |out| {
                        out.optional("data", data).optional("transcript", transcript).extend(extras.of(ME));
                    });
                };
                self.choice_chunk(choice, fill, None, None, out);
            }
            Delta::Citation { raw, from } | Delta::Native { raw, from } => {
                let n = state.foreign;
                state.foreign += 1;
                let fill: Fill<'_> = &|out| write_foreign(out, n, from.name(), raw);
                self.choice_chunk(choice, fill, None, None, out);
            }
            Delta::Text(_) | Delta::Signature(_) | Delta::Encrypted(_) => {}
        }
    }

    fn grow_call(&mut self, choice: u32, part: u32, text: &str, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let Some(PartWriter::Call(n, custom)) = state.parts.get(&part) else { return };
        let n = *n;
        let (kind, arguments) = if *custom { ("custom", "input") } else { ("function", "arguments") };
        let fill: Fill<'_> = &|out| {
            out.array("tool_calls", |out| {
                out.object(|out| {
                    out.member("index", &n);
                    out.object(kind, |out| {
                        out.member(arguments, text);
                    });
                });
            });
        };
        self.choice_chunk(choice, fill, None, None, out);
    }

    /// The end of a part says something only where a thought must go back to its maker unchanged.
    fn close(&mut self, choice: u32, part: u32, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let Some(PartWriter::Reasoning(thought)) = state.parts.remove(&part) else { return };
        if thought.signature.is_none() && thought.encrypted.is_none() {
            return;
        }
        let n = state.blocks;
        state.blocks += 1;
        let fill: Fill<'_> = &|out| {
            out.array("thinking_blocks", |out| {
                out.object(|out| {
                    // Accumulators of the official clients join list items by this member.
                    out.member("index", &n);
                    write_thinking_block(out, &thought);
                });
            });
        };
        self.choice_chunk(choice, fill, None, None, out);
    }

    fn ride_along(&mut self, choice: Option<u32>, extras: &Extras) {
        let waiting = match choice {
            None => &mut self.waiting,
            Some(choice) => &mut self.choices.entry(choice).or_default().waiting,
        };
        for (name, value) in extras.of(ME) {
            replace(waiting, name, value);
        }
    }

    /// Members of a delta may be increments: where one of the same name waits still, that one goes out first.
    fn ride_in_delta(&mut self, choice: u32, extras: &Extras, out: &mut Vec<u8>) {
        let state = self.choices.entry(choice).or_default();
        let clash = extras.of(ME).iter().any(|(name, _)| state.waiting_delta.iter().any(|(have, _)| have == name) || name == "tool_calls");
        if clash && !state.waiting_delta.is_empty() {
            self.choice_chunk(choice, &|_| {}, None, None, out);
        }
        let state = self.choices.entry(choice).or_default();
        state.waiting_delta.extend_from_slice(extras.of(ME));
        // Beside the pieces of a call, its unknown members would be a second list of the same name.
        if extras.of(ME).iter().any(|(name, _)| name == "tool_calls") {
            self.choice_chunk(choice, &|_| {}, None, None, out);
        }
    }
}

struct Call<'c> {
    id: &'c str,
    name: &'c str,
    custom: bool,
}

fn write_foreign(out: &mut ObjectWriter<'_>, n: u32, from: &str, raw: &Raw) {
    out.array("provider_parts", |out| {
        out.object(|out| {
            out.member("index", &n).member("from", from).raw("part", raw);
        });
    });
}

fn replace(members: &mut Vec<(String, Raw)>, name: &str, value: &Raw) {
    match members.iter_mut().find(|(have, _)| have == name) {
        Some((_, have)) => *have = value.clone(),
        None => members.push((name.to_owned(), value.clone())),
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start { id, model, created, service_tier, extras } => self.start(id, model, *created, service_tier.as_deref(), extras),
            Event::PartStart { choice, part, open } => self.open(*choice, *part, open, out),
            Event::PartDelta { choice, part, delta } => self.grow(*choice, *part, delta, out),
            Event::PartEnd { choice, part } => self.close(*choice, *part, out),
            Event::Logprobs { choice, raw, from } if *from == ME => self.choice_chunk(*choice, &|_| {}, None, Some(raw), out),
            Event::Finish { choice, finish } => self.choice_chunk(*choice, &|_| {}, Some(finish_word(finish)), None, out),
            Event::Usage { usage, extras } => {
                let (known, members) = self.usage.get_or_insert_default();
                known.overwrite(usage);
                for (name, value) in extras.of(ME) {
                    replace(members, name, value);
                }
            }
            Event::Extras { choice, extras } => self.ride_along(*choice, extras),
            Event::MessageExtras { choice, extras } => self.ride_in_delta(*choice, extras, out),
            // An error is written by the dialect itself, with what the gateway knows of it.
            Event::Logprobs { .. } | Event::Error(_) | Event::End => {}
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let late: Vec<u32> = self.choices.iter().filter(|(_, state)| state.has_late_members()).map(|(choice, _)| *choice).collect();
        for choice in late {
            self.choice_chunk(choice, &|_| {}, None, None, out);
        }
        let usage = self.usage.take().filter(|_| self.options.include_usage);
        if usage.is_some() || !self.waiting.is_empty() {
            let mut tail = Vec::new();
            if let Some((usage, members)) = usage {
                tail.extend_from_slice(b",\"usage\":");
                let mut writer = ObjectWriter::new(&mut tail);
                write_usage(&mut writer, &usage, &Extras::new(ME, members));
                let written = writer.finish();
                debug_assert!(written.is_ok());
            }
            self.chunk(&[], &tail, out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

impl ChoiceWriter {
    fn has_late_members(&self) -> bool {
        !self.waiting.is_empty() || !self.waiting_delta.is_empty()
    }
}
