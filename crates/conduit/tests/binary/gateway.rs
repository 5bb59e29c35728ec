//! The gateway as a process: first start, restart, one request, shutdown.

use crate::process::{Folder, Running, conduit, conduit_onto};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

pub(crate) struct Gateway {
    pub(crate) process: Running,
    pub(crate) address: String,
    pub(crate) greeting: String,
}

impl Gateway {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)], last_word: &str) -> Self {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut process = Running::start(&all, variables);
        let greeting = process.until(last_word);
        let address = greeting.lines().next().and_then(|line| line.rsplit("http://").next()).unwrap().to_owned();
        Self { process, address, greeting }
    }

    /// What stands after a label of the greeting.
    pub(crate) fn told(&self, label: &str) -> String {
        let line = self
            .greeting
            .lines()
            .find(|line| line.trim_start().starts_with(label))
            .unwrap_or_else(|| panic!("no {label} in {}", self.greeting));
        line.trim_start().trim_start_matches(label).split_whitespace().next().unwrap().to_owned()
    }

    pub(crate) fn request(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        request(&self.address, method, path, key, body)
    }

    pub(crate) fn chat(&self, key: &str) -> (u16, String) {
        chat(&self.address, key)
    }

    pub(crate) fn stop(self) -> crate::process::Finished {
        self.process.signal("TERM");
        self.process.finish(Duration::from_secs(20))
    }
}

/// For threads, which cannot share the process.
pub(crate) fn chat(address: &str, key: &str) -> (u16, String) {
    request(address, "POST", "/v1/chat/completions", key, r#"{"model":"demo-chat","messages":[{"role":"user","content":"Hello"}]}"#)
}

fn request(address: &str, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        address,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (status, answer)
}

fn mode(path: &str) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The zero-configuration start of contract.md: everything private, everything printed once, and the printed line works.
#[test]
fn a_first_start_needs_nothing_and_its_curl_line_works() {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    assert_eq!((mode(&data), mode(&folder.path("data/root-secret"))), (0o700, 0o600));
    let (master, key) = (gateway.told("master key"), gateway.told("virtual key"));
    assert!(key.starts_with("condt_") && gateway.greeting.contains(&format!("Bearer {key}")), "{}", gateway.greeting);

    let (status, answer) = gateway.chat(&key);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"choices\"") && answer.contains("x-conduit-provider: simulated"), "{answer}");
    let (status, answer) = gateway.request("POST", "/v1/embeddings", &key, r#"{"model":"demo-embed","input":"Hello"}"#);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(gateway.request("GET", "/health/ready", "", "").0, 200);

    // The line itself, as it was printed.
    let line = gateway.greeting.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap();
    match std::process::Command::new("sh").args(["-c", &format!("{line} --silent --fail")]).output() {
        Ok(done) if done.status.code() != Some(127) => assert!(String::from_utf8_lossy(&done.stdout).contains("\"choices\""), "{done:?}"),
        _ => assert!(std::env::var_os("CI").is_none(), "curl is needed in CI"),
    }

    // R62: the master key never works for inference.
    assert_eq!(gateway.chat(&master).0, 401);
    assert_eq!(gateway.chat("condt_unknown").0, 401);

    let url = format!("http://{}", gateway.address);
    let said = conduit(&["chat", "Hello", "--key", &key], &[("CONDUIT_URL", &url)]);
    assert!(said.code == Some(0) && said.out.trim().len() > 1 && said.err.is_empty(), "{said:?}");
    let said = conduit(&["chat", "Hello", "--key", &key, "--model", "nope"], &[("CONDUIT_URL", &url)]);
    assert!(said.code == Some(1) && said.err.contains("404: ") && said.out.is_empty(), "{said:?}");
    let said = conduit(&["chat", "Hello", "--key", "wrong"], &[("CONDUIT_URL", &url)]);
    assert!(said.code == Some(1) && said.err.contains("401: "), "{said:?}");

    let finished = gateway.stop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    // R64: the secrets were printed once, and the log has none of them.
    assert!(!finished.err.contains(&key) && !finished.err.contains(&master), "{finished:?}");

    // The same directory again: no key is printed, only where they come from; the keys still work, and there is no plain text of them on disk (R65).
    let gateway = Gateway::start(&["--data-dir", &data], &[], "Virtual keys: 1 from the database (the first start showed its key then");
    assert_eq!(gateway.chat(&key).0, 200);
    assert_eq!(gateway.chat(&master).0, 401);
    let finished = gateway.stop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.out.contains("condt_") && !finished.out.contains("condm_") && finished.out.lines().count() == 2, "{finished:?}");
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(&key) && !holds(&master), "{}", path.display());
    }
}

