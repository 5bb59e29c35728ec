//! Recorded traffic of the provider: replies, streams and errors, with nothing lost.

use super::*;
use crate::{Ending, ErrorAnswer, Verdict};
use chat::{Collector, Delta, Event, FaultKind, PartOpen, Usage};
use std::collections::{BTreeMap, HashSet};
use testkit::recorded::{Leaf, Record, leaves, records};

const PROVIDER: &str = "anthropic";

/// Leaves that the canonical form need not hold: their path, the only value that is covered (empty: any), and why.
const IGNORED: &[(&str, &str, &str)] = &[
    ("type", "\"message\"", "what every reply is"),
    ("role", "\"assistant\"", "who every reply is from"),
    ("content", "[]", "no parts"),
    ("content[].type", "", "the kind of the part"),
    ("content[].citations", "[]", "no citations"),
    ("content[].signature", "\"\"", "no signature"),
    ("usage.cache_creation.ephemeral_5m_input_tokens", "", "what is written for less than an hour: the rest of `cache_write`"),
];

/// The same of a stream's events.
const IGNORED_IN_STREAMS: &[(&str, &str, &str)] = &[
    ("type", "", "the kind of the event"),
    ("index", "", "the provider's number of the block: parts are numbered anew"),
    ("message.type", "\"message\"", "what every reply is"),
    ("message.role", "\"assistant\"", "who every reply is from"),
    ("message.content", "[]", "nothing yet"),
    ("content_block.type", "", "the kind of the part"),
    ("content_block.text", "\"\"", "nothing yet"),
    ("content_block.thinking", "\"\"", "nothing yet"),
    ("content_block.signature", "\"\"", "nothing yet"),
    ("content_block.input", "{}", "the arguments come as deltas"),
    ("content_block.citations", "[]", "no citations"),
    ("delta.type", "", "the kind of the delta"),
    ("delta.text", "\"\"", "nothing"),
    ("delta.thinking", "\"\"", "nothing"),
    ("delta.partial_json", "\"\"", "nothing"),
    ("delta.estimated_tokens", "", "a progress figure of a thought whose text is left out; the count comes with the usage"),
    ("message.usage.cache_creation.ephemeral_5m_input_tokens", "", "what is written for less than an hour: the rest of `cache_write`"),
];

fn read_and_checked(kinds: &[&str]) -> Vec<Record> {
    records(PROVIDER).into_iter().filter(|record| kinds.contains(&record.operation.as_str())).collect()
}

/// The path without list indexes.
fn shape(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = (inside || c == '[') && c != ']';
        if !inside || c == '[' {
            out.push(c);
        }
    }
    out
}

fn ignored(list: &[(&str, &str, &str)], leaf: &Leaf) -> bool {
    let shape = shape(&leaf.path);
    leaf.value == "null" || list.iter().any(|(path, value, _)| *path == shape && (value.is_empty() || *value == leaf.value))
}

/// Every leaf of what the canonical form holds, by value: texts, numbers, and the leaves of raw values.
#[derive(Default)]
struct Held(HashSet<String>);

impl Held {
    fn text(&mut self, text: &str) {
        self.0.insert(serde_json::to_string(text).unwrap());
        self.0.insert(text.to_owned());
    }

    fn raw(&mut self, raw: &Raw) {
        self.0.extend(leaves(raw.text()).into_iter().map(|leaf| leaf.value));
    }

    fn extras(&mut self, extras: &Extras) {
        extras.iter().for_each(|(_, value)| self.raw(value));
    }

    /// The counts as the provider counts them.
    fn usage(&mut self, usage: &Usage) {
        let cached = usage.cache_read.unwrap_or(0) + usage.cache_write.unwrap_or(0);
        let uncached = usage.input.map(|input| input - cached);
        let counts = [uncached, usage.cache_read, usage.cache_write, usage.cache_write_1h, usage.output, usage.reasoning];
        self.0.extend(counts.into_iter().flatten().map(|count| count.to_string()));
    }

    fn part(&mut self, part: &Part) {
        self.extras(&part.extras);
        match &part.kind {
            PartKind::Text { text } => self.text(text),
            PartKind::Reasoning(thought) => {
                [Some(&thought.text), thought.signature.as_ref(), thought.encrypted.as_ref()]
                    .into_iter()
                    .flatten()
                    .for_each(|text| self.text(text));
            }
            PartKind::ToolCall(call) => {
                self.text(&call.id);
                self.text(&call.name);
                self.0.extend(leaves(&call.arguments).into_iter().map(|leaf| leaf.value));
            }
            PartKind::Citation { raw, .. } | PartKind::Native { raw, .. } => self.raw(raw),
            other => panic!("a part that this dialect does not make: {other:?}"),
        }
    }

