//! Streams: nothing is lost, every cut says the same, and the light reader agrees with the full one.

use super::{check, text};
use chat::{Event, Usage, law::Law};
use dialects::openai_chat::OpenaiChat;
use dialects::{Dialect, Ending, Sight, StreamOptions, Verdict};
use std::collections::BTreeMap;
use testkit::recorded::{Allowance, Record, matches, stream_account};
use wire::sse::Framer;

/// Members whose text comes in pieces.
const JOINED: &[&str] = &[
    "choices[*].delta.content",
    "choices[*].delta.refusal",
    "choices[*].delta.reasoning_content",
    "choices[*].delta.reasoning",
    "choices[*].delta.tool_calls[*].function.arguments",
];

/// What a stream may lose.
const ALLOWED: &[Allowance] = &[
    Allowance { pattern: "obfuscation", value: None, reason: "padding against the reading of lengths; it says nothing" },
    Allowance { pattern: "usage", value: Some("null"), reason: "null says that there is none yet" },
    Allowance { pattern: "choices", value: Some("[]"), reason: "the chunk that holds usage alone; its usage is kept" },
    Allowance { pattern: "choices[*].delta", value: Some("{}"), reason: "an empty delta says nothing" },
    Allowance { pattern: "choices[*].delta.content", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].delta.content", value: Some("\"\""), reason: "an empty piece adds nothing" },
    Allowance { pattern: "choices[*].delta.refusal", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].delta.tool_calls", value: Some("null"), reason: "null says that there are none" },
    Allowance { pattern: "choices[*].delta.tool_calls[*].function.arguments", value: Some("null"), reason: "null adds nothing" },
    Allowance { pattern: "choices[*].delta.tool_calls[*].function.arguments", value: Some("\"\""), reason: "an empty piece adds nothing" },
    Allowance { pattern: "choices[*].delta.reasoning_content", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].delta.reasoning_content", value: Some("\"\""), reason: "an empty piece adds nothing" },
    Allowance { pattern: "choices[*].delta.reasoning_details", value: Some("[]"), reason: "an empty list adds nothing" },
    Allowance { pattern: "choices[*].delta.token_id", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].delta.reasoning", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].delta.refusal", value: Some("\"\""), reason: "an empty piece adds nothing" },
    Allowance { pattern: "service_tier", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "system_fingerprint", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "created", value: Some("0"), reason: "no time: some recorders blank it, some servers send none at first" },
    Allowance { pattern: "id", value: Some("\"\""), reason: "no identity: Azure sends its filter results before the stream has one" },
];

/// What reading a stream gave, as far as it came.
#[derive(Debug, PartialEq)]
struct Seen {
    events: Vec<Event>,
    verdicts: Vec<Verdict>,
    ending: Ending,
    usage: Option<Usage>,
    light: (Ending, Option<Usage>, bool),
}

/// Feeds the pieces, then ends the stream.
fn see(pieces: &[&[u8]]) -> Seen {
    let mut framer = Framer::default();
    let mut reader = OpenaiChat.stream_reader();
    let mut watcher = OpenaiChat.stream_watcher();
    let (mut events, mut verdicts, mut failed) = (Vec::new(), Vec::new(), false);
    let mut take = |event: &str, data: &str| {
        verdicts.push(reader.read(event, data, &mut events));
        failed |= matches!(watcher.see(event, data), Sight::Error(_));
    };
    for piece in pieces {
        framer.push(piece);
        while let Some(frame) = framer.next().unwrap() {
            if let Some(data) = frame.data {
                take(frame.event, data);
            }
        }
    }
    while let Some(frame) = framer.finish().unwrap() {
        if let Some(data) = frame.data {
            take(frame.event, data);
        }
    }
    Seen { events, verdicts, ending: reader.ending(), usage: reader.usage(), light: (watcher.ending(), watcher.usage(), failed) }
}

fn chunks(stream: &str) -> Vec<String> {
    let mut framer = Framer::default();
    framer.push(stream.as_bytes());
    let mut found = Vec::new();
    while let Some(frame) = framer.finish().unwrap() {
        found.extend(frame.data.filter(|data| data.starts_with('{')).map(str::to_owned));
    }
    found
}

/// The stream as a client gets it.
fn rewritten(events: &[Event]) -> String {
    let mut writer = OpenaiChat.stream_writer(StreamOptions { include_usage: true, created: 1, fallback_id: "fallback".into() });
    let mut out = Vec::new();
    events.iter().for_each(|event| writer.write(event, &mut out));
    writer.finish(&mut out);
    String::from_utf8(out).unwrap()
}

