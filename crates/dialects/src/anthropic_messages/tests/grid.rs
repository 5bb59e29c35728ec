//! Recorded traffic in every direction: requests of both dialects written in both, answers and streams of every provider as messages.

use super::{shape, written_streams::*, *};
use crate::openai_chat::OpenaiChat;
use crate::tell_losses;
use chat::Event;
use std::collections::{BTreeMap, HashSet};
use testkit::recorded::{Record, leaves, matches, records};

fn requests() -> Vec<Record> {
    records("anthropic")
        .into_iter()
        .filter(|record| matches!(record.asked(), "chat" | "chat_stream") && record.request.body.is_some())
        .collect()
}

fn body(record: &Record) -> &str {
    record.request.body.as_deref().unwrap()
}

/// What the provider took is read, what is written is a request again, and writing that says the same: nothing changes a second time.
#[test]
fn recorded_requests_round_trip() {
    let (mut read, mut same) = (0, 0);
    for record in requests() {
        let chat = match AnthropicMessages.read_request(body(&record).as_bytes()) {
            Ok(chat) => chat,
            Err(fault) => {
                assert!(record.is_error() && fault.param.is_some(), "{}: {fault:?}", record.id);
                continue;
            }
        };
        read += 1;
        let Ok(written) = try_write(&chat, &ModelFacts::default(), None) else { continue };
        let again = AnthropicMessages.read_request(&written.body).unwrap_or_else(|fault| panic!("{}: {fault:?}", record.id));
        let twice = write(&again);
        assert_eq!(json(&twice)["messages"], json(&written)["messages"], "{}", record.id);
        assert_eq!(json(&twice)["tools"], json(&written)["tools"], "{}", record.id);
        if written.losses.is_empty() {
            assert_eq!((&again.tools, &again.tool_choice, &again.output), (&chat.tools, &chat.tool_choice, &chat.output), "{}", record.id);
            assert_eq!((&again.sampling, &again.reasoning, &again.user), (&chat.sampling, &chat.reasoning, &chat.user), "{}", record.id);
            let parts = |turns: &[Turn]| turns.iter().flat_map(|turn| turn.parts.clone()).collect::<Vec<_>>();
            if parts(&again.turns) == parts(&chat.turns) {
                same += 1;
            }
        }
        let lost: Vec<String> = lost(&record, &written, &chat, OWN).collect();
        assert!(lost.is_empty(), "{}: {lost:#?}", record.id);
    }
    println!("{read} requests read, {same} with the same parts after a round");
    assert!(read == 0 || (read >= 150 && same * 2 > read), "{read} read, {same} the same");
}

/// Leaves that need not stand in the body of the same dialect: path, value (empty: any), and why.
const OWN: &[(&str, &str, &str)] = &[
    ("model", "", "the mapping's model stands there"),
    ("tools[*].type", "\"custom\"", "the default"),
    ("messages[*].content", "\"\"", "says nothing"),
    ("system", "\"\"", "says nothing"),
    ("tool_choice.disable_parallel_tool_use", "false", "the default"),
    ("tools", "[]", "says nothing"),
    ("tool_choice.type", "", "an approximation is told"),
    ("output_format.type", "", "stands in output_config"),
    ("tools[*].strict", "false", "the default"),
    ("messages[*].content[*].content", "\"\"", "says nothing"),
];

/// The same towards OpenAI chat.
const FOREIGN: &[(&str, &str, &str)] = &[
    ("model", "", "the mapping's model stands there"),
    ("messages[*].role", "", "results have a role of their own"),
    ("messages[*].content[*].type", "", "the kind of the part"),
    ("messages[*].content[*].content[*].type", "", "the kind of the part"),
    ("messages[*].content[*].source.type", "", "the kind of the part"),
    ("messages[*].content[*].content[*].source.type", "", "the kind of the part"),
    ("messages[*].content[*].is_error", "false", "the default"),
    ("messages[*].content[*].source.media_type", "", "in the data URL"),
    ("messages[*].content[*].input", "", "arguments are text: compared below"),
    ("system[*].type", "\"text\"", "the kind of the part"),
    ("system", "\"\"", "says nothing"),
    ("messages[*].content", "\"\"", "says nothing"),
    ("tools[*].type", "\"custom\"", "the default"),
    ("tool_choice.type", "", "spelt otherwise"),
    ("tool_choice.disable_parallel_tool_use", "", "spelt otherwise"),
    ("tools", "[]", "says nothing"),
    ("thinking", "", "a word of effort; a loss where it changes"),
    ("output_config.format.type", "", "spelt otherwise"),
    ("output_format.type", "", "spelt otherwise"),
    ("messages[*].content[*].signature", "\"\"", "nobody signed it"),
];

