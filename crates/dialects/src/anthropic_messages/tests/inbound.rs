//! Requests of clients: what is read of each field, where it goes, and which field is named when it is wrong.

use super::*;
use crate::openai_chat::OpenaiChat;
use crate::{tell_fault, tell_losses};
use chat::{Effort, FaultKind, Output, Source, ToolChoice};
use serde_json::json;

pub(super) fn read(body: &Value) -> Chat {
    AnthropicMessages.read_request(body.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// As a provider of OpenAI chat gets it, and what is lost, in the caller's terms.
fn to_openai(body: &Value) -> (Value, Vec<String>) {
    let chat = read(body);
    let facts = ModelFacts::default();
    let mut written = OpenaiChat.write_request(&chat, &Target { model: "gpt", facts: &facts, version: None }).unwrap();
    tell_losses(&chat, &mut written.losses);
    (json(&written), losses(&written))
}

fn with(members: Value) -> Value {
    let mut body = json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

#[test]
fn an_agents_conversation_goes_to_openai_in_its_own_form() {
    let (sent, lost) = to_openai(&json!({
        "model": "m", "max_tokens": 900, "stream": true, "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END"], "service_tier": "standard_only",
        "metadata": {"user_id": "u-1"}, "thinking": {"type": "enabled", "budget_tokens": 3000},
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}},
                {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}},
                {"type": "document", "title": "a.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "sig"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"q": 1.0, "deep": {"a": []}}},
                {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [
                    {"type": "text", "text": "A cat."}, {"type": "image", "source": {"type": "url", "url": "https://x.test/b.png"}}]},
                {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": "Broken"},
                {"type": "text", "text": "Go on."}]}],
        "tools": [{"name": "look", "description": "Looks", "input_schema": {"type": "object", "properties": {}}},
                  {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true}
    }));
    assert_eq!(
        sent,
        json!({
            "model": "gpt", "max_completion_tokens": 900, "stream": true, "temperature": 0.5, "top_p": 0.9, "stop": ["END"],
            "service_tier": "default", "user": "u-1", "reasoning_effort": "medium", "parallel_tool_calls": false, "tool_choice": "required",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0K"}},
                    {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0x", "filename": "a.pdf"}}]},
                {"role": "assistant", "content": "I look.", "tool_calls": [
                    {"id": "toolu_1", "type": "function", "function": {"name": "look", "arguments": "{\"q\":1.0,\"deep\":{\"a\":[]}}"}},
                    {"id": "toolu_2", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "toolu_1", "content": "A cat."},
                {"role": "tool", "tool_call_id": "toolu_2", "content": "Broken"},
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.test/b.png"}}]},
                {"role": "user", "content": "Go on."}],
            "tools": [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object", "properties": {}}}}]
        })
    );
    let mut lost = lost;
    lost.sort();
    assert_eq!(
        lost,
        [
            "messages[1].content[0]",
            "messages[2].content[1].is_error",
            "system[0].cache_control",
            "tools[1]",
            "~messages[2].content[0].content[1]",
            "~thinking.budget_tokens"
        ]
    );
}

#[test]
fn each_field_is_read() {
    let chat = read(&with(json!({
        "system": "S", "top_k": 40, "cache_control": {"type": "ephemeral", "ttl": "1h"}, "container": "c1", "nothing": null,
        "metadata": {"user_id": "u", "team": "t"}, "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "xhigh", "format": {"type": "json_schema", "schema": {"type": "object"}}, "odd": 1},
        "tool_choice": {"type": "tool", "name": "f"}
    })));
    assert_eq!(chat.from, Some(DialectId::AnthropicMessages));
    assert_eq!((chat.turns[0].role, chat.turns[0].listed, chat.places[0].turn.as_str()), (Role::System, false, "system"));
    assert_eq!(chat.cache, Some(CacheMarker { ttl: Some("1h".into()) }));
    assert_eq!((chat.user.as_deref(), chat.reasoning.visible, &chat.reasoning.effort), (Some("u"), Some(false), &Some(Effort::XHigh)));
    assert!(matches!(&chat.output, Some(Output::JsonSchema { schema: Some(schema), .. }) if schema.text() == r#"{"type":"object"}"#));
    assert_eq!(chat.tool_choice, Some(ToolChoice::Function { name: "f".into() }));
    let kept: Vec<(&str, &str)> = chat.extras.iter().map(|(name, raw)| (name, raw.text())).collect();
    assert_eq!(kept, [("container", "\"c1\""), ("output_config", r#"{"odd":1}"#), ("metadata", r#"{"team":"t"}"#)]);
    assert_eq!(chat.sampling.top_k.as_ref().and_then(serde_json::Number::as_u64), Some(40));
    let off = read(&with(json!({"thinking": {"type": "disabled"}, "output_format": {"type": "json_schema", "schema": {}}})));
    assert_eq!((off.reasoning.effort.clone(), off.reasoning.budget), (None, None));
    assert!(off.output.is_some(), "the older place of the format");
}

#[test]
fn each_block_is_read() {
    let chat = read(&with(json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "t", "cache_control": {"type": "ephemeral"}, "odd": 1},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "d"}, "context": "c", "citations": {"enabled": true}},
        {"type": "document", "source": {"type": "content", "content": []}},
        {"type": "search_result", "source": "s", "title": "t", "content": []}]},
        {"role": "assistant", "content": [
            {"type": "redacted_thinking", "data": "SEAL"}, {"type": "thinking", "thinking": "own", "signature": ""},
            {"type": "text", "text": "see", "citations": [{"type": "char_location"}]},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}]}]})));
    let user = &chat.turns[0];
    assert_eq!((user.parts[0].cache.is_some(), user.parts[0].extras.get("odd").is_some()), (true, true));
    assert!(matches!(&user.parts[1].kind, PartKind::Image { source: Source::FileId { id }, .. } if id == "file_1"));
    assert!(matches!(&user.parts[2].kind, PartKind::File { source: Source::Text { .. }, filename: None }));
    assert_eq!(user.parts[2].extras.iter().count(), 2);
    assert!(user.parts[3..].iter().all(|part| matches!(part.kind, PartKind::Native { .. })));
    let kinds = &chat.turns[1].parts;
    assert!(matches!(&kinds[0].kind, PartKind::Reasoning(thought) if thought.encrypted.is_some()));
    assert!(matches!(&kinds[1].kind, PartKind::Reasoning(thought) if thought.from == DialectId::OpenaiChat), "nobody signed it");
    assert!(matches!(&kinds[3].kind, PartKind::Citation { .. }) && matches!(&kinds[4].kind, PartKind::Native { .. }));
    assert_eq!(chat.places[1].parts[3..], ["messages[1].content[2].citations[0]", "messages[1].content[3]"]);
}

