//! The light reader agrees with the full one, whatever the text contains.

use super::*;
use crate::Sight;
use proptest::prelude::*;

fn sights(frames: &[&str]) -> Vec<Sight> {
    let mut watcher = OpenaiChat.stream_watcher();
    frames.iter().map(|data| watcher.see("", data)).collect()
}

#[test]
fn each_chunk_is_seen_for_what_it_is() {
    let role = delta(r#"{"role":"assistant","content":""}"#);
    let text = delta(r#"{"content":"x"}"#);
    let usage = r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1}}"#;
    let nulls = r#"{"id":"c","choices":[{"index":0,"delta":{"content":"y"},"finish_reason":null}],"usage":null}"#;
    let filter = r#"{"id":"","model":"","choices":[],"prompt_filter_results":[]}"#;
    let seen = sights(&[filter, &role, &text, nulls, &finish("\"stop\""), usage, "[DONE]", "late"]);
    use Sight::{Content, Meta, Terminal, UsageOnly};
    assert_eq!(seen, [Meta, Meta, Content, Content, Content, UsageOnly, Terminal, Meta]);
    assert_eq!(sights(&["{\"a\":", "[DONE]", "[]"]), [Sight::Malformed, Sight::Malformed, Sight::Malformed]);
    assert!(
        matches!(&sights(&[&text, r#"{"error":{"message":"m","code":429}}"#])[1], Sight::Error(fault) if fault.kind == chat::FaultKind::ProviderRateLimited)
    );
    // Usage beside a finish reason is content all the same.
    let finish_with_usage = r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#;
    assert_eq!(sights(&[finish_with_usage]), [Content]);
}

#[test]
fn text_that_looks_like_a_member_is_text() {
    let hostile = [
        r#""usage":{"prompt_tokens":9}"#,
        r#"","finish_reason":"stop","x":""#,
        r#"[DONE]"#,
        r#"{"error":{"message":"m"}}"#,
        "\\\"finish_reason\\\":\\\"stop\\\"",
        "data: [DONE]\n\n",
        "\"finish_reason\"",
    ];
    for text in hostile {
        let frame = delta(&format!(r#"{{"content":{}}}"#, serde_json::to_string(text).unwrap()));
        let mut watcher = OpenaiChat.stream_watcher();
        for _ in 0..2 {
            assert_eq!(watcher.see("", &frame), Sight::Content, "{text}");
        }
        assert_eq!((watcher.usage(), watcher.ending()), (None, Ending::Truncated), "{text}");
    }
}

#[test]
fn names_in_another_spelling_are_found() {
    let spelled = r#"{"id":"c","choices":[{"index":0,"delta":{},"f\u0069nish_reason":"stop"}],"us\u0061ge":{"prompt_tokens":2}}"#;
    let mut watcher = OpenaiChat.stream_watcher();
    watcher.see("", &delta(r#"{"content":"x"}"#));
    watcher.see("", spelled);
    assert_eq!((watcher.usage().and_then(|usage| usage.input), watcher.ending()), (Some(2), Ending::Complete));
}

/// Frames of every sort, with text that imitates members.
fn frame() -> impl Strategy<Value = (String, String)> {
    let hostile = prop_oneof![
        Just(r#""usage":{"prompt_tokens":5}"#.to_owned()),
        Just(r#""finish_reason":"stop""#.to_owned()),
        Just("[DONE]".to_owned()),
        Just("\\\"error\\\":{".to_owned()),
        Just(String::new()),
        any::<String>(),
    ];
    let text = hostile.prop_map(|text| serde_json::to_string(&text).unwrap_or_default());
    let word = prop_oneof![Just("null"), Just("null"), Just("\"stop\""), Just("\"\""), Just("\"tool_calls\"")];
    let usage = prop_oneof![
        Just(""),
        Just(r#","usage":null"#),
        Just(r#","usage": {"prompt_tokens":3,"completion_tokens":4}"#),
        Just(r#","x_groq":{"usage":{"prompt_tokens":3}}"#)
    ];
    let member = prop_oneof![Just("content"), Just("reasoning"), Just("refusal"), Just("role"), Just("x")];
    let chunk = (text.clone(), word, usage, member, 0..3_u32).prop_map(|(text, word, usage, member, index)| {
        format!(r#"{{"id":"c","model":"m","choices":[{{"index":{index},"delta":{{"{member}":{text}}},"finish_reason" : {word}}}]{usage}}}"#)
    });
    let other = (0..9_usize, text).prop_map(|(n, text)| match n {
        0 => "[DONE]".to_owned(),
        1 => r#"{"id":"c","choices":[],"usage":{"prompt_tokens":7}}"#.to_owned(),
        2 => format!(r#"{{"error":{{"message":{text}}}}}"#),
        3 => format!(r#"{{"error":{text},"choices":[]}}"#),
        4 => format!(r#"{{"id":"","choices":[],"prompt":{text}}}"#),
        5 => format!(r#"{{"id":"c","choices":null,"x":{text}}}"#),
        6 => text,
        7 => format!(r#"{{"id":"c","choices":[],"x_groq":{{"error":{text}}}}}"#),
        _ => format!(r#"{{"id":"c","detail":{text},"choices":[]}}"#),
    });
    let event = prop_oneof![9 => Just(String::new()), 1 => Just("error".to_owned())];
    (event, prop_oneof![5 => chunk, 1 => other])
}

proptest! {
    #[test]
    fn the_light_reader_agrees_with_the_full_one(frames in proptest::collection::vec(frame(), 0..12)) {
        let (mut reader, mut watcher) = (OpenaiChat.stream_reader(), OpenaiChat.stream_watcher());
        let mut law = Law::default();
        for (event, data) in &frames {
            let mut events = Vec::new();
            let verdict = reader.read(event, data, &mut events);
            let sight = watcher.see(event, data);
            prop_assert!(law.check_all(&events).is_ok(), "{events:?}");
            prop_assert_eq!(verdict == Verdict::Malformed, sight == Sight::Malformed, "{} {:?} {:?}", data, verdict, sight);
            let failed = events.iter().any(|event| matches!(event, Event::Error(_)));
            prop_assert_eq!(failed, matches!(sight, Sight::Error(_)), "{}", data);
            let said = events.iter().any(|event| matches!(event, Event::PartDelta { .. } | Event::Finish { .. }));
            prop_assert!(!said || sight == Sight::Content, "{data}: {sight:?}");
            prop_assert_eq!(events.contains(&Event::End), sight == Sight::Terminal);
            prop_assert_eq!(reader.usage(), watcher.usage(), "{}", data);
            prop_assert_eq!(reader.ending(), watcher.ending(), "{}", data);
        }
    }
}
