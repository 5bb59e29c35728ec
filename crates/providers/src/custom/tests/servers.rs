//! Row by row of `providers/custom.md §2` (and `providers/huggingface.md §4` for TGI): what a caller sends and what the server gets, on the
//! bytes that pass through and on the canonical form alike.

use super::surface;
use crate::{Quirk, Served, Surface, quirks};
use chat::{DialectId, Operation};
use dialects::{ModelFacts, Target};
use serde_json::{Value, json};
use wire::json::{Edits, Limits, scan};

fn chat_of(surface: &Surface) -> &Served {
    surface.endpoint(Operation::Chat, DialectId::OpenaiChat).unwrap()
}

/// The body and the losses of the path that the bytes take, and whether it may be taken.
fn spliced(surface: &Surface, body: &Value) -> (Value, Vec<String>, bool) {
    let text = body.to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    let losses = quirks::on_splice(surface, chat_of(surface), "m", &object, &mut edits);
    let typed = quirks::needs_typed(surface, chat_of(surface), "m", &object);
    (serde_json::from_slice(&edits.apply()).unwrap(), losses.into_iter().map(|loss| loss.path).collect(), !typed)
}

fn typed(surface: &Surface, body: &Value) -> (Value, Vec<String>) {
    let codec = dialects::codec(DialectId::OpenaiChat);
    let mut chat = codec.read_request(body.to_string().as_bytes()).unwrap();
    let losses = quirks::on_typed(surface, chat_of(surface), "m", &mut chat);
    let written = codec.write_request(&chat, &Target { model: "m", facts: &ModelFacts::default(), version: None }).unwrap();
    let losses = losses.into_iter().chain(written.losses).map(|loss| loss.path).collect();
    (serde_json::from_slice(&written.body).unwrap(), losses)
}

