//! `conduit simulate` as a process of its own: providers that are as strict as the real ones.

use super::http::Ask;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Simulator {
    address: SocketAddr,
    child: Child,
}

impl Simulator {
    pub(crate) fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_conduit"))
            .args(["simulate", "--listen", &address.to_string()])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let simulator = Self { address, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while Ask::get("/").open(address).is_err() {
            assert!(Instant::now() < deadline, "the simulator does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        simulator
    }

    /// The base URL of a provider's API.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
