//! Events as the frames of a client's stream.
//!
//! Blocks come one after the other there, while parts may grow side by side: a part that begins while another is open waits, with what it
//! says, until that one ends. A block begins with the first thing that it says, so that there are no empty texts, which the dialect refuses
//! when they come back. The reason of the end and the counts come last, in [`StreamWriter::finish`]; pings are the gateway's.

mod block;
mod frames;

use super::types::{HERE, stop_reason};
use super::write_reply::Said;
use crate::{StreamOptions, StreamWriter};
use block::Block;
use chat::{Delta, DialectId, Event, Extras, Fault, FaultKind, Finish, Origin, PartOpen, Step, Usage};
use std::collections::VecDeque;
use wire::Raw;

/// A caller of this dialect cannot ask for several answers.
const CHOICE: u32 = 0;

pub(super) struct Writer {
    options: StreamOptions,
    stage: Stage,
    head: Head,
    usage: Usage,
    usage_extras: Vec<(String, Raw)>,
    /// Blocks written so far, which is the index of the next.
    index: u32,
    /// Parts in the order in which they began; the first one is written as it grows, the others wait.
    blocks: VecDeque<Block>,
    said: Said,
    finish: Option<Finish>,
    /// Members of the last `message_delta`, and of the object inside it.
    late: Vec<(String, Raw)>,
    late_inside: Vec<(String, Raw)>,
    foreign: Vec<(DialectId, Raw)>,
    /// Bytes that wait or that are judged at the end, all together.
    held: usize,
    fault: Option<Box<Fault>>,
}

/// What a provider can make the gateway keep for one stream.
const MOST_HELD: usize = 16 << 20;
/// What a part or a piece takes besides its text, about.
const OVERHEAD: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The head waits for what is told with it: Anthropic's counts come right after it.
    Before,
    Inside,
    /// Ended, well or with an error of our own.
    Over,
}

#[derive(Default)]
struct Head {
    id: String,
    model: String,
    service_tier: Option<String>,
    extras: Vec<(String, Raw)>,
    begun: bool,
}

impl Writer {
    pub(super) fn new(options: StreamOptions) -> Self {
        Self {
            options,
            stage: Stage::Before,
            head: Head::default(),
            usage: Usage::default(),
            usage_extras: Vec::new(),
            index: 0,
            blocks: VecDeque::new(),
            said: Said::default(),
            finish: None,
            late: Vec::new(),
            late_inside: Vec::new(),
            foreign: Vec::new(),
            held: 0,
            fault: None,
        }
    }

    fn begin(&mut self, id: &str, model: &str, service_tier: Option<&String>, extras: &Extras) {
        let id = if id.is_empty() { &self.options.fallback_id } else { id };
        self.head = Head {
            id: id.to_owned(),
            model: model.to_owned(),
            service_tier: service_tier.cloned(),
            extras: extras.of(HERE).to_vec(),
            begun: true,
        };
    }

    /// Writes the head, if it waits still.
    fn tell_head(&mut self, out: &mut Vec<u8>) {
        if self.stage == Stage::Before {
            self.stage = Stage::Inside;
            let usage_extras = Extras::new(HERE, self.usage_extras.clone());
            frames::message_start(out, &self.head.id, &self.head.model, &self.head.extras, |out| {
                super::write_reply::write_usage(out, self.usage, self.head.service_tier.as_deref(), &usage_extras);
            });
        }
    }

    fn open(&mut self, part: u32, open: &PartOpen) {
        match open {
            PartOpen::ToolCall { .. } => self.said.calls = true,
            PartOpen::Refusal => self.said.refusal = true,
            PartOpen::Native { raw, from } if *from != HERE => {
                self.held += raw.text().len();
                self.foreign.push((*from, raw.clone()));
            }
            _ => {}
        }
        self.held += OVERHEAD;
        self.blocks.push_back(Block::new(part, open));
    }

    fn grow(&mut self, part: u32, delta: &Delta, out: &mut Vec<u8>) {
        if let Delta::Citation { raw, from } | Delta::Native { raw, from } = delta
            && *from != HERE
        {
            self.held += raw.text().len() + OVERHEAD;
            return self.foreign.push((*from, raw.clone()));
        }
        let live = self.blocks.front().is_some_and(|block| block.part() == part);
        let Some(block) = self.blocks.iter_mut().find(|block| block.part() == part) else { return };
        let before = block.held();
        block.add(delta, live);
        self.held += block.held() - before;
        if live {
            block.write(&mut self.index, out);
        }
    }

