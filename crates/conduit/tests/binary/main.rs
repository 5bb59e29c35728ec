//! The binary as a user has it: commands, exit codes, first start, refusals, shutdown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed expectation is the result of a test")]

mod administration;
mod gateway;
mod late_database;
mod process;
mod reload;
mod rotation;
mod start;

use process::{Finished, Folder, conduit};

fn says(finished: &Finished, code: i32, out: &str, err: &str) {
    assert_eq!(finished.code, Some(code), "{finished:?}");
    assert!(finished.out.contains(out) && finished.err.contains(err), "{finished:?}");
}

#[test]
fn exit_codes_are_0_1_and_2() {
    says(&conduit(&["--help"], &[]), 0, "Usage: conduit", "");
    says(&conduit(&["--version"], &[]), 0, "conduit 0.", "");
    says(&conduit(&[], &[]), 2, "", "Usage: conduit");
    says(&conduit(&["frobnicate"], &[]), 2, "", "`conduit frobnicate` is not a command");
    says(&conduit(&["serv"], &[]), 2, "", "did you mean `serve`?");
    says(&conduit(&["serve", "--prot", "1"], &[]), 2, "", "--prot");
    says(&conduit(&["drill", "--model", "m"], &[]), 2, "", "`conduit drill` is not built yet");
    says(&conduit(&["provider", "lst"], &[]), 2, "", "list");
    says(&conduit(&["completions", "bash"], &[]), 0, "complete -F _conduit", "");
    says(&conduit(&["completions", "klingon"], &[]), 2, "", "klingon");
    says(&conduit(&["openapi"], &[]), 0, "\"openapi\": \"3.1.0\"", "");
    for command in [&["provider", "list", "--json"][..], &["config", "export"], &["key", "list"], &["explain", "--model", "m"]] {
        says(&conduit(command, &[("CONDUIT_DATA_DIR", "/nowhere")]), 1, "", "/nowhere/admin-token does not exist");
    }
    says(&conduit(&["healthcheck"], &[("CONDUIT_URL", "http://127.0.0.1:1")]), 1, "", "cannot be reached");
    says(&conduit(&["config", "chekc"], &[]), 2, "", "did you mean `check`?");
    says(&conduit(&["config", "check", "/nowhere/c.yaml"], &[]), 1, "", "/nowhere/c.yaml: cannot be read");
    says(&conduit(&["simulate", "--listen", "nowhere"], &[]), 2, "", "--listen: `nowhere` is no address");
}

#[test]
fn config_check_counts_or_tells_every_mistake() {
    let folder = Folder::new();
    let good =
        folder.file("good.yaml", "providers: [ { name: a, type: simulated } ]\nmodels: [ { name: m, provider: a, provider_model: x } ]\n");
    let finished = conduit(&["config", "check", &good], &[]);
    says(&finished, 0, &format!("ok: {good}: 1 provider, 1 model mapping, 0 virtual keys\n"), "");
    let bad = folder.file("bad.toml", "[server]\nlistne = 1\n[redis]\nurl = \"canary\"\n");
    let finished = conduit(&["config", "check", &bad], &[]);
    says(
        &finished,
        1,
        "",
        &format!(
            "{bad}:2: server.listne is not a field of the configuration: did you mean `listen`?\n{bad}:3: redis is not built yet: remove it\n2 mistakes"
        ),
    );
    assert!(!finished.err.contains("canary"));
    says(
        &conduit(&["config", "check"], &[("CONDUIT_MASTERKEY", "canary")]),
        1,
        "",
        "CONDUIT_MASTERKEY: is not a setting of Conduit: did you mean `CONDUIT_MASTER_KEY`?",
    );
    says(&conduit(&["config", "check"], &[]), 0, "ok: the environment: 0 providers", "");
}

#[test]
fn config_schema_is_json() {
    let finished = conduit(&["config", "schema"], &[]);
    assert_eq!(finished.code, Some(0));
    let schema: serde_json::Value = serde_json::from_str(&finished.out).unwrap();
    assert_eq!(schema.pointer("/properties/keys/items/properties/key/type").and_then(serde_json::Value::as_str), Some("string"));
    assert_eq!(schema.pointer("/additionalProperties"), Some(&serde_json::Value::Bool(false)));
}

#[test]
fn chat_says_what_is_missing() {
    says(&conduit(&["chat", "hello"], &[("CONDUIT_DATA_DIR", "/nowhere")]), 1, "", "Start one with `conduit serve`");
    says(&conduit(&["chat", "hello", "--key", "env:NOWHERE"], &[]), 2, "", "--key: the environment variable NOWHERE is not set");
    says(&conduit(&["chat", "hello", "--key", "k"], &[("CONDUIT_URL", "ftp://h")]), 2, "", "CONDUIT_URL has the scheme `ftp`");
    says(&conduit(&["chat", "hello", "--key", "k"], &[("CONDUIT_URL", "http://127.0.0.1:1")]), 1, "", "Is `conduit serve` running there?");
}

/// R60: a start without good secrets ends with exit code 1 and says how to make them; nothing is served.
#[test]
fn starts_without_good_secrets_are_refused() {
    const MASTER: (&str, &str) = ("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b");
    const ROOT: (&str, &str) = ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e");
    for (listen, variables, expected) in [
        ("0.0.0.0:0", &[][..], "there is no root secret"),
        ("0.0.0.0:0", &[MASTER], "there is no root secret"),
        ("127.0.0.1:0", &[MASTER], "there is no root secret"),
        ("127.0.0.1:0", &[ROOT], "there is no master key"),
        ("0.0.0.0:0", &[ROOT], "there is no master key"),
        ("127.0.0.1:0", &[ROOT, ("CONDUIT_MASTER_KEY", "short")], "the master key has 5 characters"),
        ("127.0.0.1:0", &[ROOT, ("CONDUIT_MASTER_KEY", "changeme-changeme-changeme")], "the master key is well known"),
        ("127.0.0.1:0", &[MASTER, ("CONDUIT_ROOT_SECRET", "short")], "the root secret has 5 bytes"),
        ("127.0.0.1:0", &[MASTER, ("CONDUIT_ROOT_SECRET", "changeme-changeme-changeme-changeme")], "the root secret is well known"),
    ] {
        let folder = Folder::new();
        let finished = conduit(&["serve", "--listen", listen, "--data-dir", &folder.path("data")], variables);
        says(&finished, 1, "", expected);
        assert!(finished.err.contains("openssl rand"), "{finished:?}");
        assert!(finished.out.is_empty(), "{finished:?}");
    }
}

#[test]
fn serve_refuses_a_bad_configuration_and_a_taken_port() {
    let folder = Folder::new();
    let bad = folder.file("bad.json", "{\n  \"server\": { \"admin_listen\": \"127.0.0.1:1\" }\n}");
    let data = folder.path("data");
    says(
        &conduit(&["serve", "--config", &bad, "--data-dir", &data], &[]),
        1,
        "",
        &format!("{bad}:2: server.admin_listen is not built yet: remove it"),
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    says(&conduit(&["serve", "--listen", &address, "--data-dir", &data], &[]), 1, "", &format!("cannot listen on {address}"));
    assert!(!std::path::Path::new(&data).exists(), "nothing was created");
    says(&conduit(&["serve", "--data-dir", &data], &[("RUST_LOG", "no such level=")]), 1, "", "RUST_LOG: ");
}
