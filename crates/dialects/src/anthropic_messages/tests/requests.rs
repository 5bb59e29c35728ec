//! Turns, parts, sampling, output, cache: each rule of `providers/anthropic.md` on its own.

use super::*;
use chat::{FaultKind, Output, Sampling, Source};
use serde_json::{Number, json};

fn number(text: &str) -> Option<Number> {
    Some(serde_json::from_str(text).unwrap())
}

#[test]
fn the_least_request() {
    let mut chat = hello();
    chat.stream = Some(true);
    let written = write(&chat);
    let messages = json!([{"role": "user", "content": [text_block("Hi")]}]);
    assert_eq!(json(&written), json!({"model": "claude-test", "max_tokens": 100, "messages": messages, "stream": true}));
    assert!(written.losses.is_empty() && written.names.is_empty());
}

#[test]
fn max_tokens_is_the_models_largest_where_the_caller_gives_none() {
    let mut chat = hello();
    chat.max_tokens = None;
    assert_eq!(json(&write_for(&chat, &ModelFacts { max_output: Some(64_000), ..ModelFacts::default() }))["max_tokens"], 64_000);
    assert_eq!(json(&write(&chat))["max_tokens"], 8192);
    chat.max_tokens = Some(0);
    assert_eq!(json(&write(&chat))["max_tokens"], 0, "zero warms the cache");
}

#[test]
fn leading_system_and_developer_turns_are_the_system_prompt() {
    let chat = chat(vec![says(Role::System, "A"), says(Role::Developer, "B"), says(Role::User, "Hi")]);
    let written = write(&chat);
    assert_eq!(json(&written)["system"], json!([text_block("A"), text_block("B")]));
    assert_eq!(json(&written)["messages"], json!([{"role": "user", "content": [text_block("Hi")]}]));
    assert!(written.losses.is_empty());
}

#[test]
fn a_later_system_turn_stays_where_the_model_takes_it_and_moves_to_the_front_elsewhere() {
    let turns = vec![says(Role::User, "1"), says(Role::System, "S"), says(Role::User, "2")];
    let takes = ModelFacts { takes_system_turns: true, ..ModelFacts::default() };
    let written = write_for(&chat(turns.clone()), &takes);
    let roles: Vec<String> = json(&written)["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap().into()).collect();
    assert_eq!((roles, losses(&written).len()), (vec!["user".into(), "system".into(), "user".into()], 0));

    let written = write(&chat(turns));
    assert_eq!(json(&written)["system"], json!([text_block("S")]));
    assert_eq!(json(&written)["messages"], json!([{"role": "user", "content": [text_block("1"), text_block("2")]}]), "merged around it");
    assert_eq!(losses(&written), ["~messages[1]"]);

    let between =
        vec![says(Role::User, "1"), turn(Role::Assistant, vec![call("a", "f", "{}")]), says(Role::System, "S"), result("a", "ok")];
    let written = write_for(&chat(between), &takes);
    assert_eq!(losses(&written), ["~messages[2]"], "nothing may stand between a call and its result");
    assert_eq!(json(&written)["system"], json!([text_block("S")]));
}

#[test]
fn the_first_turn_is_the_users_and_neighbours_of_one_role_merge() {
    let chat = chat(vec![says(Role::Assistant, "a"), says(Role::Assistant, "b"), says(Role::User, "c")]);
    let written = write(&chat);
    let messages = json(&written)["messages"].clone();
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages[1], json!({"role": "assistant", "content": [text_block("a"), text_block("b")]}));
    assert_eq!(losses(&written), ["~messages[1]"]);

    let only_system = super::chat(vec![says(Role::System, "S")]);
    let written = write(&only_system);
    assert_eq!(json(&written)["messages"].as_array().unwrap().len(), 1, "an empty conversation is refused");
    assert_eq!(losses(&written), ["~messages[0]"]);
}

#[test]
fn empty_blocks_and_turns_are_left_out() {
    let chat = chat(vec![
        says(Role::User, "Hi"),
        says(Role::Assistant, ""),
        turn(Role::User, vec![Part::text(""), Part::text(" \n"), Part::text("ok")]),
    ]);
    let written = write(&chat);
    assert_eq!(json(&written)["messages"], json!([{"role": "user", "content": [text_block("Hi"), text_block("ok")]}]));
    assert_eq!(losses(&written), ["messages[1]", "messages[2].content[1]"]);
}