/// Keys that nobody could read must not stay: where they cannot be shown nothing is kept, and the next start shows its own.
#[test]
fn a_first_start_that_cannot_show_its_keys_is_none() {
    let folder = Folder::new();
    let data = folder.path("data");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let finished = conduit_onto(full, &["serve", "--listen", "127.0.0.1:0", "--data-dir", &data]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.err.contains("standard output cannot be written") && finished.err.contains("nothing was kept"), "{finished:?}");
    assert!(!finished.err.contains("condt_") && !finished.err.contains("condm_"), "{finished:?}");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);

    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    assert_eq!(gateway.chat(&gateway.told("virtual key")).0, 200);
    assert_eq!(gateway.stop().code, Some(0));
    // A later start has nothing to lose: its keys are known already.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let finished = conduit_onto(full, &["serve", "--listen", "127.0.0.1:0", "--data-dir", &data]);
    assert!(finished.code == Some(1) && !finished.err.contains("nothing was kept"), "{finished:?}");
    assert!(std::fs::read_dir(&data).unwrap().count() >= 2);
}

/// The README's way: a file, its references, a restart of nothing.
#[test]
fn a_configuration_file_serves_its_models() {
    let folder = Folder::new();
    let config = folder.file(
        "conduit.yaml",
        "providers: [ { name: sim, type: simulated } ]\nmodels: [ { name: demo-chat, provider: sim, provider_model: sim-chat } ]\nkeys: [ { name: app, key: \"env:APP_KEY\", models: [\"demo-*\"] } ]\n",
    );
    let data = folder.path("data");
    let variables = [
        ("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b"),
        ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e"),
        ("APP_KEY", "app-9f3c1be07ad24568b1f3c9e2"),
    ];
    let arguments = ["--config", &config, "--data-dir", &data];
    let gateway = Gateway::start(&arguments, &variables, "Virtual keys: 1 from `keys` in the configuration file");
    assert_eq!(gateway.chat("app-9f3c1be07ad24568b1f3c9e2").0, 200);
    assert_eq!(gateway.chat("app-000000000000000000000000").0, 401);
    assert_eq!(gateway.chat("9f3c1be07ad24568b1f3c9e2d7405a6b").0, 401);

    // One directory, one process.
    let second = conduit(&["serve", "--listen", "127.0.0.1:0", "--config", &config, "--data-dir", &data], &variables);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("in use by another process"), "{second:?}");
    assert_eq!(gateway.stop().code, Some(0));

    // The wrong root secret stops the start instead of making rows that nobody can read.
    let wrong = [variables[0], ("CONDUIT_ROOT_SECRET", "another-T5mYk2NwB7cJ4hD9sF6gA1e-Zx0Lr"), variables[2]];
    let refused = conduit(&["serve", "--listen", "127.0.0.1:0", "--config", &config, "--data-dir", &data], &wrong);
    assert!(refused.code == Some(1) && refused.err.contains("root secret is not the one"), "{refused:?}");
}

