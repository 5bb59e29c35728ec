//! The way of an OpenAI client's request: read by its dialect, written by this one, told in its own terms.

use super::*;
use crate::openai_chat::OpenaiChat;
use serde_json::json;
use std::collections::BTreeMap;
use testkit::recorded::{leaves, matches, records};

fn from_openai(body: &Value) -> Chat {
    OpenaiChat.read_request(body.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[test]
fn a_conversation_with_tools_an_image_a_schema_reasoning_and_a_stream() {
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}, "required": ["n"], "additionalProperties": false});
    let chat = from_openai(&json!({
        "model": "virtual", "stream": true, "max_completion_tokens": 500, "reasoning_effort": "high", "temperature": 1.5, "seed": 7, "user": "u",
        "messages": [
            {"role": "system", "content": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K", "detail": "low"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0x"}},
                {"type": "file", "file": {"file_id": "https://x.test/b.pdf"}}]},
            {"role": "assistant", "content": null,
             "thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "sig"}, {"type": "redacted_thinking", "data": "SEAL"}],
             "tool_calls": [{"id": "call.1", "type": "function", "function": {"name": "look.up", "arguments": "{\"q\":\"x\"}"}},
                            {"id": "call.2", "type": "function", "function": {"name": "look.up", "arguments": ""}}]},
            {"role": "tool", "tool_call_id": "call.1", "content": "A cat."},
            {"role": "tool", "tool_call_id": "call.2", "content": [{"type": "text", "text": "Nothing."}]}],
        "tools": [{"type": "function", "function": {"name": "look.up", "parameters": {"type": "object", "properties": {}}}}],
        "tool_choice": "required", "parallel_tool_calls": false,
        "response_format": {"type": "json_schema", "json_schema": {"name": "count", "strict": true, "schema": schema}}
    }));
    let facts = ModelFacts { refuses_forced_tools: true, refuses_sampling: true, ..thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never) };
    let written = write_for(&chat, &facts);
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"});
    let bound = json!({"type": "object", "properties": {"n": {"type": "integer", "description": "(minimum: 0)"}}, "required": ["n"],
        "additionalProperties": false, "title": "count"});
    assert_eq!(
        json(&written),
        json!({
            "model": "claude-test", "max_tokens": 500, "stream": true, "metadata": {"user_id": "u"},
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": [
                    text_block("What is it?"),
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}},
                    {"type": "document", "source": pdf, "title": "a.pdf"},
                    {"type": "document", "source": {"type": "url", "url": "https://x.test/b.pdf"}}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Hm", "signature": "sig"}, {"type": "redacted_thinking", "data": "SEAL"},
                    {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"q": "x"}},
                    {"type": "tool_use", "id": "call_2", "name": "look_up", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": [text_block("A cat.")]},
                    {"type": "tool_result", "tool_use_id": "call_2", "content": [text_block("Nothing.")]}]}],
            "tools": [{"name": "look_up", "input_schema": {"type": "object", "properties": {}}}],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": bound}}
        })
    );
    let mut told = losses(&written);
    told.sort();
    assert_eq!(
        told,
        [
            "messages[1].content[1].image_url.detail",
            "messages[1].name",
            "seed",
            "temperature",
            "~response_format.json_schema.schema.properties.n.minimum",
            "~tool_choice"
        ]
    );
}

#[test]
fn reasoning_in_other_spellings() {
    let facts = thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Disabled);
    let sent = |members: Value| {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let written = write_for(&from_openai(&body), &facts);
        (json(&written)["thinking"].clone(), json(&written)["output_config"]["effort"].clone(), losses(&written))
    };
    let summarized = json!({"type": "adaptive", "display": "summarized"});
    assert_eq!(sent(json!({"reasoning": {"effort": "low"}})), (summarized.clone(), json!("low"), vec![]));
    assert_eq!(sent(json!({"reasoning": {"effort": "low", "exclude": true}})).0, json!({"type": "adaptive", "display": "omitted"}));
    assert_eq!(
        sent(json!({"reasoning": {"max_tokens": 3000, "odd": 1}})),
        (summarized, json!("medium"), vec!["reasoning.odd".into(), "~reasoning".into()])
    );
    assert_eq!(sent(json!({"thinking": {"type": "disabled"}})), (json!({"type": "disabled"}), Value::Null, vec![]));
    let own = json!({"type": "adaptive", "display": "omitted"});
    assert_eq!(sent(json!({"thinking": own, "reasoning_effort": "max"})), (own, json!("max"), vec![]));
}

#[test]
fn content_in_the_providers_own_form_goes_on_and_video_is_refused() {
    let body = |part: Value| json!({"model": "m", "messages": [{"role": "user", "content": [part]}]});
    let own = json!({"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}, "title": "A"});
    let written = write(&from_openai(&body(own.clone())));
    assert_eq!((&json(&written)["messages"][0]["content"][0], losses(&written)), (&own, vec![]));
    for part in [
        json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}),
        json!({"type": "input_audio", "input_audio": {"data": "UklGR", "format": "wav"}}),
    ] {
        assert_eq!(refused(&from_openai(&body(part))).param.as_deref(), Some("messages[0].content[0]"));
    }
}