#[test]
fn a_conversation_that_ends_with_the_assistant() {
    let turns = vec![says(Role::User, "Hi"), says(Role::Assistant, "So: \n")];
    let prefilled = write(&chat(turns.clone()));
    assert_eq!(json(&prefilled)["messages"][1]["content"], json!([text_block("So:")]), "whitespace at the end is refused");
    assert_eq!(losses(&prefilled), ["~messages[1].content"]);
    let written = write_for(&chat(turns), &ModelFacts { refuses_prefill: true, ..ModelFacts::default() });
    let messages = json(&written)["messages"].clone();
    assert_eq!((messages[2]["role"].as_str(), messages.as_array().unwrap().len()), (Some("user"), 3));
    assert_eq!(losses(&written), ["~messages[1]"]);
}

fn image(source: Source) -> Part {
    Part::new(PartKind::Image { source, detail: None })
}

fn file(source: Source, filename: Option<&str>) -> Part {
    Part::new(PartKind::File { source, filename: filename.map(str::to_owned) })
}

fn base64(media_type: Option<&str>, data: &str) -> Source {
    Source::Base64 { media_type: media_type.map(str::to_owned), data: data.into() }
}

fn url(url: &str) -> Source {
    Source::Url { url: url.into() }
}

fn content_of(part: Part) -> (Value, Vec<String>) {
    let written = write(&chat(vec![turn(Role::User, vec![part, Part::text("?")])]));
    (json(&written)["messages"][0]["content"][0].clone(), losses(&written))
}

#[test]
fn images_by_url_by_data_and_by_data_url() {
    let by_url = json!({"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}});
    assert_eq!(content_of(image(url("https://x.test/a.png"))), (by_url, vec![]));
    let png = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}});
    assert_eq!(content_of(image(base64(Some("image/png"), "iVBORw0K"))).0, png);
    assert_eq!(content_of(image(base64(None, "iVBORw0K"))).0, png, "by its first bytes");
    assert_eq!(content_of(image(url("data:image/png;base64,iVBORw0K"))).0, png);
    assert_eq!(content_of(image(base64(Some("image/jpg"), "/9j/"))).0["source"]["media_type"], "image/jpeg");
    let detailed = Part::new(PartKind::Image { source: url("https://x.test/a"), detail: Some("high".into()) });
    assert_eq!(content_of(detailed).1, ["messages[0].content[0].image_url.detail"]);
}

