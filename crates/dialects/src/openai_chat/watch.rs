//! The light reader: for streams whose bytes go through.
//!
//! Each chunk is scanned once, without a tree: that checks its grammar and finds its top-level members, whatever text they contain. Only what
//! is rare (usage, an error, a finish reason, the first content) is looked at more closely.

use super::errors;
use super::read_reply::take_usage;
use super::read_stream::{error_in, is_terminal};
use super::types::{is_failure, loose_text, read_finish};
use crate::{Ending, Sight, StreamWatcher};
use chat::{Step, Usage};
use memchr::{memchr, memmem};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use wire::RawRef;
use wire::json::{self, Kind, Limits, Object};
use wire::object::Fields;

#[derive(Debug, Default)]
pub(super) struct Watcher {
    usage: Option<Usage>,
    /// Whether each choice that was seen has finished. Choices are looked at closely until there was content, and at their finish.
    choices: BTreeMap<u32, bool>,
    content: bool,
    started: bool,
    done: bool,
    failed: bool,
    /// Choices hold `text`, not a delta.
    of_text: bool,
}

impl StreamWatcher for Watcher {
    fn see(&mut self, event: &str, data: &str) -> Sight {
        let data = data.trim();
        if self.done || self.failed || data.is_empty() {
            return Sight::Meta;
        }
        if is_terminal(data) {
            self.done = self.started;
            return if self.started { Sight::Terminal } else { Sight::Malformed };
        }
        let Ok(object) = json::scan(data.as_bytes(), &Limits::default()) else {
            return if event == "error" { self.fail_with_text(data) } else { Sight::Malformed };
        };
        if event == "error" || may_be_error(&object) {
            let Ok(fields) = Fields::parse(data) else { return Sight::Malformed };
            if let Some(said) = error_in(event, &fields) {
                self.failed = true;
                return Sight::Error(Box::new(errors::in_band(&said, Step::Relay)));
            }
        }
        self.chunk(&object, data)
    }

    fn ending(&self) -> Ending {
        let finished = !self.choices.is_empty() && self.choices.values().all(|finished| *finished);
        if self.done || (!self.failed && finished) { Ending::Complete } else { Ending::Truncated }
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }
}

/// Members that an ordinary chunk does not have, or has as null.
fn may_be_error(object: &Object<'_>) -> bool {
    object.members().iter().any(|member| match member.key.as_ref() {
        "error" => member.kind != Kind::Null,
        "object" => member.value == "\"error\"",
        "type" | "detail" => true,
        "x_groq" => memmem::find(member.value.as_bytes(), b"error").is_some() || has_escaped_ascii(member.value),
        _ => false,
    })
}

/// `\u00..`: text that may spell a name in a way that a search for its bytes does not find.
fn has_escaped_ascii(text: &str) -> bool {
    // Most text has no backslash at all, and one byte is found faster than four.
    memchr(b'\\', text.as_bytes()).is_some() && memmem::find(text.as_bytes(), b"\\u00").is_some()
}

impl Watcher {
    /// For text completions.
    pub(super) fn of_text() -> Self {
        Self { of_text: true, ..Self::default() }
    }

    fn fail_with_text(&mut self, data: &str) -> Sight {
        self.failed = true;
        let said = errors::Said::text(data);
        Sight::Error(Box::new(errors::in_band(&said, Step::Relay)))
    }

    fn chunk(&mut self, object: &Object<'_>, data: &str) -> Sight {
        let choices = object.get("choices");
        let usage = object.get("usage").filter(|member| member.kind == Kind::Object);
        let groq = object
            .get("x_groq")
            .filter(|member| memmem::find(member.value.as_bytes(), b"usage").is_some() || has_escaped_ascii(member.value));
        if usage.is_some() || groq.is_some() {
            self.take_usage(data);
        }
        let Some(choices) = choices.filter(|member| member.kind == Kind::Array && !member.is_empty_array()) else {
            if choices.is_some_and(|member| !matches!(member.kind, Kind::Array | Kind::Null)) {
                return Sight::Malformed;
            }
            let named = object.get("id").is_some_and(|id| !matches!(id.value, "\"\"" | "null"));
            let known = choices.is_some() || object.get("model").is_some() || usage.is_some() || object.get("x_groq").is_some();
            self.started |= known && (named || usage.is_some());
            return if usage.is_some() { Sight::UsageOnly } else { Sight::Meta };
        };
        self.started = true;
        if self.content && !may_finish(choices.value) && !self.may_be_new_choice(choices.value) {
            return Sight::Content;
        }
        self.look_at(choices.raw())
    }

