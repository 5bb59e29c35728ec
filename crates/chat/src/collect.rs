//! From events to a whole reply, and back.

use crate::{Choice, Delta, DialectId, Event, Extras, Finish, Part, PartKind, PartOpen, ReasoningPart, Reply, Source, ToolCall, Usage};
use std::collections::BTreeMap;
use wire::Raw;

/// Assembles a reply from the events of a stream.
#[derive(Clone, Debug)]
pub struct Collector {
    from: DialectId,
    reply: Reply,
    choices: BTreeMap<u32, Building>,
}

/// A choice that is not whole yet.
#[derive(Clone, Debug, Default)]
struct Building {
    parts: Vec<Part>,
    finish: Option<Finish>,
    logprobs: Vec<Raw>,
    extras: Extras,
    message_extras: Extras,
}

impl Collector {
    /// `from` is the dialect of the stream: it made the signatures in it.
    pub fn new(from: DialectId) -> Self {
        Self { from, reply: Reply::default(), choices: BTreeMap::new() }
    }

    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Start { id, model, created, service_tier, extras } => {
                self.reply.id.clone_from(id);
                self.reply.model.clone_from(model);
                self.reply.created = *created;
                self.reply.service_tier.clone_from(service_tier);
                merge(&mut self.reply.extras, extras);
            }
            Event::PartStart { choice, open, .. } => {
                let part = opened(open, self.from);
                self.choice(*choice).parts.push(part);
            }
            Event::PartDelta { choice, part, delta } => {
                if let Some(part) = self.choice(*choice).parts.get_mut(*part as usize) {
                    grow(part, delta);
                }
            }
            Event::Finish { choice, finish } => self.choice(*choice).finish = Some(finish.clone()),
            Event::Logprobs { choice, raw, .. } => self.choice(*choice).logprobs.push(raw.clone()),
            Event::Usage { usage, extras } => {
                self.reply.usage.get_or_insert(Usage::default()).overwrite(usage);
                merge(&mut self.reply.usage_extras, extras);
            }
            Event::Extras { choice: None, extras } => merge(&mut self.reply.extras, extras),
            Event::Extras { choice: Some(choice), extras } => merge(&mut self.choice(*choice).extras, extras),
            Event::MessageExtras { choice, extras } => merge(&mut self.choice(*choice).message_extras, extras),
            Event::PartEnd { .. } | Event::Error(_) | Event::End => {}
        }
    }

    /// What has come, whole or not: the caller knows how the stream ended.
    pub fn reply(self) -> Reply {
        let mut reply = self.reply;
        reply.choices = self.choices.into_iter().map(|(index, building)| building.choice(index)).collect();
        reply
    }

    fn choice(&mut self, choice: u32) -> &mut Building {
        self.choices.entry(choice).or_default()
    }
}

impl Building {
    fn choice(self, index: u32) -> Choice {
        let Self { parts, finish, logprobs, extras, message_extras } = self;
        Choice { index, parts, finish, logprobs: join_logprobs(logprobs), extras, message_extras }
    }
}

/// One object from the objects of several chunks: lists are joined, of other members the last one that is not null stays.
fn join_logprobs(chunks: Vec<Raw>) -> Option<Raw> {
    let mut joined: Vec<(String, Vec<Raw>, Option<Raw>)> = Vec::new();
    for chunk in &chunks {
        for (name, value) in chunk.fields().ok()?.rest() {
            let at = joined.iter().position(|(have, ..)| *have == name).unwrap_or_else(|| {
                joined.push((name, Vec::new(), None));
                joined.len() - 1
            });
            let Some((_, items, other)) = joined.get_mut(at) else { continue };
            match value.items() {
                Ok(more) => {
                    items.extend(more.into_iter().filter_map(|item| item.to_raw().ok()));
                    other.get_or_insert(Raw::parse("[]").ok()?);
                }
                Err(_) if !value.is_null() || other.is_none() => *other = Some(value),
                Err(_) => {}
            }
        }
    }
    if chunks.is_empty() {
        return None;
    }
    let object = wire::object::ObjectWriter::build(|out| {
        for (name, items, other) in &joined {
            match other {
                Some(other) if items.is_empty() => out.raw(name, other),
                _ => out.member(name, items),
            };
        }
    });
    Raw::parse(std::str::from_utf8(&object.ok()?).ok()?).ok()
}

