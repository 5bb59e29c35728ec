//! What the whole core brings: several credentials, custom endpoints, mappings with a will of their own, keys with limits.

use super::{keys, read};
use crate::config::Environment;
use chat::Operation;
use serde_json::json;
use std::time::Duration;

fn said(content: &str) -> String {
    read("yaml", content, &keys()).err().unwrap_or_else(|| panic!("was taken: {content}"))
}

#[test]
fn a_provider_may_have_several_credentials() {
    let content = "providers:\n  - name: a\n    type: openai\n    max_in_flight: 9\n    credentials:\n      - { name: one, weight: 3, api_key: \"env:OPENAI_API_KEY\" }\n      - { name: two, weight: 0, api_key: k2, organization: o }\n";
    let config = read("yaml", content, &keys()).unwrap();
    let provider = config.providers.first().unwrap();
    let named: Vec<_> = provider.credentials.iter().map(|one| (one.name.as_str(), one.weight, one.fields["api_key"].expose())).collect();
    assert_eq!(named, [("one", 3, Some("sk-canary")), ("two", 0, Some("k2"))]);
    assert_eq!(provider.max_in_flight, Some(9));
    let toml = "[[providers]]\nname = \"a\"\ntype = \"openai\"\n[[providers.credentials]]\nname = \"one\"\napi_key = \"k\"\n[[providers.credentials]]\nname = \"two\"\napi_key = \"l\"\n";
    assert_eq!(read("toml", toml, &keys()).unwrap().providers.first().unwrap().credentials.len(), 2);
}

#[test]
fn mistakes_in_lists_of_credentials_are_told_at_their_lines() {
    let with = |items: &str| format!("providers:\n  - name: a\n    type: openai\n    credentials:\n{items}");
    for (items, expected) in [
        ("      - { api_key: k }\n", "F:5: providers[0].credentials[0].name: is missing: each credential of a list has a name"),
        (
            "      - { name: x, api_key: k }\n      - { name: x, api_key: l }\n",
            "F:6: providers[0].credentials[1].name: `x` is taken: it stands at F:5 already",
        ),
        ("      - { name: x, api_key: k, weight: -1 }\n", "F:5: providers[0].credentials[0].weight: expected a whole number, 0 to 1000000"),
        ("      - { name: x }\n", "F:5: providers[0].credentials[0].api_key: is required by type 'openai' and not set"),
        (
            "      - { name: x, api_key: env:NOWHERE }\n",
            "F:5: providers[0].credentials[0].api_key: the environment variable NOWHERE is not set",
        ),
        ("      - sk-canary\n", "F:5: providers[0].credentials[0]: expected a map, found text"),
        ("      []\n", "F:5: providers[0].credentials: is empty: write one map of fields, or a list of credentials"),
        ("      canary\n", "F:5: providers[0].credentials: expected a map, or a list of maps, found text"),
    ] {
        let told = said(&with(items));
        assert!(told.starts_with(expected), "{items}: {told}");
        assert!(!told.contains("canary"), "{told}");
    }
}

