//! Whole answers: chat, embeddings, model lists.

use super::{check, text};
use chat::{Collector, DialectId, law::Law, replay};
use dialects::openai_chat::OpenaiChat;
use dialects::{Dialect, embeddings};
use testkit::recorded::{Allowance, Record, leaves, missing};

/// What a reply may lose.
const ALLOWED: &[Allowance] = &[
    Allowance { pattern: "choices[*].message.tool_calls", value: Some("null"), reason: "null says that there are none" },
    Allowance { pattern: "choices[*].message.tool_calls", value: Some("[]"), reason: "an empty list says that there are none" },
    Allowance { pattern: "choices[*].message.reasoning", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "choices[*].message.audio", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "service_tier", value: Some("null"), reason: "null says that there is none" },
    Allowance { pattern: "usage.prompt_tokens_details", value: Some("null"), reason: "null says that there are none" },
];

/// Every leaf of the answer is in what a client gets: the canonical form holds it.
fn loses_nothing(record: &Record) -> Result<(), String> {
    let original = text(record)?;
    let reply = OpenaiChat.read_reply(original.as_bytes()).map_err(|fault| fault.to_string())?;
    let written =
        String::from_utf8(OpenaiChat.write_reply(&reply).map_err(|fault| fault.to_string())?).map_err(|error| error.to_string())?;
    let kept = leaves(&written);
    // The thought stands under the one name that clients are promised.
    let moved = |path: &str, value: &str| {
        let to = path.replace(".message.reasoning", ".message.reasoning_content");
        path.ends_with(".message.reasoning") && (value == "\"\"" || kept.iter().any(|leaf| leaf.path == to && leaf.value == value))
    };
    let lost: Vec<_> = missing(original, &written, ALLOWED, &[]).into_iter().filter(|leaf| !moved(&leaf.path, &leaf.value)).collect();
    if !lost.is_empty() {
        return Err(format!("lost {:?}", lost.iter().take(5).collect::<Vec<_>>()));
    }
    let mut again = OpenaiChat.read_reply(written.as_bytes()).map_err(|fault| fault.to_string())?;
    // Clients are promised a time.
    again.created = again.created.filter(|seconds| *seconds != 0 || reply.created.is_some());
    if again != reply {
        return Err(format!("read(write(read(x))) differs: {again:?} from {reply:?}"));
    }
    if OpenaiChat.read_usage(original.as_bytes()) != reply.usage {
        return Err("the light reader sees another usage".to_owned());
    }
    let events = replay(&reply);
    Law::default().check_all(&events).map_err(|breach| breach.to_string())?;
    let mut collector = Collector::new(DialectId::OpenaiChat);
    events.iter().for_each(|event| collector.add(event));
    let collected = collector.reply();
    let texts = |reply: &chat::Reply| reply.choices.iter().map(|choice| (choice.parts.len(), choice.finish.clone())).collect::<Vec<_>>();
    if texts(&collected) != texts(&reply) { Err("replayed events collect to another reply".to_owned()) } else { Ok(()) }
}

#[test]
fn replies_of_openai_and_groq_lose_nothing() {
    check("replies", &["openai", "groq"], 120, |record| record.operation == "chat", loses_nothing);
}

#[test]
fn replies_of_imitators_lose_nothing() {
    check("replies", &["other_openai_compatible"], 40, |record| record.operation == "chat", loses_nothing);
}

/// The bytes of an embeddings answer go through; the gateway checks the request and reads the usage.
#[test]
fn embeddings_are_checked_and_metered() {
    check(
        "embeddings",
        &["openai", "groq"],
        16,
        |record| record.operation == "embeddings",
        |record| {
            let request = record.request.body.as_deref().ok_or("no request body")?;
            embeddings::check_request(request.as_bytes()).map_err(|fault| fault.to_string())?;
            let body = text(record)?;
            let said = leaves(body).into_iter().find(|leaf| leaf.path == "usage.prompt_tokens").map(|leaf| leaf.value);
            let read = embeddings::read_usage(body.as_bytes()).and_then(|usage| usage.input).map(|count| count.to_string());
            if said == read { Ok(()) } else { Err(format!("usage {read:?}, sent {said:?}")) }
        },
    );
}

/// Model lists go through as bytes: what is read of them is that each entry has an id.
#[test]
fn model_lists_have_the_form_that_is_relied_on() {
    check(
        "models",
        &["openai", "groq"],
        4,
        |record| record.operation == "models",
        |record| {
            let found = leaves(text(record)?);
            let ids =
                found.iter().filter(|leaf| leaf.path == "id" || (leaf.path.starts_with("data[") && leaf.path.ends_with("].id"))).count();
            if ids > 0 { Ok(()) } else { Err("no entry has an id".to_owned()) }
        },
    );
}
