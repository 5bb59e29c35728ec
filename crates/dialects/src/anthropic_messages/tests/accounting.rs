//! Nothing of a request disappears: each text of a generated conversation is in the body, or its place is among the losses.

use super::*;
use chat::{Effort, Output, Reasoning, Sampling, Source, ToolChoice};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;

/// Gives out marks that occur nowhere else, and remembers where each was put.
#[derive(Default)]
struct Marks {
    next: Cell<u32>,
    /// Mark and place in the caller's request.
    put: std::cell::RefCell<Vec<(String, String)>>,
}

impl Marks {
    fn put(&self, place: impl Into<String>) -> String {
        let n = self.next.replace(self.next.get() + 1);
        let mark = format!("mark{n}end");
        self.put.borrow_mut().push((mark.clone(), place.into()));
        mark
    }

    fn extras(&self, place: &str, from: DialectId, names: &[&str]) -> Extras {
        let dot = if place.is_empty() { "" } else { "." };
        Extras::new(
            from,
            names.iter().map(|name| ((*name).to_owned(), raw(&format!("\"{}\"", self.put(format!("{place}{dot}{name}")))))).collect(),
        )
    }
}

/// A source of small choices.
struct Dice<'s>(std::slice::Iter<'s, u8>);

impl Dice<'_> {
    fn roll(&mut self, sides: u8) -> u8 {
        self.0.next().copied().unwrap_or(0) % sides
    }

    fn coin(&mut self) -> bool {
        self.roll(2) == 1
    }
}

fn some_extras(dice: &mut Dice<'_>, marks: &Marks, place: &str) -> Extras {
    match dice.roll(4) {
        0 => marks.extras(place, DialectId::OpenaiChat, &["odd"]),
        1 => marks.extras(place, DialectId::AnthropicMessages, &["own"]),
        _ => Extras::default(),
    }
}

fn source(dice: &mut Dice<'_>, marks: &Marks, place: &str) -> Source {
    match dice.roll(3) {
        0 => Source::Url { url: format!("https://x.test/{}", marks.put(place)) },
        1 => Source::Base64 { media_type: Some("image/png".into()), data: marks.put(place) },
        _ => Source::FileId { id: marks.put(place) },
    }
}

fn from(dice: &mut Dice<'_>) -> DialectId {
    if dice.coin() { DialectId::AnthropicMessages } else { DialectId::OpenaiChat }
}

