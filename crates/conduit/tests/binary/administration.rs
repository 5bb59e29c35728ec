//! The command line against a running gateway: what it makes holds for the next request, and it needs no key where the data directory is.

use crate::gateway::Gateway;
use crate::process::{Finished, Folder, conduit};
use crate::says;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

/// A first start and its data directory.
fn first_start() -> (Folder, String, Gateway) {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    (folder, data, gateway)
}

fn json_of(finished: &Finished) -> Value {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    serde_json::from_str(&finished.out).unwrap_or_else(|error| panic!("{error}: {finished:?}"))
}

#[test]
fn the_token_of_this_machine_is_private_and_goes_with_the_process() {
    let (folder, data, gateway) = first_start();
    let path = folder.path("data/admin-token");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let first: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(first["pid"], json!(gateway.process.id()));
    says(&conduit(&["healthcheck", "--data-dir", &data], &[]), 0, "is ready", "");
    assert_eq!(gateway.stop().code, Some(0));
    assert!(!std::path::Path::new(&path).exists());
    let again = Gateway::start(&["--data-dir", &data], &[], "http://");
    let second: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_ne!(first["token"], second["token"]);
    // What an earlier process had is good for nothing.
    let (status, _) = again.request("GET", "/admin/v1/system", first["token"].as_str().unwrap(), "");
    assert_eq!(status, 401);
    // A token without its process: told, with the remedy.
    std::fs::write(&path, json!({ "url": "http://127.0.0.1:1", "token": "x" }).to_string()).unwrap();
    says(&conduit(&["key", "list", "--data-dir", &data], &[]), 1, "", "which `conduit serve` writes");
    says(&conduit(&["healthcheck", "--data-dir", &data], &[]), 1, "", "cannot be reached");
}

#[test]
fn keys_are_made_rolled_suspended_and_revoked() {
    let (_folder, data, gateway) = first_start();
    let at = ["--data-dir", &data];
    let run = |words: &[&str]| conduit(&[words, &at[..]].concat(), &[]);
    let made = run(&["key", "create", "app", "--model", "demo-*", "--operation", "chat", "--expires-in", "1h"]);
    says(&made, 0, "condt_", "shown only now");
    let secret = made.out.trim().to_owned();
    assert_eq!(gateway.chat(&secret).0, 200);
    assert_eq!(gateway.request("POST", "/v1/embeddings", &secret, r#"{"model":"demo-embed","input":"x"}"#).0, 403);
    says(&run(&["key", "create", "app"]), 1, "", "app");

    let rolled = json_of(&run(&["key", "roll", "app", "--grace", "0s", "--json"]));
    assert_eq!(gateway.chat(&secret).0, 401);
    let secret = rolled["secret"].as_str().unwrap().to_owned();
    assert_eq!(gateway.chat(&secret).0, 200);
    says(&run(&["key", "suspend", "app"]), 0, "is suspended", "");
    assert_eq!(gateway.chat(&secret).0, 401);
    says(&run(&["key", "list"]), 0, "suspended", "");
    says(&run(&["key", "resume", "app"]), 0, "works again", "");
    assert_eq!(gateway.chat(&secret).0, 200);
    let listed = run(&["key", "list"]);
    assert!(listed.out.starts_with("NAME") && listed.out.contains("demo-*") && !listed.out.contains(&secret), "{listed:?}");
    says(&run(&["key", "revoke", "app"]), 0, "is revoked", "");
    assert_eq!(gateway.chat(&secret).0, 401);
    says(&run(&["key", "revoke", "app"]), 1, "", "there is no key `app`");
    says(&run(&["key", "create", "own", "--secret", "literal-secret-7Xq2mV9sLw4T"]), 2, "", "can be seen by other users");
    let own = "own-secret-7Xq2mV9sLw4T-of-a-person";
    says(&conduit(&[&["key", "create", "own", "--secret", "env:OWN"], &at[..]].concat(), &[("OWN", own)]), 0, "was made", "");
    assert_eq!(gateway.chat(own).0, 200);
}

/// A text that means two objects changes neither.
#[test]
fn a_name_that_is_another_ones_id_is_refused() {
    let (_folder, data, _gateway) = first_start();
    let run = |words: &[&str]| conduit(&[words, &["--data-dir", &data][..]].concat(), &[]);
    let id = json_of(&run(&["key", "create", "ci", "--json"]))["id"].as_str().unwrap().to_owned();
    let other = json_of(&run(&["key", "create", &id, "--json"]))["id"].as_str().unwrap().to_owned();
    says(
        &run(&["key", "revoke", &id]),
        2,
        "",
        &format!("is the name of one key and the id of another: write `{other}` for the first, `ci`"),
    );
    assert_eq!(json_of(&run(&["key", "list", "--json"]))["data"].as_array().unwrap().len(), 3);
    says(&run(&["key", "revoke", &other]), 0, "is revoked", "");
    says(&run(&["key", "revoke", &id]), 0, "is revoked", "");
    let model = json_of(&run(&["mapping", "add", "m", "simulated", "sim-chat", "--json"]))["id"].as_str().unwrap().to_owned();
    says(&run(&["mapping", "add", &model, "simulated", "sim-chat"]), 0, "is served by", "");
    says(&run(&["mapping", "remove", &model]), 2, "", "and the id of another");
}

/// A roll that somebody else's came before is refused, and not made on top of it.
#[test]
fn a_roll_is_made_on_the_version_that_was_read() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let variables = [("CONDUIT_URL", url.as_str()), ("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b")];
    let (sender, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut read, mut head) = ([0; 4096], String::new());
            while !head.contains("\r\n\r\n") {
                let count = stream.read(&mut read).unwrap();
                head += &String::from_utf8_lossy(&read[..count]).to_lowercase();
            }
            let (status, body) = match head.split(['?', ' ']).take(3).collect::<Vec<_>>()[..] {
                ["post", ..] => ("200 OK", r#"{ "secret": "condt_new" }"#),
                [_, "/admin/v1/virtual-keys", _] => {
                    ("200 OK", r#"{ "data": [{ "id": "k1", "name": "app", "version": 7 }], "next": null }"#)
                }
                _ => ("404 Not Found", "{}"),
            };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
            if head.starts_with("post") {
                return sender.send(head).unwrap();
            }
        }
    });
    says(&conduit(&["key", "roll", "app"], &variables), 0, "condt_new", "");
    let head = heads.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
    assert!(head.contains("/virtual-keys/k1/roll") && head.contains("if-match: \"7\""), "{head}");
}