/// A request with these members.
fn request(members: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Options, what the caller sets, what the server gets of it, what is lost. Top-level fields: both paths must give it.
fn rows() -> Vec<(Value, Value, Value, &'static [&'static str])> {
    let preset = |name: &str| json!({"preset": name});
    let quirk = |quirk: Value| json!({"quirks": [quirk]});
    let object_choice = json!({"type": "function", "function": {"name": "f"}});
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let json_schema = json!({"type": "json_schema", "json_schema": {"name": "n", "schema": schema}});
    vec![
        // Unknown fields and the servers' own go through.
        (
            preset("vllm"),
            json!({"top_k": 5, "min_p": 0.1, "chat_template_kwargs": {"enable_thinking": false}, "structured_outputs": {"regex": "a"}}),
            json!({"top_k": 5, "min_p": 0.1, "chat_template_kwargs": {"enable_thinking": false}, "structured_outputs": {"regex": "a"}}),
            &[],
        ),
        (preset("llamacpp"), json!({"cache_prompt": true, "dry_base": 1.75}), json!({"cache_prompt": true, "dry_base": 1.75}), &[]),
        (preset("lmstudio"), json!({"ttl": 60, "top_k": 3}), json!({"ttl": 60, "top_k": 3}), &[]),
        // max_completion_tokens
        (preset("vllm"), json!({"max_completion_tokens": 5}), json!({"max_completion_tokens": 5}), &[]),
        (preset("llamacpp"), json!({"max_completion_tokens": 5}), json!({"max_tokens": 5}), &[]),
        (preset("lmstudio"), json!({"max_completion_tokens": 5}), json!({"max_tokens": 5}), &[]),
        (preset("tgi"), json!({"max_completion_tokens": 5}), json!({"max_tokens": 5}), &[]),
        (preset("llamacpp"), json!({"max_tokens": 5}), json!({"max_tokens": 5}), &[]),
        // user
        (preset("vllm"), json!({"user": "u"}), json!({"user": "u"}), &[]),
        (preset("tgi"), json!({"user": "u"}), json!({}), &["user"]),
        (quirk(json!({"drop": "user"})), json!({"user": "u"}), json!({}), &["user"]),
        (quirk(json!({"drop": "user"})), json!({"user": null}), json!({}), &[]),
        // parallel_tool_calls
        (preset("tgi"), json!({"tools": tools, "parallel_tool_calls": false}), json!({"tools": tools}), &["parallel_tool_calls"]),
        // tool_choice: LM Studio takes words alone
        (preset("lmstudio"), json!({"tools": tools, "tool_choice": "auto"}), json!({"tools": tools, "tool_choice": "auto"}), &[]),
        (
            preset("lmstudio"),
            json!({"tools": tools, "tool_choice": object_choice}),
            json!({"tools": tools, "tool_choice": "required"}),
            &["tool_choice"],
        ),
        (preset("vllm"), json!({"tools": tools, "tool_choice": object_choice}), json!({"tools": tools, "tool_choice": object_choice}), &[]),
        // empty tools
        (preset("vllm"), json!({"tools": []}), json!({}), &[]),
        (preset("llamacpp"), json!({"tools": []}), json!({}), &[]),
        // response_format
        (preset("vllm"), json!({"response_format": {"type": "json_object"}}), json!({"response_format": {"type": "json_object"}}), &[]),
        (
            preset("lmstudio"),
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}}),
            &[],
        ),
        (
            preset("lmstudio"),
            json!({"response_format": {"type": "json_object", "schema": schema}}),
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}),
            &[],
        ),
        (preset("lmstudio"), json!({"response_format": json_schema}), json!({"response_format": json_schema}), &[]),
        (preset("lmstudio"), json!({"response_format": {"type": "text"}}), json!({"response_format": {"type": "text"}}), &[]),
        (
            quirk(json!("json_object_as_text")),
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "text"}}),
            &["response_format"],
        ),
        (
            preset("llamacpp"),
            json!({"response_format": {"type": "json_object", "schema": schema}}),
            json!({"response_format": {"type": "json_object", "schema": schema}}),
            &[],
        ),
        (preset("tgi"), json!({"response_format": json_schema}), json!({"response_format": {"type": "json_object", "value": schema}}), &[]),
        (
            preset("tgi"),
            json!({"response_format": {"type": "json_object"}}),
            json!({"response_format": {"type": "json_object", "value": {"type": "object"}}}),
            &[],
        ),
        (
            preset("tgi"),
            json!({"response_format": {"type": "regex", "value": "a+"}}),
            json!({"response_format": {"type": "regex", "value": "a+"}}),
            &[],
        ),
        // reasoning_effort
        (preset("vllm"), json!({"reasoning_effort": "low"}), json!({"reasoning_effort": "low"}), &[]),
        (preset("llamacpp"), json!({"reasoning_effort": "none"}), json!({"reasoning_effort": "none"}), &[]),
        (
            quirk(json!({"words": {"field": "reasoning_effort", "words": {"xhigh": "high", "low": "low"}, "other": "keep"}})),
            json!({"reasoning_effort": "xhigh"}),
            json!({"reasoning_effort": "high"}),
            &["reasoning_effort"],
        ),
        // logprobs, n
        (preset("vllm"), json!({"logprobs": true, "top_logprobs": 20, "n": 2}), json!({"logprobs": true, "top_logprobs": 20, "n": 2}), &[]),
        (preset("lmstudio"), json!({"logprobs": true, "top_logprobs": 3}), json!({}), &["logprobs", "top_logprobs"]),
        (preset("lmstudio"), json!({"n": 3}), json!({"n": 1}), &["n"]),
        (preset("lmstudio"), json!({"n": 1}), json!({"n": 1}), &[]),
        (preset("tgi"), json!({"top_logprobs": 20, "logprobs": true}), json!({"top_logprobs": 5, "logprobs": true}), &["top_logprobs"]),
        // stream_options
        (
            preset("vllm"),
            json!({"stream": true, "stream_options": {"include_usage": true}}),
            json!({"stream": true, "stream_options": {"include_usage": true}}),
            &[],
        ),
        (preset("vllm"), json!({"stream": false, "stream_options": {"include_usage": true}}), json!({"stream": false}), &[]),
        (preset("vllm"), json!({"stream_options": {"include_usage": true}}), json!({}), &[]),
        (preset("llamacpp"), json!({"stream_options": {"include_usage": true}}), json!({"stream_options": {"include_usage": true}}), &[]),
        (
            quirk(json!("no_stream_options")),
            json!({"stream": true, "stream_options": {"include_usage": true}}),
            json!({"stream": true}),
            &["stream_options"],
        ),
        // TGI's types
        (preset("tgi"), json!({"stop": "a"}), json!({"stop": ["a"]}), &[]),
        (preset("tgi"), json!({"stop": ["a", "b"]}), json!({"stop": ["a", "b"]}), &[]),
        (preset("tgi"), json!({"temperature": 0}), json!({}), &[]),
        (preset("tgi"), json!({"temperature": 0.0}), json!({}), &[]),
        (preset("tgi"), json!({"temperature": 0.5}), json!({"temperature": 0.5}), &[]),
        (preset("tgi"), json!({"logit_bias": {"1": 2}, "store": true, "seed": 7}), json!({"seed": 7}), &["logit_bias", "store"]),
        // Configured ones of the other kinds
        (quirk(json!({"drop_when": {"field": "seed", "equals": -1}})), json!({"seed": -1}), json!({}), &["seed"]),
        (
            quirk(json!({"default": {"field": "max_tokens", "value": 9, "unless": ["max_completion_tokens"]}})),
            json!({}),
            json!({"max_tokens": 9}),
            &[],
        ),
        (
            quirk(json!({"default": {"field": "max_tokens", "value": 9, "unless": ["max_completion_tokens"]}})),
            json!({"max_completion_tokens": 4}),
            json!({"max_completion_tokens": 4}),
            &[],
        ),
        (quirk(json!({"rename": {"from": "seed", "to": "random_seed"}})), json!({"seed": 4}), json!({"random_seed": 4}), &[]),
        (
            quirk(json!({"clamp": {"field": "temperature", "max": 1}})),
            json!({"temperature": 1.5}),
            json!({"temperature": 1}),
            &["temperature"],
        ),
        (quirk(json!({"drop": "stop"})), json!({"stop": ["a"]}), json!({}), &["stop"]),
        (quirk(json!({"drop": "response_format"})), json!({"response_format": json_schema}), json!({}), &["response_format"]),
        (
            quirk(json!({"drop": "tool_choice"})),
            json!({"tools": tools, "tool_choice": object_choice}),
            json!({"tools": tools}),
            &["tool_choice"],
        ),
        (quirk(json!({"drop": "top_k"})), json!({"top_k": 5}), json!({}), &["top_k"]),
        (
            quirk(json!({"drop": ["thinking", "tools"]})),
            json!({"thinking": {"type": "enabled"}, "tools": tools}),
            json!({}),
            &["thinking", "tools"],
        ),
        (quirk(json!("drop_nulls")), json!({"temperature": null, "own": null, "seed": 1}), json!({"seed": 1}), &[]),
    ]
}

