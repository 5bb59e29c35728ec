use super::*;
use chat::{Choice, DialectId, Extras, Fault, FaultKind, Finish, FinishKind, Part, PartKind, ReasoningPart, Reply, Usage};

fn reply(body: &str) -> Result<Reply, Fault> {
    OpenaiChat.read_reply(body.as_bytes())
}

fn one(message: &str, finish: &str) -> Reply {
    reply(&format!(r#"{{"id":"i","model":"m","choices":[{{"message":{message},"finish_reason":{finish}}}]}}"#)).unwrap()
}

#[test]
fn what_imitators_leave_out_or_spell_differently_is_read() {
    let reply = reply("\u{feff}\n {\"created\":\"1700000000.5\",\"choices\":[{\"message\":{\"content\":\"hi\"}}],\"usage\":{\"prompt_tokens\":3.0,\"prompt_tokens_details\":null}}").unwrap();
    assert_eq!((reply.created, reply.choices[0].index, &reply.choices[0].finish), (Some(1_700_000_000), 0, &None));
    assert_eq!(reply.usage, Some(Usage { input: Some(3), ..Usage::default() }));
    let listed = one(r#"{"content":[{"type":"text","text":"a"},{"type":"output_text","text":"b"},{"type":"x","y":1}]}"#, "\"stop\"");
    assert_eq!(listed.choices[0].parts.len(), 3);
    let calls = one(
        r#"{"content":null,"tool_calls":[{"id":null,"function":{"name":"f","arguments":{"a":1}}},{"id":"d","function":{"name":"g","arguments":null}},{"id":"d","type":"function","function":{"name":"h","arguments":""}}]}"#,
        "\"stop\"",
    );
    let ids: Vec<&str> = calls.choices[0]
        .parts
        .iter()
        .filter_map(|part| if let PartKind::ToolCall(call) = &part.kind { Some(call.id.as_str()) } else { None })
        .collect();
    assert_eq!(ids, ["call_i_0_0", "d", "call_i_0_2"], "missing and doubled ids are made");
    assert!(matches!(&calls.choices[0].parts[0].kind, PartKind::ToolCall(call) if call.arguments == "{\"a\":1}"));
    let finish = calls.choices[0].finish.as_ref().unwrap();
    assert_eq!((finish.kind, finish.native.as_str()), (FinishKind::ToolCalls, "stop"));
}

#[test]
fn finish_words_are_mapped_and_written_as_the_closed_list() {
    for (word, kind, written) in [
        ("stop", FinishKind::Stop, "stop"),
        ("length", FinishKind::Length, "length"),
        ("content_filter", FinishKind::ContentFilter, "content_filter"),
        ("function_call", FinishKind::ToolCalls, "function_call"),
        ("eos", FinishKind::Stop, "stop"),
        ("max_tokens", FinishKind::Length, "length"),
        ("tool_use", FinishKind::ToolCalls, "tool_calls"),
        ("something", FinishKind::Other, "stop"),
    ] {
        let reply = one(r#"{"content":"x"}"#, &format!("\"{word}\""));
        assert_eq!(reply.choices[0].finish.as_ref().map(|finish| finish.kind), Some(kind));
        let body: Value = serde_json::from_slice(&OpenaiChat.write_reply(&reply).unwrap()).unwrap();
        assert_eq!(body["choices"][0]["finish_reason"], written);
    }
    assert_eq!(one(r#"{"content":"x"}"#, "\"\"").choices[0].finish, None);
    assert_eq!(one(r#"{"content":"x"}"#, "null").choices[0].finish, None);
}

#[test]
fn a_200_that_is_no_completion_is_a_fault() {
    for (body, kind) in [
        (r#"{"error":{"message":"m","type":"server_error"}}"#, FaultKind::ProviderUnavailable),
        (r#"{"error":{"message":"m","code":429}}"#, FaultKind::ProviderRateLimited),
        (r#"{"object":"error","message":"m","code":400}"#, FaultKind::ProviderRejected),
        (r#"{"error":"busy"}"#, FaultKind::ProviderUnavailable),
        ("<html>", FaultKind::ProviderBadResponse),
        (r#"{"id":"x"}"#, FaultKind::ProviderBadResponse),
        (r#"{"choices":[{}]}"#, FaultKind::ProviderBadResponse),
        (r#"{"choices":[{"message":{"content":"cut"#, FaultKind::ProviderBadResponse),
        ("", FaultKind::ProviderBadResponse),
    ] {
        assert_eq!(reply(body).expect_err(body).kind, kind, "{body}");
    }
    assert!(reply(r#"{"error":null,"choices":[]}"#).is_ok());
}

/// One meaning of usage: input includes cache, output includes reasoning; a zero is a zero.
#[test]
fn usage_is_this_dialects_convention() {
    let cases: &[(&str, Usage)] = &[
        (
            r#"{"prompt_tokens":16,"completion_tokens":363,"total_tokens":379,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":4,"audio_tokens":2},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":1}}"#,
            Usage {
                input: Some(16),
                cache_read: Some(0),
                cache_write: Some(4),
                audio_input: Some(2),
                output: Some(363),
                reasoning: Some(5),
                audio_output: Some(1),
                total: Some(379),
                ..Usage::default()
            },
        ),
        (
            r#"{"prompt_tokens":10,"prompt_cache_hit_tokens":8,"completion_tokens":0}"#,
            Usage { input: Some(10), cache_read: Some(8), output: Some(0), ..Usage::default() },
        ),
        (r#"{"total_tokens":7}"#, Usage { total: Some(7), ..Usage::default() }),
        (r#"{"prompt_tokens":-1,"completion_tokens":1e300}"#, Usage::default()),
    ];
    for (usage, expected) in cases {
        let body = format!(r#"{{"choices":[],"usage":{usage}}}"#);
        assert_eq!(OpenaiChat.read_usage(body.as_bytes()), Some(*expected), "{usage}");
        assert_eq!(reply(&body).unwrap().usage, Some(*expected));
    }
    let groq = br#"{"choices":[],"usage":null,"x_groq":{"usage":{"prompt_tokens":3}}}"#;
    assert_eq!(OpenaiChat.read_usage(groq).unwrap().input, Some(3));
    let both = br#"{"choices":[],"usage":{"prompt_tokens":3},"x_groq":{"usage":{"prompt_tokens":3}}}"#;
    assert_eq!(OpenaiChat.read_usage(both).unwrap().input, Some(3), "never both added");
    assert_eq!(OpenaiChat.read_usage(br#"{"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":9}"}}]}"#), None);
}

/// An answer of another dialect, as a client of this one gets it.
#[test]
fn a_foreign_reply_is_complete_and_strict() {
    let thought = |text: &str, signature: Option<&str>, encrypted: Option<&str>| {
        let from = DialectId::AnthropicMessages;
        Part::new(PartKind::Reasoning(ReasoningPart {
            text: text.into(),
            signature: signature.map(Into::into),
            encrypted: encrypted.map(Into::into),
            from,
        }))
    };
    let citation = PartKind::Citation { raw: wire::Raw::parse(r#"{"c":1}"#).unwrap(), from: DialectId::AnthropicMessages };
    let finish = Finish { kind: FinishKind::Length, native: "max_tokens".into(), stop_sequence: None };
    let parts = vec![thought("hm", Some("s"), None), thought("", None, Some("e")), Part::text("a"), Part::text("b"), Part::new(citation)];
    let foreign = Extras::new(DialectId::AnthropicMessages, vec![("stop_details".into(), wire::Raw::parse("1").unwrap())]);
    let reply = Reply {
        id: "msg_1".into(),
        model: "claude".into(),
        choices: vec![Choice { parts, finish: Some(finish), extras: foreign, ..Choice::default() }],
        usage: Some(Usage { input: Some(10), cache_read: Some(4), output: Some(0), ..Usage::default() }),
        ..Reply::default()
    };
    let body: Value = serde_json::from_slice(&OpenaiChat.write_reply(&reply).unwrap()).unwrap();
    let expected = json(
        r#"{"id":"msg_1","object":"chat.completion","created":0,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","content":"ab","refusal":null,
          "reasoning_content":"hm","thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"e"}],
          "provider_parts":[{"index":0,"from":"anthropic_messages","part":{"c":1}}]},"logprobs":null,"finish_reason":"length"}],
          "usage":{"prompt_tokens":10,"completion_tokens":0,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":4}}}"#,
    );
    assert_eq!(body, expected);
}
