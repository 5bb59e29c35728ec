//! `conduit simulate` as a process of its own: providers that are as strict as the real ones.

use super::http::Ask;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CERTIFICATE: &str = "simulator.pem";

pub(crate) struct Simulator {
    address: SocketAddr,
    child: Child,
    /// Where its certificate is, if it speaks TLS.
    directory: Option<TempDir>,
}

impl Simulator {
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Over TLS, with HTTP/2 for those who offer it.
    pub(crate) fn start_tls() -> Self {
        Self::start_with(Some(TempDir::new().unwrap()))
    }

    fn start_with(directory: Option<TempDir>) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_conduit"));
        command.args(["simulate", "--listen", &address.to_string()]);
        if let Some(directory) = &directory {
            command.arg("--tls").arg(directory.path().join(CERTIFICATE));
        }
        let child = command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let simulator = Self { address, child, directory };
        let deadline = Instant::now() + Duration::from_secs(20);
        while !simulator.is_up() {
            assert!(Instant::now() < deadline, "the simulator does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        simulator
    }

    fn is_up(&self) -> bool {
        match self.directory {
            None => Ask::get("/").open(self.address).is_ok(),
            // It is written before connections are taken.
            Some(_) => self.certificate().metadata().is_ok_and(|file| file.len() > 0) && TcpStream::connect(self.address).is_ok(),
        }
    }

    /// The certificate of a simulator that speaks TLS.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.as_ref().expect("it speaks TLS").path().join(CERTIFICATE)
    }

    /// The base URL of a provider's API.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.directory.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/{path}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
