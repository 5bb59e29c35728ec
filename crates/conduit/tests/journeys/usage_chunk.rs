//! Every stream is metered, and a caller that did not ask for usage never sees that it was asked for. R16.

use crate::harness::{Ask, KEY, one, openai, rows_of};
use serde_json::{Value, json};
use testkit::scripted::{Script, Turn};

/// Sends usage only to those that ask, as the provider does.
fn strict() -> Script {
    Script::choose(|_, request| {
        let asked = request.json()["stream_options"]["include_usage"] == true;
        let events = openai::events(2).into_iter().filter(|event| asked || !event.contains("prompt_tokens"));
        Turn::sse(events)
    })
}

#[test]
fn the_usage_chunk_nobody_asked_for_is_never_seen() {
    let (upstream, gateway) = one(strict());
    // The caller's options, whether it sees usage, and what the provider is asked.
    let cases = [
        (None, false, json!({"include_usage": true})),
        (Some(Value::Null), false, json!({"include_usage": true})),
        (Some(json!({})), false, json!({"include_usage": true})),
        (Some(json!({"include_usage": false})), false, json!({"include_usage": true})),
        (Some(json!({"include_obfuscation": false})), false, json!({"include_obfuscation": false, "include_usage": true})),
        (Some(json!({"include_usage": true})), true, json!({"include_usage": true})),
        (
            Some(json!({"include_usage": true, "include_obfuscation": false})),
            true,
            json!({"include_usage": true, "include_obfuscation": false}),
        ),
    ];
    for (number, (options, sees, asked)) in cases.into_iter().enumerate() {
        let mut body = openai::chat_stream("m");
        if let Some(options) = options {
            body["stream_options"] = options;
        }
        let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
        let data = reply.data();
        assert_eq!(data.last().map(String::as_str), Some("[DONE]"));
        let chunks: Vec<Value> = data[..data.len() - 1].iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        let usage: Vec<_> = chunks.iter().filter(|chunk| chunk["usage"].is_object()).collect();
        assert_eq!(usage.len(), usize::from(sees), "case {number}: {data:?}");
        let empty = chunks.iter().filter(|chunk| chunk["choices"] == json!([])).count();
        assert_eq!(empty, usize::from(sees), "case {number}: a chunk without choices crashes clients that did not ask");
        let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, "word0 word1 ");
        assert_eq!(upstream.requests()[number].json()["stream_options"], asked, "case {number}");

        let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.status.as_str(), row.input_tokens, row.output_tokens), ("succeeded", Some(11), Some(7)), "case {number}");
        assert!(!row.usage_estimated, "case {number}: the provider told it");
    }
}

#[test]
fn whole_answers_are_metered_and_passed_on_as_they_are() {
    let (upstream, gateway) = one(Script::choose(|_, request| openai::obliging(request)));
    let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address());
    assert_eq!(reply.text(), openai::reply(), "byte for byte");
    let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
    assert_eq!((row.input_tokens, row.output_tokens, row.http_status), (Some(11), Some(7), 200));
    assert!(upstream.requests()[0].json().get("stream_options").is_none());

    let reply = Ask::post("/v1/embeddings", &openai::embeddings("m")).key(KEY).at(gateway.address());
    assert_eq!(reply.status, 200);
    let row = rows_of(&gateway.database_url(), reply.header("x-request-id").unwrap(), 1).remove(0);
    assert_eq!((row.status.as_str(), row.input_tokens), ("succeeded", Some(3)));
}

/// The body goes through as it came: only the model's name differs.
#[test]
fn the_callers_bytes_reach_the_provider() {
    let (upstream, gateway) = one(Script::choose(|_, request| openai::obliging(request)));
    let sent = "{ \"messages\" : [ {\"role\":\"user\", \"content\":\"h\\u00e9 \u{1F600}\"} ],\n\t\"seed\": 12345678901234567890123, \"temperature\": 1e0,\
                \"model\": \"m\", \"unheard_of\": {\"b\": 1, \"a\": [1.0, 1e2]} }";
    let reply = Ask::post_bytes("/v1/chat/completions", sent.as_bytes()).key(KEY).at(gateway.address());
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(upstream.requests()[0].text(), sent.replace("\"m\"", "\"up-1\""));
}
