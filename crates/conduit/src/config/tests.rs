mod mistakes;
mod refused;
mod whole;

use super::*;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Reads a file of this format and content; messages call the file `F`.
fn read(extension: &str, content: &str, environment: &Environment) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("conduit.{extension}"));
    std::fs::write(&path, content).unwrap();
    let command_line = CommandLine { config: Some(path.clone()), ..CommandLine::default() };
    load(&command_line, environment).map_err(|problems| problems.to_string().replace(&path.display().to_string(), "F"))
}

/// The value of a field of the provider's first credential.
fn field<'a>(provider: &'a ProviderObject, name: &str) -> Option<&'a str> {
    provider.credentials.first()?.fields.get(name)?.expose()
}

fn keys() -> Environment {
    Environment::from([
        ("OPENAI_API_KEY", "sk-canary"),
        ("CI_CONDUIT_KEY", "ci-0123-canary-key-of-a-caller"),
        ("MASTER", "9f3c1be07ad24568b1f3c9e2d7405a6b"),
    ])
}

const YAML: &str = r#"
server:
  listen: "[::1]:8081"
  max_body: 16MiB
  shutdown_grace: 5s
  keepalive_after: 500ms
admin: { master_key: "env:MASTER" }
storage: { url: "sqlite:///var/lib/conduit/conduit.db" }
providers:
  - name: openai-main
    type: openai
    base_url: https://api.openai.com/v1
    credentials: { api_key: "${OPENAI_API_KEY}", organization: org-1 }
    timeouts: { connect: 2s, first_byte: 30s }
  - name: local
    type: openai
    base_url: http://127.0.0.1:9090/openai/v1
    credentials: { api_key: sim-key }
    allow_private_network: true
  - { name: demo, type: simulated }
models:
  - { name: my-gpt4, provider: openai-main, provider_model: gpt-4o, priority: 1, weight: 1, strict: false, options: {}, parameters: {}, timeouts: {} }
  - { name: my-gpt4, provider: local, provider_model: gpt-4o, priority: 2 }
routing: { strategy: priority, models: {}, fallbacks: [] }
keys:
  - name: ci
    key: "env:CI_CONDUIT_KEY"
    models: ["my-*", demo]
    budget: {}
"#;

const TOML: &str = r#"
[server]
listen = "[::1]:8081"
max_body = "16MiB"
shutdown_grace = "5s"
keepalive_after = "500ms"

[admin]
master_key = "env:MASTER"

[storage]
url = "sqlite:///var/lib/conduit/conduit.db"

[[providers]]
name = "openai-main"
type = "openai"
base_url = "https://api.openai.com/v1"
credentials = { api_key = "os.environ/OPENAI_API_KEY", organization = "org-1" }
timeouts = { connect = "2s", first_byte = "30s" }

[[providers]]
name = "local"
type = "openai"
base_url = "http://127.0.0.1:9090/openai/v1"
credentials.api_key = "sim-key"
allow_private_network = true

[[providers]]
name = "demo"
type = "simulated"

[[models]]
name = "my-gpt4"
provider = "openai-main"
provider_model = "gpt-4o"
weight = 1

[[models]]
name = "my-gpt4"
provider = "local"
provider_model = "gpt-4o"
priority = 2

[routing]
strategy = "priority"

[[keys]]
name = "ci"
key = "env:CI_CONDUIT_KEY"
models = ["my-*", "demo"]
"#;

const JSON: &str = r#"{
  "$schema": "../docs/config.schema.json",
  "server": { "listen": "[::1]:8081", "max_body": "16MiB", "shutdown_grace": "5s", "keepalive_after": "500ms" },
  "admin": { "master_key": "env:MASTER" },
  "storage": { "url": "sqlite:///var/lib/conduit/conduit.db" },
  "providers": [
    { "name": "openai-main", "type": "openai", "base_url": "https:\/\/api.openai.com/v1",
      "credentials": { "api_key": "env:OPENAI_API_KEY", "organization": "org-1" }, "timeouts": { "connect": "2s", "first_byte": "30s" } },
    { "name": "local", "type": "openai", "base_url": "http://127.0.0.1:9090/openai/v1", "credentials": { "api_key": "sim-key" }, "allow_private_network": true },
    { "name": "demo", "type": "simulated" }
  ],
  "models": [
    { "name": "my-gpt4", "provider": "openai-main", "provider_model": "gpt-4o" },
    { "name": "my-gpt4", "provider": "local", "provider_model": "gpt-4o", "priority": 2 }
  ],
  "keys": [ { "name": "ci", "key": "env:CI_CONDUIT_KEY", "models": ["my-*", "demo"], "limits": null } ]
}"#;