    /// The part is over. Where it was the one that is written, those that waited follow, up to the first that still grows.
    fn close(&mut self, part: u32, out: &mut Vec<u8>) {
        if let Some(block) = self.blocks.iter_mut().find(|block| block.part() == part) {
            block.end();
        }
        while let Some(block) = self.blocks.front_mut() {
            block.write(&mut self.index, out);
            if !block.is_over() {
                return;
            }
            let sound = block.close(out);
            if let Some(block) = self.blocks.pop_front() {
                self.held = self.held.saturating_sub(block.held() + OVERHEAD);
            }
            if !sound {
                return self.fail("The model's arguments of a tool call are not JSON, which this dialect's clients cannot read.");
            }
        }
    }

    /// Nothing that a client could use, and no way to take back what was said: the stream ends with an error.
    fn fail(&mut self, message: &'static str) {
        self.stage = Stage::Over;
        self.blocks.clear();
        self.fault = Some(Box::new(Fault::new(FaultKind::ProviderBadResponse, Origin::Provider, Step::Relay, message)));
    }

    /// Members of a block that has just begun, or of the end.
    fn ride_along(&mut self, extras: &Extras) {
        let members = extras.of(HERE);
        let begun = self.blocks.back_mut().filter(|block| block.takes_members());
        match begun {
            Some(block) if !members.iter().any(|(name, _)| name == "stop_details") => block.add_members(members),
            _ => members.iter().for_each(|(name, value)| replace(&mut self.late_inside, name, value)),
        }
    }
}

fn replace(members: &mut Vec<(String, Raw)>, name: &str, value: &Raw) {
    match members.iter_mut().find(|(have, _)| have == name) {
        Some((_, have)) => *have = value.clone(),
        None => members.push((name.to_owned(), value.clone())),
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: &Event, out: &mut Vec<u8>) {
        if self.stage == Stage::Over {
            return;
        }
        match event {
            Event::Start { id, model, service_tier, extras, .. } => self.begin(id, model, service_tier.as_ref(), extras),
            Event::PartStart { choice: CHOICE, part, open } => {
                self.tell_head(out);
                self.open(*part, open);
            }
            Event::PartDelta { choice: CHOICE, part, delta } => self.grow(*part, delta, out),
            Event::PartEnd { choice: CHOICE, part } => self.close(*part, out),
            Event::Finish { choice: CHOICE, finish } => self.finish = Some(finish.clone()),
            Event::Usage { usage, extras } => {
                self.usage.overwrite(usage);
                extras.of(HERE).iter().for_each(|(name, value)| replace(&mut self.usage_extras, name, value));
            }
            Event::Extras { choice: None, extras } => extras.of(HERE).iter().for_each(|(name, value)| replace(&mut self.late, name, value)),
            Event::Extras { choice: Some(CHOICE), extras } => self.ride_along(extras),
            // Other answers than the first, log probabilities and members of another dialect have no place. An error is written by the
            // dialect itself, with what the gateway knows of it.
            _ => {}
        }
        if self.held > MOST_HELD && self.stage != Stage::Over {
            self.fail("The model's answer has more side by side than can be kept until it is its turn.");
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.stage == Stage::Over || !self.head.begun {
            return;
        }
        self.tell_head(out);
        while let Some(part) = self.blocks.front().map(Block::part) {
            self.close(part, out);
        }
        if self.stage == Stage::Over {
            return;
        }
        self.stage = Stage::Over;
        let foreign: Vec<_> = self.foreign.iter().map(|(from, raw)| (*from, raw)).collect();
        let end = frames::End {
            stop_reason: stop_reason(self.finish.as_ref(), self.said),
            stop_sequence: self.finish.as_ref().and_then(|finish| finish.stop_sequence.as_deref()),
            inside: &self.late_inside,
            members: &self.late,
            usage: &self.usage,
            usage_extras: &Extras::new(HERE, std::mem::take(&mut self.usage_extras)),
            foreign: &foreign,
        };
        frames::message_end(out, &end);
    }

    fn fault(&mut self) -> Option<Box<Fault>> {
        self.fault.take()
    }
}
