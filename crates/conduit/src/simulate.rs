//! `conduit simulate`: the provider simulator on a socket of its own.

use crate::config::listen_address;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::{logging, output};
use clap::Args;
use simulator::{Options, Simulator};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
    listen: String,
    /// Changes ids and texts of all answers; the same seed and request give the same answer.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
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
        let text = format!(
            "The simulator is running at http://{address}\nProvider APIs stand under /<provider type>, as http://{address}/openai/v1\n"
        );
        output::print(&text).map_err(Failure::failed)?;
        let stop = async move {
            let signal = signals.next().await;
            tracing::info!(signal, "stopping");
        };
        simulator::serve(listener, Simulator::new(Options { seed: arguments.seed }), stop).await;
        Ok(())
    })
}