#[test]
fn files_are_documents() {
    let pdf =
        json!({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"}, "title": "a.pdf"});
    assert_eq!(content_of(file(base64(Some("application/pdf"), "JVBERi0x"), Some("a.pdf"))), (pdf.clone(), vec![]));
    assert_eq!(content_of(file(base64(None, "JVBERi0x"), Some("a.pdf"))).0, pdf);
    let text = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}});
    assert_eq!(content_of(file(base64(Some("text/plain"), "R3LDvMOfZQ=="), None)), (text.clone(), vec![]));
    assert_eq!(content_of(file(Source::Text { media_type: None, text: "Grüße".into() }, None)).0, text);
    assert_eq!(content_of(file(base64(Some("text/csv"), "R3LDvMOfZQ=="), None)), (text, vec!["~messages[0].content[0].file".into()]));
    let by_url = json!({"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}});
    assert_eq!(content_of(file(url("https://x.test/a.pdf"), None)).0, by_url);
    let held = json!({"type": "document", "source": {"type": "file", "file_id": "file_1"}});
    assert_eq!(content_of(file(Source::FileId { id: "file_1".into() }, None)).0, held);
    assert_eq!(content_of(file(base64(Some("image/png"), "iVBORw0K"), None)).0["type"], "image");
}

#[test]
fn what_the_provider_cannot_see_or_hear_is_refused_by_name() {
    let sound = Part::new(PartKind::Audio { source: base64(None, "UklGR"), format: Some("wav".into()), transcript: None });
    for part in [
        sound,
        image(base64(Some("image/tiff"), "x")),
        image(url("gs://bucket/a.png")),
        file(base64(Some("application/zip"), "x"), None),
        file(base64(Some("video/mp4"), "x"), Some("a.mp4")),
    ] {
        let fault = refused(&chat(vec![turn(Role::User, vec![Part::text("?"), part])]));
        assert_eq!(
            (fault.kind, fault.param.as_deref(), fault.status()),
            (FaultKind::UnsupportedParameter, Some("messages[0].content[1]"), 400)
        );
    }
    let mut several = hello();
    several.choices = Some(2);
    assert_eq!(refused(&several).param.as_deref(), Some("n"));
    several.choices = Some(1);
    assert!(write(&several).losses.is_empty());
    let mut spoken = hello();
    spoken.extras = openai(&[("modalities", r#"["text","audio"]"#)]);
    assert_eq!(refused(&spoken).param.as_deref(), Some("modalities"));
}

#[test]
fn thoughts_go_back_first_and_unchanged_and_others_are_losses() {
    let mut foreign = thought("guess", "s");
    if let PartKind::Reasoning(reasoning) = &mut foreign.kind {
        reasoning.from = DialectId::OpenaiChat;
    }
    let mut unsigned = thought("plain", "s");
    if let PartKind::Reasoning(reasoning) = &mut unsigned.kind {
        reasoning.signature = None;
    }
    let sealed = ReasoningPart { text: String::new(), signature: None, encrypted: Some("SEAL".into()), from: DialectId::AnthropicMessages };
    let assistant =
        turn(Role::Assistant, vec![Part::text("So"), thought("Hm", "sig=="), Part::new(PartKind::Reasoning(sealed)), foreign, unsigned]);
    let written = write(&chat(vec![says(Role::User, "Hi"), assistant, says(Role::User, "On")]));
    assert_eq!(
        json(&written)["messages"][1]["content"],
        json!([{"type": "thinking", "thinking": "Hm", "signature": "sig=="}, {"type": "redacted_thinking", "data": "SEAL"}, text_block("So")])
    );
    assert_eq!(losses(&written), ["messages[1].thinking_blocks[2]", "messages[1].reasoning_content"]);
}

#[test]
fn names_refusals_and_foreign_parts() {
    let mut named = says(Role::User, "Hi");
    named.name = Some("Ann".into());
    let refusal = Part::new(PartKind::Refusal { text: "No".into() });
    let cited = Part::new(PartKind::Citation { raw: raw("{}"), from: DialectId::OpenaiChat });
    let mut answer = turn(Role::Assistant, vec![refusal, cited]);
    answer.listed = false;
    answer.extras = openai(&[("audio", r#"{"id":"a"}"#), ("function_call", "null")]);
    let foreign = Part::new(PartKind::Native { raw: raw(r#"{"type":"odd"}"#), from: DialectId::OpenaiChat });
    let written = write(&chat(vec![named, answer, turn(Role::User, vec![Part::text("On"), foreign])]));
    assert_eq!(json(&written)["messages"][1]["content"], json!([text_block("No")]));
    let told = ["messages[0].name", "messages[1].audio", "~messages[1].refusal", "messages[1].annotations[0]", "messages[2].content[1]"];
    assert_eq!(losses(&written), told);
}

#[test]
fn what_this_dialect_alone_knows_is_written_back_at_every_level() {
    let ours = |name: &str, value: &str| Extras::new(DialectId::AnthropicMessages, vec![(name.to_owned(), raw(value))]);
    let cited = Part::new(PartKind::Citation { raw: raw(r#"{"type":"char_location"}"#), from: DialectId::AnthropicMessages });
    let server = Part::new(PartKind::Native {
        raw: raw(r#"{"type":"server_tool_use","id":"s","name":"w","input":{}}"#),
        from: DialectId::AnthropicMessages,
    });
    let mut text = Part::text("So");
    text.extras = ours("note", "1");
    let mut caller = call("a", "f", "{}");
    caller.extras = ours("caller", r#"{"type":"direct"}"#);
    let mut answer = turn(Role::Assistant, vec![text, cited, server, caller]);
    answer.extras = ours("turn_member", "2");
    let mut request = chat(vec![says(Role::User, "Hi"), answer, result("a", "ok")]);
    request.extras = ours("speed", "\"fast\"");
    request.tools = vec![Tool { extras: ours("defer_loading", "true"), ..tool("f") }];
    let written = write(&request);
    let body = json(&written);
    let content = &body["messages"][1]["content"];
    assert_eq!(content[0], json!({"type": "text", "text": "So", "citations": [{"type": "char_location"}], "note": 1}));
    assert_eq!(content[1]["type"], "server_tool_use");
    assert_eq!(content[2]["caller"], json!({"type": "direct"}));
    assert_eq!(
        (&body["messages"][1]["turn_member"], &body["speed"], &body["tools"][0]["defer_loading"]),
        (&json!(2), &json!("fast"), &json!(true))
    );
    assert!(written.losses.is_empty(), "{:?}", written.losses);
}

#[test]
fn parameters_of_the_providers_own_reach_it_and_those_of_others_are_losses() {
    let mut request = hello();
    request.extras = openai(&[
        ("top_k", "40"),
        ("container", "\"c1\""),
        ("context_management", r#"{"edits":[]}"#),
        ("mcp_servers", "[]"),
        ("inference_geo", "\"us\""),
        ("output_config", r#"{"effort":"low","task_budget":{"total":1}}"#),
        ("metadata", r#"{"user_id":"u-1","team":"x"}"#),
        ("store", "true"),
        ("prediction", r#"{"type":"content"}"#),
        ("modalities", r#"["text"]"#),
        ("verbosity", "null"),
    ]);
    let written = write(&request);
    let body = json(&written);
    assert_eq!(body["top_k"], 40);
    assert_eq!((&body["container"], &body["inference_geo"], &body["mcp_servers"]), (&json!("c1"), &json!("us"), &json!([])));
    assert_eq!(body["context_management"], json!({"edits": []}));
    assert_eq!(body["output_config"], json!({"effort": "low", "task_budget": {"total": 1}}));
    assert_eq!(body["metadata"], json!({"user_id": "u-1"}));
    assert_eq!(losses(&written), ["store", "prediction", "metadata.team"]);
}

#[test]
fn user_and_tier() {
    let mut request = hello();
    request.user = Some("u-1".into());
    for (asked, sent, lost) in [
        ("auto", json!("auto"), vec![]),
        ("default", json!("standard_only"), vec![]),
        ("standard_only", json!("standard_only"), vec![]),
        ("priority", json!("auto"), vec!["~service_tier"]),
        ("flex", Value::Null, vec!["service_tier"]),
    ] {
        request.service_tier = Some(asked.into());
        let written = write(&request);
        assert_eq!((&json(&written)["service_tier"], losses(&written)), (&sent, lost.iter().map(ToString::to_string).collect()), "{asked}");
        assert_eq!(json(&written)["metadata"], json!({"user_id": "u-1"}));
    }
    let mut renamed = hello();
    renamed.extras = openai(&[("safety_identifier", "\"s-1\"")]);
    assert_eq!(json(&write(&renamed))["metadata"], json!({"user_id": "s-1"}));
    renamed.user = Some("u".into());
    assert_eq!(losses(&write(&renamed)), ["safety_identifier"]);
}

#[test]
fn sampling_is_bounded_and_left_out_where_it_is_refused() {
    let mut request = hello();
    request.sampling = Sampling {
        temperature: number("1.4"),
        top_p: number("0.9"),
        top_k: number("5"),
        stop: vec!["END".into(), " \n".into()],
        stop_listed: true,
        ..Sampling::default()
    };
    let written = write(&request);
    let body = json(&written);
    assert_eq!((&body["temperature"], &body["top_p"], &body["top_k"]), (&json!(1), &json!(0.9), &json!(5)));
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(losses(&written), ["stop[1]", "~temperature"]);

    let both = ModelFacts { one_of_temperature_top_p: true, ..ModelFacts::default() };
    let written = write_for(&request, &both);
    assert_eq!(json(&written).get("top_p"), None);
    assert_eq!(losses(&written), ["stop[1]", "top_p", "~temperature"]);

    let refuses = ModelFacts { refuses_sampling: true, ..ModelFacts::default() };
    let newest = try_write(&request, &ModelFacts::default(), Some("2026-10-21")).unwrap();
    let oldest = try_write(&request, &ModelFacts::default(), Some("2023-06-01")).unwrap();
    assert_eq!(json(&oldest)["top_k"], 5);
    for written in [write_for(&request, &refuses), newest] {
        let body = json(&written);
        assert!(["temperature", "top_p", "top_k"].iter().all(|field| body.get(field).is_none()), "{body}");
        assert_eq!(body["stop_sequences"], json!(["END"]));
        assert_eq!(losses(&written), ["stop[1]", "temperature", "top_p", "top_k"]);
    }
}

#[test]
fn parameters_that_the_provider_does_not_have_are_losses() {
    let mut request = hello();
    request.logprobs = Some(true);
    request.top_logprobs = Some(3);
    request.sampling = Sampling {
        frequency_penalty: number("0.5"),
        presence_penalty: number("0"),
        seed: number("7"),
        logit_bias: Some(raw(r#"{"1":2}"#)),
        stop: vec![" ".into()],
        ..Sampling::default()
    };
    let written = write(&request);
    assert_eq!(losses(&written), ["logprobs", "top_logprobs", "stop", "frequency_penalty", "seed", "logit_bias"]);
    assert_eq!(json(&written).get("stop_sequences"), None);
}

#[test]
fn cache_markers_four_at_most_the_earliest_go_and_none_on_thought() {
    let user = turn(Role::User, vec![marked(Part::text("1"), None), marked(Part::text("2"), Some("1h"))]);
    let answer = turn(Role::Assistant, vec![marked(thought("Hm", "s"), None), marked(call("a", "f", "{}"), Some("9h"))]);
    let mut request = chat(vec![turn(Role::System, vec![marked(Part::text("S"), Some("5m"))]), user, answer, result("a", "ok")]);
    request.tools = vec![Tool { cache: Some(CacheMarker { ttl: None }), ..tool("f") }];
    let written = write(&request);
    let body = json(&written);
    assert_eq!(body["tools"][0].get("cache_control"), None);
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "5m"}));
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["messages"][0]["content"][1]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    let answer = &body["messages"][1]["content"];
    assert_eq!((answer[0].get("cache_control"), &answer[1]["cache_control"]), (None, &json!({"type": "ephemeral"})));
    assert_eq!(
        losses(&written),
        ["messages[2].thinking_blocks[0].cache_control", "tools[0].cache_control", "~messages[2].tool_calls[0].cache_control.ttl"]
    );
    request.cache = Some(CacheMarker { ttl: Some("1h".into()) });
    let written = write(&request);
    assert_eq!(json(&written)["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert!(losses(&written).contains(&"messages[0].content.cache_control".to_owned()), "the automatic one counts: {:?}", losses(&written));
}

#[test]
fn output_forms() {
    let schema = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}"#;
    let form = |schema: Option<&str>| Output::JsonSchema {
        name: Some("Count".into()),
        description: None,
        schema: schema.map(raw),
        strict: Some(true),
        extras: Extras::default(),
    };
    let mut request = hello();
    request.output = Some(form(Some(schema)));
    let written = write(&request);
    let mut titled: Value = serde_json::from_str(schema).unwrap();
    titled["title"] = json!("Count");
    assert_eq!(json(&written)["output_config"], json!({"format": {"type": "json_schema", "schema": titled}}));
    assert!(written.losses.is_empty(), "{:?}", written.losses);

    let old = ModelFacts { lacks_schema_output: true, ..ModelFacts::default() };
    let recursive = r##"{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}}}}}"##;
    for (output, facts) in [
        (Output::JsonObject, ModelFacts::default()),
        (form(None), ModelFacts::default()),
        (form(Some(schema)), old),
        (form(Some(recursive)), ModelFacts::default()),
    ] {
        request.output = Some(output.clone());
        let written = write_for(&request, &facts);
        assert_eq!(json(&written).get("output_config"), None);
        assert!(json(&written)["system"][0]["text"].as_str().unwrap().contains("JSON object"), "{output:?}");
        assert_eq!(losses(&written), ["~response_format"], "{output:?}");
    }
    request.output = Some(Output::Text);
    assert!(write(&request).losses.is_empty());
    request.output = Some(form(Some("[]")));
    assert_eq!(refused(&request).param.as_deref(), Some("response_format.json_schema.schema"));
}

#[test]
fn schemas_are_cut_to_the_subset_and_the_rest_is_described() {
    let schema = raw(r##"{"type":"object","title":"T","properties":{
            "age":{"type":"integer","minimum":1,"maximum":9,"description":"Years."},
            "mail":{"type":"string","format":"email","maxLength":9},
            "odd":{"type":"string","format":"regex"},
            "tags":{"type":"array","items":{"type":"string"},"minItems":1,"maxItems":3},
            "two":{"type":"array","items":{"$ref":"#/$defs/p"},"minItems":2},
            "one":{"oneOf":[{"type":"string"},{"type":"null"}]},
            "map":{"type":"object","additionalProperties":{"type":"string"}}},
          "$defs":{"p":{"type":"object","properties":{},"additionalProperties":false}},
          "required":["age"],"additionalProperties":false}"##);
    let mut request = hello();
    request.output =
        Some(Output::JsonSchema { name: None, description: None, schema: Some(schema), strict: None, extras: Extras::default() });
    let written = write(&request);
    let sent = &json(&written)["output_config"]["format"]["schema"];
    let properties = &sent["properties"];
    assert_eq!(properties["age"], json!({"type": "integer", "description": "Years. (minimum: 1; maximum: 9)"}));
    assert_eq!(properties["mail"], json!({"type": "string", "format": "email", "description": "(maxLength: 9)"}));
    assert_eq!(properties["odd"], json!({"type": "string", "description": "(format: \"regex\")"}));
    assert_eq!(properties["tags"], json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "(maxItems: 3)"}));
    assert_eq!(properties["two"], json!({"type": "array", "items": {"$ref": "#/$defs/p"}, "description": "(minItems: 2)"}));
    assert_eq!(properties["one"], json!({"anyOf": [{"type": "string"}, {"type": "null"}]}));
    assert_eq!(properties["map"]["additionalProperties"], json!(false));
    assert!(properties["map"]["description"].as_str().unwrap().contains("additionalProperties"));
    assert_eq!(sent["$defs"]["p"]["additionalProperties"], json!(false));
    let told = losses(&written);
    let at = |inner: &str| format!("~response_format.json_schema.schema.properties.{inner}");
    for place in [
        "age.minimum",
        "age.maximum",
        "mail.maxLength",
        "odd.format",
        "tags.maxItems",
        "two.minItems",
        "one.oneOf",
        "map.additionalProperties",
    ] {
        assert!(told.contains(&at(place)), "{place} in {told:?}");
    }
    assert_eq!(told.len(), 8, "{told:?}");
}

/// Tools, an image, a schema, reasoning and a stream in one request.
#[test]
fn everything_at_once() {
    let schema = r#"{"type":"object","properties":{"answer":{"type":"string"}},"required":["answer"],"additionalProperties":false}"#;
    let mut request = chat(vec![
        says(Role::System, "Be brief."),
        turn(Role::User, vec![Part::text("What is this?"), image(url("https://x.test/a.png"))]),
        turn(
            Role::Assistant,
            vec![thought("Look it up.", "sig"), call("toolu_1", "look up", r#"{"q":"cat"}"#), call("toolu_2", "look up", "")],
        ),
        result("toolu_1", "A cat."),
        result("toolu_2", "Nothing."),
        says(Role::User, "Well?"),
    ]);
    request.stream = Some(true);
    request.max_tokens = Some(9000);
    request.tools = vec![Tool { description: Some("Looks up.".into()), ..tool("look up") }];
    request.tool_choice = Some(chat::ToolChoice::Auto);
    request.parallel_tools = Some(false);
    request.reasoning.effort = Some(chat::Effort::High);
    request.output = Some(Output::JsonSchema {
        name: None,
        description: None,
        schema: Some(raw(schema)),
        strict: Some(true),
        extras: Extras::default(),
    });
    let facts = ModelFacts { refuses_prefill: true, refuses_sampling: true, ..thinks(ThinkingMode::AdaptiveAlways, OffSwitch::Never) };
    let written = write_for(&request, &facts);
    let input_schema = json!({"type": "object", "properties": {"x": {"type": "integer"}}});
    assert_eq!(
        json(&written),
        json!({
            "model": "claude-test", "max_tokens": 9000, "system": [text_block("Be brief.")],
            "messages": [
                {"role": "user", "content": [text_block("What is this?"), {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}}]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Look it up.", "signature": "sig"},
                    {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"q": "cat"}},
                    {"type": "tool_use", "id": "toolu_2", "name": "look_up", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text_block("A cat.")]},
                    {"type": "tool_result", "tool_use_id": "toolu_2", "content": [text_block("Nothing.")]},
                    text_block("Well?")]}],
            "tools": [{"name": "look_up", "description": "Looks up.", "input_schema": input_schema}],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": serde_json::from_str::<Value>(schema).unwrap()}},
            "stream": true
        })
    );
    assert!(written.losses.is_empty(), "{:?}", written.losses);
    assert_eq!(written.names.own("look_up"), Some("look up"));
}