fn lost<'r>(
    record: &'r Record,
    written: &Written,
    chat: &Chat,
    ignored: &'static [(&'static str, &'static str, &'static str)],
) -> impl Iterator<Item = String> + 'r {
    let text = String::from_utf8(written.body.clone()).unwrap();
    let held: HashSet<String> = leaves(&text).into_iter().map(|leaf| leaf.value).collect();
    let mut told = written.losses.clone();
    tell_losses(chat, &mut told);
    leaves(body(record)).into_iter().filter(|leaf| leaf.value != "null").filter_map(move |leaf| {
        let allowed = ignored.iter().any(|(path, value, _)| matches(path, &leaf.path) && (value.is_empty() || *value == leaf.value));
        let within = |text: &str| serde_json::from_str::<String>(&leaf.value).is_ok_and(|value| text.contains(&format!(";base64,{value}")));
        // A schema that is refused as it is has its bounds in words.
        let in_words = leaf.path.starts_with("output_") && text.contains(leaf.value.trim_matches('"'));
        let fine =
            allowed || in_words || held.contains(&leaf.value) || within(&text) || told.iter().any(|loss| matches(&loss.path, &leaf.path));
        (!fine).then(|| format!("{} = {}", leaf.path, leaf.value.chars().take(60).collect::<String>()))
    })
}

/// Every leaf of every recorded Anthropic request is in the OpenAI body, told as a loss in the caller's terms, or declared above.
#[test]
fn recorded_requests_reach_openai_with_every_loss_told() {
    let (mut written_count, mut refused): (usize, BTreeMap<String, usize>) = (0, BTreeMap::new());
    for record in requests().into_iter().filter(|record| !record.is_error()) {
        let chat = AnthropicMessages.read_request(body(&record).as_bytes()).unwrap_or_else(|fault| panic!("{}: {fault:?}", record.id));
        let facts = ModelFacts::default();
        let written = match OpenaiChat.write_request(&chat, &Target { model: "gpt", facts: &facts, version: None }) {
            Ok(written) => written,
            Err(fault) => {
                *refused.entry(fault.param.unwrap_or_default()).or_default() += 1;
                continue;
            }
        };
        written_count += 1;
        let lost: Vec<String> = lost(&record, &written, &chat, FOREIGN).collect();
        assert!(lost.is_empty(), "{}: {lost:#?}", record.id);
        let sent = json(&written);
        for message in sent["messages"].as_array().unwrap() {
            let empty =
                message["content"] == Value::Array(Vec::new()) || (message["content"].is_null() && message.get("tool_calls").is_none());
            assert!(!empty, "{}: {message}", record.id);
            assert!(
                message["role"] != "tool" || message["content"].is_string() || only_text(&message["content"]),
                "{}: {message}",
                record.id
            );
        }
        assert_ne!(sent["tools"], Value::Array(Vec::new()), "{}", record.id);
        // An OpenAI reader takes it.
        OpenaiChat.read_request(&written.body).unwrap_or_else(|fault| panic!("{}: {fault:?}", record.id));
    }
    println!("{written_count} requests reached OpenAI; refused: {refused:?}");
    assert!(written_count == 0 || written_count >= 130, "{written_count}");
}

fn only_text(content: &Value) -> bool {
    content.as_array().is_some_and(|parts| parts.iter().all(|part| part["type"] == "text"))
}

fn answers(provider: &str, operation: &str) -> Vec<Record> {
    records(provider).into_iter().filter(|record| record.operation == operation).collect()
}

/// Parts as far as a message can hold them: empty texts make no block.
fn visible(mut reply: chat::Reply) -> chat::Reply {
    for choice in &mut reply.choices {
        choice.parts.retain(|part| !matches!(&part.kind, PartKind::Text { text } if text.is_empty()));
    }
    reply
}

#[test]
fn recorded_answers_of_anthropic_come_out_as_they_went_in() {
    let records = answers("anthropic", "chat");
    for record in &records {
        let reply = AnthropicMessages.read_reply(&record.response.body).unwrap();
        let body = AnthropicMessages.write_reply(&reply).unwrap();
        shape::message(&body).unwrap_or_else(|why| panic!("{}: {why}", record.id));
        let again = AnthropicMessages.read_reply(&body).unwrap();
        assert_eq!(again, visible(reply), "{}", record.id);
    }
    assert!(records.is_empty() || records.len() >= 81, "{}", records.len());
}