#[test]
fn the_three_formats_say_the_same() {
    for (extension, content) in [("yaml", YAML), ("yml", YAML), ("toml", TOML), ("json", JSON), ("yaml", JSON)] {
        let config = read(extension, content, &keys()).unwrap_or_else(|message| panic!("{extension}: {message}"));
        assert_eq!(config.listen.to_string(), "[::1]:8081", "{extension}");
        assert_eq!(config.server.max_body, 16 << 20);
        assert_eq!(config.server.shutdown_grace, Duration::from_secs(5));
        assert_eq!(config.server.keepalive_after, Duration::from_millis(500));
        assert_eq!(config.master_key.unwrap().expose_secret(), "9f3c1be07ad24568b1f3c9e2d7405a6b");
        assert_eq!(config.database_url.unwrap().expose_secret(), "sqlite:///var/lib/conduit/conduit.db");
        let names: Vec<&str> = config.providers.iter().map(|provider| provider.name.as_str()).collect();
        assert_eq!(names, ["openai-main", "local", "demo"]);
        let first = config.providers.first().unwrap();
        assert_eq!(field(first, "api_key"), Some("sk-canary"));
        assert_eq!(field(first, "organization"), Some("org-1"));
        assert_eq!(first.timeouts.connect, Some(Duration::from_secs(2)));
        assert_eq!((first.timeouts.first_byte, first.timeouts.idle), (Some(Duration::from_secs(30)), None));
        let mappings: Vec<_> = config.mappings.iter().map(|m| (m.virtual_model.as_str(), m.provider.as_str(), m.priority)).collect();
        assert_eq!(mappings, [("my-gpt4", "openai-main", 1), ("my-gpt4", "local", 2)]);
        let key = config.keys.first().unwrap();
        assert_eq!(
            (key.name.as_str(), key.key.expose_secret(), key.models.as_deref()),
            ("ci", "ci-0123-canary-key-of-a-caller", Some(&["my-*".to_owned(), "demo".to_owned()][..]))
        );
    }
}

#[test]
fn without_a_file_the_defaults_hold() {
    let config = load(&CommandLine::default(), &Environment::default()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.server.max_body, 32 << 20);
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(120));
    assert_eq!(config.data_dir, PathBuf::from("data"));
    assert!(config.file.is_none() && config.database_url.is_none() && config.providers.is_empty());
}

#[test]
fn empty_files_are_configurations() {
    for (extension, content) in
        [("yaml", ""), ("yaml", "# nothing\n"), ("yaml", "\u{feff}server:\n"), ("toml", ""), ("json", "{}"), ("json", "null")]
    {
        let config =
            read(extension, content, &Environment::default()).unwrap_or_else(|message| panic!("{extension} {content:?}: {message}"));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    }
}

#[test]
fn the_command_line_beats_the_environment_and_that_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, "server: { listen: \"127.0.0.1:1000\" }\n").unwrap();
    let from = |listen: Option<&str>, environment: Environment| {
        let command_line = CommandLine { config: Some(path.clone()), listen: listen.map(str::to_owned), data_dir: None };
        load(&command_line, &environment).map(|config| config.listen.to_string()).map_err(|problems| problems.to_string())
    };
    assert_eq!(from(None, Environment::default()).as_deref(), Ok("127.0.0.1:1000"));
    assert_eq!(from(None, Environment::from([("PORT", "3000")])).as_deref(), Ok("127.0.0.1:3000"));
    assert_eq!(from(None, Environment::from([("CONDUIT_SERVER__LISTEN", "127.0.0.2:2000")])).as_deref(), Ok("127.0.0.2:2000"));
    assert_eq!(from(Some("localhost:4000"), Environment::from([("PORT", "3000")])).as_deref(), Ok("127.0.0.1:4000"));
    assert!(from(Some("4000"), Environment::default()).unwrap_err().starts_with("--listen: `4000` is no address"));
}

/// A variable that the file itself names is known, whatever it is called.
#[test]
fn variables_that_the_file_names_are_known() {
    let content = "providers: [ { name: a, type: openai, credentials: { api_key: \"env:CONDUIT_OPENAI\" } } ]\n";
    assert!(read("yaml", content, &Environment::from([("CONDUIT_OPENAI", "sk-1")])).is_ok());
}

/// The document that users and editors get is the one of the code.
#[test]
fn the_schema_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.schema.json");
    let current = schema_document();
    assert!(current.len() > 1000 && current.contains("\"credentials\""));
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == current,
        "docs/config.schema.json is not current: run `cargo run -p conduit -- config schema > docs/config.schema.json`"
    );
}

#[test]
fn the_examples_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let environment = Environment::from([
        ("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b"),
        ("OPENAI_API_KEY", "sk-1"),
        ("ANTHROPIC_API_KEY", "sk-ant-1"),
        ("GROQ_API_KEY", "gsk_1"),
        ("APP_KEY", "app-9f3c1be07ad24568b1f3c9e2d740"),
        ("CI_KEY", "ci-9f3c1be07ad24568b1f3c9e2d7405"),
    ]);
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let command_line = CommandLine { config: Some(path.clone()), ..CommandLine::default() };
        let config = load(&command_line, &environment).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!config.providers.is_empty() && !config.mappings.is_empty(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 3, "{count} examples");
}
