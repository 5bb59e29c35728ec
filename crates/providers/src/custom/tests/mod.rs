mod servers;

use crate::{Credential, CustomOptions, Surface};
use chat::{DialectId, Operation};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

fn options(value: Value) -> CustomOptions {
    CustomOptions::read(&value).unwrap_or_else(|faults| panic!("{value}: {faults:?}"))
}

fn surface(value: Value) -> Surface {
    Surface::custom(&options(value.clone())).unwrap_or_else(|faults| panic!("{value}: {faults:?}"))
}

/// What is said of options, at reading or at building.
fn said(value: &Value) -> Vec<String> {
    let faults = match CustomOptions::read(value) {
        Ok(options) => Surface::custom(&options).map(|_| ()).unwrap_err(),
        Err(faults) => faults,
    };
    faults.iter().map(ToString::to_string).collect()
}

fn key(value: &str) -> Credential {
    Credential::new(vec![("api_key".to_owned(), SecretString::from(value.to_owned()))])
}

fn paths(surface: &Surface) -> Vec<(Operation, Option<DialectId>, &str)> {
    surface.endpoints.iter().map(|served| (served.operation, served.dialect, served.path.as_str())).collect()
}

#[test]
fn a_server_without_further_word_speaks_openai_chat() {
    let plain = surface(json!({}));
    let expected = [
        (Operation::Chat, Some(DialectId::OpenaiChat), "/chat/completions"),
        (Operation::Completions, Some(DialectId::OpenaiCompletions), "/completions"),
        (Operation::Embeddings, None, "/embeddings"),
    ];
    assert_eq!(paths(&plain), expected);
    assert_eq!(paths(&Surface::of(crate::find("custom").unwrap())), expected, "the declaration says the same");
    assert!(plain.end_marker_optional && plain.lenient && plain.probe.is_none() && plain.query().is_none());
    assert!(plain.takes_stream_options(Operation::Chat, "m") && !plain.keeps("models"));
}

#[test]
fn dialects_and_paths_are_the_owners() {
    let both = surface(json!({"dialects": ["anthropic-messages", "openai-chat"], "paths": {"chat": "/talk", "models": "/list"}}));
    assert_eq!(
        paths(&both),
        [
            (Operation::Chat, Some(DialectId::AnthropicMessages), "/messages"),
            (Operation::CountTokens, Some(DialectId::AnthropicMessages), "/messages/count_tokens"),
            (Operation::Chat, Some(DialectId::OpenaiChat), "/talk"),
            (Operation::Completions, Some(DialectId::OpenaiCompletions), "/completions"),
            (Operation::Embeddings, None, "/embeddings"),
        ]
    );
    assert_eq!(both.endpoint(Operation::Chat, DialectId::OpenaiChat).unwrap().path, "/talk");
    assert_eq!(both.endpoint(Operation::Chat, DialectId::AnthropicMessages).unwrap().path, "/messages");
    assert_eq!(both.models_path, "/list");
    let one = surface(json!({"dialects": ["anthropic-messages"], "paths": {"embeddings": "/e"}}));
    assert!(one.endpoint(Operation::Completions, DialectId::OpenaiChat).is_none());
    assert_eq!(one.endpoint(Operation::Embeddings, DialectId::OpenaiChat).unwrap().path, "/e");
    assert_eq!(one.prepare_headers(&key("k")).unwrap()["anthropic-version"], "2023-06-01");
    let own = surface(json!({"dialects": ["anthropic-messages"], "headers": {"anthropic-version": "2026-10-21"}}));
    assert_eq!(own.prepare_headers(&key("k")).unwrap()["anthropic-version"], "2026-10-21");
}