/// A part for a place in a listed content.
fn content_part(dice: &mut Dice<'_>, marks: &Marks, place: &str) -> Part {
    let kind = match dice.roll(6) {
        0 | 1 => PartKind::Text { text: marks.put(place) },
        2 => PartKind::Image {
            source: source(dice, marks, place),
            detail: dice.coin().then(|| marks.put(format!("{place}.image_url.detail"))),
        },
        3 => PartKind::File {
            source: source(dice, marks, place),
            filename: dice.coin().then(|| marks.put(format!("{place}.file.filename"))),
        },
        4 => PartKind::Refusal { text: marks.put(place) },
        _ => PartKind::Native { raw: raw(&format!(r#"{{"type":"{}"}}"#, marks.put(place))), from: from(dice) },
    };
    Part { extras: some_extras(dice, marks, place), cache: dice.coin().then_some(CacheMarker { ttl: None }), ..Part::new(kind) }
}

fn contents(dice: &mut Dice<'_>, marks: &Marks, turn: &str) -> Vec<Part> {
    let count = dice.roll(4);
    (0..count).map(|n| content_part(dice, marks, &format!("{turn}.content[{n}]"))).collect()
}

fn assistant(dice: &mut Dice<'_>, marks: &Marks, place: &str) -> Vec<Part> {
    let mut parts = contents(dice, marks, place);
    for n in 0..dice.roll(3) {
        let place = format!("{place}.tool_calls[{n}]");
        let argument = marks.put(format!("{place}.function.arguments"));
        let arguments = if dice.coin() { format!(r#"{{"a":"{argument}"}}"#) } else { argument };
        let mut part = call(&marks.put(&place), &marks.put(&place), &arguments);
        if let PartKind::ToolCall(call) = &mut part.kind {
            call.inner_extras = marks.extras(&format!("{place}.function"), DialectId::OpenaiChat, &["odd"]);
        }
        part.extras = some_extras(dice, marks, &place);
        parts.push(part);
    }
    if dice.coin() {
        let place = format!("{place}.thinking_blocks[0]");
        let (text, signature) = (marks.put(&place), Some(marks.put(&place)));
        parts.push(Part::new(PartKind::Reasoning(ReasoningPart { text, signature, encrypted: None, from: from(dice) })));
    }
    if dice.coin() {
        let text = marks.put(format!("{place}.reasoning_content"));
        parts.push(Part::new(PartKind::Reasoning(ReasoningPart { text, signature: None, encrypted: None, from: from(dice) })));
    }
    if dice.coin() {
        let source = raw(&format!(r#"{{"type":"{}"}}"#, marks.put(format!("{place}.annotations[0]"))));
        parts.push(Part::new(PartKind::Citation { raw: source, from: from(dice) }));
    }
    parts
}

fn some_turn(dice: &mut Dice<'_>, marks: &Marks, n: usize) -> Turn {
    let place = format!("messages[{n}]");
    let (role, parts) = match dice.roll(5) {
        0 => (Role::System, contents(dice, marks, &place)),
        1 => (Role::Developer, vec![Part::text(marks.put(format!("{place}.content")))]),
        2 => (Role::Assistant, assistant(dice, marks, &place)),
        3 => {
            let (call_id, parts) = (marks.put(&place), contents(dice, marks, &place));
            let result = ToolResult { call_id, parts, listed: true, is_error: None };
            (Role::Tool, vec![Part { extras: some_extras(dice, marks, &place), ..Part::new(PartKind::ToolResult(result)) }])
        }
        _ => (Role::User, contents(dice, marks, &place)),
    };
    let listed = !(role == Role::Developer);
    Turn { role, parts, name: dice.coin().then(|| marks.put(format!("{place}.name"))), listed, extras: some_extras(dice, marks, &place) }
}

fn some_tool(dice: &mut Dice<'_>, marks: &Marks, n: usize) -> Tool {
    let place = format!("tools[{n}]");
    let inner = format!("{place}.function");
    let kind = match dice.roll(4) {
        0 => ToolKind::Native { raw: raw(&format!(r#"{{"type":"{}"}}"#, marks.put(&place))), from: DialectId::OpenaiChat },
        _ => ToolKind::Function,
    };
    let native = matches!(kind, ToolKind::Native { .. });
    let schema =
        format!(r#"{{"type":"object","properties":{{"{}":{{"type":"string","pattern":"{}"}}}}}}"#, marks.put(&inner), marks.put(&inner));
    let mut tool = Tool { kind, ..tool("") };
    if !native {
        tool.name = marks.put(&inner);
        tool.description = Some(marks.put(&inner));
        tool.parameters = Some(raw(&schema));
        tool.strict = dice.coin().then_some(true);
        tool.extras = some_extras(dice, marks, &place);
        tool.inner_extras = marks.extras(&inner, DialectId::OpenaiChat, &["odd", "defer_loading"]);
    } else {
        // Its marks were for a function; a native tool is one value.
        marks.put.borrow_mut().retain(|(_, at)| *at != inner);
    }
    tool
}

fn some_chat(dice: &mut Dice<'_>, marks: &Marks) -> Chat {
    let turns = (0..usize::from(dice.roll(6))).map(|n| some_turn(dice, marks, n)).collect();
    let tools = (0..usize::from(dice.roll(3))).map(|n| some_tool(dice, marks, n)).collect();
    let schema = format!(
        r#"{{"type":"object","properties":{{"{}":{{"const":"x","x-odd":"{}"}}}}}}"#,
        marks.put("response_format"),
        marks.put("response_format")
    );
    let output = match dice.roll(3) {
        0 => Some(Output::JsonSchema {
            name: Some(marks.put("response_format")),
            description: Some(marks.put("response_format")),
            schema: Some(raw(&schema)),
            strict: None,
            extras: marks.extras("response_format.json_schema", DialectId::OpenaiChat, &["odd"]),
        }),
        _ => {
            marks.put.borrow_mut().retain(|(_, at)| at != "response_format");
            None
        }
    };
    Chat {
        model: "virtual".into(),
        turns,
        tools,
        output,
        tool_choice: dice.coin().then(|| ToolChoice::Function { name: marks.put("tool_choice") }),
        sampling: Sampling { stop: vec![marks.put("stop[0]")], stop_listed: true, ..Sampling::default() },
        reasoning: Reasoning { effort: dice.coin().then(|| Effort::Other(marks.put("reasoning_effort"))), ..Reasoning::default() },
        user: dice.coin().then(|| marks.put("user")),
        service_tier: dice.coin().then(|| marks.put("service_tier")),
        extras: marks.extras("", DialectId::OpenaiChat, &["store", "container", "inference_geo", "prediction"]),
        ..Chat::default()
    }
}

fn models() -> Vec<ModelFacts> {
    let plain = ModelFacts::default();
    vec![
        ModelFacts {
            takes_system_turns: true,
            refuses_forced_tools: true,
            refuses_prefill: true,
            ..thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never)
        },
        ModelFacts { lacks_schema_output: true, ..thinks(ThinkingMode::Budget, OffSwitch::Omit) },
        ModelFacts { refuses_sampling: true, ..thinks(ThinkingMode::None, OffSwitch::Omit) },
        plain,
    ]
}

/// Lost at this place, or around it.
fn is_told(losses: &[chat::Loss], place: &str) -> bool {
    losses.iter().any(|loss| {
        let covers =
            |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        covers(&loss.path, place)
    })
}

#[test]
fn every_text_is_in_the_body_or_among_the_losses() {
    let (written, marked, lost) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config { cases: 1500, failure_persistence: None, ..Config::default() });
    let run = runner.run(&proptest::collection::vec(any::<u8>(), 0..200), |bytes| {
        let marks = Marks::default();
        let mut dice = Dice(bytes.iter());
        let chat = some_chat(&mut dice, &marks);
        for facts in models() {
            let Ok(sent) = try_write(&chat, &facts, None) else { continue };
            let body = String::from_utf8(sent.body.clone()).unwrap();
            serde_json::from_str::<Value>(&body).map_err(|error| TestCaseError::fail(format!("{error}: {body}")))?;
            written.set(written.get() + 1);
            for (mark, place) in marks.put.borrow().iter() {
                marked.set(marked.get() + 1);
                if !body.contains(mark.as_str()) {
                    prop_assert!(is_told(&sent.losses, place), "{place} ({mark}) is nowhere: {:?}\n{body}", sent.losses);
                    lost.set(lost.get() + 1);
                }
            }
        }
        Ok(())
    });
    assert!(run.is_ok(), "{}", run.unwrap_err());
    println!("{} bodies, {} texts, {} of them told as losses", written.get(), marked.get(), lost.get());
    assert!(written.get() > 1000 && lost.get() > 1000, "the generator makes too little: {} bodies, {} losses", written.get(), lost.get());
}

/// What every body keeps, whatever was asked: speakers alternate, the user begins, results stand first, four markers at most.
#[test]
fn every_body_keeps_the_providers_rules() {
    let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    let run = runner.run(&proptest::collection::vec(any::<u8>(), 0..200), |bytes| {
        let marks = Marks::default();
        let chat = some_chat(&mut Dice(bytes.iter()), &marks);
        for facts in models() {
            let Ok(sent) = try_write(&chat, &facts, None) else { continue };
            let body = json(&sent);
            let messages = body["messages"].as_array().unwrap();
            prop_assert_eq!(messages.first().map(|message| &message["role"]), Some(&Value::from("user")));
            for pair in messages.windows(2) {
                prop_assert_ne!(&pair[0]["role"], &pair[1]["role"]);
            }
            for message in messages {
                let kinds: Vec<&str> = message["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
                prop_assert!(!kinds.is_empty());
                let results = kinds.iter().filter(|kind| **kind == "tool_result").count();
                prop_assert!(kinds.iter().take(results).all(|kind| *kind == "tool_result"), "{:?}", kinds);
            }
            let text = String::from_utf8(sent.body).unwrap();
            prop_assert!(text.matches("\"cache_control\"").count() <= 4, "{}", text);
            let budget = body["thinking"]["budget_tokens"].as_u64();
            prop_assert!(budget.is_none_or(|budget| budget < body["max_tokens"].as_u64().unwrap()));
        }
        Ok(())
    });
    assert!(run.is_ok(), "{}", run.unwrap_err());
}
