//! `conduit serve`: puts the parts together, runs until it is asked to stop, and stops in order.
//!
//! The port comes first, and with it the health checks; requests are served once the database is there (R39).

pub(crate) mod admin_token;
pub(crate) mod data_dir;
pub(crate) mod database;
mod first_start;
mod greeting;
pub(crate) mod identity;
pub(crate) mod in_process;
pub(crate) mod objects;
mod opening;
mod readiness;
mod reload;
mod server;
mod settings;
mod upkeep;

use crate::config::{self, CommandLine, Config, Environment};
use crate::failure::Failure;
use crate::logging;
use crate::signals::{self, Signals};
use arc_swap::ArcSwap;
use gateway::keys::KeyRing;
use gateway::snapshot::Snapshot;
use gateway::{Gateway, Parts};
use opening::{Open, Opening};
use server::Server;
use std::sync::Arc;
use std::time::Duration;
use store::{Journal, Store};

/// How long the journal may take to reach the database when the process stops; what is left is taken up by the next start.
const FLUSH: Duration = Duration::from_secs(10);

/// What a process was started with.
struct Start<'a> {
    command_line: &'a CommandLine,
    environment: &'a Environment,
    config: Config,
}

pub(crate) fn run(command_line: &CommandLine, environment: &Environment) -> Result<(), Failure> {
    logging::start()?;
    let config = config::load(command_line, environment).map_err(Failure::failed)?;
    // The gateway brings a thread for each core; this runtime carries the journal's drain, the database, the admin API and the signals.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(serve(Start { command_line, environment, config }));
    // After a second signal something may still run: it is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(start: Start<'_>) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // Listened for from here on: before, it would end the process.
    let hangup = signals::hangup()?;
    // The port comes first: where it is taken, nothing has been created yet.
    let listener = server::listen(start.config.listen)?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let root = identity::root(&start.config)?;
    let settings = Arc::new(settings::of(&start.config.server));
    let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot { settings, ..Snapshot::default() }));
    let (keys, upstream) = (Arc::new(KeyRing::default()), Arc::new(in_process::Routes::new()?));
    let gateway = Gateway::new(Parts { snapshot: Arc::clone(&snapshot), keys: Arc::clone(&keys), upstream: Arc::clone(&upstream) as _ });
    let grace = start.config.server.shutdown_grace;
    let is_first_start = root.start == identity::Start::First;
    let opening = Opening { start: &start, root, address, gateway: &gateway, snapshot, keys, upstream };
    let (open, mut server) = if is_first_start {
        // Its database is made here and now. Who asks as soon as the address is printed waits at the port for these milliseconds.
        (opening.run().await?, Server::start(&gateway, listener, grace))
    } else {
        let mut server = Server::start(&gateway, listener, grace);
        let Some(open) = wait_for(opening, &mut server, &mut signals).await? else { return Ok(()) };
        (open, server)
    };
    let upkeep = open.keep_up(&start, &gateway, hangup);
    let signal = tokio::select! {
        ended = server.ended() => return ended.and(Err(Failure::failed("the server ended before it was asked to"))),
        signal = signals.next() => signal,
    };
    tracing::info!(signal, grace_seconds = grace.as_secs(), "stopping: requests under way may end");
    if signal == signals::BY_HAND {
        gateway.stop_without_delay();
    }
    upkeep.end();
    server.stop();
    tokio::select! {
        ended = server.ended() => ended?,
        signal = signals.next() => return Err(stopped_at_once(signal)),
    }
    let Open { journal, store, token, .. } = open;
    drop(token);
    tokio::select! {
        () = finish(&journal, &store) => Ok(()),
        signal = signals.next() => Err(stopped_at_once(signal)),
    }
}

/// Opens while the server tells its health; `None` where a signal asked to stop before the database was there.
async fn wait_for(opening: Opening<'_>, server: &mut Server, signals: &mut Signals) -> Result<Option<Open>, Failure> {
    tokio::select! {
        open = opening.run() => open.map(Some),
        ended = server.ended() => ended.and(Err(Failure::failed("the server ended before it was asked to"))),
        signal = signals.next() => {
            tracing::info!(signal, "stopping: the database was not there yet");
            Ok(None)
        }
    }
}

/// Requests under way are cut; what the journal holds is taken up by the next start.
fn stopped_at_once(signal: &str) -> Failure {
    Failure::failed(format!("stopped at once by a second signal ({signal})"))
}

/// Brings the journal into the database and closes both; neither failure loses a row.
async fn finish(journal: &Journal, store: &Store) {
    if let Err(left) = journal.flush(FLUSH).await {
        tracing::warn!(left, "usage rows are still in the journal: the next start takes them up");
    }
    match tokio::time::timeout(FLUSH, store.close()).await {
        Ok(Ok(())) => tracing::info!("conduit has stopped"),
        Ok(Err(error)) => tracing::warn!(%error, "the database was not closed in order"),
        Err(_) => tracing::warn!("the database was not closed in time"),
    }
}
