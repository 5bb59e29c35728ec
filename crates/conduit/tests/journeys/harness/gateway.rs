//! The real binary in a directory of its own.

use super::canary;
use super::http::Ask;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const KEY: &str = "journey-caller-7Xq2mV9sLw4T";
pub(crate) const MASTER_KEY: &str = "journey-master-Zp8Kd3vRn6Yc1Hb5";
pub(super) const ROOT_SECRET: &str = "hT9vQ2mXw7Lr4Ks8Pz3Nc6Yb1Gd5Jf0EuAiOeUyWq";

/// A configuration, as the file is going to say it.
#[derive(Default)]
pub(crate) struct Setup {
    providers: String,
    models: String,
    server: String,
    storage: String,
    keys: String,
    log: Option<&'static str>,
    grace: Option<&'static str>,
    files: Option<u32>,
    trusted: Option<PathBuf>,
    /// What is secret in it, by what it is.
    secrets: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A provider with short timeouts on the loopback, reached with the key `sk-<name>`.
    pub(crate) fn provider(self, name: &str, kind: &str, base_url: &str) -> Self {
        self.patient_provider(name, kind, base_url, Duration::from_secs(1))
    }

    /// The same with one limit for all its timeouts.
    pub(crate) fn patient_provider(self, name: &str, kind: &str, base_url: &str, limit: Duration) -> Self {
        self.add_provider(name, kind, base_url, &provider_key(name), limit)
    }

    /// A provider that is reached with a key of one's choice.
    pub(crate) fn provider_with_key(self, name: &str, kind: &str, base_url: &str, key: &str) -> Self {
        self.add_provider(name, kind, base_url, key, Duration::from_secs(10))
    }

    /// A provider whose answers may pause for a second, while a whole one may take a minute, as may the first byte.
    pub(crate) fn enduring_provider(self, name: &str, kind: &str, base_url: &str) -> Self {
        self.write_provider(name, kind, base_url, &provider_key(name), "connect: 1s, first_byte: 60s, idle: 1s, total: 60s")
    }

    fn add_provider(self, name: &str, kind: &str, base_url: &str, key: &str, limit: Duration) -> Self {
        let limit = limit.as_millis();
        let timeouts = format!("connect: {limit}ms, first_byte: {limit}ms, idle: {limit}ms, total: {limit}ms");
        self.write_provider(name, kind, base_url, key, &timeouts)
    }

    fn write_provider(mut self, name: &str, kind: &str, base_url: &str, key: &str, timeouts: &str) -> Self {
        self.secrets.push((format!("the key of provider {name}"), key.to_owned()));
        writeln!(
            self.providers,
            "  - {{ name: {name}, type: {kind}, base_url: \"{base_url}\", allow_private_network: true, credentials: {{ api_key: \"{key}\" }}, \
             timeouts: {{ {timeouts} }} }}"
        )
        .unwrap();
        self
    }

    /// A provider as the file says it; it may be on the loopback.
    pub(crate) fn provider_entry(mut self, members: &str) -> Self {
        writeln!(self.providers, "  - {{ {members}, allow_private_network: true }}").unwrap();
        self
    }

    /// A mapping as the file says it.
    pub(crate) fn model_entry(mut self, members: &str) -> Self {
        writeln!(self.models, "  - {{ {members} }}").unwrap();
        self
    }

    pub(crate) fn model(mut self, name: &str, provider: &str, provider_model: &str, priority: u32) -> Self {
        writeln!(self.models, "  - {{ name: {name}, provider: {provider}, provider_model: {provider_model}, priority: {priority} }}")
            .unwrap();
        self
    }

    /// Members of `server`, as YAML.
    pub(crate) fn server(mut self, members: &str) -> Self {
        members.clone_into(&mut self.server);
        self
    }

    pub(crate) fn storage(mut self, url: &str) -> Self {
        self.storage = format!("storage: {{ url: \"{url}\" }}\n");
        self
    }

    /// How much is logged: `RUST_LOG`.
    pub(crate) fn log(mut self, filter: &'static str) -> Self {
        self.log = Some(filter);
        self
    }

    /// How long requests under way may go on when the process is asked to end; one second unless it is said.
    pub(crate) fn grace(mut self, grace: &'static str) -> Self {
        self.grace = Some(grace);
        self
    }

    /// The certificates that the process trusts, in place of the system's.
    pub(crate) fn trusting(mut self, certificates: PathBuf) -> Self {
        self.trusted = Some(certificates);
        self
    }

    /// How many files the process may open.
    pub(crate) fn files(mut self, limit: u32) -> Self {
        self.files = Some(limit);
        self
    }