/// A later value replaces an earlier one of the same name.
fn merge(into: &mut Extras, more: &Extras) {
    let Some(from) = more.from() else { return };
    for (name, value) in more.iter() {
        into.remove(name);
        into.push(from, name, value.clone());
    }
}

fn opened(open: &PartOpen, from: DialectId) -> Part {
    Part::new(match open {
        PartOpen::Text => PartKind::Text { text: String::new() },
        PartOpen::Reasoning => PartKind::Reasoning(ReasoningPart { text: String::new(), signature: None, encrypted: None, from }),
        PartOpen::Refusal => PartKind::Refusal { text: String::new() },
        PartOpen::ToolCall { id, name, custom } => PartKind::ToolCall(ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments: String::new(),
            custom: *custom,
            inner_extras: Extras::default(),
        }),
        PartOpen::Audio => {
            PartKind::Audio { source: Source::Base64 { media_type: None, data: String::new() }, format: None, transcript: None }
        }
        PartOpen::Native { raw, from } => PartKind::Native { raw: raw.clone(), from: *from },
    })
}

fn grow(part: &mut Part, delta: &Delta) {
    match (&mut part.kind, delta) {
        (PartKind::Text { text } | PartKind::Refusal { text }, Delta::Text(more)) => text.push_str(more),
        (PartKind::Reasoning(thought), Delta::Text(more)) => thought.text.push_str(more),
        (PartKind::Reasoning(thought), Delta::Signature(more)) => thought.signature.get_or_insert_default().push_str(more),
        (PartKind::Reasoning(thought), Delta::Encrypted(more)) => thought.encrypted.get_or_insert_default().push_str(more),
        (PartKind::ToolCall(call), Delta::Arguments(more)) => call.arguments.push_str(more),
        (PartKind::Audio { source, transcript, .. }, Delta::Audio { data, transcript: said, extras }) => {
            if let (Source::Base64 { data: whole, .. }, Some(more)) = (source, data) {
                whole.push_str(more);
            }
            if let Some(more) = said {
                transcript.get_or_insert_default().push_str(more);
            }
            merge(&mut part.extras, extras);
        }
        (_, Delta::Citation { raw, from } | Delta::Native { raw, from }) => append(&mut part.extras, *from, delta_name(delta), raw),
        _ => {}
    }
}

/// Deltas that the canonical part has no place for are kept as a list under one name.
fn delta_name(delta: &Delta) -> &'static str {
    if matches!(delta, Delta::Citation { .. }) { "citations" } else { "deltas" }
}

fn append(extras: &mut Extras, from: DialectId, name: &str, raw: &Raw) {
    let earlier = extras.remove(name);
    let mut list: Vec<Raw> = earlier.iter().filter_map(|list| list.items().ok()).flatten().filter_map(|item| item.to_raw().ok()).collect();
    list.push(raw.clone());
    if let Ok(list) = Raw::of(&list) {
        extras.push(from, name, list);
    }
}

/// The events that say what a whole reply says, for a caller who asked for a stream and a provider that does not send one.
pub fn replay(reply: &Reply) -> Vec<Event> {
    let mut events = vec![Event::Start {
        id: reply.id.clone(),
        model: reply.model.clone(),
        created: reply.created,
        service_tier: reply.service_tier.clone(),
        extras: reply.extras.clone(),
    }];
    for choice in &reply.choices {
        replay_choice(choice, &mut events);
    }
    if let Some(usage) = reply.usage {
        events.push(Event::Usage { usage, extras: reply.usage_extras.clone() });
    }
    events.push(Event::End);
    events
}