/// R13: nothing of a recorded stream is lost.
fn loses_nothing(record: &Record) -> Result<(), String> {
    let original = text(record)?;
    let seen = see(&[original.as_bytes()]);
    if let Some(bad) = seen.verdicts.iter().position(|verdict| *verdict != Verdict::Known) {
        return Err(format!("frame {bad} is {:?}", seen.verdicts[bad]));
    }
    Law::default().check_all(&seen.events).map_err(|breach| breach.to_string())?;
    let error = seen.events.iter().any(|event| matches!(event, Event::Error(_)));
    if error != (seen.ending == Ending::Truncated) {
        return Err(format!("the stream ended {:?}", seen.ending));
    }
    if seen.light != (seen.ending, seen.usage, error) {
        return Err(format!("the light reader saw {:?}, the full one {:?}, {:?}", seen.light, seen.ending, seen.usage));
    }
    let written = rewritten(&seen.events);
    let lost = lost_of_stream(original, &written);
    if !lost.is_empty() {
        return Err(format!("lost {:?}", lost.iter().take(4).collect::<Vec<_>>()));
    }
    // A client that reads with this very reader sees the same stream, but for how it is cut into chunks.
    let again = see(&[written.as_bytes()]);
    Law::default().check_all(&again.events).map_err(|breach| format!("rewritten: {breach}"))?;
    if !error && (again.usage != seen.usage || again.ending != Ending::Complete) {
        return Err(format!("rewritten: usage {:?}, was {:?}", again.usage, seen.usage));
    }
    Ok(())
}

type Account = BTreeMap<String, std::collections::BTreeSet<String>>;

fn lost_of_stream(original: &str, written: &str) -> Vec<(String, String)> {
    let account = |stream: &str| -> Account {
        let found: Vec<String> = chunks(stream).into_iter().filter(|chunk| !chunk.contains("\"error\":{")).collect();
        stream_account(&found.iter().map(String::as_str).collect::<Vec<_>>(), JOINED)
    };
    let (before, after) = (account(original), account(written));
    let mut lost = Vec::new();
    for (path, values) in before {
        // The thought stands under the one name that clients are promised; joined text is one piece there.
        let to = path.replace(".delta.reasoning", ".delta.reasoning_content");
        let kept = after.get(&path).or_else(|| after.get(&to).filter(|_| path.ends_with(".delta.reasoning")));
        for value in values {
            let allowed = ALLOWED.iter().any(|allowance| {
                matches(allowance.pattern, &path)
                    && allowance.value.is_none_or(|allowed| allowed == value || (allowed == "\"\"" && value.is_empty()))
            });
            if !allowed && !kept.is_some_and(|kept| kept.contains(&value)) {
                lost.push((path.clone(), value));
            }
        }
    }
    lost
}

/// R11, R13: the same events however the bytes are cut, and no cut is taken for the end.
fn is_the_same_however_cut(record: &Record) -> Result<(), String> {
    let bytes = text(record)?.as_bytes();
    let whole = see(&[bytes]);
    let step = (bytes.len() / 40).max(1);
    for n in (1..bytes.len()).step_by(step) {
        let (head, tail) = bytes.split_at(n);
        // A second cut at a place that depends on the first.
        let (middle, end) = tail.split_at((n * 7919) % (tail.len() + 1));
        if see(&[head, middle, end]) != whole {
            return Err(format!("cut at {n} and {}: other events", n + middle.len()));
        }
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    if see(&single) != whole { Err("byte by byte: other events".to_owned()) } else { ends_only_at_its_end(bytes) }
}

/// Fed once, byte by byte, and asked after each: "if it ended here?"
fn ends_only_at_its_end(bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let finish = first_whole(text);
    let mut framer = Framer::default();
    let mut reader = OpenaiChat.stream_reader();
    let mut watcher = OpenaiChat.stream_watcher();
    let mut events = Vec::new();
    for (n, byte) in bytes.iter().enumerate() {
        framer.push(&[*byte]);
        while let Some(frame) = framer.next().map_err(|error| error.to_string())? {
            let Some(data) = frame.data else { continue };
            reader.read(frame.event, data, &mut events);
            watcher.see(frame.event, data);
        }
        let complete = reader.ending() == Ending::Complete;
        if complete != (watcher.ending() == Ending::Complete) {
            return Err(format!("byte {n}: the light reader ends otherwise"));
        }
        if complete && n + 1 < finish {
            return Err(format!("byte {n}: taken for the end, which is at {finish}"));
        }
    }
    Ok(())
}

/// Where the frame ends with which every choice so far has a finish reason, found in the text itself.
fn first_whole(stream: &str) -> usize {
    let mut at = 0;
    let mut choices: BTreeMap<u64, bool> = BTreeMap::new();
    for line in stream.split_inclusive('\n') {
        at += line.len();
        let data = line.trim().strip_prefix("data:").map(str::trim).unwrap_or_default();
        let value: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
        for choice in value["choices"].as_array().into_iter().flatten() {
            let finished = choice["finish_reason"].as_str().is_some_and(|word| !word.is_empty());
            *choices.entry(choice["index"].as_u64().unwrap_or(0)).or_default() |= finished;
        }
        if !choices.is_empty() && choices.values().all(|finished| *finished) {
            return at;
        }
    }
    stream.len()
}

fn is_stream(record: &Record) -> bool {
    record.operation == "chat_stream"
}

#[test]
fn streams_of_openai_and_groq_lose_nothing() {
    check("streams", &["openai", "groq"], 69, is_stream, loses_nothing);
}

#[test]
fn streams_of_imitators_lose_nothing() {
    check("streams", &["other_openai_compatible"], 28, is_stream, loses_nothing);
}

#[test]
fn streams_of_openai_and_groq_are_the_same_however_cut() {
    check("cuts", &["openai", "groq"], 69, is_stream, is_the_same_however_cut);
}

#[test]
fn streams_of_imitators_are_the_same_however_cut() {
    check("cuts", &["other_openai_compatible"], 31, is_stream, is_the_same_however_cut);
}
