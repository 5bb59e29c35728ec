//! A provider's stream, chunk by chunk, into events.
//!
//! The terminal marker is `[DONE]`; some servers close the connection after the last finish reason instead, which is a whole stream too
//! (providers/custom.md §4).

mod calls;
mod choice;

use super::errors::{self, Said};
use super::read_reply::take_usage;
use super::types::{ME, is_failure, loose_text, loose_time};
use crate::{Ending, Leniency, StreamReader, Verdict};
use chat::{Event, Extras, Step, Usage};
use choice::ChoiceReader;
use std::collections::BTreeMap;
use wire::object::Fields;
use wire::{Raw, RawRef};

/// Reads the frames of one stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    started: bool,
    state: State,
    id: String,
    choices: BTreeMap<u32, ChoiceReader>,
    usage: Option<Usage>,
    /// Members of chunks as they were last told: most repeat on every chunk.
    told: Told,
    /// Members of chunks that came before the stream had a name.
    early: Vec<(String, Raw)>,
    leniency: Leniency,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    Done,
    Failed,
}

/// Remembers the value of each member, so that only news is told.
#[derive(Debug, Default)]
pub(super) struct Told {
    values: Vec<(String, String)>,
}

impl Told {
    pub(super) fn is_news(&mut self, name: &str, value: &str) -> bool {
        match self.values.iter_mut().find(|(have, _)| have == name) {
            Some((_, have)) if have == value => false,
            Some((_, have)) => {
                value.clone_into(have);
                true
            }
            None => {
                self.values.push((name.to_owned(), value.to_owned()));
                true
            }
        }
    }
}

/// The text of the terminal marker; servers add spaces, and what follows it is not ours to judge.
pub(super) fn is_terminal(data: &str) -> bool {
    data.trim_start().starts_with("[DONE]")
}

impl StreamReader for Reader {
    fn read(&mut self, event: &str, data: &str, out: &mut Vec<Event>) -> Verdict {
        let data = data.trim();
        if self.state != State::Running || data.is_empty() {
            return Verdict::Known;
        }
        if is_terminal(data) {
            return self.end(out);
        }
        let Ok(fields) = Fields::parse(data) else { return self.no_object(event, data, out) };
        if let Some(said) = error_in(event, &fields) {
            return self.fail(&said, out);
        }
        self.chunk(fields, out)
    }

    fn ending(&self) -> Ending {
        let finished = !self.choices.is_empty() && self.choices.values().all(ChoiceReader::has_finished);
        match self.state {
            State::Done => Ending::Complete,
            State::Running if finished => Ending::Complete,
            _ => Ending::Truncated,
        }
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

/// The error that a frame is, if it is one: a named event, an error member, or Groq's text inside a member of its own.
pub(super) fn error_in(event: &str, fields: &Fields<'_>) -> Option<Said> {
    if let Some(said) = errors::told(fields) {
        return Some(said);
    }
    if event == "error" {
        return Some(errors::of_any(fields.clone()));
    }
    let text = fields.peek("x_groq")?.fields().ok()?.peek("error").and_then(RawRef::as_str)?.into_owned();
    (!text.is_empty()).then(|| Said::text(text))
}

impl Reader {
    pub(super) fn new(leniency: Leniency) -> Self {
        Self { leniency, ..Self::default() }
    }

    fn end(&mut self, out: &mut Vec<Event>) -> Verdict {
        if !self.started {
            return Verdict::Malformed;
        }
        for (index, choice) in &mut self.choices {
            choice.close_all(*index, out);
        }
        self.state = State::Done;
        out.push(Event::End);
        Verdict::Known
    }

    fn fail(&mut self, said: &Said, out: &mut Vec<Event>) -> Verdict {
        self.state = State::Failed;
        out.push(Event::Error(Box::new(errors::in_band(said, Step::Relay))));
        Verdict::Known
    }

    /// Text under an error event is an error; anything else that is no object is broken.
    fn no_object(&mut self, event: &str, data: &str, out: &mut Vec<Event>) -> Verdict {
        if event != "error" {
            return Verdict::Malformed;
        }
        self.fail(&Said::text(data), out)
    }

    fn chunk(&mut self, mut fields: Fields<'_>, out: &mut Vec<Event>) -> Verdict {
        let known = ["choices", "usage", "x_groq", "model"].iter().any(|name| fields.peek(name).is_some());
        if !known {
            return Verdict::Unknown;
        }
        let Ok(items) = fields.take_items("choices") else { return Verdict::Malformed };
        // All of the chunk is read before anything of it is told: a broken one adds nothing.
        let choices = items.unwrap_or_default().into_iter().map(|item| item.fields()).collect::<Result<Vec<_>, _>>();
        let Ok(choices) = choices else { return Verdict::Malformed };
        let usage = take_usage(&mut fields);
        self.start(&mut fields, !choices.is_empty() || usage.is_some(), out);
        let failure = choices.iter().find_map(|choice| loose_text(choice.peek("finish_reason")).filter(|word| is_failure(word)));
        for (mut choice, position) in choices.into_iter().zip(0_u32..) {
            let index = loose_text(choice.take_ref("index")).and_then(|text| text.parse().ok()).unwrap_or(position);
            if failure.is_some() {
                choice.take_ref("finish_reason");
            }
            self.choices.entry(index).or_insert_with(|| ChoiceReader::new(self.leniency)).read(index, choice, &self.id, out);
        }
        if let Some((usage, extras)) = usage {
            self.usage.get_or_insert_default().overwrite(&usage);
            out.push(Event::Usage { usage, extras });
        }
        match failure {
            Some(word) => self.fail(&Said::broken_off(&word), out),
            None => Verdict::Known,
        }
    }

    /// The head of a chunk: the start of the stream, or news about it. A chunk that names nothing (Azure's filter results) waits for one that does.
    fn start(&mut self, fields: &mut Fields<'_>, speaks: bool, out: &mut Vec<Event>) {
        let id = loose_text(fields.take_ref("id")).unwrap_or_default();
        let model = loose_text(fields.take_ref("model")).unwrap_or_default();
        let created = loose_time(fields.take_ref("created"));
        let tier = loose_text(fields.take_ref("service_tier"));
        fields.take_ref("object");
        // Padding against the reading of lengths on the wire: it says nothing, and re-framing makes it useless.
        fields.take_ref("obfuscation");
        let mut news: Vec<(String, Raw)> = std::mem::take(&mut self.early);
        let told = &mut self.told;
        news.extend(std::mem::take(fields).rest().into_iter().filter(|(name, value)| told.is_news(name, value.text())));
        if self.started {
            if let Some(raw) = tier.filter(|tier| self.told.is_news("service_tier", tier)).and_then(|tier| Raw::of(&tier).ok()) {
                news.push(("service_tier".to_owned(), raw));
            }
            if !news.is_empty() {
                out.push(Event::Extras { choice: None, extras: Extras::new(ME, news) });
            }
        } else if id.is_empty() && !speaks {
            self.early = news;
        } else {
            self.started = true;
            self.id.clone_from(&id);
            if let Some(tier) = &tier {
                self.told.is_news("service_tier", tier);
            }
            out.push(Event::Start { id, model, created, service_tier: tier, extras: Extras::new(ME, news) });
        }
    }
}