/// A stop lets a request end; a second signal does not wait for it.
#[test]
fn a_stop_drains_and_a_second_signal_ends_at_once() {
    let body = r#"{"model":"slow","messages":[{"role":"user","content":"Hello"}]}"#;
    let folder = Folder::new();
    let config = folder.file(
        "conduit.yaml",
        "providers: [ { name: sim, type: simulated } ]\nmodels: [ { name: slow, provider: sim, provider_model: \"sim-chat;delay=2s\" } ]\nkeys: [ { name: app, key: app-9f3c1be07ad24568b1f3c9e2 } ]\n",
    );
    let variables =
        [("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b"), ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e")];
    for impatient in [false, true] {
        let data = folder.path(if impatient { "b" } else { "a" });
        let gateway = Gateway::start(&["--config", &config, "--data-dir", &data], &variables, "http://");
        let address = gateway.address.clone();
        let Gateway { process, .. } = gateway;
        let asked = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!(
                "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer app-9f3c1be07ad24568b1f3c9e2\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        });
        std::thread::sleep(Duration::from_millis(500));
        process.signal("TERM");
        let started = Instant::now();
        if impatient {
            std::thread::sleep(Duration::from_millis(200));
            process.signal("INT");
        }
        let finished = process.finish(Duration::from_secs(20));
        let answer = asked.join().unwrap();
        if impatient {
            assert_eq!(finished.code, Some(1), "{finished:?}");
            assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
            assert!(!answer.contains("\"choices\""), "{answer}");
        } else {
            assert_eq!(finished.code, Some(0), "{finished:?}");
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"choices\""), "{answer}");
        }
    }
}

/// R64: secrets of every kind stay out of the log at its finest level, out of answers and out of error messages.
#[test]
fn secrets_are_nowhere_even_at_trace() {
    let folder = Folder::new();
    let config = folder.file(
        "conduit.yaml",
        "providers:\n  - { name: dead, type: openai, base_url: \"http://127.0.0.1:9/v1\", allow_private_network: true, credentials: { api_key: \"env:UP_KEY\" } }\n  - { name: sim, type: simulated }\nmodels:\n  - { name: dead, provider: dead, provider_model: x }\n  - { name: demo-chat, provider: sim, provider_model: sim-chat }\nkeys: [ { name: app, key: \"env:APP_KEY\" } ]\n",
    );
    let secrets = [
        ("CONDUIT_MASTER_KEY", "mmCanaryMaster-9f3c1be07ad24568b1"),
        ("CONDUIT_ROOT_SECRET", "rrCanaryRoot-LrT5mYk2NwB7cJ4hD9sF6gA1e"),
        ("APP_KEY", "vvCanaryVirtual-9f3c1be07ad2"),
        ("UP_KEY", "ppCanaryProvider-7ad24568"),
    ];
    let mut variables = secrets.to_vec();
    variables.push(("RUST_LOG", "trace"));
    let gateway = Gateway::start(&["--config", &config, "--data-dir", &folder.path("data")], &variables, "http://");
    let (status, failed) =
        gateway.request("POST", "/v1/chat/completions", secrets[2].1, r#"{"model":"dead","messages":[{"role":"user","content":"Hello"}]}"#);
    assert_eq!(status, 503, "{failed}");
    assert_eq!(gateway.chat(secrets[2].1).0, 200);
    let (status, refused) = gateway.chat(secrets[0].1);
    assert_eq!(status, 401, "{refused}");
    let finished = gateway.stop();
    assert!(finished.code == Some(0) && finished.err.len() > 200, "{finished:?}");
    let everything = format!("{}{}{failed}{refused}", finished.out, finished.err);
    for (name, secret) in secrets {
        assert!(!everything.contains(secret), "{name} is in: {everything}");
    }
    assert!(!everything.contains("Canary"), "{everything}");
}

#[test]
fn the_simulator_runs_on_its_own() {
    let mut process = Running::start(&["simulate", "--listen", "127.0.0.1:0"], &[]);
    let said = process.until("http://");
    let address = said.lines().next().and_then(|line| line.rsplit("http://").next()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /openai/v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sim-key\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    process.signal("INT");
    assert_eq!(process.finish(Duration::from_secs(20)).code, Some(0));
}
