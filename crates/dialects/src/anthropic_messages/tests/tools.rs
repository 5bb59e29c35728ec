//! Tools, calls, results and the choice.

use super::*;
use chat::{FaultKind, ToolChoice};
use serde_json::json;

fn with_tools(names: &[&str]) -> Chat {
    let mut chat = hello();
    chat.tools = names.iter().map(|name| tool(name)).collect();
    chat
}

#[test]
fn a_tool_is_a_name_a_description_and_a_schema_of_an_object() {
    let mut chat = with_tools(&["f", "g", "h"]);
    chat.tools[0].description = Some("Does f.".into());
    chat.tools[1].parameters = None;
    chat.tools[2].parameters = Some(raw(r#"{"properties":{"big":{"const":123456789012345678901234}}}"#));
    let written = write(&chat);
    let tools = json(&written)["tools"].clone();
    assert_eq!(
        tools[0],
        json!({"name": "f", "description": "Does f.", "input_schema": {"type": "object", "properties": {"x": {"type": "integer"}}}})
    );
    assert_eq!(tools[1], json!({"name": "g", "input_schema": {"type": "object", "properties": {}}}));
    let text = String::from_utf8(written.body).unwrap();
    assert!(
        text.contains(r#"{"type":"object","properties":{"big":{"const":123456789012345678901234}}}"#),
        "numbers stay as they are: {text}"
    );
    for wrong in [r#""object""#, r#"{"type":"string"}"#] {
        chat.tools[2].parameters = Some(raw(wrong));
        let fault = refused(&chat);
        assert_eq!(fault.kind, FaultKind::InvalidRequest);
        assert!(fault.param.unwrap().starts_with("tools[2].function.parameters"));
    }
}

#[test]
fn strict_tools_keep_to_the_schema_subset() {
    let mut chat = with_tools(&["f"]);
    chat.tools[0].strict = Some(true);
    chat.tools[0].parameters =
        Some(raw(r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"],"additionalProperties":false}"#));
    let written = write(&chat);
    let sent = &json(&written)["tools"][0];
    assert_eq!((&sent["strict"], &sent["input_schema"]["properties"]["n"]["description"]), (&json!(true), &json!("(minimum: 1)")));
    assert_eq!(losses(&written), ["~tools[0].function.parameters.properties.n.minimum"]);
    let old = ModelFacts { lacks_schema_output: true, ..ModelFacts::default() };
    let written = write_for(&chat, &old);
    assert_eq!(json(&written)["tools"][0].get("strict"), None);
    assert_eq!(losses(&written), ["tools[0].function.strict"]);
    chat.tools[0].parameters = Some(raw(r##"{"type":"object","properties":{"me":{"$ref":"#"}},"additionalProperties":false}"##));
    assert_eq!(losses(&write(&chat)), ["tools[0].function.strict"], "recursion");
}

#[test]
fn members_of_a_tool() {
    let mut chat = with_tools(&["f"]);
    chat.tools[0].extras = openai(&[("eager_input_streaming", "true"), ("odd", "1")]);
    chat.tools[0].inner_extras = openai(&[("examples", "[]"), ("defer_loading", "true")]);
    let written = write(&chat);
    assert_eq!(
        (&json(&written)["tools"][0]["eager_input_streaming"], &json(&written)["tools"][0]["defer_loading"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(losses(&written), ["tools[0].odd", "tools[0].function.examples"]);
}

#[test]
fn tools_of_one_provider_alone() {
    let native = |text: &str| Tool { kind: ToolKind::Native { raw: raw(text), from: DialectId::OpenaiChat }, ..tool("n") };
    let mut chat = hello();
    chat.tools = vec![native(r#"{"type":"web_search_20250305","name":"web_search"}"#), native(r#"{"type":"browser_search"}"#)];
    let written = write(&chat);
    assert_eq!(json(&written)["tools"], json!([{"type": "web_search_20250305", "name": "web_search"}]));
    assert_eq!(losses(&written), ["tools[1]"]);
    chat.tools = vec![Tool { kind: ToolKind::Custom { format: None }, ..tool("c") }];
    assert_eq!((refused(&chat).kind, refused(&chat).param.as_deref()), (FaultKind::UnsupportedParameter, Some("tools[0]")));
}

#[test]
fn names_and_ids_are_respelt_and_find_their_way_back() {
    let long = "n".repeat(200);
    let mut chat = with_tools(&["a.b", "a_b", "a/b", &long]);
    chat.turns.push(turn(Role::Assistant, vec![call("id:1", "a.b", "{}"), call("id.1", "gone!", "{}")]));
    chat.turns.extend([result("id.1", "1"), result("id:1", "2")]);
    chat.tool_choice = Some(ToolChoice::Function { name: "a/b".into() });
    let written = write(&chat);
    let body = json(&written);
    let sent: Vec<&str> = body["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(sent, ["a_b_2", "a_b", "a_b_3", &long[..128]]);
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "a_b_3"}));
    let (calls, results) = (&body["messages"][1]["content"], &body["messages"][2]["content"]);
    assert_eq!((calls[0]["id"].as_str(), calls[1]["id"].as_str()), (Some("id_1"), Some("id_1_2")));
    assert_eq!((results[0]["tool_use_id"].as_str(), results[1]["tool_use_id"].as_str()), (Some("id_1_2"), Some("id_1")));
    assert_eq!((written.names.own("a_b_2"), written.names.own("a_b"), written.names.own("a_b_3")), (Some("a.b"), None, Some("a/b")));

    let body = br#"{"type":"message","content":[{"type":"tool_use","id":"t","name":"a_b_2","input":{}},{"type":"tool_use","id":"u","name":"a_b","input":{}}]}"#;
    let mut reply = AnthropicMessages.read_reply(body).unwrap();
    written.names.restore_reply(&mut reply);
    let names: Vec<&str> = reply.choices[0]
        .parts
        .iter()
        .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call.name.as_str()) } else { None })
        .collect();
    assert_eq!(names, ["a.b", "a_b"]);
    let mut event = chat::Event::PartStart {
        choice: 0,
        part: 0,
        open: chat::PartOpen::ToolCall { id: "t".into(), name: "a_b_3".into(), custom: false },
    };
    written.names.restore_event(&mut event);
    assert!(matches!(event, chat::Event::PartStart { open: chat::PartOpen::ToolCall { name, .. }, .. } if name == "a/b"));
}

#[test]
fn all_results_of_a_round_are_one_user_turn_and_stand_first() {
    let mut failed = result("b", "boom");
    if let Some(PartKind::ToolResult(result)) = failed.parts.first_mut().map(|part| &mut part.kind) {
        result.is_error = Some(true);
        result.parts.push(Part::new(PartKind::Image { source: chat::Source::Url { url: "https://x.test/a".into() }, detail: None }));
        result.listed = true;
    }
    let turns = vec![
        says(Role::User, "Hi"),
        turn(Role::Assistant, vec![Part::text("Two."), call("a", "f", r#"{"x":1}"#), call("b", "f", " ")]),
        result("a", "1"),
        says(Role::User, "wait"),
        failed,
        says(Role::Assistant, "Done."),
        says(Role::User, "Again"),
        turn(Role::Assistant, vec![call("c", "f", "{}")]),
        result("c", ""),
    ];
    let mut chat = chat(turns);
    chat.tools = vec![tool("f")];
    let written = write(&chat);
    let messages = json(&written)["messages"].clone();
    let roles: Vec<&str> = messages.as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user", "assistant", "user"]);
    assert_eq!(messages[1]["content"][1], json!({"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}));
    assert_eq!(messages[1]["content"][2]["input"], json!({}));
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://x.test/a"}});
    assert_eq!(
        messages[2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "a", "content": [text_block("1")]},
            {"type": "tool_result", "tool_use_id": "b", "content": [text_block("boom"), image], "is_error": true},
            text_block("wait")
        ])
    );
    assert_eq!(messages[6]["content"], json!([{"type": "tool_result", "tool_use_id": "c"}]), "an empty result stays a result");
    assert!(written.losses.is_empty(), "{:?}", written.losses);
}

#[test]
fn arguments_that_are_no_object_are_wrapped() {
    for (arguments, input) in
        [("not json", json!({"input": "not json"})), ("[1]", json!({"input": "[1]"})), ("{\"a\":", json!({"input": "{\"a\":"}))]
    {
        let mut chat = chat(vec![says(Role::User, "Hi"), turn(Role::Assistant, vec![call("a", "f", arguments)]), result("a", "ok")]);
        chat.tools = vec![tool("f")];
        let written = write(&chat);
        assert_eq!(json(&written)["messages"][1]["content"][0]["input"], input);
        assert_eq!(losses(&written), ["~messages[1].tool_calls[0].function.arguments"]);
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let chat = chat(vec![says(Role::User, "Hi"), turn(Role::Assistant, vec![call("a", "f", &deep)]), result("a", "ok")]);
    let written = write(&chat);
    assert!(serde_json::from_slice::<Value>(&written.body).is_ok(), "nesting that no reader takes stays text");
}

#[test]
fn each_form_of_the_choice() {
    let refuses = ModelFacts { refuses_forced_tools: true, ..ModelFacts::default() };
    let named = ToolChoice::Function { name: "f".into() };
    let auto = json!({"type": "auto"});
    let rows = [
        (None, Value::Null, Value::Null, false),
        (Some(ToolChoice::Auto), auto.clone(), auto.clone(), false),
        (Some(ToolChoice::None), json!({"type": "none"}), json!({"type": "none"}), false),
        (Some(ToolChoice::Required), json!({"type": "any"}), auto.clone(), true),
        (Some(named), json!({"type": "tool", "name": "f"}), auto, true),
    ];
    for (choice, usual, refusing, lost) in rows {
        let mut chat = with_tools(&["f", "g"]);
        chat.tool_choice = choice.clone();
        let written = write(&chat);
        assert_eq!((&json(&written)["tool_choice"], losses(&written).len()), (&usual, 0), "{choice:?}");
        let written = write_for(&chat, &refuses);
        let told: Vec<String> = if lost { vec!["~tool_choice".into()] } else { vec![] };
        assert_eq!((&json(&written)["tool_choice"], losses(&written)), (&refusing, told), "{choice:?}");

        chat.parallel_tools = Some(false);
        let mut single = if usual.is_null() { json!({"type": "auto"}) } else { usual };
        if single["type"] != "none" {
            single["disable_parallel_tool_use"] = json!(true);
        }
        assert_eq!(json(&write(&chat))["tool_choice"], single, "{choice:?}");
    }
    let mut chat = with_tools(&["f", "g"]);
    chat.tool_choice = Some(ToolChoice::Native {
        from: DialectId::OpenaiChat,
        raw: raw(r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}"#),
    });
    let written = write(&chat);
    assert_eq!((json(&written)["tools"].as_array().unwrap().len(), &json(&written)["tool_choice"]), (1, &json!({"type": "any"})));
    assert_eq!(losses(&written), ["~tool_choice"]);
    chat.tool_choice = Some(ToolChoice::Custom { name: "c".into() });
    assert_eq!(refused(&chat).param.as_deref(), Some("tool_choice"));
}

#[test]
fn without_tools() {
    let mut chat = hello();
    chat.tool_choice = Some(ToolChoice::Required);
    let written = write(&chat);
    assert_eq!((json(&written).get("tool_choice"), losses(&written)), (None, vec!["tool_choice".to_owned()]));
    chat.tool_choice = None;
    chat.turns.extend([turn(Role::Assistant, vec![call("a", "f", "{}")]), result("a", "1")]);
    let written = write(&chat);
    assert_eq!(
        json(&written)["tools"],
        json!([{"name": "f", "input_schema": {"type": "object", "properties": {}}}]),
        "a history with calls needs them"
    );
    assert_eq!(json(&written)["tool_choice"], json!({"type": "none"}));
    assert!(written.losses.is_empty());
}