/// Leaves of an OpenAI request that need not stand in an Anthropic one: path, value (empty: any), and why. `*` is any index.
const IGNORED: &[(&str, &str, &str)] = &[
    ("model", "", "the mapping's model stands there"),
    ("messages[*].role", "", "the place of the blocks says it"),
    ("messages[*].content", "\"\"", "says nothing"),
    ("messages[*].content[*].type", "", "the kind of the block"),
    ("messages[*].tool_calls[*].type", "\"function\"", "the kind of the block"),
    ("messages[*].content[*].image_url.detail", "\"auto\"", "the default"),
    ("tools[*].type", "\"function\"", "the only kind"),
    ("tools[*].function.strict", "false", "the default"),
    ("tool_choice", "", "spelt otherwise; a loss where it changes"),
    ("response_format.type", "", "spelt otherwise"),
    ("reasoning_effort", "", "a word or a budget; a loss where it changes"),
    ("reasoning", "", "the same in another spelling"),
    ("thinking", "", "passed on, or spelt as the model takes it; a loss where it changes"),
    ("response_format.json_schema.strict", "", "every schema binds"),
    ("messages[*].reasoning", "", "told under its usual name, `reasoning_content`"),
    ("messages[*].reasoning_content", "\"\"", "says nothing"),
    ("n", "1", "the only number"),
    ("logprobs", "false", "the default"),
    ("frequency_penalty", "0", "the default"),
    ("presence_penalty", "0", "the default"),
    ("stream_options.include_usage", "", "usage always comes"),
    ("parallel_tool_calls", "true", "the default"),
];

/// Every leaf of every recorded OpenAI and Groq request is in the Anthropic body, told as a loss, or declared above.
#[test]
fn recorded_requests_lose_nothing_untold() {
    let (mut read, mut written_count, mut checked) = (0, 0, 0);
    let mut lost = Vec::new();
    let mut refusals: BTreeMap<String, usize> = BTreeMap::new();
    for record in ["openai", "groq", "other_openai_compatible"].iter().flat_map(|provider| records(provider)) {
        if !matches!(record.asked(), "chat" | "chat_stream") || record.is_error() {
            continue;
        }
        let Some(body) = &record.request.body else { continue };
        let Ok(chat) = OpenaiChat.read_request(body.as_bytes()) else { continue };
        read += 1;
        for facts in [
            ModelFacts::default(),
            ModelFacts { lacks_schema_output: true, refuses_prefill: true, ..thinks(ThinkingMode::Budget, OffSwitch::Omit) },
        ] {
            let sent = match try_write(&chat, &facts, None) {
                Ok(sent) => sent,
                Err(fault) => {
                    let param: String = fault.param.unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect();
                    *refusals.entry(param).or_default() += 1;
                    continue;
                }
            };
            written_count += 1;
            let text = String::from_utf8(sent.body.clone()).unwrap();
            let held: std::collections::HashSet<String> = leaves(&text).into_iter().map(|leaf| leaf.value).collect();
            for leaf in leaves(body).into_iter().filter(|leaf| leaf.value != "null") {
                checked += 1;
                let ignored =
                    IGNORED.iter().any(|(path, value, _)| matches(path, &leaf.path) && (value.is_empty() || *value == leaf.value));
                let in_words = leaf.path.starts_with("response_format.")
                    && [&words(&text), &text].iter().any(|text| text.contains(leaf.value.trim_matches('"')));
                let told = in_words || sent.losses.iter().any(|loss| matches(&loss.path, &leaf.path));
                if !(ignored || told || held.contains(&leaf.value) || inside(&leaf.value, &text, &held)) {
                    lost.push(format!("{} {}: {}", record.provider, record.id, leaf.path));
                }
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
    println!("{read} requests, {written_count} bodies, {checked} leaves; refused by field: {refusals:?}");
    assert!(read == 0 || (read > 200 && refusals.values().sum::<usize>() * 4 < read * 2), "{read} read, refused: {refusals:?}");
}

/// The system prompt: it holds a schema that the model cannot be bound to.
fn words(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    let blocks = body["system"].as_array().cloned().unwrap_or_default();
    blocks.iter().filter_map(|block| block["text"].as_str()).collect()
}

/// A text that stands there in another form: arguments as an object, data URLs as their data, respelt names and ids, part of a larger text.
fn inside(value: &str, body: &str, held: &std::collections::HashSet<String>) -> bool {
    let Ok(text) = serde_json::from_str::<String>(value) else { return false };
    let data = text.split_once(";base64,").is_some_and(|(_, data)| body.contains(data));
    let respelt: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let arguments = leaves(&text);
    data || body.contains(&format!("\"{respelt}\"")) || (!arguments.is_empty() && arguments.iter().all(|leaf| held.contains(&leaf.value)))
}
