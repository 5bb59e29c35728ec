//! Every kind of mistake is reported with file and line, all of them at once, and never with a secret.

use super::{Environment, keys, read};

#[track_caller]
fn says(extension: &str, content: &str, expected: &str) {
    match read(extension, content, &keys()) {
        Ok(_) => panic!("was taken:\n{content}"),
        Err(said) => assert_eq!(said, expected, "\n{content}"),
    }
}

#[track_caller]
fn begins(extension: &str, content: &str, expected: &str) {
    match read(extension, content, &keys()) {
        Ok(_) => panic!("was taken:\n{content}"),
        Err(said) => assert!(said.starts_with(expected), "{said}\n{content}"),
    }
}

#[test]
fn syntax() {
    begins("yaml", "server:\n  listen: [1\n", "F:");
    says("yaml", "server: {}\nserver: {}\n", "F:2: `server` is set twice in one map: remove one of them");
    begins("yaml", "a: \"b\nc: d\n", "F:");
    begins("yaml", "server: *nowhere\n", "F:1: not valid YAML: ");
    begins("yaml", &"[".repeat(5_000), "F:1: not valid YAML: ");
    let deep = format!("a: {}1{}\n", "[".repeat(80), "]".repeat(80));
    says("yaml", &deep, "F:1: larger than a configuration may be, or nested deeper than 64 levels");
    begins("toml", "[server]\nlisten = \n", "F:2: not valid TOML: ");
    begins("toml", "[server]\nlisten = \"a\"\nlisten = \"b\"\n", "F:3: not valid TOML: ");
    begins("toml", "a = [[[1]\n", "F:1: not valid TOML: ");
    begins("json", "{\n  \"server\": {\n", "F:");
    begins("json", "{\n  \"server\": {},\n}", "F:3: not valid JSON: ");
    says("json", "{\n  \"server\": {},\n  \"server\": {}\n}", "F:3: `server` is set twice, first at F:2: remove one of them");
    says("json", "{\n  \"server\": {},\n  \"s\\u0065rver\": {}\n}", "F:3: `server` is set twice, first at F:2: remove one of them");
    let deep = format!("{{\n\"a\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    begins("json", &deep, "F:2: nested deeper than 64 levels");
    begins("toml", "date = 2026-01-01\n", "F:1: a date is not a value");
    begins("json", "{\n\"keys\": [\n\"\\ud800\"\n]}", "F:3: a value that cannot be read");
}

/// The parser's advice is for programmers: its options and types are not Conduit's.
#[test]
fn a_syntax_error_shows_no_words_of_the_library() {
    let keys_twice = "keys:\n  - name: k\n    key: env:CI_CONDUIT_KEY\n    models: [a]\n    models: [b]\n";
    says("yaml", keys_twice, "F:5: `models` is set twice in one map: remove one of them");
    says("yaml", "server: {}\n\"server\": {}\n", "F:2: `server` is set twice in one map: remove one of them");
    says("yaml", "server:\n  ? [a]\n  : 1\n  ? [a]\n  : 2\n", "F:2: not valid YAML: expected string scalar");
    for content in [
        "a: 1\na: 2\n",
        "a: {}\n---\nb: {}\n",
        "~: 1\n",
        "a: !!binary /w==\n",
        "a: .inf\n",
        "a: &x [*x]\n",
        "a: !foo 1\n",
        "<<: 5\n",
        "a: !include b\n",
    ] {
        let said = read("yaml", content, &keys()).err().unwrap_or_else(|| panic!("was taken: {content}"));
        let foreign = ["Options", "Option<", "policy", "Policy", "breach", "MultipleDocuments", "deserialize", "weak", "from_", "_"];
        assert!(foreign.iter().all(|word| !said.contains(word)), "{content}: {said}");
    }
}

#[test]
fn a_syntax_error_shows_no_secret() {
    for (extension, content) in [
        ("yaml", "admin: { master_key: \"canary-value }\nserver:\n"),
        ("yaml", "admin:\n\t master_key: canary-value\n"),
        ("toml", "[admin]\nmaster_key = canary-value\n"),
        ("json", "{ \"admin\": { \"master_key\": canary-value } }"),
    ] {
        let said = read(extension, content, &keys()).err().unwrap();
        assert!(!said.contains("canary") && said.starts_with("F"), "{said}");
    }
}

#[test]
fn files_that_are_none() {
    use super::{CommandLine, load};
    let message = |path: &str| {
        let command_line = CommandLine { config: Some(path.into()), ..CommandLine::default() };
        load(&command_line, &Environment::default()).err().unwrap().to_string()
    };
    assert!(message("/nowhere/conduit.yaml").starts_with("/nowhere/conduit.yaml: cannot be read"));
    assert!(message("/nowhere/conduit.ini").ends_with("ends in .yaml, .yml, .toml or .json"));
    assert!(message("/nowhere/conduit").ends_with("ends in .yaml, .yml, .toml or .json"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dir.yaml");
    std::fs::create_dir(&path).unwrap();
    assert!(message(path.to_str().unwrap()).ends_with("is not a regular file"));
    let path = folder.path().join("latin.yaml");
    std::fs::write(&path, b"server: {}\n# \xe9\n").unwrap();
    assert!(message(path.to_str().unwrap()).ends_with("latin.yaml:2: is not valid UTF-8"));
}

#[test]
fn unknown_fields() {
    says("yaml", "server:\n  listne: x\n", "F:2: server.listne is not a field of the configuration: did you mean `listen`?");
    says("yaml", "serverr: {}\n", "F:1: serverr is not a field of the configuration: did you mean `server`?");
    says(
        "yaml",
        "keys:\n  - name: k\n    key: env:CI_CONDUIT_KEY\n    colour: red\n",
        "F:4: keys[0].colour is not a field of the configuration",
    );
    says("toml", "[server]\n\nlistne = \"x\"\n", "F:3: server.listne is not a field of the configuration: did you mean `listen`?");
    says(
        "json",
        "{\n \"server\": {\n  \"listne\": 1 } }",
        "F:3: server.listne is not a field of the configuration: did you mean `listen`?",
    );
}

#[test]
fn wrong_types() {
    says("yaml", "server: 5\n", "F:1: server: expected a map, found a number");
    says("yaml", "- a\n", "F:1: the configuration: expected a map, found a list");
    says("yaml", "providers:\n  name: a\n", "F:2: providers: expected a list, found a map");
    says("yaml", "providers:\n  - a\n", "F:2: providers[0]: expected a map, found text");
    says("yaml", "server: { listen: 8080 }\n", "F:1: server.listen: expected text, found a number: put the value in quotes");
    says(
        "yaml",
        "keys:\n  - name: k\n    key: 12345678901234567890123\n",
        "F:3: keys[0].key: expected text, found a number: put the value in quotes",
    );
    let mapping = |priority: &str| {
        format!(
            "providers: [ {{ name: a, type: simulated }} ]\nmodels:\n  - name: m\n    provider: a\n    provider_model: x\n    priority: {priority}\n"
        )
    };
    says("yaml", &mapping("high"), "F:6: models[0].priority: expected a whole number, found text");
    says("yaml", &mapping("1.5"), "F:6: models[0].priority: expected a whole number, found a number");
    says("yaml", &mapping("-1"), "F:6: models[0].priority: -1 is out of range: 0 to 1000000");
    says("yaml", &mapping("99999999999"), "F:6: models[0].priority: 99999999999 is out of range: 0 to 1000000");
    says(
        "yaml",
        "providers:\n  - name: a\n    type: simulated\n    allow_private_network: \"yes\"\n",
        "F:4: providers[0].allow_private_network: expected true or false, found text",
    );
    says("toml", "[server]\nmax_body = 5\n", "F:2: server.max_body: expected text, found a number: put the value in quotes");
}

#[test]
fn missing_fields() {
    says("yaml", "providers:\n  - type: simulated\n", "F:2: providers[0].name is missing");
    says("yaml", "providers:\n  - name: a\n", "F:2: providers[0].type is missing");
    says("yaml", "keys:\n  - name: k\n    key:\n", "F:2: keys[0].key is missing");
    says("toml", "[[models]]\nname = \"m\"\n", "F:1: models[0].provider is missing\nF:1: models[0].provider_model is missing");
}

#[test]
fn durations_sizes_and_addresses() {
    begins("yaml", "server:\n  shutdown_grace: 5\n", "F:2: server.shutdown_grace: expected text");
    begins(
        "yaml",
        "server:\n  shutdown_grace: 5 minutes\n",
        "F:2: server.shutdown_grace: `5 minutes` is no duration: write a whole number and a unit",
    );
    says("yaml", "server:\n  shutdown_grace: 2h\n", "F:2: server.shutdown_grace: 2h is out of range: 0s to 1h");
    begins("yaml", "server:\n  max_body: 32\n", "F:2: server.max_body: expected text");
    says("yaml", "server:\n  max_body: 1B\n", "F:2: server.max_body: 1B is out of range: 1KiB to 1GiB");
    begins("yaml", "server:\n  listen: \":8080\"\n", "F:2: server.listen: `:8080` is no address to listen on");
    says(
        "yaml",
        "providers:\n  - name: a\n    type: simulated\n    timeouts:\n      idle: 0s\n",
        "F:5: providers[0].timeouts.idle: 0s is out of range: 1ms to 24h",
    );
}

#[test]
fn names() {
    says(
        "yaml",
        "providers:\n  - { name: a, type: simulated }\n  - { name: b, type: simulated }\n  - { name: a, type: simulated }\n",
        "F:4: providers[2].name: `a` is taken: it stands at F:2 already",
    );
    says(
        "toml",
        "[[keys]]\nname = \"k\"\nkey = \"aa-0123-bcdefgh-ijklmnop\"\n[[keys]]\nname = \"k\"\nkey = \"bb-0123-bcdefgh-ijklmnop\"\n",
        "F:5: keys[1].name: `k` is taken: it stands at F:2 already",
    );
    begins("yaml", "providers:\n  - { name: \"\", type: simulated }\n", "F:2: providers[0].name: a name must not be empty");
    begins("yaml", "providers:\n  - { name: \"a\\r\\nx: y\", type: simulated }\n", "F:2: providers[0].name: a name has only visible ASCII");
    begins(
        "yaml",
        &format!("providers:\n  - {{ name: {}, type: simulated }}\n", "a".repeat(201)),
        "F:2: providers[0].name: a name has at most 200 bytes",
    );
}

#[test]
fn mappings() {
    let two = "providers: [ { name: main, type: simulated } ]\nmodels:\n  - { name: m, provider: mian, provider_model: x }\n";
    says("yaml", two, "F:3: models[0].provider: there is no provider `mian` in this file: did you mean `main`?");
    let twice = "providers: [ { name: main, type: simulated } ]\nmodels:\n  - { name: m, provider: main, provider_model: x }\n  - { name: m, provider: main, provider_model: x, priority: 2 }\n";
    says("yaml", twice, "F:4: models[1].name: `m` is mapped to `x` of `main` at F:3 already");
    // A provider with a mistake of its own is known all the same.
    let broken = "providers: [ { name: main, type: simulatd } ]\nmodels:\n  - { name: m, provider: main, provider_model: x }\n";
    says("yaml", broken, "F:1: providers[0].type: unknown provider type 'simulatd': did you mean 'simulated'?");
}

#[test]
fn providers() {
    let with = |fields: &str| format!("providers:\n  - name: a\n    type: openai\n{fields}");
    begins("yaml", &with(""), "F:2: providers[0].credentials.api_key: is required by type 'openai' and not set");
    begins(
        "yaml",
        &with("    credentials:\n      apikey: sk-canary\n      api_key: sk-canary\n"),
        "F:5: providers[0].credentials.apikey: is not a credential field",
    );
    says(
        "yaml",
        &with("    credentials:\n      api_key: env:NOWHERE\n"),
        "F:5: providers[0].credentials.api_key: the environment variable NOWHERE is not set",
    );
    says("yaml", &with("    credentials:\n      api_key:\n"), "F:5: providers[0].credentials.api_key: is empty");
    says(
        "yaml",
        &with("    credentials:\n      api_key: file:/nowhere/key\n"),
        "F:5: providers[0].credentials.api_key: the file /nowhere/key cannot be read: No such file or directory (os error 2)",
    );
    says(
        "yaml",
        &with("    credentials:\n      api_key: 5\n"),
        "F:5: providers[0].credentials.api_key: expected text, found a number: put the value in quotes",
    );
    begins(
        "yaml",
        &with("    credentials: { api_key: k }\n    base_url: http://example.com\n"),
        "F:5: providers[0].base_url: is plain http",
    );
    begins(
        "yaml",
        &with("    credentials: { api_key: k }\n    base_url: https://127.0.0.1\n"),
        "F:5: providers[0].base_url: points to 127.0.0.1",
    );
    begins(
        "yaml",
        &with("    credentials: { api_key: k }\n    base_url: https://canary:canary@example.com\n"),
        "F:5: providers[0].base_url: holds a user name or password",
    );
    begins(
        "yaml",
        &with("    credentials: { api_key: k }\n    base_url: example.com\n"),
        "F:5: providers[0].base_url: is not an absolute URL",
    );
    begins(
        "yaml",
        "providers:\n  - name: a\n    type: simulated\n    base_url: https://example.com\n",
        "F:4: providers[0].base_url: is set, and type 'simulated' is served inside Conduit",
    );
    begins(
        "toml",
        "[[providers]]\nname = \"a\"\ntype = \"opnai\"\n",
        "F:3: providers[0].type: unknown provider type 'opnai': did you mean 'openai'?",
    );
}

#[test]
fn virtual_keys() {
    let key = |value: &str| format!("keys:\n  - name: k\n    key: \"{value}\"\n");
    says("yaml", &key("canary"), "F:3: keys[0].key: is shorter than 20 characters: choose a longer, random one");
    says("yaml", &key("env:NOWHERE"), "F:3: keys[0].key: the environment variable NOWHERE is not set");
    says("yaml", &key(""), "F:3: keys[0].key: is empty");
    says(
        "yaml",
        &key("canary with spaces in it"),
        "F:3: keys[0].key: has white space or a character outside printable ASCII in it: choose another one",
    );
    begins(
        "yaml",
        &key("condt_canary-key-that-was-not-made-here"),
        "F:3: keys[0].key: begins with `condt_`, and is no key that Conduit made",
    );
    let two = "keys:\n  - { name: k, key: canary-key-of-20-characters }\n  - { name: l, key: canary-key-of-20-characters }\n";
    says("yaml", two, "F:3: keys[1].key: is the same key as at F:2: each name needs its own");
    let master = "admin: { master_key: env:MASTER }\nkeys:\n  - { name: k, key: env:MASTER }\n";
    says("yaml", master, "F:3: keys[0].key: is the master key, which never works for inference: make another");
    let pattern = "keys:\n  - name: k\n    key: env:CI_CONDUIT_KEY\n    models: [ok-*, \"a*b\"]\n";
    begins("yaml", pattern, "F:4: keys[0].models[1]: has a `*` that is not at the end");
}

/// Nothing fails open: a list that names no model is a mistake, and only a list that is not there means all.
#[test]
fn a_key_with_an_empty_list_of_models_is_a_mistake() {
    const REMEDY: &str = "is empty: leave it out for all models, or name models";
    let yaml = |models: &str| format!("keys:\n  - name: k\n    key: env:CI_CONDUIT_KEY\n{models}");
    for models in ["    models: []\n", "    models:\n", "    models: null\n", "    models: ~\n", "    models:\n      []\n"] {
        says("yaml", &yaml(models), &format!("F:4: keys[0].models: {REMEDY}"));
    }
    let merged = "keys:\n  - &first { name: k, key: env:CI_CONDUIT_KEY, models: [] }\n";
    says("yaml", merged, &format!("F:2: keys[0].models: {REMEDY}"));
    let toml = "[[keys]]\nname = \"k\"\nkey = \"env:CI_CONDUIT_KEY\"\nmodels = []\n";
    says("toml", toml, &format!("F:4: keys[0].models: {REMEDY}"));
    for models in ["[]", "null"] {
        let json = format!("{{ \"keys\": [ {{\n\"name\": \"k\", \"key\": \"env:CI_CONDUIT_KEY\",\n\"models\": {models} }} ] }}");
        says("json", &json, &format!("F:3: keys[0].models: {REMEDY}"));
    }
    says("yaml", &yaml("    models: [null]\n"), "F:4: keys[0].models[0]: expected text, found nothing");
    begins("yaml", &yaml("    models: [\"\"]\n"), "F:4: keys[0].models[0]: is empty");
    says("yaml", &yaml("    models: \"*\"\n"), "F:4: keys[0].models: expected a list, found text");
    let config = read("yaml", &yaml(""), &keys()).unwrap_or_else(|message| panic!("{message}"));
    assert!(config.keys[0].models.is_none());
}

#[test]
fn master_key_and_storage() {
    begins(
        "yaml",
        "admin:\n  master_key: sk-1234\n",
        "F:2: the master key has 7 characters and needs at least 20; make one with `openssl rand -hex 32`",
    );
    begins("yaml", "admin:\n  master_key: changeme-changeme-changeme\n", "F:2: the master key is well known");
    says("yaml", "admin:\n  master_key: env:NOWHERE\n", "F:2: admin.master_key: the environment variable NOWHERE is not set");
    begins("yaml", "storage:\n  url: mysql://user:canary@host/db\n", "F:2: storage.url: write `sqlite:");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let content = "server:\n  listne: x\nproviders:\n  - name: a\n    type: openai\nkeys:\n  - name: k\n    key: short-canary\n    budget: { day: 1 }\nmodels:\n  - { name: m, provider: b, provider_model: x }\n";
    let said = read("yaml", content, &Environment::from([("CONDUIT_NOPE", "1")])).err().unwrap();
    let places: Vec<&str> = said.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["F:2", "F:4", "F:8", "F:9", "F:11", "CONDUIT_NOPE"], "{said}");
    assert!(!said.contains("canary"));
}

#[test]
fn anchors_and_merges_of_yaml_work_and_bombs_do_not() {
    let content = "x: &t { type: simulated }\n";
    begins("yaml", content, "F:1: x is not a field");
    let content = "providers:\n  - &first { name: a, type: simulated }\n  - { <<: *first, name: b }\n";
    let config = read("yaml", content, &keys()).unwrap_or_else(|message| panic!("{message}"));
    assert_eq!(config.providers.len(), 2);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", "));
    }
    let started = std::time::Instant::now();
    begins("yaml", &bomb, "F:");
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}