#[test]
fn the_key_travels_as_its_owner_says() {
    let header = |value: Value, name: &str| {
        let headers = surface(value).prepare_headers(&key("s3cr3t")).unwrap();
        assert!(!format!("{headers:?}").contains("s3cr3t"));
        headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(json!({}), "authorization").as_deref(), Some("Bearer s3cr3t"));
    assert_eq!(header(json!({"auth_prefix": "Token"}), "authorization").as_deref(), Some("Token s3cr3t"));
    assert_eq!(header(json!({"auth_prefix": "Token "}), "authorization").as_deref(), Some("Token s3cr3t"));
    assert_eq!(header(json!({"auth_prefix": ""}), "authorization").as_deref(), Some("s3cr3t"));
    assert_eq!(header(json!({"auth_header": "Api-Key"}), "api-key").as_deref(), Some("s3cr3t"));
    assert_eq!(header(json!({"auth_header": "x-key", "auth_prefix": "Key"}), "x-key").as_deref(), Some("Key s3cr3t"));
    assert_eq!(header(json!({"auth_header": "x-key"}), "authorization"), None);
    assert!(surface(json!({})).prepare_headers(&Credential::default()).unwrap().is_empty(), "no key, no header");
    assert!(crate::credential_check(crate::find("custom").unwrap(), &Credential::default()).is_ok());
}

/// R64: what an owner puts into a header or the query may be secret, so that none of it is shown.
#[test]
fn values_of_headers_and_query_are_secret() {
    let given = json!({"headers": {"x-gateway-key": "c4nary-1"}, "query": {"sig": "c4nary/2 &"}});
    let read = options(given);
    assert!(!format!("{read:?}").contains("c4nary"));
    let written = serde_json::to_value(&read).unwrap();
    assert_eq!(written, json!({"headers": {"x-gateway-key": null}, "query": {"sig": null}}));
    let sealed: Vec<_> = read.secrets().map(|(name, value)| (name, value.expose_secret().to_owned())).collect();
    assert_eq!(sealed, [("header:x-gateway-key".into(), "c4nary-1".to_owned()), ("query:sig".into(), "c4nary/2 &".to_owned())]);
    let back = options(written)
        .with_secrets(|name| sealed.iter().find(|(other, _)| other == name).map(|(_, value)| SecretString::from(value.clone())));
    let made = Surface::custom(&back).unwrap();
    let headers = made.prepare_headers(&Credential::default()).unwrap();
    assert!(headers["x-gateway-key"].is_sensitive() && headers["x-gateway-key"] == "c4nary-1");
    assert_eq!(made.query().unwrap().expose_secret(), "sig=c4nary%2F2%20%26");
    assert!(!format!("{made:?}").contains("c4nary"));
    assert_eq!(
        said(&json!({"headers": {"x-a": null}, "query": {"b": null}})),
        ["headers.x-a has no value: enter it again", "query.b has no value: enter it again"]
    );
}

#[test]
fn options_come_back_as_they_were_written() {
    let all = json!({
        "preset": "vllm", "dialects": ["openai-chat", "anthropic-messages"], "paths": {"chat": "/c", "health": "/h"}, "append_v1": false,
        "auth_header": "x-key", "auth_prefix": "", "quirks": ["drop_nulls", {"drop": "user", "models": ["a"]}],
        "leniency": {"think_tags": "opened"}, "keep": ["models"],
        "probe": {"path": "/up", "method": "GET", "expect": [200, 204], "expect_body_contains": "ok"},
    });
    let read = options(all.clone());
    assert_eq!(serde_json::to_value(&read).unwrap(), all);
    assert_eq!(serde_json::from_value::<CustomOptions>(all.clone()).unwrap().keep, read.keep);
    assert_eq!(serde_json::to_value(options(json!({}))).unwrap(), json!({}));
    assert_eq!(serde_json::to_value(options(json!({"preset": null}))).unwrap(), json!({}), "null is not set");
    let made = Surface::custom(&read).unwrap();
    assert_eq!(made.probe.as_ref().unwrap().path, "/up", "the owner's probe wins over paths.health and the preset");
    assert!(made.keeps("models") && !made.keeps("provider"));
}