#[test]
fn each_top_level_row_holds_on_both_paths() {
    for (options, members, expected, losses) in rows() {
        let face = surface(options.clone());
        let (body, expected) = (request(&members), request(&expected));
        let (on_bytes, lost, passes) = spliced(&face, &body);
        assert!(passes, "{options} {members}: nothing nested here");
        assert_eq!((&on_bytes, lost), (&expected, losses.iter().map(ToString::to_string).collect()), "bytes: {options} {members}");
        assert_eq!(typed(&face, &body), (expected, losses.iter().map(ToString::to_string).collect()), "form: {options} {members}");
    }
}

/// Options, messages and tools, what the server gets, what is lost. Such a request leaves the path of the bytes.
#[test]
fn each_nested_row_holds() {
    let quirk = |quirk: Value| json!({"quirks": [quirk]});
    let user = |content: Value| json!({"role": "user", "content": content});
    let calls = json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let custom = json!({"type": "custom", "custom": {"name": "g"}});
    let function = json!({"type": "function", "function": {"name": "f"}});
    let image = json!({"type": "image_url", "image_url": {"url": "http://i"}});
    let rows: Vec<(Value, Value, Value, &[&str])> = vec![
        // role developer, on every local server
        (
            json!({"preset": "vllm"}),
            json!({"messages": [{"role": "developer", "content": "d"}, user(json!("q"))]}),
            json!({"messages": [{"role": "system", "content": "d"}, user(json!("q"))]}),
            &[],
        ),
        (
            json!({"preset": "sglang"}),
            json!({"messages": [{"role": "developer", "content": "d"}]}),
            json!({"messages": [{"role": "system", "content": "d"}]}),
            &[],
        ),
        // tools type custom
        (json!({"preset": "llamacpp"}), json!({"tools": [custom, function]}), json!({"tools": [function]}), &["tools[0]"]),
        (
            json!({"preset": "vllm"}),
            json!({"tools": [custom], "tool_choice": {"type": "custom", "custom": {"name": "g"}}, "parallel_tool_calls": true}),
            json!({}),
            &["tools[0]", "tool_choice"],
        ),
        (json!({"preset": "lmstudio"}), json!({"tools": [{"type": "web_search"}, function]}), json!({"tools": [function]}), &["tools[0]"]),
        // Reasoning replay: vLLM reads message.reasoning
        (
            json!({"preset": "vllm"}),
            json!({"messages": [user(json!("q")), {"role": "assistant", "content": "a", "reasoning_content": "t"}]}),
            json!({"messages": [user(json!("q")), {"role": "assistant", "content": "a", "reasoning": "t"}]}),
            &[],
        ),
        (
            quirk(json!("drop_reasoning")),
            json!({"messages": [{"role": "assistant", "content": "a", "reasoning_content": "t"}]}),
            json!({"messages": [{"role": "assistant", "content": "a"}]}),
            &["messages[0].reasoning_content"],
        ),
        // Content as a list of texts
        (
            quirk(json!("flatten_text_parts")),
            json!({"messages": [user(json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]))]}),
            json!({"messages": [user(json!("a\nb"))]}),
            &[],
        ),
        (
            quirk(json!("flatten_text_parts")),
            json!({"messages": [user(json!([{"type": "text", "text": "a"}, image]))]}),
            json!({"messages": [user(json!([{"type": "text", "text": "a"}, image]))]}),
            &[],
        ),
        (
            quirk(json!("flatten_text_parts")),
            json!({"messages": [user(json!([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])),
                {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "r"}]}]}),
            json!({"messages": [user(json!("a")), {"role": "tool", "tool_call_id": "c", "content": "r"}]}),
            &["messages[0].content[0].cache_control"],
        ),
        (
            quirk(json!("flatten_text_parts")),
            json!({"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a"}], "tool_calls": calls}]}),
            json!({"messages": [{"role": "assistant", "content": "a", "tool_calls": calls}]}),
            &[],
        ),
        // Roles must alternate
        (
            quirk(json!("merge_same_role")),
            json!({"messages": [user(json!("a")), user(json!("b")), {"role": "assistant", "content": "c"}, {"role": "assistant", "content": null, "tool_calls": calls}]}),
            json!({"messages": [user(json!("a\n\nb")), {"role": "assistant", "content": "c", "tool_calls": calls}]}),
            &[],
        ),
        (
            quirk(json!("merge_same_role")),
            json!({"messages": [user(json!("a")), user(json!([{"type": "text", "text": "b"}, image]))]}),
            json!({"messages": [user(json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, image]))]}),
            &[],
        ),
        (
            quirk(json!("merge_same_role")),
            json!({"messages": [{"role": "user", "content": "a", "name": "x"}, {"role": "user", "content": "b", "name": "y"}]}),
            json!({"messages": [{"role": "user", "content": "a\n\nb", "name": "x"}]}),
            &["messages[1].name"],
        ),
        (
            quirk(json!("merge_same_role")),
            json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": "1"}, {"role": "tool", "tool_call_id": "d", "content": "2"}]}),
            json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": "1"}, {"role": "tool", "tool_call_id": "d", "content": "2"}]}),
            &[],
        ),
        // system not first
        (
            quirk(json!("system_first")),
            json!({"messages": [user(json!("q")), {"role": "system", "content": "s"}]}),
            json!({"messages": [{"role": "system", "content": "s"}, user(json!("q"))]}),
            &["messages[1]"],
        ),
        (
            quirk(json!("system_first")),
            json!({"messages": [{"role": "system", "content": "s"}, {"role": "system", "content": "t"}, user(json!("q"))]}),
            json!({"messages": [{"role": "system", "content": "s\n\nt"}, user(json!("q"))]}),
            &[],
        ),
        // content null with tool_calls
        (
            quirk(json!("empty_content_for_null")),
            json!({"messages": [{"role": "assistant", "content": null, "tool_calls": calls}]}),
            json!({"messages": [{"role": "assistant", "content": "", "tool_calls": calls}]}),
            &[],
        ),
        (
            quirk(json!("drop_turn_names")),
            json!({"messages": [{"role": "user", "content": "a", "name": "x"}]}),
            json!({"messages": [user(json!("a"))]}),
            &["messages[0].name"],
        ),
        (
            quirk(json!({"drop_message_members": ["annotations"]})),
            json!({"messages": [{"role": "assistant", "content": "a", "annotations": []}]}),
            json!({"messages": [{"role": "assistant", "content": "a"}]}),
            &[],
        ),
    ];
    for (options, members, expected, losses) in rows {
        let face = surface(options.clone());
        let body = request(&members);
        assert!(!spliced(&face, &body).2, "{options} {members}: must leave the path of the bytes");
        let (sent, lost) = typed(&face, &body);
        assert_eq!(sent, request(&expected), "{options} {members}");
        assert_eq!(lost, losses, "{options} {members}");
    }
}

