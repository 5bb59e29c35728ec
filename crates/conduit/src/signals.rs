//! SIGTERM and SIGINT: the first asks for a stop, the second for one at once.

use crate::failure::Failure;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C.
pub(crate) const BY_HAND: &str = "SIGINT";

pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves. Needs a runtime.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())? })
    }

    /// Waits for the next one and says which it was.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => BY_HAND,
        }
    }
}

/// SIGHUP: the configuration is to be read again. From here on it no longer ends the process. Needs a runtime.
pub(crate) fn hangup() -> Result<Signal, Failure> {
    on(SignalKind::hangup())
}

fn on(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::failed(format!("signals cannot be listened for: {error}")))
}