#[test]
fn every_fault_names_the_option_and_the_remedy() {
    for (given, expected) in [
        (json!([]), "options is not an object: write it as names with values"),
        (json!({"presets": "vllm"}), "presets is not a known field: did you mean 'preset'?"),
        (json!({"preset": "vlm"}), "preset is not one that Conduit knows: did you mean 'vllm'?"),
        (json!({"preset": 1}), "preset is not a text: write it in quotes"),
        (json!({"dialects": []}), "dialects is empty: name openai-chat or anthropic-messages, or leave it out"),
        (json!({"dialects": ["openai_chat"]}), "dialects[0] is not one that Conduit knows: did you mean 'openai-chat'?"),
        (json!({"dialects": ["openai-chat", "openai-chat"]}), "dialects[1] is named twice: keep one of them"),
        (json!({"paths": {"chatt": "/x"}}), "paths.chatt is not a known field: did you mean 'chat'?"),
        (json!({"paths": {"chat": "x"}}), "paths.chat does not begin with one `/`: write it from the base URL on, as /chat/completions"),
        (json!({"paths": {"chat": "//evil.example/x"}}), "paths.chat does not begin with one `/`"),
        (json!({"paths": {"chat": "/a/../b"}}), "paths.chat is no path"),
        (json!({"paths": {"chat": "/a b"}}), "paths.chat is no path"),
        (json!({"paths": {"chat": "/a\\b"}}), "paths.chat is no path"),
        (json!({"paths": {"chat": "/a?b=c"}}), "paths.chat has a query or a fragment: use the option `query`"),
        (json!({"paths": {"chat": "/a\r\nx: y"}}), "paths.chat has a control character in it"),
        (json!({"auth_header": "x key"}), "auth_header is no name of a header"),
        (json!({"auth_header": "Content-Length"}), "auth_header is the header 'content-length', which is set by Conduit alone: remove it"),
        (json!({"auth_prefix": "Béarer"}), "auth_prefix has a character that a header can't carry"),
        (json!({"headers": {"Host": "x"}}), "headers.Host is the header 'host', which is set by Conduit alone"),
        (json!({"headers": {"transfer-encoding": "x"}}), "headers.transfer-encoding is the header"),
        (json!({"headers": {"x-conduit-provider": "x"}}), "headers.x-conduit-provider is the header"),
        (json!({"headers": {"Authorization": "Basic x"}}), "headers.Authorization is the header that carries the key: put its value into"),
        (json!({"headers": {"X-A": "1", "x-a": "2"}}), "headers.x-a is set twice"),
        (json!({"headers": {"x-a": "1\r\nx-b: 2"}}), "headers.x-a is empty or holds what a header can't carry"),
        (json!({"headers": {"x-a": ""}}), "headers.x-a is empty or holds"),
        (json!({"headers": {"x-a": 1}}), "headers.x-a is not a text: write the value in quotes"),
        (json!({"headers": ["x-a"]}), "headers is not an object"),
        (json!({"append_v1": "no"}), "append_v1 is not true or false"),
        (json!({"leniency": {"tags": 1}}), "leniency is not understood: it has one member, think_tags"),
        (json!({"keep": ["routing"]}), "keep[0] is not one that Conduit knows: there are: models, provider"),
        (json!({"probe": {}}), "probe.path is missing"),
        (json!({"probe": {"path": "/x", "method": "POST"}}), "probe.method is not one that Conduit knows: there are: GET, HEAD"),
        (json!({"probe": {"path": "/x", "expect": []}}), "probe.expect is not a list of statuses"),
        (json!({"probe": {"path": "/x", "expect": [99]}}), "probe.expect is not a list of statuses"),
        (
            json!({"probe": {"path": "/x", "method": "HEAD", "expect_body_contains": "a"}}),
            "probe.expect_body_contains can't be checked with HEAD",
        ),
        (json!({"quirks": ["developer_as_sytem"]}), "quirks[0] is not a known quirk: did you mean 'developer_as_system'?"),
        (json!({"quirks": ["drop"]}), "quirks[0] is not a known quirk: write it as an object: {\"drop\": ...}"),
        (json!({"quirks": [{"drpo": "x"}]}), "quirks[0] is not a known quirk: did you mean 'drop'?"),
        (json!({"quirks": [{"drop": "x", "rename": {}}]}), "quirks[0] does not name exactly one quirk"),
        (json!({"quirks": [{"drop": "model"}]}), "quirks[0].drop names the field 'model', which no quirk may touch"),
        (json!({"quirks": [{"drop": ["a", "stream"]}]}), "quirks[0].drop names the field 'stream'"),
        (json!({"quirks": [{"rename": {"from": "a"}}]}), "quirks[0].rename.to is missing"),
        (json!({"quirks": [{"rename": {"from": "a", "too": "b"}}]}), "quirks[0].rename.too is not a known field: did you mean 'to'?"),
        (json!({"quirks": [{"clamp": {"field": "a", "min": 2, "max": 1}}]}), "quirks[0].clamp has no range"),
        (json!({"quirks": [{"clamp": {"field": "a"}}]}), "quirks[0].clamp has no range"),
        (json!({"quirks": [{"clamp": {"field": "a", "min": "1"}}]}), "quirks[0].clamp.min is not a number"),
        (json!({"quirks": [{"default": {"field": "a"}}]}), "quirks[0].default.value is missing"),
        (json!({"quirks": [{"words": {"field": "a", "words": {"b": 1}}}]}), "quirks[0].words.words.b is not a text"),
        (json!({"quirks": [{"drop_when": {"field": "a"}}]}), "quirks[0].drop_when.equals is missing"),
        (json!({"quirks": [{"flatten_text_parts": true, "for": "embeddings"}]}), "quirks[0].for is an operation without messages"),
        (json!({"quirks": [{"without": "merge_same_role"}]}), "quirks[0] takes away a quirk that is not there"),
        (json!({"quirks": [{"drop_nulls": 1}]}), "quirks[0] has a value for 'drop_nulls': write true"),
        (json!({"quirks": [5]}), "quirks[0] is not an object"),
    ] {
        let said = said(&given);
        assert!(said.iter().any(|fault| fault.starts_with(expected)), "{given}\n  expected {expected}\n  said {said:?}");
    }
}

