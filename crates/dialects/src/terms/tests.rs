//! Work that grows with the request, and no faster: each of these shapes froze a worker for minutes (R54: a caller cannot stop others).

use super::*;
use crate::{ModelFacts, Target, Written, codec};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn translate(from: DialectId, to: DialectId, body: &Value) -> Written {
    let chat = codec(from).read_request(body.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"));
    let facts = ModelFacts { takes_system_turns: true, ..ModelFacts::default() };
    let mut written = codec(to).write_request(&chat, &Target { model: "m", facts: &facts, version: None }).unwrap();
    tell_losses(&chat, &mut written.losses);
    written
}

fn to_openai(body: &Value) -> Written {
    translate(DialectId::AnthropicMessages, DialectId::OpenaiChat, body)
}

fn to_anthropic(body: &Value) -> Written {
    translate(DialectId::OpenaiChat, DialectId::AnthropicMessages, body)
}

/// Eight times as much may take thirty times as long (the machine is busy), not sixty-four times.
fn grows_with(what: &str, small: usize, translate: impl Fn(usize)) {
    let time = |n: usize| {
        let once = || {
            let begun = Instant::now();
            translate(n);
            begun.elapsed()
        };
        once().min(once())
    };
    let (one, eight) = (time(small).max(Duration::from_millis(1)), time(small * 8));
    assert!(eight < one * 30, "{what}: {small} took {one:?}, eight times as many {eight:?}");
}

fn messages(content: Value) -> Value {
    json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": content}]})
}

#[test]
fn losses_of_one_turn_cost_what_they_are() {
    let marked =
        |n: usize| messages((0..n).map(|_| json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}})).collect());
    assert_eq!(to_openai(&marked(4_000)).losses.len(), 4_000);
    grows_with("markers to OpenAI", 4_000, |n| drop(to_openai(&marked(n))));
    grows_with("markers to Anthropic", 4_000, |n| drop(to_anthropic(&marked(n))));
    let thoughts = |n: usize| {
        let thought = |at: usize| json!({"type": "thinking", "thinking": "x", "signature": at.to_string()});
        json!({"model": "m", "max_tokens": 9, "messages": [{"role": "assistant", "content": (0..n).map(thought).collect::<Vec<_>>()}]})
    };
    grows_with("thoughts", 4_000, |n| drop(to_openai(&thoughts(n))));
}

#[test]
fn names_that_clean_to_the_same_text_cost_what_they_are() {
    let tool = |at: usize| json!({"type": "function", "function": {"name": format!("{}\u{e9}{at}", "a".repeat(128))}});
    let tools =
        |n: usize| json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": (0..n).map(tool).collect::<Vec<_>>()});
    grows_with("names of tools", 2_000, |n| drop(to_anthropic(&tools(n))));
    // 16 characters outside the alphabet, told apart by two of them.
    let id = |at: usize| (0..16).map(|bit| if at >> bit & 1 == 1 { '.' } else { ':' }).collect::<String>();
    let call = |at: usize| json!({"id": id(at), "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let calls = |n: usize| json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": (0..n).map(call).collect::<Vec<_>>()}]});
    grows_with("ids of calls", 2_000, |n| drop(to_anthropic(&calls(n))));
}

#[test]
fn a_choice_among_many_tools_costs_what_it_is() {
    let name = |at: usize| format!("tool_{at}");
    let tool = |at: usize| json!({"type": "function", "function": {"name": name(at)}});
    let body = |n: usize| {
        let tools: Vec<Value> = (0..n).map(tool).collect();
        json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": tools,
            "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": tools}}})
    };
    grows_with("allowed tools", 2_000, |n| drop(to_anthropic(&body(n))));
}

/// A few hundred bytes took longer than the age of the universe: each level was looked at twice.
#[test]
fn a_deep_schema_is_looked_at_once() {
    let mut schema = json!({"type": "string"});
    for level in 0..110 {
        schema = if level % 2 == 0 { json!({"anyOf": [schema]}) } else { json!({"items": schema}) };
        schema = if level % 10 == 0 && level < 30 { json!({"type": "object", "$defs": {"a": schema}}) } else { schema };
        if depth(&schema) > 100 {
            break;
        }
    }
    let tool = json!({"name": "f", "strict": true, "input_schema": {"type": "object", "properties": {}, "additionalProperties": false, "$defs": {"a": schema}}});
    let mut body = messages(json!("x"));
    body.as_object_mut().unwrap().insert("tools".into(), json!([tool]));
    let written = to_openai(&body);
    assert_eq!(written.losses, []);
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn with_schema(schema: &Value) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "tools": [{"type": "function", "function": {"name": "f", "strict": true, "parameters": schema}}]})
}

/// A chain of references ended the whole process: it was followed on the stack.
#[test]
fn a_long_chain_of_references_is_followed_to_its_end() {
    let chain = |last: Value| {
        let mut named = serde_json::Map::new();
        for at in 0..100_000 {
            named.insert(format!("d{at}"), json!({"$ref": format!("#/$defs/d{}", at + 1)}));
        }
        named.insert("d100000".into(), last);
        with_schema(&json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "additionalProperties": false, "$defs": named}))
    };
    assert_eq!(to_anthropic(&chain(json!({"type": "string"}))).losses, []);
    let lost = to_anthropic(&chain(json!({"$ref": "#/$defs/d7"}))).losses;
    assert_eq!(lost.first().unwrap().path, "tools[0].function.strict");
}

#[test]
fn keywords_of_a_schema_cost_what_they_are() {
    let body = |n: usize| {
        let odd: serde_json::Map<String, Value> = (0..n).map(|at| (format!("k{at}"), json!(1))).collect();
        with_schema(&json!({"type": "object", "properties": {"a": odd}, "additionalProperties": false}))
    };
    grows_with("keywords", 4_000, |n| drop(to_anthropic(&body(n))));
}

/// Sealed thought that is told under OpenAI's name of thought is the block that it was.
#[test]
fn a_sealed_thought_is_told_by_its_block() {
    let body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "S"}, {"type": "text", "text": "x"}]}]});
    let chat = codec(DialectId::AnthropicMessages).read_request(body.to_string().as_bytes()).unwrap();
    let mut losses = vec![Loss::dropped("messages[1].reasoning_content", "why"), Loss::dropped("messages[1].thinking_blocks", "why")];
    tell_losses(&chat, &mut losses);
    let paths: Vec<&str> = losses.iter().map(|loss| loss.path.as_str()).collect();
    assert_eq!(paths, ["messages[1].content[0]"]);
}
