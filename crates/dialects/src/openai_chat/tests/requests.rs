use super::*;
use chat::{CacheMarker, DialectId, Effort, PartKind, Role, Source, ToolChoice, ToolKind};

/// Everything of providers/openai.md §3 in one request, with unknown members at every level.
const FULL: &str = r#"{"model":"m","messages":[
  {"role":"developer","content":"be brief","name":"d","x_message":1},
  {"role":"system","content":[{"type":"text","text":"s","prompt_cache_breakpoint":{"mode":"explicit"}}]},
  {"role":"user","content":[
    {"type":"text","text":"look","x_part":[1]},
    {"type":"image_url","image_url":{"url":"https://h/i.png","detail":"low","x_image":true},"x_part":2},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},
    {"type":"image_url","image_url":{"url":"data:image/png;charset=x;base64,QUJD"}},
    {"type":"input_audio","input_audio":{"data":"QQ==","format":"wav","x_audio":0}},
    {"type":"file","file":{"file_id":"file-1","x_file":{}}},
    {"type":"file","file":{"file_data":"data:application/pdf;base64,QUJD","filename":"a.pdf"}},
    {"type":"file","file":{"file_data":"QUJD","filename":"b.bin"}},
    {"type":"file","file":{"file_url":"https://h/f"}},
    {"type":"video_url","video_url":{"url":"https://h/v"}}]},
  {"role":"assistant","content":null,"tool_calls":[
    {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1e2}","x_f":1},"index":0},
    {"id":"c2","type":"custom","custom":{"name":"g","input":"free"}},
    {"id":"c3","type":"mcp","mcp":{"name":"h"}}],"annotations":[]},
  {"role":"tool","tool_call_id":"c1","content":"4","x_result":1},
  {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"5"}]},
  {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"r"}]},
  {"role":"assistant","content":"t","refusal":"no","audio":{"id":"audio_1","x":1},"function_call":{"name":"old","arguments":"{}"}},
  {"role":"function","name":"old","content":"3"}],
 "tools":[
  {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","n":100.0},"strict":true,"x_fn":1},"x_tool":2},
  {"type":"function","function":{"name":"f0"}},
  {"type":"custom","custom":{"name":"g","description":"d","format":{"type":"text"}}},
  {"type":"browser_search"}],
 "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}},
 "parallel_tool_calls":false,
 "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"b":1,"a":2},"strict":true,"x":1},"y":2},
 "temperature":0.5,"top_p":1,"frequency_penalty":-1,"presence_penalty":2,"seed":-7,"stop":["a"],"logit_bias":{"50256":-100},
 "max_completion_tokens":10,"max_tokens":20,"n":2,"logprobs":true,"top_logprobs":3,
 "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},
 "reasoning_effort":"xhigh","verbosity":"low","user":"u","service_tier":"flex",
 "metadata":{"k":"v"},"store":true,"modalities":["text","audio"],"audio":{"voice":"alloy","format":"mp3"},
 "prediction":{"type":"content","content":"x"},"web_search_options":{"search_context_size":"low"},
 "prompt_cache_key":"p","safety_identifier":"s","moderation":{"model":"o"},
 "functions":[{"name":"old","parameters":{}}],"function_call":"auto","x_top":12345678901234567890123}"#;

#[test]
fn a_full_request_round_trips_without_a_loss() {
    let chat = read(FULL);
    let (_, written) = write(&chat);
    assert_eq!(written.losses, []);
    let body = String::from_utf8(written.body).unwrap();
    let lost = testkit::recorded::missing(FULL, &body, &[], &[]);
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(read(&body), chat);
}