#[test]
fn what_is_wrong_is_named() {
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    for (members, field) in [
        (json!({"model": null}), "model"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": {}}), "messages"),
        (json!({"messages": [{"role": "bot", "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": user(json!(5))}), "messages[0].content"),
        (json!({"messages": user(json!([{"text": "x"}]))}), "messages[0].content[0].type"),
        (json!({"messages": user(json!(["x"]))}), "messages[0].content[0]"),
        (json!({"messages": user(json!([{"type": "image", "source": {"type": "base64"}}]))}), "messages[0].content[0].source.data"),
        (json!({"messages": user(json!([{"type": "tool_result", "content": "x"}]))}), "messages[0].content[0].tool_use_id"),
        (
            json!({"messages": user(json!([{"type": "tool_result", "tool_use_id": "i", "content": [{}]}]))}),
            "messages[0].content[0].content[0].type",
        ),
        (
            json!({"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "i", "name": "f", "input": "{}"}]}]}),
            "messages[0].content[0].input",
        ),
        (json!({"system": 5}), "system"),
        (json!({"max_tokens": "many"}), "max_tokens"),
        (json!({"stop_sequences": "x"}), "stop_sequences"),
        (json!({"tools": [{"input_schema": {}}]}), "tools[0].name"),
        (json!({"tool_choice": "auto"}), "tool_choice"),
        (json!({"tool_choice": {"type": "tool"}}), "tool_choice.name"),
        (json!({"thinking": {"budget_tokens": 5}}), "thinking.type"),
        (json!({"thinking": {"type": "enabled", "budget_tokens": "x"}}), "thinking.budget_tokens"),
        (json!({"output_config": {"effort": 5}}), "output_config.effort"),
        (json!({"metadata": {"user_id": 5}}), "metadata.user_id"),
    ] {
        let body = with(members.clone());
        let fault = AnthropicMessages.read_request(body.to_string().as_bytes()).expect_err(&members.to_string());
        assert_eq!((fault.kind, fault.param.as_deref()), (FaultKind::InvalidRequest, Some(field)), "{members}");
    }
    assert!(AnthropicMessages.read_request(b"{\"model\":\"m\",\"model\":\"n\",\"messages\":[]}").is_err());
    let deep = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"x":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(AnthropicMessages.read_request(deep.as_bytes()).is_err(), "R56: depth is limited");
}

/// Numbers and spellings stay as they were.
#[test]
fn numbers_and_unknown_members_keep_their_spelling() {
    let body = r#"{"model":"m","max_tokens":5,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1e2,"b":12345678901234567890.50,"c":"\u00e9"}}]}],"temperature":0.7,"odd":{"n":1.0}}"#;
    let chat = AnthropicMessages.read_request(body.as_bytes()).unwrap();
    let written = String::from_utf8(write(&chat).body).unwrap();
    for kept in [r#"{"a":1e2,"b":12345678901234567890.50,"c":"\u00e9"}"#, r#""temperature":0.7"#, r#""odd":{"n":1.0}"#] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
}

#[test]
fn thought_goes_back_to_its_maker_alone() {
    let conversation = |thinking: Value| {
        with(json!({"messages": [{"role": "user", "content": "q"},
            {"role": "assistant", "content": [thinking, {"type": "text", "text": "a"}]}, {"role": "user", "content": "r"}]}))
    };
    let signed = conversation(json!({"type": "thinking", "thinking": "T", "signature": "sig"}));
    let (openai, lost) = to_openai(&signed);
    assert!(!openai.to_string().contains("sig") && lost.iter().all(|path| path == "messages[1].content[0]") && !lost.is_empty());
    assert!(json(&write(&read(&signed))).to_string().contains(r#""signature":"sig""#));
    let unsigned = conversation(json!({"type": "thinking", "thinking": "T", "signature": ""}));
    let (openai, lost) = to_openai(&unsigned);
    assert_eq!((&openai["messages"][1]["reasoning_content"], lost), (&json!("T"), vec![]));
    let written = write(&read(&unsigned));
    assert!(!json(&written).to_string().contains("thinking"), "the provider would refuse it");
    let mut told = written.losses.clone();
    tell_losses(&read(&unsigned), &mut told);
    assert_eq!(told[0].path, "messages[1].content[0]");
}

#[test]
fn losses_and_faults_have_the_callers_names() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
    let (sent, lost) = to_openai(&with(json!({
        "top_k": 5, "mcp_servers": [], "metadata": {"user_id": "u".repeat(65)}, "context_management": {},
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
        "tools": [{"name": "f", "strict": true, "input_schema": schema, "defer_loading": true}]})));
    let mut lost = lost;
    lost.sort();
    assert_eq!(
        lost,
        [
            "context_management",
            "mcp_servers",
            "metadata.user_id",
            "tools[0].defer_loading",
            "top_k",
            "~output_config.format",
            "~tools[0].strict"
        ]
    );
    assert_eq!((&sent["response_format"]["json_schema"]["schema"], &sent["user"]), (&schema, &Value::Null));
    let bindable = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false});
    let (sent, lost) = to_openai(&with(json!({"output_config": {"format": {"type": "json_schema", "schema": bindable}}})));
    assert_eq!((&sent["response_format"]["json_schema"]["strict"], lost), (&json!(true), vec![]));
    let fault = Fault::unsupported("messages[1].tool_calls[0].function.arguments", "no");
    let chat = read(&with(json!({"messages": [{"role": "user", "content": "q"},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]}]})));
    assert_eq!(tell_fault(&chat, fault).param.as_deref(), Some("messages[1].content[1].input"));
}

#[test]
fn nothing_but_the_providers_own_tools_is_no_list_of_tools() {
    let (sent, lost) =
        to_openai(&with(json!({"tools": [{"type": "web_search_20260318", "name": "web_search"}], "tool_choice": {"type": "any"}})));
    assert_eq!((sent.get("tools"), sent.get("tool_choice"), lost), (None, None, vec!["tools[0]".to_owned(), "tool_choice".into()]));
}

#[test]
fn long_names_of_tools_come_back_as_they_were() {
    let (long, longer) = ("n".repeat(70), "n".repeat(80));
    let chat = read(&with(json!({"tools": [{"name": long, "input_schema": {}}, {"name": longer, "input_schema": {}}],
        "tool_choice": {"type": "tool", "name": longer}})));
    let facts = ModelFacts::default();
    let written = OpenaiChat.write_request(&chat, &Target { model: "gpt", facts: &facts, version: None }).unwrap();
    let sent = json(&written);
    let names: Vec<&str> = sent["tools"].as_array().unwrap().iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
    assert!(names.len() == 2 && names[0] != names[1] && names.iter().all(|name| name.len() <= 64));
    assert_eq!(sent["tool_choice"]["function"]["name"], names[1]);
    assert_eq!((written.names.own(names[0]), written.names.own(names[1])), (Some(long.as_str()), Some(longer.as_str())));
}
