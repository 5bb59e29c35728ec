//! Candidates as processes: started, watched through /proc, and ended with the benchmark.

use crate::Failure;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running candidate; ended when dropped.
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    log: std::path::PathBuf,
}

impl Process {
    /// Starts a program; what it says goes to a file in `folder`, of which a failure quotes the end.
    pub(crate) fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self, Failure> {
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log)?;
        let errors = out.try_clone()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(|fault| format!("{name} can't be started ({}): {fault}", command.get_program().display()))?;
        Ok(Self { child, name, log })
    }

    /// Waits until a GET of `path` is answered with 200, and says how long that took.
    pub(crate) fn wait_ready(&mut self, address: SocketAddr, path: &str, since: Instant) -> Result<Duration, Failure> {
        while since.elapsed() < Duration::from_secs(20) {
            if get_is_ok(address, path) {
                return Ok(since.elapsed());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended with {status}:\n{}", self.name, self.said()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(format!("{} is not ready after 20 s:\n{}", self.name, self.said()).into())
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { pid: Some(self.child.id()) }
    }

    fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The children of nginx end when their parent is told to; kill(1) spares us a dependency for one signal.
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(3) {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn get_is_ok(address: SocketAddr, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let mut head = [0; 12];
    write!(stream, "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut head).is_ok()
        && head.ends_with(b" 200")
}

/// A port of 127.0.0.1 that was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Reads what a process and its children use; of nothing, where there is no proxy.
pub(crate) struct Usage {
    pid: Option<u32>,
}

impl Usage {
    pub(crate) fn none() -> Self {
        Self { pid: None }
    }

    /// User and system time of all threads of the process and its children.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        self.processes().into_iter().try_fold(Duration::ZERO, |sum, pid| Ok(sum + cpu_of(pid)?))
    }

    /// The same, once it stands still: the work for the last requests is done.
    pub(crate) fn cpu_at_rest(&self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        let mut last = self.cpu()?;
        let mut quiet = 0;
        while quiet < 4 && self.pid.is_some() && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(75));
            let now = self.cpu()?;
            quiet = if now == last { quiet + 1 } else { 0 };
            last = now;
        }
        Ok(last)
    }

    /// Resident memory in MiB, of the process and its children.
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        self.processes().into_iter().try_fold(0.0, |sum, pid| Ok(sum + memory_of(pid)?))
    }

    fn processes(&self) -> Vec<u32> {
        let mut found: Vec<u32> = self.pid.into_iter().collect();
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            next += 1;
        }
        found
    }
}

fn cpu_of(pid: u32) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/<pid>/stat is not as expected")?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    // USER_HZ is 100 on every Linux that Rust runs on.
    Ok(Duration::from_millis(ticks * 10))
}

fn memory_of(pid: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("/proc/<pid>/status has no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
