//! `/completions`: text behind text, for the three models that still do it.

use super::refusal::Refusal;
use super::{CREATED, check};
use crate::answer::{Answer, Events};
use crate::author::{self, Composed, Finish, Prompt};
use crate::{Call, digest, tokens};
use bytes::Bytes;
use serde_json::{Map, Value, json};

const MODELS: &[&str] = &["gpt-3.5-turbo-instruct", "davinci-002", "babbage-002"];
const KNOWN: &[&str] = &[
    "model",
    "prompt",
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "suffix",
    "temperature",
    "top_p",
    "user",
];
/// Without `max_tokens` an answer is as short as this.
const USUAL_LENGTH: u64 = 16;

pub(super) fn answer(body: &Map<String, Value>, model: &str, any_model: bool, call: &Call<'_>) -> Result<Answer, Refusal> {
    if !any_model && !MODELS.contains(&model) {
        let message = "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?";
        return Err(Refusal { param: Some("model".into()), ..Refusal::new(404, message.to_owned()) });
    }
    check::closed(body, "", KNOWN)?;
    let prompts = prompts(check::given(body, "prompt"))?;
    let count = check::integer(body, "n", 1, 128)?.unwrap_or(1).unsigned_abs();
    if check::integer(body, "best_of", 1, 20)?.is_some_and(|best| best.unsigned_abs() < count) {
        return Err(Refusal::new(
            400,
            "You requested that the server return more choices than it will generate (HINT: best_of must be >= n)".to_owned(),
        ));
    }
    check::integer(body, "logprobs", 0, 5)?;
    check::decimal(body, "temperature", 0.0, 2.0)?;
    check::decimal(body, "top_p", 0.0, 1.0)?;
    let echo = check::flag(body, "echo")?.unwrap_or(false);
    let stream = check::flag(body, "stream")?.unwrap_or(false);
    if !stream && check::given(body, "stream_options").is_some() {
        return Err(Refusal::new(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.".to_owned())
            .param("stream_options"));
    }
    let limit = check::integer(body, "max_tokens", 1, 4_096)?.map_or(USUAL_LENGTH, i64::unsigned_abs);
    let stops = super::request::stops(body, 4)?;
    let mut choices = Vec::new();
    for text in &prompts {
        for index in 0..count {
            let prompt = Prompt { text: text.clone(), stops: stops.clone(), max_tokens: Some(limit), ..Prompt::default() };
            let before = if echo { text.clone() } else { String::new() };
            choices.push((before, author::compose(&prompt, &call.faults, index)));
        }
    }
    let input: u64 = prompts.iter().map(|text| tokens::of_input(text)).sum();
    let output: u64 = choices.iter().map(|(_, composed)| composed.output_tokens).sum();
    let usage = json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
    let usage = (!call.faults.no_usage).then_some(usage);
    let head = json!({
        "id": format!("cmpl-{}", digest::name(call.digest, "completion", 0, 29)), "object": "text_completion", "created": CREATED, "model": model
    });
    let wants_usage = check::given(body, "stream_options").and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true));
    Ok(if stream { streamed(&head, &choices, usage.filter(|_| wants_usage)) } else { whole(&head, &choices, usage) })
}

/// A text, several, or tokens, which count as a text of their length.
fn prompts(prompt: Option<&Value>) -> Result<Vec<String>, Refusal> {
    let wrong = || {
        Refusal::new(400, "Invalid type for 'prompt': expected a string, an array of strings or arrays of integers.".to_owned())
            .param("prompt")
    };
    match prompt {
        None => Ok(vec!["<|endoftext|>".to_owned()]),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(list)) if list.is_empty() => Err(Refusal::invalid("prompt", "empty array.", "empty_array")),
        Some(Value::Array(list)) if list.iter().all(Value::is_u64) => Ok(vec!["token ".repeat(list.len())]),
        Some(Value::Array(list)) => list
            .iter()
            .map(|entry| match entry {
                Value::String(text) => Ok(text.clone()),
                Value::Array(inner) if inner.iter().all(Value::is_u64) => Ok("token ".repeat(inner.len())),
                _ => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn finish(composed: &Composed) -> &'static str {
    if composed.finish == Finish::Length { "length" } else { "stop" }
}

fn with(head: &Value, members: [(&str, Value); 2]) -> Value {
    let mut object = head.as_object().cloned().unwrap_or_default();
    object.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

fn whole(head: &Value, choices: &[(String, Composed)], usage: Option<Value>) -> Answer {
    let choices: Vec<Value> = choices
        .iter()
        .enumerate()
        .map(|(index, (before, composed))| {
            json!({ "text": format!("{before}{}", composed.text.as_str()), "index": index, "logprobs": null, "finish_reason": finish(composed) })
        })
        .collect();
    let mut reply = with(head, [("choices", Value::Array(choices)), ("usage", Value::Null)]);
    if let Some(members) = reply.as_object_mut() {
        match usage {
            Some(usage) => members.insert("usage".to_owned(), usage),
            None => members.shift_remove("usage"),
        };
    }
    Answer::json(200, &reply)
}

fn streamed(head: &Value, choices: &[(String, Composed)], usage: Option<Value>) -> Answer {
    let error = Refusal::of_status(500, None, None).body();
    let mut events = Events::new(Bytes::from_static(b"data: {\"choices\":[{\"text\":\n\n"), Bytes::from(format!("data: {error}\n\n")));
    let push = |events: &mut Events, choices: Value, usage: Value| {
        events.push(format!("data: {}\n\n", with(head, [("choices", choices), ("usage", usage)])).as_bytes());
    };
    let choice =
        |index: usize, text: &str, finish: Value| json!([{ "text": text, "index": index, "logprobs": null, "finish_reason": finish }]);
    for (index, (before, composed)) in choices.iter().enumerate() {
        for text in Some(before.as_str()).filter(|text| !text.is_empty()).into_iter().chain(composed.text.pieces()) {
            push(&mut events, choice(index, text, Value::Null), Value::Null);
        }
    }
    events.terminal_from_here();
    for (index, (_, composed)) in choices.iter().enumerate() {
        push(&mut events, choice(index, "", Value::from(finish(composed))), Value::Null);
    }
    if let Some(usage) = usage {
        push(&mut events, json!([]), usage);
    }
    events.push(b"data: [DONE]\n\n");
    Answer::events(events)
}
