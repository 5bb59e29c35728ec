//! The accept loop: one acceptor, one single-threaded runtime per core, timers on every connection, graceful drain.
//!
//! A connection and everything that it causes, the calls to providers included, stay on one thread: a streamed event then crosses no thread
//! and wakes nobody, which is where a work-stealing runtime spends most of its time as a proxy.

use crate::guests::Guests;
use crate::service::Gateway;
use crate::socket::Socket;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::future::Future;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Serves until `shutdown` resolves, then drains: no new connections, requests in flight get up to `grace`.
///
/// Returns when all connections are closed or the grace is over.
pub async fn serve(
    gateway: Arc<Gateway>,
    listeners: Vec<TcpListener>,
    workers: usize,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let (pool, threads) = Pool::start(&gateway, workers.max(1), &stopping)?;
    let mut acceptors = Vec::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        acceptors.push(tokio::spawn(accept(listener, pool.clone(), stopping.clone())));
    }
    shutdown.await;
    gateway.readiness().drain();
    // The workers watch the same channel: idle connections close at once, busy ones after their answer.
    let _ = stop.send(true);
    for acceptor in acceptors {
        let _ = acceptor.await;
    }
    pool.drained(grace).await;
    drop(pool);
    // With their queues closed the workers end; what still runs on them is dropped, and its drop settles it.
    let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok()));
    if !matches!(joined.await, Ok(true)) {
        tracing::error!("a worker thread ended in panic");
    }
    Ok(())
}

async fn accept(listener: tokio::net::TcpListener, pool: Pool, mut stopping: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => return,
        };
        match accepted {
            Ok((stream, _peer)) => pool.hand_over(stream),
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: waiting lets connections end; a tight loop would burn a core.
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// The peer gave up between its SYN and our accept; says nothing about us.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The worker threads.
#[derive(Clone)]
struct Pool {
    workers: Arc<Vec<Worker>>,
}

struct Worker {
    queue: mpsc::UnboundedSender<TcpStream>,
    open: Arc<AtomicUsize>,
}

impl Pool {
    fn start(gateway: &Arc<Gateway>, count: usize, stopping: &watch::Receiver<bool>) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let started =
            (0..count).map(|number| Worker::start(Arc::clone(gateway), number, stopping.clone())).collect::<io::Result<Vec<_>>>()?;
        let (workers, threads): (Vec<_>, Vec<_>) = started.into_iter().unzip();
        Ok((Self { workers: Arc::new(workers) }, threads))
    }

    /// To the worker with the fewest connections.
    fn hand_over(&self, stream: tokio::net::TcpStream) {
        let Ok(stream) = stream.into_std() else { return };
        if let Some(worker) = self.workers.iter().min_by_key(|worker| worker.open.load(Ordering::Relaxed)) {
            worker.open.fetch_add(1, Ordering::Relaxed);
            if worker.queue.send(stream).is_err() {
                worker.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    async fn drained(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        while self.open() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if self.open() > 0 {
            tracing::warn!(connections = self.open(), "the grace is over; connections are cut");
        }
    }

    fn open(&self) -> usize {
        self.workers.iter().map(|worker| worker.open.load(Ordering::Acquire)).sum()
    }
}

impl Worker {
    fn start(gateway: Arc<Gateway>, number: usize, stopping: watch::Receiver<bool>) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, connections) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counter = Arc::clone(&open);
        let thread = std::thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || runtime.block_on(take(gateway, connections, counter, stopping)))?;
        Ok((Self { queue, open }, thread))
    }
}

async fn take(
    gateway: Arc<Gateway>,
    mut connections: mpsc::UnboundedReceiver<TcpStream>,
    open: Arc<AtomicUsize>,
    stopping: watch::Receiver<bool>,
) {
    let protocol = Arc::new(protocol(&gateway));
    let guests = Guests::default();
    tokio::spawn(guests.clone().sweep());
    while let Some(stream) = connections.recv().await {
        let closed = Closed(Arc::clone(&open));
        let connection = converse(stream, Arc::clone(&gateway), Arc::clone(&protocol), guests.clone(), stopping.clone());
        tokio::spawn(async move {
            let _closed = closed;
            connection.await;
        });
    }
}

/// Counts the connection down, however its task ends.
struct Closed(Arc<AtomicUsize>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

fn protocol(gateway: &Gateway) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(gateway.settings().head_timeout).max_buf_size(128 << 10);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(200);
    builder
}

async fn converse(
    stream: TcpStream,
    gateway: Arc<Gateway>,
    protocol: Arc<auto::Builder<TokioExecutor>>,
    guests: Guests,
    mut stopping: watch::Receiver<bool>,
) {
    let Ok(stream) = stream.set_nodelay(true).and_then(|()| tokio::net::TcpStream::from_std(stream)) else { return };
    let socket = Socket::new(stream, &gateway.settings());
    let guest = guests.enter(socket.watch());
    let service = service_fn(|request| {
        let gateway = Arc::clone(&gateway);
        let busy = guest.busy();
        async move {
            let visit = crate::visit::Visit::new(gateway.metrics(), None);
            let response = gateway.attend(request, visit).await;
            Ok::<_, std::convert::Infallible>(response.map(|answer| busy.with(answer)))
        }
    });
    let connection = protocol.serve_connection(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        // Dropping the connection drops its requests, which closes their connections to providers.
        () = guest.gone() => return tracing::debug!("the caller has gone"),
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = guest.gone() => return tracing::debug!("the caller has gone"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}
