//! One choice of a stream.

use super::Told;
use super::calls::Calls;
use crate::Leniency;
use crate::openai_chat::read_reply::details_text;
use crate::openai_chat::think::{Piece, Splitter};
use crate::openai_chat::types::{ME, loose_text, read_finish};
use chat::{Delta, Event, Extras, PartOpen};
use wire::json::Kind;
use wire::object::Fields;
use wire::{Raw, RawRef};

#[derive(Debug, Default)]
pub(super) struct ChoiceReader {
    /// The text, thought or refusal that grows now; calls stay open beside it, because they may interleave.
    open: Option<(u32, Growing)>,
    audio: Option<u32>,
    calls: Calls,
    parts: u32,
    finished: bool,
    told: Told,
    thinks: Splitter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growing {
    Text,
    Reasoning,
    Refusal,
}

/// What is needed to number parts and tell of them, shared with the calls.
pub(super) struct Place<'p> {
    pub(super) choice: u32,
    pub(super) parts: &'p mut u32,
    pub(super) out: &'p mut Vec<Event>,
}

impl Place<'_> {
    pub(super) fn open(&mut self, open: PartOpen) -> u32 {
        let part = *self.parts;
        *self.parts += 1;
        self.out.push(Event::PartStart { choice: self.choice, part, open });
        part
    }

    pub(super) fn grow(&mut self, part: u32, delta: Delta) {
        self.out.push(Event::PartDelta { choice: self.choice, part, delta });
    }

    pub(super) fn close(&mut self, part: u32) {
        self.out.push(Event::PartEnd { choice: self.choice, part });
    }
}

impl ChoiceReader {
    pub(super) fn new(leniency: Leniency) -> Self {
        Self { thinks: Splitter::new(leniency.think_tags), ..Self::default() }
    }

    pub(super) fn has_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn read(&mut self, choice: u32, mut fields: Fields<'_>, reply_id: &str, out: &mut Vec<Event>) {
        let word = loose_text(fields.take_ref("finish_reason"));
        let logprobs = fields.take("logprobs").filter(|raw| !raw.is_null());
        // A whole message in place of a delta is one delta.
        let delta = ["delta", "message"].iter().find_map(|name| fields.take_fields(name).ok().flatten());
        self.tell_members(choice, fields, out);
        if let Some(delta) = delta {
            self.delta(choice, delta, reply_id, out);
        }
        if let Some(raw) = logprobs {
            out.push(Event::Logprobs { choice, raw, from: ME });
        }
        if let Some(finish) = word.and_then(|word| read_finish(&word, self.calls.any()))
            && !self.finished
        {
            self.close_all(choice, out);
            self.finished = true;
            out.push(Event::Finish { choice, finish });
        }
    }

    /// Closes every part: before the finish, and at the end.
    pub(super) fn close_all(&mut self, choice: u32, out: &mut Vec<Event>) {
        let mut place = Place { choice, parts: &mut self.parts, out };
        flush(&mut self.thinks, &mut self.open, &mut place);
        if let Some((part, _)) = self.open.take() {
            place.close(part);
        }
        if let Some(part) = self.audio.take() {
            place.close(part);
        }
        self.calls.close_all(&mut place);
    }

    fn tell_members(&mut self, choice: u32, fields: Fields<'_>, out: &mut Vec<Event>) {
        let told = &mut self.told;
        let news: Vec<(String, Raw)> = fields.rest().into_iter().filter(|(name, value)| told.is_news(name, value.text())).collect();
        if !news.is_empty() {
            out.push(Event::Extras { choice: Some(choice), extras: Extras::new(ME, news) });
        }
    }

    fn delta(&mut self, choice: u32, mut delta: Fields<'_>, reply_id: &str, out: &mut Vec<Event>) {
        delta.take_ref("role");
        let reasoning = Thought::take(&mut delta);
        let content = delta.take_ref("content");
        let refusal = text_of(&mut delta, "refusal");
        let audio = delta.take_fields("audio").ok().flatten();
        let calls = delta.take_items("tool_calls").ok().flatten().unwrap_or_default();
        let legacy = delta.peek("function_call").filter(|call| call.kind() == Kind::Object && calls.is_empty());
        let rest: Vec<(String, Raw)> = delta.rest().into_iter().filter(|(_, value)| !value.is_null()).collect();
        if !rest.is_empty() {
            out.push(Event::MessageExtras { choice, extras: Extras::new(ME, rest) });
        }
        let mut place = Place { choice, parts: &mut self.parts, out };
        if reasoning.says_something() {
            self.thinks.stand_down();
        }
        reasoning.tell(&mut self.open, &mut place);
        grow_content(&mut self.thinks, &mut self.open, &mut place, content);
        if refusal.is_some() || audio.is_some() || !calls.is_empty() || legacy.is_some() {
            flush(&mut self.thinks, &mut self.open, &mut place);
        }
        grow(&mut self.open, &mut place, Growing::Refusal, refusal);
        if let Some(audio) = audio {
            grow_audio(&mut self.audio, &mut place, audio);
        }
        for item in calls {
            if let Some((part, _)) = self.open.take() {
                place.close(part);
            }
            self.calls.read(&mut place, item, reply_id);
        }
        // It stays beside the call, for a client that asked in the old way.
        if let Some(call) = legacy {
            if let Some((part, _)) = self.open.take() {
                place.close(part);
            }
            self.calls.read_legacy(&mut place, call, reply_id);
        }
    }
}

type Open = Option<(u32, Growing)>;