    /// One more key that may use the given models only.
    pub(crate) fn key(mut self, name: &str, key: &str, models: &str) -> Self {
        self.secrets.push((format!("the key {name}"), key.to_owned()));
        writeln!(self.keys, "  - {{ name: {name}, key: \"{key}\", models: [{models}] }}").unwrap();
        self
    }

    pub(crate) fn start(self) -> Gateway {
        let Self { providers, models, server, storage, keys, log, grace, files, trusted, secrets } = self;
        let grace = grace.unwrap_or("1s");
        let yaml = format!(
            "server: {{ shutdown_grace: {grace}{}{server} }}\n{storage}providers:\n{providers}models:\n{models}keys:\n  - {{ name: journey, key: \"{KEY}\" }}\n{keys}",
            if server.is_empty() { "" } else { ", " }
        );
        let mut gateway = Gateway::new();
        let file = gateway.path("conduit.yaml");
        std::fs::write(&file, yaml).unwrap();
        gateway.arguments = vec!["--config".to_owned(), file.display().to_string()];
        gateway.environment =
            vec![("CONDUIT_MASTER_KEY".to_owned(), MASTER_KEY.to_owned()), ("CONDUIT_ROOT_SECRET".to_owned(), ROOT_SECRET.to_owned())];
        gateway.environment.extend(trusted.map(|file| ("SSL_CERT_FILE".to_owned(), file.display().to_string())));
        gateway.environment.extend(log.map(|filter| ("RUST_LOG".to_owned(), filter.to_owned())));
        gateway.secrets = secrets;
        gateway.files = files;
        gateway.spawn();
        gateway
    }
}

/// What a provider of [`Setup`] is called with.
pub(crate) fn provider_key(name: &str) -> String {
    format!("sk-{name}-{PROVIDER_CANARY}")
}

/// The part of [`provider_key`] that is searched for in every sink.
pub(super) const PROVIDER_CANARY: &str = "canary-5Rt8Wq1Zx9Lk";

/// A port that is free now and, most likely, a moment later.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A gateway process; ends with the value.
pub(crate) struct Gateway {
    directory: TempDir,
    address: SocketAddr,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Secrets of this gateway alone, by what they are.
    secrets: Vec<(String, String)>,
    files: Option<u32>,
    child: Option<Child>,
}

impl Gateway {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            address: free_address(),
            arguments: Vec::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
            files: None,
            child: None,
        }
    }

    /// A first start: no configuration, no environment, an empty data directory.
    pub(crate) fn first_start() -> Self {
        let mut gateway = Self::new();
        gateway.spawn();
        gateway
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// What the process wrote to standard output and error, over all its starts.
    pub(crate) fn output(&self) -> (String, String) {
        let read = |name: &str| std::fs::read_to_string(self.path(name)).unwrap_or_default();
        (read("stdout"), read("stderr"))
    }

    /// Starts the process (again) and waits until it is ready.
    pub(crate) fn spawn(&mut self) {
        let append = |name: &str| std::fs::OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        let child = self
            .command()
            .args(["serve", "--listen", &self.address.to_string(), "--data-dir"])
            .arg(self.data_dir())
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("RUST_LOG", "trace")
            .envs(self.environment.iter().cloned())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(append("stdout"))
            .stderr(append("stderr"))
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.is_ready() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
            if ended.is_some() && self.output().1.lines().last().is_some_and(|line| line.contains("cannot listen")) {
                // Somebody else was given the port in the meantime.
                self.address = free_address();
                return self.spawn();
            }
            assert!(ended.is_none() && Instant::now() < deadline, "the gateway is not ready ({ended:?}): {:?}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_conduit");
        let Some(files) = self.files else { return Command::new(program) };
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\""), program]);
        shell
    }

    pub(crate) fn is_ready(&self) -> bool {
        Ask::get("/health/ready").open(self.address).is_ok_and(|answer| answer.status == 200)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended by itself; its exit code.
    pub(crate) fn ended(&mut self, limit: Duration) -> Option<i32> {
        let mut child = self.child.take().expect("the process runs");
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("the process does not end within {limit:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("the process runs").id()
    }

    /// The memory that the process has in use, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The processor time that the process has used so far.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        // The 12th and the 13th behind the name: user and system time in hundredths of a second.
        let ticks: u64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn database_url(&self) -> String {
        sqlite_url(&self.data_dir())
    }
}

pub(crate) fn sqlite_url(data_dir: &Path) -> String {
    format!("sqlite://{}?mode=ro", data_dir.join("conduit.db").display())
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill();
        let (printed, log) = self.output();
        if std::thread::panicking() {
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the gateway's last log lines, newest first:\n{}", tail.join("\n"));
            return;
        }
        let found = canary::search_remains(&self.data_dir(), (&printed, &log), &self.secrets);
        assert!(found.is_empty(), "secrets where none may be: {found:#?}");
    }
}
