//! What an OpenAI endpoint sends, for scripted upstreams.

use serde_json::{Value, json};
use testkit::scripted::Turn;

/// A chat request for the model.
pub(crate) fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hello"}]})
}

/// The same as a stream.
pub(crate) fn chat_stream(model: &str) -> Value {
    json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hello"}]})
}

pub(crate) fn embeddings(model: &str) -> Value {
    json!({"model": model, "input": "hello"})
}

/// A whole answer that used 11 tokens in and 7 out.
pub(crate) fn reply() -> String {
    json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1_770_000_000, "model": "up-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi there"}, "logprobs": null, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}})
    .to_string()
}

pub(crate) fn answered() -> Turn {
    Turn::json(200, reply())
}

pub(crate) fn embedded() -> Turn {
    let body = json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}], "model": "up-1",
        "usage": {"prompt_tokens": 3, "total_tokens": 3}});
    Turn::json(200, body.to_string())
}

/// The events of a stream of `words` words: role, words, finish, usage, `[DONE]`.
pub(crate) fn events(words: usize) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let body = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_770_000_000, "model": "up-1", "choices": choices, "usage": usage});
        format!("data: {body}\n\n")
    };
    let choice = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
    let mut events = vec![chunk(choice(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null)];
    events.extend((0..words).map(|number| chunk(choice(json!({"content": format!("word{number} ")}), Value::Null), Value::Null)));
    events.push(chunk(choice(json!({}), json!("stop")), Value::Null));
    events.push(chunk(json!([]), json!({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18})));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

pub(crate) fn streamed(words: usize) -> Turn {
    Turn::sse(events(words))
}

/// The answer that the request asks for.
pub(crate) fn obliging(request: &testkit::scripted::Request) -> Turn {
    if request.target.ends_with("/embeddings") {
        embedded()
    } else if request.text().contains("\"stream\":true") {
        streamed(3)
    } else {
        answered()
    }
}

/// An error as OpenAI words it.
pub(crate) fn error(status: u16, kind: &str, code: &str) -> Turn {
    Turn::json(
        status,
        json!({"error": {"message": format!("the provider says {code}"), "type": kind, "param": null, "code": code}}).to_string(),
    )
}