/// The part of this kind that is open; another one is closed and a new one begun where it is not.
fn part_of(open: &mut Open, place: &mut Place<'_>, kind: Growing) -> u32 {
    match *open {
        Some((part, have)) if have == kind => part,
        other => {
            if let Some((part, _)) = other {
                place.close(part);
            }
            let part = place.open(match kind {
                Growing::Text => PartOpen::Text,
                Growing::Reasoning => PartOpen::Reasoning,
                Growing::Refusal => PartOpen::Refusal,
            });
            *open = Some((part, kind));
            part
        }
    }
}

fn grow(open: &mut Open, place: &mut Place<'_>, kind: Growing, text: Option<String>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        let part = part_of(open, place, kind);
        place.grow(part, Delta::Text(text));
    }
}

fn grow_text(thinks: &mut Splitter, open: &mut Open, place: &mut Place<'_>, text: String) {
    if thinks.is_over() {
        return grow(open, place, Growing::Text, Some(text));
    }
    let mut pieces = Vec::new();
    thinks.push(&text, &mut pieces);
    grow_pieces(open, place, pieces);
}

fn grow_pieces(open: &mut Open, place: &mut Place<'_>, pieces: Vec<Piece>) {
    for piece in pieces {
        match piece {
            Piece::Thought(text) => grow(open, place, Growing::Reasoning, Some(text)),
            Piece::Text(text) => grow(open, place, Growing::Text, Some(text)),
        }
    }
}

/// What was held back as a possible tag is none, where something else follows.
fn flush(thinks: &mut Splitter, open: &mut Open, place: &mut Place<'_>) {
    if !thinks.is_over() {
        let mut pieces = Vec::new();
        thinks.finish(&mut pieces);
        grow_pieces(open, place, pieces);
    }
}

/// Text, or a list of parts: their text grows the text, what is no text is a part of its own.
fn grow_content(thinks: &mut Splitter, open: &mut Open, place: &mut Place<'_>, content: Option<RawRef<'_>>) {
    let Some(content) = content.filter(|content| !content.is_null()) else { return };
    if let Some(text) = content.as_str() {
        return grow_text(thinks, open, place, text.into_owned());
    }
    for item in content.items().unwrap_or_else(|_| vec![content]) {
        let text = item.as_str().map(std::borrow::Cow::into_owned).or_else(|| loose_text(item.fields().ok()?.peek("text")));
        match (text, item.to_raw()) {
            (Some(text), _) => grow_text(thinks, open, place, text),
            (None, Ok(raw)) => {
                flush(thinks, open, place);
                if let Some((part, _)) = open.take() {
                    place.close(part);
                }
                let part = place.open(PartOpen::Native { raw, from: ME });
                place.close(part);
            }
            (None, Err(_)) => {}
        }
    }
}

fn grow_audio(open: &mut Option<u32>, place: &mut Place<'_>, mut audio: Fields<'_>) {
    let part = *open.get_or_insert_with(|| place.open(PartOpen::Audio));
    let data = loose_text(audio.take_ref("data"));
    let transcript = loose_text(audio.take_ref("transcript"));
    place.grow(part, Delta::Audio { data, transcript, extras: Extras::new(ME, audio.rest()) });
}

fn text_of(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let raw = fields.peek(name)?;
    match raw.kind() {
        Kind::String => {
            fields.take_ref(name);
            raw.as_str().map(std::borrow::Cow::into_owned)
        }
        Kind::Null => {
            fields.take_ref(name);
            None
        }
        // Not what it should be: it stays, and is told as it came.
        _ => None,
    }
}

/// Thought in a delta, under its two names and in blocks.
struct Thought {
    text: Option<String>,
    signatures: Vec<String>,
    encrypted: Vec<String>,
}

impl Thought {
    fn take(delta: &mut Fields<'_>) -> Self {
        let first = text_of(delta, "reasoning_content").filter(|text| !text.is_empty());
        let second = match (&first, delta.peek("reasoning").and_then(RawRef::as_str)) {
            (Some(first), Some(second)) if *first != second && !second.is_empty() => None,
            _ => text_of(delta, "reasoning").filter(|text| !text.is_empty()),
        };
        // Under the names of fewer servers; the list of details is told as it came, too.
        let other = || text_of(delta, "thinking").or_else(|| details_text(delta)).filter(|text| !text.is_empty());
        let text = first.or(second).or_else(other);
        let mut thought = Self { text, signatures: Vec::new(), encrypted: Vec::new() };
        for block in delta.take_items("thinking_blocks").ok().flatten().unwrap_or_default() {
            thought.take_block(block);
        }
        thought
    }

    fn says_something(&self) -> bool {
        self.text.is_some() || !self.signatures.is_empty() || !self.encrypted.is_empty()
    }

    /// The text of a block repeats what `reasoning_content` says, in this chunk or in those before.
    fn take_block(&mut self, block: RawRef<'_>) {
        let Ok(fields) = block.fields() else { return };
        let text = |name: &str| loose_text(fields.peek(name)).filter(|text| !text.is_empty());
        self.signatures.extend(text("signature"));
        self.encrypted.extend(text("data"));
        if self.text.is_none() && fields.peek("signature").is_none() {
            self.text = text("thinking");
        }
    }

    fn tell(self, open: &mut Open, place: &mut Place<'_>) {
        grow(open, place, Growing::Reasoning, self.text);
        for signature in self.signatures {
            let part = part_of(open, place, Growing::Reasoning);
            place.grow(part, Delta::Signature(signature));
        }
        for data in self.encrypted {
            if let Some((part, _)) = open.take() {
                place.close(part);
            }
            let part = place.open(PartOpen::Reasoning);
            place.grow(part, Delta::Encrypted(data));
            place.close(part);
        }
    }
}