#[test]
fn several_faults_are_told_at_once_and_never_a_value() {
    let said = said(&json!({"preset": "x", "headers": {"x-a": "c4nary\n"}, "paths": {"chat": 1}, "zzz": "c4nary"}));
    assert_eq!(said.len(), 3, "{said:?}");
    let built = self::said(&json!({"headers": {"x-a": "c4nary\n", "host": "c4nary"}}));
    assert_eq!(built.len(), 2, "{built:?}");
    assert!(said.iter().chain(&built).all(|fault| !fault.contains("c4nary")));
}

/// `providers/custom.md §1`, "URL join".
#[test]
fn base_urls_get_a_version_where_none_is_named() {
    for (given, expected) in [
        ("http://host:8000", "http://host:8000/v1"),
        ("http://host:8000/", "http://host:8000/v1"),
        ("http://host:8000/v1", "http://host:8000/v1"),
        ("http://host:8000/v1/", "http://host:8000/v1"),
        ("http://host:8000/v1/chat/completions", "http://host:8000/v1"),
        ("http://host:8000/chat/completions", "http://host:8000/v1"),
        ("http://host:8000/v1/models", "http://host:8000/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://host/openai", "https://host/openai"),
        ("https://host/v1beta/openai", "https://host/v1beta/openai"),
        ("https://host/v3/openai", "https://host/v3/openai"),
        ("https://host/inference/v1", "https://host/inference/v1"),
        ("https://host/proxy", "https://host/proxy/v1"),
        ("https://v1.example.com", "https://v1.example.com/v1"),
        ("https://host/vllm", "https://host/vllm/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
    ] {
        let plain = surface(json!({}));
        let base = plain.normalize_base_url(given).unwrap();
        assert_eq!(base, expected, "{given}");
        assert_eq!(plain.normalize_base_url(&base).unwrap(), base, "twice changes nothing");
    }
    let bare = surface(json!({"append_v1": false}));
    assert_eq!(bare.normalize_base_url("http://host:8000/").unwrap(), "http://host:8000");
    let own = surface(json!({"paths": {"chat": "/v2/talk"}}));
    assert_eq!(own.normalize_base_url("http://host").unwrap(), "http://host", "the path brings its version");
    assert!(own.normalize_base_url("http://host/v2").unwrap_err().problem.contains("ends with /v2"));
    assert!(bare.normalize_base_url("http://host/v1?key=1").unwrap_err().problem.contains("query"));
}

#[test]
fn a_probe_stands_beside_the_version() {
    let vllm = surface(json!({"preset": "vllm"}));
    let probe = vllm.probe.clone().unwrap();
    assert_eq!(vllm.probe_url("http://host:8000/v1", &probe), "http://host:8000/health");
    assert_eq!(vllm.probe_url("http://host:8000", &probe), "http://host:8000/health");
    assert_eq!(vllm.probe_url("http://host/proxy/v1", &probe), "http://host/proxy/health");
    let own = surface(json!({"preset": "vllm", "paths": {"health": "/ping"}}));
    assert_eq!(own.probe.unwrap().path, "/ping");
}

#[test]
fn what_the_owner_sets_wins_over_the_preset() {
    let quirks = |value: Value| surface(value).quirks.iter().map(|sourced| format!("{:?}", sourced.quirk)).collect::<Vec<_>>();
    let count = |quirks: &[String], word: &str| quirks.iter().filter(|quirk| quirk.contains(word)).count();
    let preset = quirks(json!({"preset": "lmstudio"}));
    assert!(count(&preset, "Clamp") == 1 && count(&preset, "DeveloperAsSystem") == 1);
    let own = quirks(json!({"preset": "lmstudio", "quirks": [{"clamp": {"field": "n", "max": 4}}, {"without": "developer_as_system"},
        {"without": {"drop": ["logprobs", "top_logprobs"]}}, "json_object_as_text"]}));
    assert!(count(&own, "Clamp") == 1 && count(&own, "max: 4.0") == 1 && count(&own, "DeveloperAsSystem") == 0, "{own:?}");
    assert!(count(&own, "Drop {") == 0 && count(&own, "JsonObjectAs") == 1 && count(&own, "form: Text") == 1, "{own:?}");
    let last = quirks(json!({"quirks": ["drop_null_members", "flatten_text_parts"]}));
    assert_eq!(last.last().unwrap(), "DropNullMembers");
    assert!(surface(json!({"preset": "openrouter"})).keeps("provider"));
    assert!(!surface(json!({"preset": "openrouter", "keep": []})).keeps("provider"));
    assert!(!surface(json!({"quirks": ["no_stream_options"]})).takes_stream_options(Operation::Chat, "m"));
}

/// Every name that is offered is read, alone and with models beside it.
#[test]
fn every_offered_quirk_is_read() {
    for name in crate::custom::QUIRK_NAMES {
        let alone = surface(json!({"quirks": [name]}));
        let beside = surface(json!({"quirks": [{*name: true, "models": ["llama"]}]}));
        assert_eq!((alone.quirks.len(), beside.quirks.len()), (2, 2), "{name}");
        let quirk = beside.quirks.iter().find(|sourced| !sourced.models.include("qwen")).unwrap();
        assert!(quirk.models.include("llama-3"), "{name}");
    }
    let objects = json!([{"as_list": "stop"}, {"clamp": {"field": "n", "max": 1}}, {"default": {"field": "a", "value": 1}}, {"drop": "a"},
        {"drop_empty": "tools"}, {"drop_message_members": ["a"]}, {"drop_when": {"field": "a", "equals": 0}}, {"reasoning_member": "reasoning"},
        {"rename": {"from": "a", "to": "b"}}, {"words": {"field": "a", "words": {"b": "c"}, "other": "drop"}}]);
    for object in objects.as_array().unwrap() {
        assert_eq!(surface(json!({"quirks": [object]})).quirks.len(), 2, "{object}");
    }
    assert_eq!(objects.as_array().unwrap().len() + 1, crate::custom::QUIRK_OBJECTS.len(), "all but `without`");
    assert_eq!(surface(json!({"quirks": ["reasoning_member:thinking"]})).quirks.len(), 2);
}

/// The page for owners names every quirk, option and preset, and its example can be used.
#[test]
fn the_page_names_everything() {
    let page = include_str!("../../../../../docs/custom-endpoints.md");
    let options = said(&json!({"zzz": 1}))[0].clone();
    let options = options.split_once("there are: ").unwrap().1.split(", ").map(str::to_owned).collect::<Vec<_>>();
    assert!(options.len() == 12, "{options:?}");
    let presets = crate::custom::Preset::ALL.map(|(name, _)| name);
    let names = crate::custom::QUIRK_NAMES.iter().chain(crate::custom::PATHS).chain(&presets).copied();
    for name in names.chain(options.iter().map(String::as_str)) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
    for name in crate::custom::QUIRK_OBJECTS {
        assert!(page.contains(&format!("`{{ {name}: ")), "{name}");
    }
}

/// Every value of a whole configuration, in turn replaced by what nobody should write: an answer in words each time, short and in one line.
#[test]
fn hostile_values_are_refused_in_words() {
    let whole = json!({
        "preset": "vllm", "dialects": ["openai-chat"], "paths": {"chat": "/c"}, "append_v1": true, "auth_header": "x-key", "auth_prefix": "K",
        "headers": {"x-a": "1"}, "query": {"b": "2"}, "leniency": {"think_tags": "tagged"}, "keep": ["models"],
        "quirks": ["drop_nulls", {"drop": ["a"]}, {"rename": {"from": "a", "to": "b"}}, {"clamp": {"field": "n", "min": 0, "max": 1}},
            {"default": {"field": "x", "value": {"a": 1}, "unless": ["y"]}}, {"words": {"field": "a", "words": {"b": "c"}, "other": "drop"}},
            {"drop_when": {"field": "a", "equals": 0, "exact": true}}, {"as_list": "stop", "models": ["m"]}, {"drop": "z", "for": "embeddings"}],
        "probe": {"path": "/h", "method": "GET", "expect": [200], "expect_body_contains": "ok"},
    });
    surface(whole.clone());
    let long = "x".repeat(100_000);
    let bad_name = json!({"a\nb": {"c\u{0}": long}, (long.clone()): 1});
    let hostile = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!(""),
        json!("\r\n"),
        json!("\u{0}é"),
        json!(long),
        json!([]),
        json!([[[]]]),
        json!({}),
        bad_name,
    ];
    let mut refused = 0;
    for pointer in pointers(&whole, String::new()) {
        for value in &hostile {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = value.clone();
            let faults = match CustomOptions::read(&changed) {
                Ok(options) => Surface::custom(&options).err().unwrap_or_default(),
                Err(faults) => faults,
            };
            refused += faults.len().min(1);
            for told in faults.iter().map(ToString::to_string) {
                assert!(told.len() < 800 && !told.chars().any(char::is_control), "{pointer} {told:?}");
            }
        }
    }
    assert!(refused > 300, "{refused}");
}

/// Where every value within a value is.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Object(members) => members.iter().flat_map(|(name, inner)| pointers(inner, format!("{at}/{name}"))).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(number, inner)| pointers(inner, format!("{at}/{number}"))).collect(),
        _ => Vec::new(),
    };
    std::iter::once(at).chain(below).collect()
}