    fn reply(&mut self, reply: &chat::Reply) {
        self.text(&reply.id);
        self.text(&reply.model);
        reply.service_tier.iter().for_each(|tier| self.text(tier));
        self.extras(&reply.extras);
        self.extras(&reply.usage_extras);
        reply.usage.iter().for_each(|usage| self.usage(usage));
        for choice in &reply.choices {
            self.extras(&choice.extras);
            choice.parts.iter().for_each(|part| self.part(part));
            if let Some(finish) = &choice.finish {
                self.text(&finish.native);
                finish.stop_sequence.iter().for_each(|sequence| self.text(sequence));
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Start { id, model, service_tier, extras, .. } => {
                self.text(id);
                self.text(model);
                service_tier.iter().for_each(|tier| self.text(tier));
                self.extras(extras);
            }
            Event::PartStart { open: PartOpen::ToolCall { id, name, .. }, .. } => {
                self.text(id);
                self.text(name);
            }
            Event::PartStart { open: PartOpen::Native { raw, .. }, .. } => self.raw(raw),
            Event::PartDelta { delta, .. } => match delta {
                Delta::Text(text) | Delta::Arguments(text) | Delta::Signature(text) | Delta::Encrypted(text) => self.text(text),
                Delta::Citation { raw, .. } | Delta::Native { raw, .. } => self.raw(raw),
                Delta::Audio { .. } => panic!("this dialect has no sound"),
            },
            Event::Finish { finish, .. } => {
                self.text(&finish.native);
                finish.stop_sequence.iter().for_each(|sequence| self.text(sequence));
            }
            Event::Usage { usage, extras } => {
                self.usage(usage);
                self.extras(extras);
            }
            Event::Extras { extras, .. } => self.extras(extras),
            Event::PartStart { .. } | Event::PartEnd { .. } | Event::End => {}
            other => panic!("an event that this dialect does not make: {other:?}"),
        }
    }
}

#[test]
fn replies_lose_nothing() {
    let records = read_and_checked(&["chat"]);
    let mut checked = 0;
    for record in &records {
        let body = record.response.text().unwrap();
        let reply = AnthropicMessages.read_reply(body.as_bytes()).unwrap_or_else(|fault| panic!("{}: {fault:?}", record.id));
        let mut held = Held::default();
        held.reply(&reply);
        for leaf in leaves(body) {
            assert!(ignored(IGNORED, &leaf) || held.0.contains(&leaf.value), "{}: {} is lost", record.id, leaf.path);
            checked += 1;
        }
        assert_eq!(AnthropicMessages.read_usage(body.as_bytes()), reply.usage, "{}", record.id);
        assert!(reply.usage.is_some() && reply.choices[0].finish.is_some(), "{}", record.id);
    }
    println!("{} replies, {checked} leaves", records.len());
    assert!(records.is_empty() || records.len() >= 81, "{} replies", records.len());
}

/// The frames of a stream as (event, data).
fn frames(bytes: &[u8]) -> Vec<(String, String)> {
    let mut framer = wire::sse::Framer::new(1 << 20);
    framer.push(bytes);
    let mut frames = Vec::new();
    while let Some(frame) = framer.next().unwrap() {
        frames.extend(frame.data.map(|data| (frame.event.to_owned(), data.to_owned())));
    }
    while let Some(frame) = framer.finish().unwrap() {
        frames.extend(frame.data.map(|data| (frame.event.to_owned(), data.to_owned())));
    }
    frames
}

#[test]
fn streams_lose_nothing_and_keep_the_order() {
    let records = read_and_checked(&["chat_stream"]);
    let mut checked = 0;
    for record in &records {
        let mut reader = AnthropicMessages.stream_reader();
        let mut watcher = AnthropicMessages.stream_watcher();
        let mut law = chat::law::Law::default();
        let (mut collector, mut held, mut all) = (Collector::new(DialectId::AnthropicMessages), Held::default(), Vec::new());
        let frames = frames(&record.response.body);
        for (event, data) in &frames {
            let mut out = Vec::new();
            assert_eq!(reader.read(event, data, &mut out), Verdict::Known, "{}: {event}", record.id);
            law.check_all(&out).unwrap_or_else(|breach| panic!("{}: {breach}", record.id));
            out.iter().for_each(|event| collector.add(event));
            out.iter().for_each(|event| held.event(event));
            watcher.see(event, data);
            all.extend(out);
        }
        for (_, data) in &frames {
            for leaf in leaves(data) {
                assert!(
                    ignored(IGNORED_IN_STREAMS, &leaf) || held.0.contains(&leaf.value),
                    "{}: {} = {} is lost",
                    record.id,
                    leaf.path,
                    leaf.value.len()
                );
                checked += 1;
            }
        }
        assert_eq!((reader.ending(), watcher.ending()), (Ending::Complete, Ending::Complete), "{}", record.id);
        assert_eq!((reader.usage().is_some(), reader.usage()), (true, watcher.usage()), "{}", record.id);
        let reply = collector.reply();
        assert!(reply.choices[0].finish.is_some(), "{}", record.id);
        for part in &reply.choices[0].parts {
            if let PartKind::ToolCall(call) = &part.kind {
                assert!(serde_json::from_str::<serde_json::Map<String, Value>>(&call.arguments).is_ok(), "{}: arguments", record.id);
            }
        }
        let finishes = all.iter().filter(|event| matches!(event, Event::Finish { .. })).count();
        assert_eq!(finishes, 1, "{}", record.id);
    }
    println!("{} streams, {checked} leaves", records.len());
    assert!(records.is_empty() || records.len() >= 54, "{} streams", records.len());
}

/// R11, R13: fed byte by byte a stream gives the same events, and only its real end is Complete.
#[test]
fn streams_are_the_same_however_they_are_cut_and_complete_at_their_end_alone() {
    let mut asked = 0_usize;
    for record in read_and_checked(&["chat_stream"]) {
        let bytes = &record.response.body;
        let mut whole = Vec::new();
        let mut reader = AnthropicMessages.stream_reader();
        for (event, data) in frames(bytes) {
            reader.read(&event, &data, &mut whole);
        }
        let (mut reader, mut framer, mut events) = (AnthropicMessages.stream_reader(), wire::sse::Framer::new(1 << 20), Vec::new());
        let mut completed_at = None;
        for (n, byte) in bytes.iter().enumerate() {
            framer.push(std::slice::from_ref(byte));
            while let Some(frame) = framer.next().unwrap() {
                if let Some(data) = frame.data {
                    reader.read(frame.event, data, &mut events);
                }
            }
            if reader.ending() == Ending::Complete {
                completed_at.get_or_insert(n);
            }
            asked += 1;
        }
        while let Some(frame) = framer.finish().unwrap() {
            if let Some(data) = frame.data {
                reader.read(frame.event, data, &mut events);
            }
        }
        assert_eq!(events, whole, "{}", record.id);
        let terminal = bytes.windows(14).rposition(|window| window == b"\"message_stop\"").unwrap();
        assert!(completed_at.is_none_or(|at| at > terminal), "{}: complete at {completed_at:?} before its end", record.id);
        assert_eq!(reader.ending(), Ending::Complete, "{}", record.id);
    }
    println!("{asked} times asked whether a stream was whole");
}

#[test]
fn errors_are_classified() {
    let mut seen: BTreeMap<(u16, String), usize> = BTreeMap::new();
    let errors: Vec<Record> =
        read_and_checked(&["error"]).into_iter().filter(|record| matches!(record.asked(), "chat" | "chat_stream")).collect();
    for record in &errors {
        let mut headers = http::HeaderMap::new();
        for (name, value) in &record.response.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse::<http::HeaderValue>()) {
                headers.append(name, value);
            }
        }
        let fault =
            AnthropicMessages.read_error(ErrorAnswer { status: record.response.status, headers: &headers, body: &record.response.body });
        let expected = match record.response.status {
            400 => FaultKind::ProviderRejected,
            401 => FaultKind::ProviderAuthFailed,
            404 => FaultKind::ProviderModelNotFound,
            other => panic!("{}: status {other} is new here", record.id),
        };
        assert_eq!(fault.kind, expected, "{}", record.id);
        let body: Value = serde_json::from_slice(&record.response.body).unwrap();
        let said = body["error"]["message"].as_str().unwrap();
        assert!(fault.cause.as_ref().is_some_and(|cause| cause.contains(said)), "{}: the log lacks the provider's words", record.id);
        assert_eq!(fault.message == said, expected == FaultKind::ProviderRejected, "{}", record.id);
        *seen.entry((record.response.status, format!("{expected:?}"))).or_default() += 1;
    }
    println!("{} errors: {seen:?}", errors.len());
    assert!(errors.is_empty() || errors.len() >= 30, "{} errors", errors.len());
}