#[test]
fn a_full_request_is_understood() {
    let chat = read(FULL);
    assert_eq!(
        chat.turns.iter().map(|turn| turn.role).collect::<Vec<_>>()[..4],
        [Role::Developer, Role::System, Role::User, Role::Assistant]
    );
    let user = &chat.turns[2].parts;
    let png = Source::Base64 { media_type: Some("image/png".into()), data: "QUJD".into() };
    assert!(matches!(&user[2].kind, PartKind::Image { source, .. } if *source == png));
    assert!(matches!(&user[3].kind, PartKind::Image { source: Source::Url { .. }, .. }), "a data URL with parameters stays as it is");
    assert!(matches!(&user[5].kind, PartKind::File { source: Source::FileId { id }, .. } if id == "file-1"));
    assert!(matches!(&user[9].kind, PartKind::Native { from: DialectId::OpenaiChat, .. }));
    let calls = &chat.turns[3].parts;
    assert!(matches!(&calls[0].kind, PartKind::ToolCall(call) if call.arguments == "{\"a\": 1e2}" && !call.custom));
    assert!(matches!(&calls[1].kind, PartKind::ToolCall(call) if call.arguments == "free" && call.custom));
    assert!(matches!(&chat.turns[4].parts[0].kind, PartKind::ToolResult(result) if result.call_id == "c1"));
    assert!(matches!(chat.tools[3].kind, ToolKind::Native { .. }));
    assert_eq!((chat.max_tokens, chat.max_tokens_legacy), (Some(10), false));
    assert_eq!(chat.reasoning.effort, Some(Effort::XHigh));
    assert_eq!(chat.include_usage, Some(true));
}

fn with(members: &str) -> Chat {
    read(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{members}}}"#))
}