/// A request that no quirk is about keeps its bytes, whichever server it goes to.
#[test]
fn a_plain_request_keeps_its_bytes() {
    let body = json!({"model": "m", "temperature": 0.5, "stream": true, "tools": [{"type": "function", "function": {"name": "f"}}],
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}]});
    for preset in crate::custom::Preset::ALL {
        let face = surface(json!({"preset": preset.0}));
        assert_eq!(spliced(&face, &body), (body.clone(), vec![], true), "{}", preset.0);
    }
}

/// An endpoint of Anthropic's dialect has no quirks of OpenAI's, and a caller of that dialect loses its `top_k` nowhere.
#[test]
fn quirks_hold_for_openais_dialect_alone() {
    let face = surface(json!({"preset": "llamacpp", "dialects": ["anthropic-messages", "openai-chat"]}));
    let messages = face.endpoint(Operation::Chat, DialectId::AnthropicMessages).unwrap();
    let body = json!({"model": "m", "max_completion_tokens": 5, "tools": [], "messages": [{"role": "developer", "content": "x"}]});
    let text = body.to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    assert!(quirks::on_splice(&face, messages, "m", &object, &mut edits).is_empty() && edits.is_empty());
    assert!(!quirks::needs_typed(&face, messages, "m", &object));

    let mut chat = chat::Chat { turns: vec![], ..chat::Chat::default() };
    chat.sampling.top_k = Some(5.into());
    chat.extras.push(DialectId::AnthropicMessages, "mcp_servers", wire::Raw::parse("[]").unwrap());
    let losses = quirks::on_typed(&face, chat_of(&face), "m", &mut chat);
    assert_eq!(losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(), ["mcp_servers"]);
    assert_eq!(chat.extras.of(DialectId::OpenaiChat), [("top_k".to_owned(), wire::Raw::parse("5").unwrap())]);
}

