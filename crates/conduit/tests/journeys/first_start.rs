//! With nothing configured, one command gives a gateway that answers the command which it prints.

use crate::harness::{Ask, Gateway, openai};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn a_first_start_prints_a_curl_command_that_answers() {
    let mut gateway = Gateway::first_start();
    let (printed, log) = gateway.output();
    let address = gateway.address().to_string();
    assert!(printed.contains(&format!("http://{address}")), "no URL: {printed}");
    let key = word(&printed, "condt_").unwrap_or_else(|| panic!("no key: {printed}"));

    let command = curl_command(&printed);
    assert!(command.contains(&key) && command.contains(&address), "{command}");
    match Command::new("sh").args(["-c", &command]).output() {
        Ok(output) if output.status.code() == Some(127) => not_installed("curl"),
        Ok(output) => {
            let answer = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{command}: {output:?}");
            assert!(answer.contains("\"choices\""), "{command}: {answer}");
        }
        Err(error) => panic!("sh: {error}"),
    }

    for model in ["demo-chat", "demo-embed"] {
        let list = Ask::get("/v1/models").key(&key).at(gateway.address()).json();
        assert!(list["data"].as_array().unwrap().iter().any(|entry| entry["id"] == model), "{model}: {list}");
    }
    let embedded = Ask::post("/v1/embeddings", &openai::embeddings("demo-embed")).key(&key).at(gateway.address());
    assert_eq!(embedded.status, 200, "{}", embedded.text());
    let stream = Ask::post("/v1/chat/completions", &openai::chat_stream("demo-chat")).key(&key).at(gateway.address());
    assert_eq!(stream.data().last().map(String::as_str), Some("[DONE]"));

    // Printed, and never logged.
    assert!(!log.contains(&key) && !gateway.output().1.contains(&key));

    // A second start uses what the first one made, and prints no secret.
    gateway.kill();
    gateway.spawn();
    let again = &gateway.output().0[printed.len()..];
    assert!(word(again, "condt_").is_none(), "{again}");
    let answer = Ask::post("/v1/chat/completions", &openai::chat("demo-chat")).key(&key).at(gateway.address());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn what_a_first_start_makes_is_closed_to_others() {
    let gateway = Gateway::first_start();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&gateway.data_dir()), 0o700);
    let mut files = 0;
    for entry in std::fs::read_dir(gateway.data_dir()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        assert_eq!(mode(&entry) & 0o077, 0, "{}", entry.display());
        files += 1;
    }
    assert!(files >= 2, "a root secret and a database");
}

/// The master key is printed once and never works for inference.
#[test]
fn the_printed_master_key_is_no_virtual_key() {
    let gateway = Gateway::first_start();
    let (printed, log) = gateway.output();
    let master = word(&printed, "condm_").unwrap_or_else(|| panic!("no master key: {printed}"));
    assert!(master.len() >= 40, "{printed}");
    assert!(!log.contains(&master));
    let answer = Ask::post("/v1/chat/completions", &openai::chat("demo-chat")).key(&master).at(gateway.address());
    assert_eq!(answer.error(), (401, "authentication_error".to_owned(), "invalid_api_key".to_owned()));
}

/// The first word of the text that begins so.
fn word(text: &str, beginning: &str) -> Option<String> {
    let rest = &text[text.find(beginning)?..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

/// The printed command, over the lines that it is broken into.
fn curl_command(printed: &str) -> String {
    let mut command = String::new();
    for line in printed.lines().skip_while(|line| !line.trim_start().starts_with("curl ")) {
        let line = line.trim();
        match line.strip_suffix('\\') {
            Some(part) => command.push_str(part),
            None => {
                command.push_str(line);
                return command;
            }
        }
    }
    panic!("no curl command: {printed}")
}

fn not_installed(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is not installed");
    println!("SKIPPED: {what} is not installed");
}

#[test]
fn health_and_unknown_routes_answer() {
    let gateway = Gateway::first_start();
    for path in ["/health/live", "/health/ready", "/livez", "/readyz", "/healthz"] {
        assert_eq!(Ask::get(path).at(gateway.address()).status, 200, "{path}");
    }
    assert_eq!(Ask::get("/v1/nope").at(gateway.address()).error().0, 404);
    let answer = Ask::get("/v1/chat/completions").at(gateway.address());
    assert_eq!(answer.error().0, 405);
    let request_id = answer.header("x-request-id").map(str::to_owned);
    assert!(request_id.is_some_and(|id| !id.is_empty()));
    let kept = Ask::get("/v1/nope").header("x-request-id", "my-id.1").at(gateway.address());
    assert_eq!(kept.header("x-request-id"), Some("my-id.1"));
    let list: Value = Ask::get("/v1/models").at(gateway.address()).json();
    assert_eq!(list["error"]["code"], "invalid_api_key");
}