#[test]
fn every_tool_choice_is_known_or_kept() {
    let named = r#"{"type":"function","function":{"name":"f"}}"#;
    for (text, expected) in [
        ("\"auto\"", Some(ToolChoice::Auto)),
        ("\"none\"", Some(ToolChoice::None)),
        ("\"required\"", Some(ToolChoice::Required)),
        (named, Some(ToolChoice::Function { name: "f".into() })),
        (r#"{"type":"custom","custom":{"name":"g"}}"#, Some(ToolChoice::Custom { name: "g".into() })),
        ("null", None),
    ] {
        let chat = with(&format!(r#""tool_choice":{text}"#));
        assert_eq!(chat.tool_choice, expected);
        assert_eq!(write(&chat).0.get("tool_choice").cloned().unwrap_or_default(), json(text));
    }
    let odd = r#"{"type":"function","function":{"name":"f","x":1}}"#;
    let chat = with(&format!(r#""tool_choice":{odd}"#));
    assert!(matches!(chat.tool_choice, Some(ToolChoice::Native { .. })));
    assert_eq!(write(&chat).0["tool_choice"], json(odd));
}

#[test]
fn both_spellings_of_stop_and_of_the_limit_are_kept() {
    for members in [r#""stop":"a","max_tokens":5"#, r#""stop":["a","b"],"max_completion_tokens":5"#, r#""stop":[]"#] {
        let (body, _) = write(&with(members));
        for (name, value) in json(&format!("{{{members}}}")).as_object().unwrap() {
            assert_eq!(body[name], *value);
        }
        assert_eq!(body.as_object().unwrap().keys().filter(|name| name.starts_with("max_")).count(), usize::from(members.contains("max_")));
    }
}

#[test]
fn forms_of_one_server_stay_as_they_came() {
    for members in [
        r#""response_format":{"type":"grammar","value":"x"}"#,
        r#""response_format":{"type":"json_object","schema":{"a":1}}"#,
        r#""reasoning":{"effort":"low","max_tokens":9}"#,
        r#""thinking":{"type":"enabled","budget_tokens":2000}"#,
        r#""thinking":{"type":"disabled"}"#,
        r#""reasoning_effort":"low","thinking":{"type":"enabled","budget_tokens":2000}"#,
    ] {
        let chat = with(members);
        let (body, written) = write(&chat);
        let mut expected = json(&format!("{{{members}}}"));
        expected["model"] = "m".into();
        expected["messages"] = body["messages"].clone();
        assert_eq!(body, expected);
        assert_eq!(written.losses, []);
        assert_eq!(read(std::str::from_utf8(&written.body).unwrap()), chat);
    }
    let thinking = with(r#""thinking":{"type":"enabled","budget_tokens":2000}"#).reasoning;
    assert_eq!((thinking.budget, thinking.effort), (Some(2000), None));
    assert_eq!(with(r#""thinking":{"type":"disabled"}"#).reasoning.effort, Some(Effort::None));
    assert_eq!(with(r#""reasoning":{"effort":"high","exclude":true}"#).reasoning.visible, Some(false));
}

#[test]
fn cache_markers_are_read_and_are_losses_towards_openai() {
    let chat = read(
        r#"{"model":"m","messages":[
          {"role":"system","content":"s","cache_control":{"type":"ephemeral"}},
          {"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}}]},
          {"role":"tool","tool_call_id":"c","content":"r","cache_control":{"type":"ephemeral"}}],
         "tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}],
         "cache_control":{"type":"ephemeral"}}"#,
    );
    let marker = |ttl: Option<&str>| Some(CacheMarker { ttl: ttl.map(str::to_owned) });
    assert_eq!(chat.turns[0].parts[0].cache, marker(None));
    assert_eq!(chat.turns[1].parts[0].cache, marker(Some("1h")));
    assert_eq!(chat.turns[2].parts[0].cache, marker(None));
    assert_eq!(chat.tools[0].cache, marker(None));
    assert_eq!(chat.cache, marker(None));
    let (body, written) = write(&chat);
    assert!(!body.to_string().contains("cache_control"));
    let paths: Vec<&str> = written.losses.iter().map(|loss| loss.path.as_str()).collect();
    let expected =
        ["messages[0].cache_control", "messages[1].content[0].cache_control", "messages[2].cache_control", "tools[0].cache_control"];
    assert_eq!(paths, [expected.as_slice(), &["cache_control"]].concat());
    // Without a type it is Conduit's own option, which the gateway takes out.
    assert_eq!(with(r#""cache_control":{"no_cache":true}"#).cache, None);
}

#[test]
fn thought_comes_back_as_reasoning_parts() {
    let chat = read(
        r#"{"model":"m","messages":[
          {"role":"assistant","content":"a","reasoning_content":"think","thinking_blocks":[
            {"type":"thinking","thinking":"think","signature":"sig","index":0},{"type":"redacted_thinking","data":"enc"}]},
          {"role":"assistant","content":"b","reasoning":"plain"}]}"#,
    );
    let thoughts: Vec<_> = chat.turns[0]
        .parts
        .iter()
        .filter_map(|part| if let PartKind::Reasoning(thought) = &part.kind { Some(thought) } else { None })
        .collect();
    assert_eq!(thoughts.len(), 2, "the text under both names is one thought");
    assert_eq!(
        (thoughts[0].text.as_str(), thoughts[0].signature.as_deref(), thoughts[0].from),
        ("think", Some("sig"), DialectId::AnthropicMessages)
    );
    assert_eq!(thoughts[1].encrypted.as_deref(), Some("enc"));
    assert!(
        matches!(&chat.turns[1].parts[0].kind, PartKind::Reasoning(thought) if thought.text == "plain" && thought.from == DialectId::OpenaiChat)
    );
    let (body, written) = write(&chat);
    assert_eq!(body["messages"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["role", "content"]);
    assert_eq!(body["messages"][1]["reasoning_content"], "plain");
    assert_eq!(
        written.losses.iter().map(|loss| loss.path.as_str()).collect::<Vec<_>>(),
        ["messages[0].thinking_blocks", "messages[0].reasoning_content"]
    );
}

#[test]
fn mistakes_name_the_field() {
    for (body, param) in [
        (r#"{"messages":[{"role":"user","content":"x"}]}"#, Some("model")),
        (r#"{"model":"m"}"#, Some("messages")),
        (r#"{"model":"m","messages":[]}"#, Some("messages")),
        (r#"{"model":"m","messages":{}}"#, Some("messages")),
        (r#"{"model":"m","messages":[{"content":"x"}]}"#, Some("messages[0].role")),
        (r#"{"model":"m","messages":[{"role":"boss","content":"x"}]}"#, Some("messages[0].role")),
        (r#"{"model":"m","messages":[{"role":"user","content":5}]}"#, Some("messages[0].content")),
        (r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}"#, Some("messages[0].content[0].text")),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
            Some("messages[0].content[0].image_url.url"),
        ),
        (r#"{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"}"#, Some("temperature")),
        (r#"{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}"#, Some("tools[0].function")),
        (
            r#"{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}"#,
            Some("response_format.json_schema"),
        ),
        (r#"{"model":"m","model":"n","messages":[]}"#, None),
        ("[1]", None),
        ("{", None),
        ("", None),
    ] {
        let fault = OpenaiChat.read_request(body.as_bytes()).expect_err(body);
        assert_eq!((fault.kind, fault.param.as_deref()), (chat::FaultKind::InvalidRequest, param), "{body}: {}", fault.message);
    }
}