const CUSTOM: &str = "providers:
  - name: lab
    type: custom
    base_url: http://10.0.0.7:8000/v1
    allow_private_network: true
    preset: vllm
    dialects: [openai-chat]
    paths: { chat: /chat/completions }
    auth_header: x-key
    auth_prefix: \"\"
    headers: { x-tenant: \"env:OPENAI_API_KEY\" }
    query: { version: \"1\" }
    quirks: [ { drop: user } ]
    probe: { path: /health }
";

#[test]
fn a_custom_endpoint_is_described_by_its_owner() {
    let config = read("yaml", CUSTOM, &keys()).unwrap();
    let custom = config.providers.first().unwrap().custom.clone().unwrap();
    let secrets: Vec<String> = custom.secrets().map(|(name, _)| name).collect();
    assert_eq!(secrets, ["header:x-tenant", "query:version"]);
    let written = serde_json::to_value(&custom).unwrap();
    assert_eq!((&written["auth_prefix"], &written["quirks"]), (&json!(""), &json!([{ "drop": "user" }])));
    assert!(!written.to_string().contains("canary"));
}

#[test]
fn what_a_custom_endpoint_cannot_be_is_told_at_its_line() {
    for (from, to, expected) in [
        ("preset: vllm", "preset: vlm", "F:6: providers[0].preset: is not one that Conduit knows"),
        ("[openai-chat]", "[openai]", "F:7: providers[0].dialects[0]: is not one that Conduit knows"),
        ("{ path: /health }", "{ path: health }", "F:14: providers[0].probe.path: does not begin with one `/`"),
        ("auth_header: x-key", "auth_header: \"x y\"", "F:9: providers[0].auth_header: "),
        (
            "type: custom",
            "type: openai",
            "F:6: providers[0].preset: belongs to type `custom`, and this provider is of type `openai`: remove it",
        ),
    ] {
        let told = said(&CUSTOM.replace(from, to));
        assert!(told.contains(expected) && !told.contains("canary"), "{to}: {told}");
    }
}

fn mapped(fields: &str) -> String {
    format!("providers: [ {{ name: a, type: simulated }} ]\nmodels:\n  - {{ name: m, provider: a, provider_model: x, {fields} }}\n")
}

#[test]
fn mappings_have_a_will_of_their_own() {
    let config =
        read("yaml", &mapped("strict: true, parameters: { temperature: 0.2, stop: [\"a\"], seed: 7 }, timeouts: { idle: 3s }"), &keys());
    let mapping = config.unwrap().mappings.remove(0);
    assert!(mapping.strict);
    assert_eq!(serde_json::Value::Object(mapping.parameters), json!({ "temperature": 0.2, "stop": ["a"], "seed": 7 }));
    assert_eq!((mapping.timeouts.idle, mapping.timeouts.total), (Some(Duration::from_secs(3)), None));
    for (fields, expected) in [
        ("parameters: { model: y }", "F:3: models[0].parameters.model: cannot be a default"),
        ("parameters: [1]", "F:3: models[0].parameters: expected a map, found a list"),
        ("timeouts: { idle: 0ms }", "F:3: models[0].timeouts.idle: 0ms is out of range"),
        ("timeouts: { connect: 1s }", "F:3: models[0].timeouts.connect is not a field"),
        ("options: { a: 1 }", "F:3: models[0].options is not built yet"),
    ] {
        assert!(said(&mapped(fields)).starts_with(expected), "{fields}: {}", said(&mapped(fields)));
    }
}

#[test]
fn wildcards_are_checked_as_a_pair() {
    let with = |name: &str, model: &str| {
        format!(
            "providers: [ {{ name: a, type: simulated }} ]\nmodels:\n  - {{ name: \"{name}\", provider: a, provider_model: \"{model}\" }}\n"
        )
    };
    assert!(read("yaml", &with("openai/*", "*"), &keys()).is_ok());
    assert!(read("yaml", &with("fast-*", "gpt-*-mini"), &keys()).is_ok());
    for (name, model, field) in [("m", "*", "provider_model"), ("a*b", "x", "name"), ("a*", "**", "provider_model")] {
        let told = said(&with(name, model));
        assert!(told.starts_with(&format!("F:3: models[0].{field}: has ")), "{told}");
    }
}

#[test]
fn keys_have_limits() {
    let key = |fields: &str| format!("keys:\n  - {{ name: k, key: \"env:CI_CONDUIT_KEY\", {fields} }}\n");
    let config =
        read("yaml", &key("operations: [chat, embeddings], expires_at: 2027-01-31T00:00:00Z, limits: { concurrency: 4 }"), &keys());
    let found = config.unwrap().keys.remove(0);
    assert_eq!(found.operations, Some(vec![Operation::Chat, Operation::Embeddings]));
    assert_eq!((found.concurrency, found.expires_at), (Some(4), Some(1_801_353_600_000_000)));
    for (fields, expected) in [
        ("operations: []", "F:2: keys[0].operations: is empty: leave it out for all operations, or name operations"),
        ("operations: [chta]", "F:2: keys[0].operations[0]: `chta` is not one of chat"),
        ("expires_at: tomorrow", "F:2: keys[0].expires_at: `tomorrow` is no moment"),
        ("expires_at: 2027-01-31", "F:2: keys[0].expires_at: `2027-01-31` is no moment"),
        ("limits: { concurrency: 0 }", "F:2: keys[0].limits.concurrency: 0 is out of range"),
        ("limits: { concurency: 1 }", "F:2: keys[0].limits.concurency is not a field of the configuration: did you mean `concurrency`?"),
    ] {
        assert!(said(&key(fields)).starts_with(expected), "{fields}: {}", said(&key(fields)));
    }
}

/// Every limit of the server is a scalar that a variable may set, and each has bounds.
#[test]
fn limits_of_the_server_have_bounds() {
    for (name, good, bad) in [
        ("MAX_IN_FLIGHT", "1", "0"),
        ("QUEUE__SIZE", "0", "-1"),
        ("QUEUE__WAIT", "0s", "2m"),
        ("MAX_CONNECTIONS", "5", "many"),
        ("MAX_CONNECTIONS_PER_IP", "5", "0"),
        ("REQUEST_DEADLINE", "24h", "25h"),
        ("DRAIN_DELAY", "0s", "11m"),
        ("IDLE_TIMEOUT", "1s", "0s"),
    ] {
        let variable = format!("CONDUIT_SERVER__{name}");
        let with = |value: &str| read("yaml", "", &Environment::default().with(&variable, value)).err();
        assert_eq!(with(good), None, "{variable}={good}");
        assert!(with(bad).is_some_and(|told| told.starts_with(&format!("{variable}: server."))), "{variable}={bad}: {:?}", with(bad));
    }
}