/// What each part says; numbers and places aside.
fn told(reply: &chat::Reply) -> Vec<(Part, Option<chat::Finish>)> {
    reply.choices.iter().take(1).flat_map(|choice| choice.parts.iter().map(|part| (part.clone(), choice.finish.clone()))).collect()
}

#[test]
fn recorded_streams_of_anthropic_come_out_as_they_went_in() {
    let records = answers("anthropic", "chat_stream");
    for record in &records {
        let first = events(&AnthropicMessages, &[&record.response.body]);
        let written = stream(&first);
        let message = shape::assembled(&written).unwrap_or_else(|why| panic!("{}: {why}", record.id));
        assert!(message["usage"]["output_tokens"].as_u64() > Some(0), "{}", record.id);
        let again = events(&AnthropicMessages, &[written.as_bytes()]);
        let (before, after) = (visible(collected(&first)), visible(collected(&again)));
        assert_eq!(told(&after), told(&before), "{}", record.id);
        assert_eq!(
            (&after.usage, &after.model, &after.id, &after.service_tier),
            (&before.usage, &before.model, &before.id, &before.service_tier),
            "{}",
            record.id
        );
        let names = |extras: &Extras| {
            extras.iter().map(|(name, raw)| (name.to_owned(), raw.text().to_owned())).collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(
            (names(&after.usage_extras), names(&after.extras)),
            (names(&before.usage_extras), names(&before.extras)),
            "{}",
            record.id
        );
    }
    assert!(records.is_empty() || records.len() >= 54, "{}", records.len());
}

#[test]
fn recorded_answers_of_openai_and_groq_are_messages() {
    let mut count = 0;
    for record in ["openai", "groq", "other_openai_compatible"].iter().flat_map(|provider| answers(provider, "chat")) {
        let Ok(reply) = OpenaiChat.read_reply(&record.response.body) else { continue };
        count += 1;
        let message = shape::message(&AnthropicMessages.write_reply(&reply).unwrap()).unwrap_or_else(|why| panic!("{}: {why}", record.id));
        let calls =
            reply.choices.first().map_or(0, |choice| choice.parts.iter().filter(|part| matches!(part.kind, PartKind::ToolCall(_))).count());
        let blocks = message["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_use").count();
        assert_eq!(blocks, calls, "{}", record.id);
        let cut = ["length", "content_filter"].contains(&native(&reply));
        assert_eq!(message["stop_reason"] == "tool_use", (calls > 0 && !cut) || native(&reply) == "tool_calls", "{}: {message}", record.id);
        let read = AnthropicMessages.read_reply(message.to_string().as_bytes()).unwrap();
        let odd = reply.usage.is_some_and(|usage| usage.cache_read > usage.input);
        if odd {
            continue;
        }
        assert_eq!(
            read.usage.and_then(|usage| usage.input),
            reply.usage.map(|usage| usage.input.unwrap_or(0)).or(Some(0)),
            "{}",
            record.id
        );
    }
    println!("{count} answers");
    assert!(count == 0 || count >= 160, "{count}");
}

fn native(reply: &chat::Reply) -> &str {
    reply.choices.first().and_then(|choice| choice.finish.as_ref()).map_or("", |finish| &finish.native)
}

/// R11, R13: accepted by the strict checker, the same however the bytes were cut, and no end where the provider sent none.
#[test]
fn recorded_streams_of_openai_and_groq_are_lawful_streams_of_messages() {
    let (mut count, mut failed) = (0, 0);
    for record in ["openai", "groq", "other_openai_compatible"].iter().flat_map(|provider| answers(provider, "chat_stream")) {
        let bytes = &record.response.body;
        let whole = events(&OpenaiChat, &[bytes]);
        let written = stream(&whole);
        count += 1;
        if whole.last() != Some(&Event::End) {
            failed += 1;
            assert!(!written.contains("message_stop"), "{}", record.id);
            continue;
        }
        shape::assembled(&written).unwrap_or_else(|why| panic!("{}: {why}\n{written}", record.id));
        for size in [1, 7, bytes.len() / 3 + 1] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(stream(&events(&OpenaiChat, &pieces)), written, "{} in pieces of {size}", record.id);
        }
        let half = written.len() / 2;
        let again = events(&AnthropicMessages, &[&written.as_bytes()[..half], &written.as_bytes()[half..]]);
        assert_eq!(
            collected(&again).usage.and_then(|usage| usage.output),
            collected(&whole).usage.map_or(Some(0), |usage| usage.output.or(Some(0))),
            "{}",
            record.id
        );
    }
    println!("{count} streams, {failed} of them failed at the provider");
    assert!(count == 0 || count >= 97, "{count}");
}
