//! `conduit simulate`: the provider simulator on a socket of its own.

use crate::config::listen_address;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::{logging, output};
use clap::Args;
use simulator::{Options, Simulator, Tls};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: String,
    /// Changes ids and texts of all answers; the same seed and request give the same answer.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Speak TLS, with a certificate that is made at the start and written to this file.
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address = listen_address(&arguments.listen).map_err(|message| Failure::usage(format!("--listen: {message}")))?;
    logging::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .map_err(|error| Failure::failed(format!("cannot listen on {address}: {error}")))?;
        let address = listener.local_addr().map_err(Failure::failed)?;
        let tls = arguments.tls.as_deref().map(|file| self_made(file, address.ip())).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let text = format!(
            "The simulator is running at {scheme}://{address}\nProvider APIs stand under /<provider type>, as {scheme}://{address}/openai/v1\n"
        );
        output::print(&text).map_err(Failure::failed)?;
        let stop = async move {
            let signal = signals.next().await;
            tracing::info!(signal, "stopping");
        };
        let simulator = Simulator::new(Options { seed: arguments.seed });
        match tls {
            Some(tls) => simulator::serve_tls(listener, simulator, tls, stop).await,
            None => simulator::serve(listener, simulator, stop).await,
        }
        Ok(())
    })
}

/// A certificate for this run, left where callers can read it.
fn self_made(file: &Path, address: IpAddr) -> Result<Tls, Failure> {
    let tls = Tls::self_made(address).map_err(Failure::failed)?;
    std::fs::write(file, tls.certificate())
        .map_err(|error| Failure::failed(format!("--tls: the certificate cannot be written to {}: {error}", file.display())))?;
    Ok(tls)
}
