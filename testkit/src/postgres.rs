//! A private PostgreSQL for tests: its own data directory, a unix socket and no TCP port, gone with the process that started it.
//!
//! `initdb` refuses root, so as root it runs as the user `postgres`. A small shell watches over the server: when the pipe to the test process
//! closes, however that process ended, the server is stopped and its directory removed.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "test support: what fails here is the test's result")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Stops the server when its input ends, and removes its directory unless told to keep it.
const WATCHDOG: &str = r#"
bin=$1 dir=$2
"$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=60 >>"$dir/log" 2>&1 &
server=$!
read word
kill -INT $server; wait $server
[ "$word" = keep ] || rm -rf "$dir"
"#;

/// A running server.
pub struct Postgres {
    binaries: PathBuf,
    directory: PathBuf,
    account: Option<Account>,
    watchdog: Option<Child>,
    databases: AtomicU32,
}

/// Whom the server runs as, when the tests run as root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    /// The server of this test process, started at the first call. `None` where PostgreSQL is not installed: the caller skips its test, which
    /// this says on the terminal; under `CI=true` it is a failure.
    pub fn shared() -> Option<&'static Postgres> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Postgres::start).as_ref()
    }

    /// A server of one's own, for tests that stop it.
    pub fn start() -> Option<Postgres> {
        let binaries = find_binaries();
        let account = if is_root() { find_account("postgres") } else { None };
        let missing = match (&binaries, is_root(), account) {
            (None, ..) => Some("no PostgreSQL in /usr/lib/postgresql/*/bin nor on the PATH"),
            (_, true, None) => Some("running as root, and there is no user postgres to run the server as"),
            _ => None,
        };
        if let Some(missing) = missing {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}; install it: apt-get install postgresql");
            eprintln!("SKIPPED: {missing}; install it: apt-get install postgresql");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("pg-").tempdir().expect("a temporary directory").keep();
        if let Some(Account { user, group }) = account {
            std::os::unix::fs::chown(&directory, Some(user), Some(group)).expect("root gives the directory to postgres");
        }
        let mut server = Postgres { binaries: binaries?, directory, account, watchdog: None, databases: AtomicU32::new(0) };
        server.initialise();
        server.resume();
        Some(server)
    }

    /// Makes a new empty database and gives its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name}"));
        format!("postgres://conduit@localhost/{name}?host={}", self.directory.display())
    }

    /// Runs a statement as the superuser, in the database `postgres`.
    pub fn sql(&self, statement: &str) {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-U", "conduit", "-d", "postgres", "-c", statement]).arg("-h").arg(&self.directory);
        let done = psql.output().expect("psql runs");
        assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Stops the server; its data stay.
    pub fn stop(&mut self) {
        self.end(b"keep\n");
    }

    /// Starts it (again) and waits until it answers.
    pub fn resume(&mut self) {
        let mut shell = self.as_account("sh");
        shell.args(["-c", WATCHDOG, "watchdog"]).arg(&self.binaries).arg(&self.directory);
        self.watchdog = Some(shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh runs"));
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.is_ready() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn initialise(&self) {
        let mut initdb = self.command("initdb");
        initdb.args(["-U", "conduit", "-E", "UTF8", "--locale=C", "--auth=trust", "--no-sync", "-D"]).arg(self.directory.join("data"));
        let done = initdb.output().expect("initdb runs");
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn is_ready(&self) -> bool {
        let mut ask = self.command("pg_isready");
        ask.arg("-q").arg("-h").arg(&self.directory).status().expect("pg_isready runs").success()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    fn command(&self, program: &str) -> Command {
        self.as_account(self.binaries.join(program))
    }

    fn as_account(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir("/").env_remove("PGHOST").env_remove("PGPORT").env_remove("PGDATABASE");
        if let Some(Account { user, group }) = self.account {
            std::os::unix::process::CommandExt::gid(&mut command, group);
            std::os::unix::process::CommandExt::uid(&mut command, user);
        }
        command
    }

    fn end(&mut self, word: &[u8]) {
        let Some(mut watchdog) = self.watchdog.take() else { return };
        if let Some(mut input) = watchdog.stdin.take() {
            let _ = input.write_all(word);
        }
        let _ = watchdog.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end(b"\n");
    }
}

fn find_binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = versions.into_iter().rev().chain(std::env::split_paths(&path));
    candidates
        .into_iter()
        .find(|directory| ["initdb", "postgres", "psql", "pg_isready"].iter().all(|program| directory.join(program).is_file()))
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

fn find_account(name: &str) -> Option<Account> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields.first() == Some(&name))?;
    Some(Account { user: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
}