#[test]
fn providers_and_mappings_are_made_tested_and_removed() {
    let (folder, data, gateway) = first_start();
    let key = gateway.told("virtual key");
    let run = |words: &[&str]| conduit(&[words, &["--data-dir", &data][..]].concat(), &[("UP_KEY", "sk-canary-7Xq2mV9s")]);
    says(&run(&["provider", "add", "p", "--type", "opnai"]), 2, "", "did you mean `openai`?");
    says(&run(&["provider", "add", "p", "--type", "openai", "--field", "api_key=sk-canary"]), 2, "", "use --secret api_key=env:NAME");
    says(&run(&["provider", "add", "p", "--type", "openai"]), 2, "", "nothing was given");
    let added = run(&[
        "provider",
        "add",
        "p",
        "--type",
        "openai",
        "--secret",
        "api_key=env:UP_KEY",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--allow-private-network",
    ]);
    says(&added, 0, "is configured", "");
    let tested = run(&["provider", "test", "p"]);
    says(&tested, 1, "FAILED", "cannot be used as it stands");
    says(&run(&["provider", "test", "simulated"]), 0, "ok", "");
    says(&run(&["provider", "models", "simulated"]), 0, "sim-chat", "");
    let listed = run(&["provider", "list"]);
    assert!(listed.out.contains("...mV9s") && !listed.out.contains("canary"), "{listed:?}");

    let lab =
        ["provider", "add", "lab", "--type", "custom", "--preset", "vllm", "--base-url", "http://127.0.0.1:9", "--allow-private-network"];
    says(&run(&lab), 0, "`lab` is configured", "");
    let exported = run(&["config", "export"]);
    assert!(exported.out.contains("preset: \"vllm\"") && exported.out.contains("env:P_API_KEY"), "{exported:?}");
    says(&run(&["provider", "remove", "lab"]), 0, "is removed", "");

    says(&run(&["mapping", "add", "mine", "simulated", "sim-chat", "--parameter", "temperature=0.1"]), 0, "`mine` is served by", "");
    let body = r#"{"model":"mine","messages":[{"role":"user","content":"Hello"}]}"#;
    assert_eq!(gateway.request("POST", "/v1/chat/completions", &key, body).0, 200);
    says(&run(&["mapping", "add", "mine", "p", "gpt-4o", "--priority", "2"]), 0, "`mine`", "");
    says(&run(&["mapping", "remove", "mine"]), 2, "", "has 2 mappings");
    says(&run(&["provider", "remove", "p"]), 1, "", "mine");
    says(&run(&["mapping", "remove", "mine", "--provider", "p"]), 0, "is removed", "");
    says(&run(&["provider", "remove", "p"]), 0, "is removed", "");
    let explained = run(&["explain", "--model", "mine"]);
    assert!(explained.code == Some(0) && explained.out.contains("simulated") && explained.out.contains("temperature"), "{explained:?}");
    let file = folder.file(
        "import.json",
        &json!([
            { "virtual_model": "i1", "provider": "simulated", "provider_model": "sim-chat" },
            { "virtual_model": "i2", "provider": "simulated", "provider_model": "sim-chat" },
        ])
        .to_string(),
    );
    says(&run(&["mapping", "import", &file, "--dry-run"]), 0, "2 mappings would be made", "");
    says(&run(&["mapping", "import", &file]), 0, "2 mappings were made", "");
    says(&run(&["mapping", "import", &file]), 1, "", "i1");
    says(&run(&["mapping", "list", "--model", "i2"]), 0, "i2", "");
    says(&run(&["mapping", "add", "t", "simulated", "sim-chat", "--timeout", "connect=1s"]), 2, "", "write first_byte, idle or total");
    let timed = ["mapping", "add", "t", "simulated", "sim-chat", "--timeout", "first_byte=20s", "--timeout", "total=9s", "--json"];
    let timeouts = &json_of(&run(&timed))["timeouts"];
    assert_eq!((&timeouts["first_byte"], &timeouts["total"]), (&json!("20s"), &json!("9s")));
}

