//! Both interpreters of a quirk give equal JSON and equal losses: the spliced bytes, and the canonical form written by the codec.

use super::*;
use dialects::Target;

/// Values of a field on which a quirk acts, and ones that it leaves alone. Every field of a quirk needs some.
fn samples(field: &str) -> Vec<Value> {
    match field {
        "max_tokens" | "max_completion_tokens" => vec![json!(5)],
        "logprobs" | "store" => vec![json!(true), json!(false)],
        "top_logprobs" => vec![json!(3), json!(0)],
        "logit_bias" => vec![json!({"1": 2})],
        "frequency_penalty" | "presence_penalty" => vec![json!(0.5), json!(0)],
        "metadata" | "web_search_options" | "prompt_cache_options" | "moderation" => vec![json!({"a": "b"}), json!({})],
        "prediction" => vec![json!({"type": "content", "content": "x"})],
        "modalities" => vec![json!(["text"])],
        "audio" => vec![json!({"voice": "v", "format": "wav"})],
        "verbosity" | "prompt_cache_key" | "prompt_cache_retention" | "safety_identifier" => vec![json!("low")],
        "cache_control" => vec![json!({"type": "ephemeral"})],
        "temperature" => vec![json!(0), json!(0.5), json!(2), json!(2.5), json!(-1)],
        "service_tier" => ["auto", "default", "flex", "priority", "scale"].map(|word| json!(word)).to_vec(),
        "reasoning_effort" => ["none", "minimal", "low", "medium", "high", "xhigh", "max", "unheard-of"].map(|word| json!(word)).to_vec(),
        "reasoning_format" => vec![json!("raw")],
        other => panic!("no samples for the field {other}"),
    }
}

fn field_of(quirk: &Quirk) -> &str {
    match quirk {
        Quirk::Drop { field, .. } | Quirk::Clamp { field, .. } | Quirk::Default { field, .. } | Quirk::Words { field, .. } => field,
        Quirk::Rename { from, .. } => from,
        nested => panic!("{nested:?} has no field at the top"),
    }
}

/// A model of the quirk's family, and one outside of it where the family is not all.
fn models(families: &Models) -> Vec<String> {
    match families {
        Models::All => vec!["some-model".to_owned()],
        Models::Starting(prefixes) => vec![format!("{}x", prefixes.iter().next().unwrap()), "some-model".to_owned()],
        Models::NotStarting(prefixes) => vec!["some-model".to_owned(), format!("{}x", prefixes.iter().next().unwrap())],
    }
}

/// The body and the losses that the typed path gives.
fn typed(declaration: &'static Declaration, model: &str, body: &Value) -> (Value, Vec<String>) {
    let codec = dialects::codec(DialectId::OpenaiChat);
    let mut chat = codec.read_request(body.to_string().as_bytes()).unwrap();
    let losses = typed_quirks(declaration, model, &mut chat);
    let facts = crate::facts(declaration, model);
    let written = codec.write_request(&chat, &Target { model, facts: &facts, version: None }).unwrap();
    assert!(written.losses.is_empty(), "{:?}", written.losses);
    (serde_json::from_slice(&written.body).unwrap(), losses.into_iter().map(|loss| loss.path).collect())
}

#[test]
fn every_top_level_quirk_acts_alike_on_both_paths() {
    let mut compared = 0;
    for declaration in crate::ALL {
        if declaration.endpoint(Operation::Chat).and_then(|endpoint| endpoint.dialect) != Some(DialectId::OpenaiChat) {
            continue;
        }
        for sourced in declaration.quirks.iter().filter(|sourced| !sourced.quirk.is_nested()) {
            let field = field_of(&sourced.quirk);
            for model in models(&sourced.models) {
                for value in samples(field) {
                    let mut body = with(field, value);
                    body["model"] = json!(model);
                    let (on_bytes, on_form) = (spliced(declaration, &model, &body), typed(declaration, &model, &body));
                    assert_eq!(on_bytes, on_form, "{}: {body}", declaration.kind);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 60, "{compared}");
}

/// A conversation that another provider began goes on at OpenAI without what only that one understands, and the caller is told.
#[test]
fn thought_and_cache_markers_of_others_do_not_reach_openai() {
    let openai = crate::find("openai").unwrap();
    let body = json!({"model": "gpt-4o", "messages": [
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": "b", "reasoning_content": "thought", "thinking_blocks": [{"type": "thinking", "thinking": "thought", "signature": "s"}]},
        {"role": "user", "content": "c"},
    ]});
    let text = body.to_string();
    assert!(typed_path(openai, "gpt-4o", &serde_json::from_str(&text).unwrap()));
    let (written, losses) = typed(openai, "gpt-4o", &body);
    assert_eq!(losses, ["messages[1].reasoning_content", "messages[0].content[0].cache_control"]);
    assert_eq!(
        written["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ])
    );
}

/// What a nested quirk leaves is what Groq takes (`providers/groq.md §2`).
#[test]
fn groq_gets_messages_that_it_takes() {
    let body = json!({"model": "llama", "messages": [
        {"role": "developer", "content": "be brief", "name": "dev"},
        {"role": "user", "content": [{"type": "text", "text": "q", "cache_control": {"type": "ephemeral"}}], "name": "ann"},
        {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "function_call": null,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{ \"a\":1 }"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
        {"role": "assistant", "content": "done", "reasoning_content": "because"},
        {"role": "user", "content": "again"},
    ]});
    assert!(typed_path(groq(), "llama", &body));
    let (sent, mut losses) = typed(groq(), "llama", &body);
    let messages = sent["messages"].as_array().unwrap();
    assert_eq!(messages[0], json!({"role": "system", "content": "be brief"}));
    assert_eq!(messages[1], json!({"role": "user", "content": [{"type": "text", "text": "q"}]}));
    assert!(!messages[2].as_object().unwrap().values().any(Value::is_null), "{}", messages[2]);
    assert_eq!(messages[2]["tool_calls"], body["messages"][2]["tool_calls"]);
    let mut members: Vec<_> = messages[2].as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["content", "role", "tool_calls"]);
    assert_eq!(messages[2]["content"], "");
    assert_eq!(messages[3], body["messages"][3]);
    assert_eq!(messages[4], json!({"role": "assistant", "content": "done", "reasoning": "because"}));
    losses.sort_unstable();
    assert_eq!(losses, ["messages[0].name", "messages[1].content[0].cache_control", "messages[1].name"]);
}
