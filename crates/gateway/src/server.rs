//! The server: acceptors, one single-threaded worker per core, and the way down in order.
//!
//! A connection and everything that it causes, the calls to providers included, stay on one thread: a streamed event then crosses no thread
//! and wakes nobody, which is where a work-stealing runtime spends most of its time as a proxy.

mod accept;
mod worker;

use crate::connections::Door;
use crate::service::Gateway;
use accept::accept;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use worker::Pool;

/// How far Conduit is on its way down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Stage {
    Serving,
    /// No connection is accepted, no request begun; what is under way goes on.
    Closing,
    /// What is still under way is ended with an error.
    Cutting,
}

/// How long ended streams may take to reach their callers.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until `shutdown` resolves, and then goes down in order (R50): readiness says no at once while connections are still accepted, so
/// that a balancer looks elsewhere; after `Settings::drain_delay` nothing new is taken and what is under way gets up to `grace`; what is left
/// then ends with an error in the caller's dialect and a settled account.
///
/// Returns when all connections are closed, or at the latest two seconds after the grace.
pub async fn serve(
    gateway: Arc<Gateway>,
    listeners: Vec<TcpListener>,
    workers: usize,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<()> {
    let (stage, stages) = watch::channel(Stage::Serving);
    let (pool, threads) = Pool::start(&gateway, workers.max(1), &stages)?;
    let door = Door::new(Arc::clone(&gateway));
    let mut acceptors = Vec::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        acceptors.push(tokio::spawn(accept(listener, pool.clone(), Arc::clone(&door), stages.clone())));
    }
    shutdown.await;
    gateway.readiness().drain();
    gateway.metrics().draining.set(1);
    if !gateway.readiness().is_unwatched() {
        tokio::time::sleep(gateway.settings().drain_delay).await;
    }
    // The acceptors and the workers watch the same channel.
    let _ = stage.send(Stage::Closing);
    for acceptor in acceptors {
        let _ = acceptor.await;
    }
    if !closed_within(&pool, grace).await {
        tracing::warn!(connections = pool.open(), "the grace is over: what is still under way is ended with an error");
        let _ = stage.send(Stage::Cutting);
        if !closed_within(&pool, LAST_WORDS).await {
            tracing::warn!(connections = pool.open(), "callers that do not take their last bytes are dropped");
        }
    }
    drop(pool);
    // With their queues closed the workers end; what still runs on them is dropped, and its drop settles it.
    let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
    if !matches!(joined.await, Ok(true)) {
        tracing::error!("a worker thread ended in panic");
    }
    Ok(())
}

async fn closed_within(pool: &Pool, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while pool.open() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pool.open() == 0
}

#[cfg(test)]
mod tests;
