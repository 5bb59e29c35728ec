//! What passes through is judged rightly; what would be translated is refused by name.

use super::*;
use crate::Sight;
use testkit::recorded::{Record, records};

fn see(frames: &[&str]) -> (Vec<Sight>, Ending, Option<Usage>) {
    let mut watcher = OpenaiCompletions.stream_watcher();
    let seen = frames.iter().map(|data| watcher.see("", data)).collect();
    (seen, watcher.ending(), watcher.usage())
}

fn chunk(text: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"cmpl-1","object":"text_completion","model":"m","choices":[{{"text":"{text}","index":0,"logprobs":null,"finish_reason":{finish}}}]}}"#
    )
}

#[test]
fn chunks_of_text_usage_and_the_end_are_seen() {
    let (first, more, last) = (chunk("", "null"), chunk("Hi", "null"), chunk("", "\"stop\""));
    let usage = r#"{"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    let (seen, ending, counted) = see(&[&first, &more, &more, &last, usage, "[DONE]"]);
    use Sight::{Content, Meta, Terminal, UsageOnly};
    assert_eq!(seen, [Meta, Content, Content, Content, UsageOnly, Terminal]);
    assert_eq!((ending, counted.and_then(|usage| usage.output)), (Ending::Complete, Some(2)));
    assert_eq!(see(&[&first, &more]).1, Ending::Truncated);
    let (seen, ending, _) = see(&[&more, r#"{"error":{"message":"out of memory","code":500}}"#]);
    assert!(matches!(seen.last(), Some(Sight::Error(fault)) if fault.kind == FaultKind::ProviderUnavailable));
    assert_eq!(ending, Ending::Truncated);
}

/// R13: text that looks like the end is text.
#[test]
fn text_that_looks_like_a_finish_is_text() {
    let hostile = chunk(r#"\"finish_reason\":\"stop\""#, "null");
    assert_eq!(see(&[&hostile, &hostile]).1, Ending::Truncated);
}

#[test]
fn nothing_is_translated_and_the_refusal_says_so() {
    let body = br#"{"model":"m","prompt":"x","messages":[]}"#;
    let fault = OpenaiCompletions.read_request(body).expect_err("read");
    assert_eq!(fault.kind, FaultKind::UnsupportedOperation);
    assert!(fault.message.contains("/v1/chat/completions"));
    assert_eq!(OpenaiCompletions.read_reply(b"{}").expect_err("read").kind, FaultKind::UnsupportedOperation);
    let mut writer = OpenaiCompletions.stream_writer(StreamOptions::default());
    let mut out = Vec::new();
    writer.write(&Event::End, &mut out);
    writer.write(&Event::End, &mut out);
    writer.finish(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!((text.matches("unsupported_operation").count(), text.contains("[DONE]")), (1, false));
}

#[test]
fn a_request_names_the_field_that_is_wrong() {
    let param = |body: &str| check_request(body.as_bytes()).err().and_then(|fault| fault.param);
    assert_eq!(param(r#"{"model":"m","prompt":"x"}"#), None);
    assert_eq!(param(r#"{"model":"m","prompt":[[1,2]]}"#), None);
    assert_eq!(param(r#"{"model":"m"}"#).as_deref(), Some("prompt"));
    assert_eq!(param(r#"{"model":"m","prompt":5}"#).as_deref(), Some("prompt"));
    assert_eq!(param(r#"{"prompt":"x"}"#).as_deref(), Some("model"));
}

fn of(operation: &str) -> Vec<Record> {
    records("openai").into_iter().filter(|record| record.operation == operation).collect()
}

/// Recorded streams are whole at their end alone, and their usage is what the bytes say.
#[test]
fn recorded_streams_and_answers_are_judged_rightly() {
    let streams = of("completions_stream");
    for record in &streams {
        let mut framer = wire::sse::Framer::new(1 << 20);
        framer.push(&record.response.body);
        let mut watcher = OpenaiCompletions.stream_watcher();
        let mut content = false;
        while let Some(frame) = framer.finish().unwrap() {
            let Some(data) = frame.data else { continue };
            let sight = watcher.see(frame.event, data);
            assert!(!matches!(sight, Sight::Malformed | Sight::Error(_)), "{}: {sight:?}", record.id);
            content |= sight == Sight::Content;
        }
        assert!(content, "{}", record.id);
        assert_eq!(watcher.ending(), Ending::Complete, "{}", record.id);
    }
    let answers = of("completions");
    for record in &answers {
        check_request(record.request.body.as_deref().unwrap().as_bytes()).unwrap_or_else(|fault| panic!("{}: {fault}", record.id));
        let said: serde_json::Value = serde_json::from_slice(&record.response.body).unwrap();
        let usage = OpenaiCompletions.read_usage(&record.response.body);
        assert_eq!(usage.and_then(|usage| usage.input), said["usage"]["prompt_tokens"].as_u64(), "{}", record.id);
    }
    println!("{} streams, {} answers", streams.len(), answers.len());
    assert!(streams.is_empty() || (streams.len() >= 11 && answers.len() >= 30), "{} and {}", streams.len(), answers.len());
}