    fn take_usage(&mut self, data: &str) {
        let Ok(mut fields) = Fields::parse(data) else { return };
        if let Some((usage, _)) = take_usage(&mut fields) {
            self.usage.get_or_insert_default().overwrite(&usage);
        }
    }

    /// With one choice, none can be new; with several, the first content of each is looked at.
    fn may_be_new_choice(&self, choices: &str) -> bool {
        let Ok(items) = json::items(choices.as_bytes(), &Limits::default()) else { return true };
        items.iter().zip(0_u32..).any(|(item, position)| match index_at_front(item.text()) {
            Some(index) => !self.choices.contains_key(&index),
            None => item.fields().is_ok_and(|mut fields| !self.choices.contains_key(&take_index(&mut fields, position))),
        })
    }

    fn look_at(&mut self, choices: RawRef<'_>) -> Sight {
        let Ok(items) = choices.items() else { return Sight::Malformed };
        let mut content = false;
        for (item, position) in items.into_iter().zip(0_u32..) {
            let Ok(mut fields) = item.fields() else { return Sight::Malformed };
            let index = take_index(&mut fields, position);
            let word = loose_text(fields.take_ref("finish_reason"));
            if let Some(word) = word.as_deref().filter(|word| is_failure(word)) {
                self.failed = true;
                return Sight::Error(Box::new(errors::in_band(&errors::Said::broken_off(word), Step::Relay)));
            }
            let finished = word.and_then(|word| read_finish(&word, false)).is_some();
            content |= finished || has_content(&fields) || (self.of_text && says(&fields, "text"));
            *self.choices.entry(index).or_default() |= finished;
        }
        self.content |= content;
        if content { Sight::Content } else { Sight::Meta }
    }
}

fn take_index(fields: &mut Fields<'_>, position: u32) -> u32 {
    loose_text(fields.take_ref("index")).and_then(|text| text.parse().ok()).unwrap_or(position)
}

/// `{"index":0,` as OpenAI writes it: spares a closer look.
fn index_at_front(choice: &str) -> Option<u32> {
    let rest = choice.strip_prefix("{\"index\":")?;
    rest.get(..rest.find(|c: char| !c.is_ascii_digit())?)?.parse().ok()
}

/// Whether there is a finish reason that is not null. The name in quotes, followed by a colon, can only be a member name.
fn may_finish(choices: &str) -> bool {
    // Prepared once: this runs for every chunk.
    static NAME: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"\"finish_reason\""));
    let given = NAME.find_iter(choices.as_bytes()).any(|at| {
        let after = choices.get(at + NAME.needle().len()..).unwrap_or_default().trim_start();
        after.strip_prefix(':').is_some_and(|value| !value.trim_start().starts_with("null"))
    });
    given || has_escaped_ascii(choices)
}

/// Members of a delta that say something.
const SAYING: [&str; 10] = [
    "content",
    "reasoning_content",
    "reasoning",
    "thinking",
    "reasoning_details",
    "thinking_blocks",
    "refusal",
    "audio",
    "tool_calls",
    "function_call",
];

/// Whether a delta says anything: text, thought, refusal, sound or calls; not a role, an empty text or a null.
fn has_content(choice: &Fields<'_>) -> bool {
    let delta = ["delta", "message"].iter().find_map(|name| choice.peek(name)?.fields().ok());
    delta.is_some_and(|delta| SAYING.iter().any(|name| says(&delta, name)))
}

fn says(fields: &Fields<'_>, name: &str) -> bool {
    fields.peek(name).is_some_and(|value| !matches!(value.text(), "null" | "\"\"" | "[]" | "{}"))
}
