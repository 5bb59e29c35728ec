//! The listener and the gateway behind it, from the moment the port is ours until the last connection has ended.

use crate::failure::Failure;
use gateway::Gateway;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    use socket2::{Domain, Protocol, Socket, Type};
    let bind = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    bind().map_err(|error: std::io::Error| Failure::failed(format!("cannot listen on {address}: {error}; choose another with --listen")))
}

/// A gateway that serves.
pub(super) struct Server {
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Health checks are answered from here on; everything else, once the gateway is opened.
    pub(super) fn start(gateway: &Arc<Gateway>, listener: TcpListener, grace: Duration) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        let serving = tokio::spawn(gateway::serve(Arc::clone(gateway), vec![listener], workers, shutdown, grace));
        Self { stop: Some(stop), serving }
    }

    /// Resolves when it serves no more: after [`Server::stop`], or because it cannot. Dropping the future changes nothing.
    pub(super) async fn ended(&mut self) -> Result<(), Failure> {
        match (&mut self.serving).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::failed(format!("the server cannot run: {error}"))),
            Err(error) => Err(Failure::failed(format!("the server ended early: {error}"))),
        }
    }

    /// Begins the drain.
    pub(super) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}