/// What is exported from one gateway starts another one.
#[test]
fn the_running_state_is_a_configuration() {
    let (folder, data, _gateway) = first_start();
    let exported = conduit(&["config", "export", "--data-dir", &data], &[]);
    says(&exported, 0, "demo-chat", "");
    let file = folder.file("exported.yaml", &exported.out);
    says(&conduit(&["config", "check", &file], &[]), 1, "", "the environment variable KEY_STARTER is not set");
    let set = [("KEY_STARTER", "another-starter-key-7Xq2mV9sLw4T")];
    says(&conduit(&["config", "check", &file], &set), 0, "1 provider, 2 model mappings, 1 virtual key", "");
}

/// `chat` without a key borrows one and leaves none behind.
#[test]
fn chat_needs_no_key_where_the_data_directory_is() {
    let (_folder, data, _gateway) = first_start();
    let said = conduit(&["chat", "hello", "--data-dir", &data], &[]);
    assert!(said.code == Some(0) && !said.out.trim().is_empty(), "{said:?}");
    let keys = json_of(&conduit(&["key", "list", "--json", "--data-dir", &data], &[]));
    assert_eq!(keys["data"].as_array().unwrap().len(), 1, "only the starter key is left: {keys}");
}

/// From elsewhere: an address and the master key, and nothing else opens.
#[test]
fn remote_administration_needs_the_master_key() {
    let (_folder, _data, gateway) = first_start();
    let (url, master, key) = (format!("http://{}", gateway.address), gateway.told("master key"), gateway.told("virtual key"));
    let with = |key: &str| conduit(&["key", "list", "--data-dir", "/nowhere"], &[("CONDUIT_URL", &url), ("CONDUIT_MASTER_KEY", key)]);
    says(&with(&master), 0, "starter", "");
    says(&with(&key), 1, "", "CONDUIT_MASTER_KEY is not the master key");
    says(&conduit(&["key", "list", "--data-dir", "/nowhere"], &[("CONDUIT_URL", &url)]), 2, "", "set CONDUIT_MASTER_KEY");
}

#[test]
fn doctor_tells_a_sound_gateway_from_a_broken_one() {
    let (folder, data, gateway) = first_start();
    let address = gateway.address.clone();
    let sound = conduit(&["doctor", "--data-dir", &data, "--listen", &address], &[]);
    assert!(sound.code == Some(0) && sound.out.contains("the gateway of this data directory"), "{sound:?}");
    std::fs::set_permissions(folder.path("data/root-secret"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let broken = conduit(&["doctor", "--data-dir", &data, "--listen", &address, "--json"], &[]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let report: Value = serde_json::from_str(&broken.out).unwrap();
    assert_eq!(report["ok"], json!(false));
    let failed: Vec<&Value> = report["checks"].as_array().unwrap().iter().filter(|check| check["state"] == "failed").collect();
    assert!(failed.iter().any(|check| check["remedy"].as_str().is_some_and(|remedy| remedy.contains("chmod 600"))), "{failed:?}");
}