/// The pending edit of the gateway, which asks for usage on its own behalf, goes as well where the server refuses it.
#[test]
fn stream_options_that_the_gateway_added_are_dropped_too() {
    let face = surface(json!({"quirks": ["no_stream_options"]}));
    let text = request(&json!({"stream": true})).to_string();
    let object = scan(text.as_bytes(), &Limits::default()).unwrap();
    let mut edits = Edits::new(&object);
    edits.set("stream_options", r#"{"include_usage":true}"#);
    let losses = quirks::on_splice(&face, chat_of(&face), "m", &object, &mut edits);
    let sent: Value = serde_json::from_slice(&edits.apply()).unwrap();
    assert!(sent.get("stream_options").is_none() && losses.is_empty(), "the caller asked for nothing");
}

#[test]
fn presets_name_their_source() {
    for (name, _) in crate::custom::Preset::ALL {
        for sourced in surface(json!({"preset": name})).quirks.iter() {
            assert!(sourced.source.starts_with("providers/") && sourced.source.contains(".md §"), "{name}: {sourced:?}");
            assert!(!matches!(&sourced.quirk, Quirk::Drop { reason, .. } if reason.is_empty()));
        }
    }
}

/// Text completions and embeddings are passed through, with the quirks that are declared for them.
#[test]
fn quirks_of_other_operations_hold_for_them_alone() {
    let face = surface(
        json!({"preset": "vllm", "quirks": [{"drop": "dimensions", "for": "embeddings"}, {"drop": "suffix", "for": "completions"}]}),
    );
    let sent = |operation: Operation, body: &Value| {
        let served = face.endpoint(operation, DialectId::OpenaiChat).unwrap();
        let text = body.to_string();
        let object = scan(text.as_bytes(), &Limits::default()).unwrap();
        let mut edits = Edits::new(&object);
        let losses = quirks::on_splice(&face, served, "m", &object, &mut edits);
        assert!(!quirks::needs_typed(&face, served, "m", &object) || operation == Operation::Chat);
        (serde_json::from_slice::<Value>(&edits.apply()).unwrap(), losses.into_iter().map(|loss| loss.path).collect::<Vec<_>>())
    };
    let completion = json!({"model": "m", "prompt": "p", "suffix": "s", "dimensions": 3, "stream_options": {"include_usage": true}});
    assert_eq!(
        sent(Operation::Completions, &completion),
        (json!({"model": "m", "prompt": "p", "dimensions": 3}), vec!["suffix".to_owned()])
    );
    let embedding = json!({"model": "m", "input": "p", "suffix": "s", "dimensions": 3});
    assert_eq!(
        sent(Operation::Embeddings, &embedding),
        (json!({"model": "m", "input": "p", "suffix": "s"}), vec!["dimensions".to_owned()])
    );
}
