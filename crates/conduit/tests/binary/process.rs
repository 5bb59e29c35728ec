//! Runs the binary with an environment of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conduit"));
    // No test here is about the delay: without it a stop takes its 5 s each time.
    command.env_clear().env("CONDUIT_SERVER__DRAIN_DELAY", "0s").envs(variables.iter().copied());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command that ends by itself.
pub(crate) fn conduit(arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Running::start(arguments, variables).finish(Duration::from_secs(30))
}

/// Runs a command that ends by itself, with its standard output on a file or device.
pub(crate) fn conduit_onto(out: std::fs::File, arguments: &[&str]) -> Finished {
    let mut child = command(arguments, &[]).stdout(out).spawn().unwrap();
    let (out, err) = (lines(std::io::empty()), lines(child.stderr.take().unwrap()));
    Running { child, out, err, seen: String::new() }.finish(Duration::from_secs(30))
}

/// A folder that is gone at the end.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

/// A command that runs; killed when dropped.
pub(crate) struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    seen: String,
}

impl Running {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = command(arguments, variables).spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, err, seen: String::new() }
    }

    /// Reads standard output until a line contains this; what was read is returned.
    pub(crate) fn until(&mut self, word: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match self.out.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen += &line;
                    if line.contains(word) {
                        return self.seen.clone();
                    }
                }
                Err(_) => panic!("`{word}` was not said.\nout: {}\nerr: {}", self.seen, self.err.try_iter().collect::<String>()),
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn finish(mut self, patience: Duration) -> Finished {
        let deadline = Instant::now() + patience;
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if Instant::now() > deadline => panic!("still running; err: {}", self.err.try_iter().collect::<String>()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let mut out = std::mem::take(&mut self.seen);
        out.extend(self.out.iter());
        Finished { code, out, err: self.err.iter().collect() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Line by line, so that a test can wait for one.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    receiver
}