fn replay_choice(choice: &Choice, events: &mut Vec<Event>) {
    let index = choice.index;
    if !choice.message_extras.is_empty() {
        events.push(Event::MessageExtras { choice: index, extras: choice.message_extras.clone() });
    }
    let mut number = 0;
    for (at, part) in choice.parts.iter().enumerate() {
        if follows_text(&choice.parts, at) {
            continue;
        }
        let (open, mut deltas) = replay_part(part);
        deltas.extend(sources_after(&choice.parts, at));
        events.push(Event::PartStart { choice: index, part: number, open });
        events.extend(deltas.into_iter().map(|delta| Event::PartDelta { choice: index, part: number, delta }));
        events.push(Event::PartEnd { choice: index, part: number });
        number += 1;
    }
    if let Some(raw) = &choice.logprobs {
        // The one dialect that has them in this form.
        events.push(Event::Logprobs { choice: index, raw: raw.clone(), from: DialectId::OpenaiChat });
    }
    if !choice.extras.is_empty() {
        events.push(Event::Extras { choice: Some(index), extras: choice.extras.clone() });
    }
    if let Some(finish) = &choice.finish {
        events.push(Event::Finish { choice: index, finish: finish.clone() });
    }
}

/// A source that rests on a text before it is told with that text.
fn follows_text(parts: &[Part], at: usize) -> bool {
    let is_source = |part: &&Part| matches!(part.kind, PartKind::Citation { .. });
    let before = parts.iter().take(at).rev().find(|part| !is_source(part));
    parts.get(at).as_ref().is_some_and(is_source) && before.is_some_and(|part| matches!(part.kind, PartKind::Text { .. }))
}

fn sources_after(parts: &[Part], at: usize) -> Vec<Delta> {
    if !matches!(parts.get(at).map(|part| &part.kind), Some(PartKind::Text { .. })) {
        return Vec::new();
    }
    let sources = parts.iter().skip(at + 1).map_while(|part| match &part.kind {
        PartKind::Citation { raw, from } => Some(Delta::Citation { raw: raw.clone(), from: *from }),
        _ => None,
    });
    sources.collect()
}

fn replay_part(part: &Part) -> (PartOpen, Vec<Delta>) {
    let text = |text: &String| if text.is_empty() { Vec::new() } else { vec![Delta::Text(text.clone())] };
    match &part.kind {
        PartKind::Text { text: said } => (PartOpen::Text, text(said)),
        PartKind::Refusal { text: said } => (PartOpen::Refusal, text(said)),
        PartKind::Reasoning(thought) => {
            let mut deltas = text(&thought.text);
            deltas.extend(thought.signature.clone().map(Delta::Signature));
            deltas.extend(thought.encrypted.clone().map(Delta::Encrypted));
            (PartOpen::Reasoning, deltas)
        }
        PartKind::ToolCall(call) => {
            let arguments = Some(call.arguments.clone()).filter(|text| !text.is_empty()).map(Delta::Arguments);
            (PartOpen::ToolCall { id: call.id.clone(), name: call.name.clone(), custom: call.custom }, arguments.into_iter().collect())
        }
        PartKind::Audio { source: Source::Base64 { data, .. }, transcript, .. } => {
            let delta = Delta::Audio { data: Some(data.clone()), transcript: transcript.clone(), extras: part.extras.clone() };
            (PartOpen::Audio, vec![delta])
        }
        PartKind::Citation { raw, from } | PartKind::Native { raw, from } => {
            (PartOpen::Native { raw: raw.clone(), from: *from }, Vec::new())
        }
        // No reader puts these into a reply.
        PartKind::Image { .. } | PartKind::Audio { .. } | PartKind::File { .. } | PartKind::ToolResult(_) => (PartOpen::Text, Vec::new()),
    }
}

#[cfg(test)]
mod tests;
