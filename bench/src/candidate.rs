//! The three candidates: the simulator itself, nginx in front of it, Conduit in front of it.

use crate::Failure;
use crate::process::{Process, Usage, free_address};
use crate::requests::KEY;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NGINX_CONF: &str = include_str!("../nginx.conf");
const CONDUIT_YAML: &str = include_str!("../conduit.yaml");
/// Long enough to be accepted, and of no worth: it lives as long as the run.
const MASTER_KEY: &str = "4f1d8a06c27be93560fd1e84b7a2c95d3e60f8172ab4c9d5";
const ROOT_SECRET: &str = "b86e03d5f94a1c72e80d36b5a9f14c2708e7d3a65b9c1f42d07e8b3a6c95f1d4";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    Direct,
    Nginx,
    Conduit,
}

impl Candidate {
    pub(crate) const ALL: [Self; 3] = [Self::Direct, Self::Nginx, Self::Conduit];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct to the simulator",
            Self::Nginx => "nginx",
            Self::Conduit => "Conduit",
        }
    }
}

/// All candidates, running.
pub(crate) struct Field {
    simulator: (Process, SocketAddr),
    nginx: (Process, SocketAddr),
    conduit: (Process, SocketAddr),
    // Dropped last: the processes write into it.
    _folder: TempDir,
}

impl Field {
    pub(crate) fn start() -> Result<Self, Failure> {
        ensure_nginx()?;
        let folder = tempfile::tempdir()?;
        let simulator = start_simulator(folder.path())?;
        let nginx = start_nginx(folder.path(), simulator.1)?;
        let (conduit, address, _) = start_conduit(folder.path(), simulator.1)?;
        Ok(Self { simulator, nginx, conduit: (conduit, address), _folder: folder })
    }

    pub(crate) fn address(&self, candidate: Candidate) -> SocketAddr {
        match candidate {
            Candidate::Direct => self.simulator.1,
            Candidate::Nginx => self.nginx.1,
            Candidate::Conduit => self.conduit.1,
        }
    }

    /// Of the proxy alone.
    pub(crate) fn usage(&self, candidate: Candidate) -> Usage {
        match candidate {
            Candidate::Direct => Usage::none(),
            Candidate::Nginx => self.nginx.0.usage(),
            Candidate::Conduit => self.conduit.0.usage(),
        }
    }
}

/// Serves the simulator until the process is ended.
pub(crate) fn simulate(address: SocketAddr) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let simulator = simulator::Simulator::new(simulator::Options::default());
        simulator::serve(listener, simulator, std::future::pending()).await;
        Ok(())
    })
}

pub(crate) fn start_simulator(folder: &Path) -> Result<(Process, SocketAddr), Failure> {
    let address = free_address()?;
    let begun = Instant::now();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("simulate").arg(address.to_string());
    let mut process = Process::start("simulator", &mut command, folder)?;
    process.wait_ready(address, "/_health", begun)?;
    Ok((process, address))
}

fn start_nginx(folder: &Path, upstream: SocketAddr) -> Result<(Process, SocketAddr), Failure> {
    let address = free_address()?;
    let prefix = folder.join("nginx");
    std::fs::create_dir(&prefix)?;
    let user = if is_root() { "user root;" } else { "" };
    let workers = std::thread::available_parallelism()?.get().to_string();
    let config = fill(NGINX_CONF, address, upstream).replace("@USER@", user).replace("@WORKERS@", &workers);
    std::fs::write(prefix.join("nginx.conf"), config)?;
    let mut command = Command::new(nginx().ok_or("nginx is not installed")?);
    command.arg("-p").arg(&prefix).args(["-c", "nginx.conf", "-e", "error.log"]);
    let begun = Instant::now();
    let mut process = Process::start("nginx", &mut command, folder)?;
    process.wait_ready(address, "/_health", begun)?;
    Ok((process, address))
}

/// Conduit with the benchmark's configuration and an empty data directory of its own.
pub(crate) fn start_conduit(folder: &Path, upstream: SocketAddr) -> Result<(Process, SocketAddr, Duration), Failure> {
    let address = free_address()?;
    let data = tempfile::Builder::new().prefix("data").tempdir_in(folder)?.keep();
    let config = data.with_extension("yaml");
    std::fs::write(&config, fill(CONDUIT_YAML, address, upstream).replace("@KEY@", KEY))?;
    let mut command = conduit()?;
    command.arg("serve").arg("--config").arg(&config).arg("--data-dir").arg(&data);
    command.env("CONDUIT_MASTER_KEY", MASTER_KEY).env("CONDUIT_ROOT_SECRET", ROOT_SECRET);
    ready(command, folder, address)
}

/// Conduit as somebody starts it for the first time: no configuration, no data directory.
pub(crate) fn start_conduit_fresh(folder: &Path) -> Result<(Process, SocketAddr, Duration), Failure> {
    let address = free_address()?;
    let data = tempfile::Builder::new().prefix("fresh").tempdir_in(folder)?.keep();
    let mut command = conduit()?;
    command.arg("serve").arg("--listen").arg(address.to_string()).arg("--data-dir").arg(&data);
    ready(command, folder, address)
}

fn ready(mut command: Command, folder: &Path, address: SocketAddr) -> Result<(Process, SocketAddr, Duration), Failure> {
    let begun = Instant::now();
    let mut process = Process::start("conduit", &mut command, folder)?;
    let took = process.wait_ready(address, "/health/ready", begun)?;
    Ok((process, address, took))
}

/// The binary that was built beside this one; no variable of the caller's environment reaches it.
fn conduit() -> Result<Command, Failure> {
    let path = std::env::current_exe()?.with_file_name("conduit");
    if !path.is_file() {
        return Err("there is no `conduit` beside `conduit-bench`: build both (`make bench` does)".into());
    }
    let mut command = Command::new(path);
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CONDUIT_") || ["DATABASE_URL", "REDIS_URL", "PORT", "RUST_LOG"].contains(&name.as_ref())
    });
    for name in ours {
        command.env_remove(name);
    }
    Ok(command)
}

fn fill(template: &str, listen: SocketAddr, upstream: SocketAddr) -> String {
    template.replace("@LISTEN@", &listen.to_string()).replace("@UPSTREAM@", &upstream.to_string())
}

/// Where nginx is, if anywhere: a user's search path often lacks the folders of system programs.
pub(crate) fn nginx() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
}

/// Installs nginx from Debian's packages where it is missing and that is possible.
fn ensure_nginx() -> Result<(), Failure> {
    if nginx().is_some() {
        return Ok(());
    }
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err("nginx is needed for the comparison: install the package nginx-light (or run as root on Debian)".into());
    }
    let install = "apt-get update && apt-get install --yes --no-install-recommends nginx-light";
    let status = Command::new("sh").args(["-c", install]).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    match status.success() && nginx().is_some() {
        true => Ok(()),
        false => Err(format!("`{install}` failed: install nginx by hand").into()),
    }
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("Uid:")).is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
}
