//! `conduit serve`: puts the parts together, runs until it is asked to stop, and stops in order.

mod data_dir;
mod first_start;
mod greeting;
mod identity;
mod in_process;
mod inventory;
mod readiness;

use crate::config::{self, CommandLine, Config, Environment};
use crate::failure::Failure;
use crate::logging;
use crate::signals::Signals;
use arc_swap::ArcSwap;
use gateway::keys::KeyHasher;
use gateway::snapshot::Snapshot;
use gateway::{Gateway, Opened, Parts, Settings};
use identity::{Root, Start};
use inventory::Inventory;
use secrecy::ExposeSecret;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use store::virtual_key::Pepper;
use store::{Journal, JournalOptions, Keys, Store, StoreConfig};

/// How long the journal may take to reach the database when the process stops; what is left is taken up by the next start.
const FLUSH: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted.
const BACKLOG: i32 = 4096;

pub(crate) fn run(command_line: &CommandLine, environment: &Environment) -> Result<(), Failure> {
    logging::start()?;
    let config = config::load(command_line, environment).map_err(Failure::failed)?;
    // The gateway brings a thread for each core; this runtime carries the journal's drain, the database and the signals.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(serve(&config));
    // After a second signal something may still run: it is not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // The port comes first: where it is taken, nothing has been created yet.
    let listener = listen(config.listen)?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let Root { secret, start } = identity::root(config)?;
    let keys = Arc::new(Keys::derive(&secret));
    let pepper = Arc::new(Pepper::new(&keys));
    let store = open_store(config, keys).await?;
    let journal = Arc::new(Journal::open(&config.data_dir, store.clone(), JournalOptions::default()).await.map_err(Failure::failed)?);
    if start == Start::First {
        first_start::run(config, &store, &pepper, address).await?;
    }
    let master_key = match &config.master_key {
        Some(key) => pepper.hash(key.expose_secret()),
        None => identity::stored_master_key(&store).await?,
    };
    let inventory = Inventory::load(config, &store, &*pepper, master_key).await?;
    tracing::info!(
        %address, models = inventory.snapshot.groups.len(), keys = inventory.keys.len(), version = env!("CARGO_PKG_VERSION"), "conduit starts"
    );
    let stored = inventory.keys.len().saturating_sub(config.keys.len());
    let settings = Settings { max_body: config.max_body, keepalive_after: config.keepalive_after, ..Settings::default() };
    let snapshot = Snapshot { settings: Arc::new(settings), ..inventory.snapshot };
    let gateway = Gateway::new(Parts {
        snapshot: Arc::new(ArcSwap::from_pointee(snapshot)),
        keys: Arc::new(inventory.keys),
        upstream: Arc::new(in_process::Routes::new()?),
    });
    gateway.open(Opened { hasher: pepper, master_key: Some(master_key), ledger: Arc::clone(&journal) as _, admin: None });
    if start == Start::Known {
        greeting::print(&greeting::known(address, config.keys.len(), stored))?;
    }
    run_until_stopped(gateway, listener, &store, config.shutdown_grace, &mut signals).await?;
    tokio::select! {
        () = finish(&journal, &store) => Ok(()),
        signal = signals.next() => Err(stopped_at_once(signal)),
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
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

async fn open_store(config: &Config, keys: Arc<Keys>) -> Result<Store, Failure> {
    let url = match &config.database_url {
        Some(url) => url.expose_secret().to_owned(),
        None => {
            let path = config.data_dir.join("conduit.db");
            let path = path
                .to_str()
                .ok_or_else(|| Failure::failed(format!("the data directory {} has a name that is not UTF-8", config.data_dir.display())))?;
            format!("sqlite://{path}")
        }
    };
    Store::open(StoreConfig::new(url), keys).await.map_err(Failure::failed)
}

/// The first signal drains, the second one ends at once.
async fn run_until_stopped(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    store: &Store,
    grace: Duration,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let readiness = readiness::watch(Arc::clone(&gateway), store.clone());
    let serving = gateway::serve(Arc::clone(&gateway), vec![listener], workers, shutdown, grace);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map_err(|error| Failure::failed(format!("the server cannot run: {error}"))),
        signal = signals.next() => tracing::info!(signal, grace_seconds = grace.as_secs(), "stopping: requests under way may end, no new ones are taken"),
    }
    readiness.end().await;
    gateway.set_ready(false);
    let _ = stop.send(());
    tokio::select! {
        ended = serving => ended.map_err(|error| Failure::failed(format!("the server did not stop in order: {error}"))),
        signal = signals.next() => Err(stopped_at_once(signal)),
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
