use super::*;
use crate::law::Law;
use crate::{FinishKind, Usage};

fn raw(text: &str) -> Raw {
    Raw::parse(text).unwrap()
}

fn extras(name: &str, value: &str) -> Extras {
    Extras::new(DialectId::OpenaiChat, vec![(name.into(), raw(value))])
}

fn reply() -> Reply {
    let call = ToolCall { id: "c1".into(), name: "f".into(), arguments: "{}".into(), custom: false, inner_extras: Extras::default() };
    let thought = ReasoningPart { text: "hm".into(), signature: Some("sig".into()), encrypted: None, from: DialectId::AnthropicMessages };
    let hidden = ReasoningPart { text: String::new(), signature: None, encrypted: Some("xyz".into()), from: DialectId::AnthropicMessages };
    let parts = vec![
        Part::new(PartKind::Reasoning(thought)),
        Part::new(PartKind::Reasoning(hidden)),
        Part::text("Hello"),
        Part::new(PartKind::ToolCall(call)),
    ];
    let finish = Finish { kind: FinishKind::ToolCalls, native: "tool_use".into(), stop_sequence: None };
    let first = Choice {
        index: 0,
        parts,
        finish: Some(finish.clone()),
        logprobs: Some(raw(r#"{"content":[1,2],"refusal":null}"#)),
        extras: extras("native_finish_reason", "\"x\""),
        message_extras: extras("annotations", "[]"),
    };
    let second =
        Choice { index: 1, parts: vec![Part::new(PartKind::Refusal { text: "no".into() })], finish: Some(finish), ..Choice::default() };
    Reply {
        id: "r".into(),
        model: "m".into(),
        created: Some(7),
        choices: vec![first, second],
        usage: Some(Usage { input: Some(3), output: Some(0), ..Usage::default() }),
        service_tier: Some("default".into()),
        extras: extras("system_fingerprint", "\"fp\""),
        usage_extras: extras("cost", "0.5"),
    }
}

#[test]
fn collecting_what_was_replayed_gives_the_reply_back() {
    let events = replay(&reply());
    let mut law = Law::default();
    law.check_all(&events).unwrap();
    let mut collector = Collector::new(DialectId::AnthropicMessages);
    events.iter().for_each(|event| collector.add(event));
    assert_eq!(collector.reply(), reply());
}

#[test]
fn pieces_are_joined_in_order() {
    let mut collector = Collector::new(DialectId::OpenaiChat);
    let delta = |part: u32, delta: Delta| Event::PartDelta { choice: 0, part, delta };
    let logprobs = |text: &str| Event::Logprobs { choice: 0, raw: raw(text), from: DialectId::OpenaiChat };
    let audio = |data: &str, transcript: &str| Delta::Audio {
        data: Some(data.into()),
        transcript: Some(transcript.into()),
        extras: extras("id", "\"a\""),
    };
    for event in [
        Event::PartStart { choice: 0, part: 0, open: PartOpen::Text },
        delta(0, Delta::Text("Hel".into())),
        Event::PartStart { choice: 0, part: 1, open: PartOpen::ToolCall { id: "c".into(), name: "f".into(), custom: true } },
        delta(1, Delta::Arguments("ab".into())),
        delta(0, Delta::Text("lo".into())),
        delta(1, Delta::Arguments("cd".into())),
        Event::PartStart { choice: 0, part: 2, open: PartOpen::Audio },
        delta(2, audio("AA", "hi ")),
        delta(2, audio("BB", "there")),
        logprobs(r#"{"content":[1],"refusal":null}"#),
        logprobs(r#"{"content":[2],"refusal":null}"#),
        Event::Usage { usage: Usage { output: Some(1), ..Usage::default() }, extras: Extras::default() },
        Event::Usage { usage: Usage { output: Some(2), ..Usage::default() }, extras: Extras::default() },
    ] {
        collector.add(&event);
    }
    let reply = collector.reply();
    let choice = &reply.choices[0];
    assert_eq!(choice.parts[0], Part::text("Hello"));
    assert!(matches!(&choice.parts[1].kind, PartKind::ToolCall(call) if call.arguments == "abcd" && call.custom));
    assert!(matches!(&choice.parts[2].kind, PartKind::Audio { source: Source::Base64 { data, .. }, transcript: Some(said), .. }
        if data == "AABB" && said == "hi there"));
    assert_eq!(choice.logprobs, Some(raw(r#"{"content":[1,2],"refusal":null}"#)));
    assert_eq!(reply.usage.unwrap().output, Some(2));
}

#[test]
fn a_source_is_replayed_with_the_text_that_rests_on_it() {
    let source = |text: &str| Part::new(PartKind::Citation { raw: Raw::parse(text).unwrap(), from: DialectId::AnthropicMessages });
    let parts = vec![Part::text("a"), source("1"), source("2"), Part::text("b"), source("3")];
    let events = replay(&Reply { choices: vec![Choice { parts, ..Choice::default() }], ..Reply::default() });
    crate::law::Law::default().check_all(&events).unwrap();
    let sources: Vec<(u32, &str)> = events
        .iter()
        .filter_map(|event| match event {
            Event::PartDelta { part, delta: Delta::Citation { raw, .. }, .. } => Some((*part, raw.text())),
            _ => None,
        })
        .collect();
    assert_eq!(sources, [(0, "1"), (0, "2"), (1, "3")]);
}
