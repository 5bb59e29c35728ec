//! The worker threads: each with a runtime of its own, and the connections that were handed to it.

use super::Stage;
use crate::connections::Pass;
use crate::guests::{Guests, Word};
use crate::service::Gateway;
use crate::socket::{self, Socket};
use crate::visit::{self, Visit};
use crate::{respond, route};
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A connection on its way to its worker.
pub(super) struct Arrived {
    pub(super) stream: std::net::TcpStream,
    pub(super) peer: IpAddr,
    pub(super) pass: Pass,
}

#[derive(Clone)]
pub(super) struct Pool {
    workers: Arc<Vec<Worker>>,
}

struct Worker {
    queue: mpsc::UnboundedSender<Arrived>,
    open: Arc<AtomicUsize>,
}

impl Pool {
    pub(super) fn start(gateway: &Arc<Gateway>, count: usize, stages: &watch::Receiver<Stage>) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let started =
            (0..count).map(|number| Worker::start(Arc::clone(gateway), number, stages.clone())).collect::<io::Result<Vec<_>>>()?;
        let (workers, threads): (Vec<_>, Vec<_>) = started.into_iter().unzip();
        Ok((Self { workers: Arc::new(workers) }, threads))
    }

    /// To the worker with the fewest connections.
    pub(super) fn hand_over(&self, stream: tokio::net::TcpStream, arrived: impl FnOnce(std::net::TcpStream) -> Arrived) {
        let Ok(stream) = stream.into_std() else { return };
        if let Some(worker) = self.workers.iter().min_by_key(|worker| worker.open.load(Ordering::Relaxed)) {
            worker.open.fetch_add(1, Ordering::Relaxed);
            if worker.queue.send(arrived(stream)).is_err() {
                worker.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn open(&self) -> usize {
        self.workers.iter().map(|worker| worker.open.load(Ordering::Acquire)).sum()
    }
}

impl Worker {
    fn start(gateway: Arc<Gateway>, number: usize, stages: watch::Receiver<Stage>) -> io::Result<(Self, JoinHandle<()>)> {
        let (queue, connections) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counter = Arc::clone(&open);
        let thread = std::thread::Builder::new()
            .name(format!("worker-{number}"))
            .spawn(move || runtime.block_on(work(gateway, connections, counter, stages)))?;
        Ok((Self { queue, open }, thread))
    }
}

async fn work(
    gateway: Arc<Gateway>,
    mut connections: mpsc::UnboundedReceiver<Arrived>,
    open: Arc<AtomicUsize>,
    mut stages: watch::Receiver<Stage>,
) {
    let protocol = Arc::new(protocol());
    let guests = Guests::new(Arc::clone(&gateway));
    tokio::spawn(guests.clone().sweep());
    loop {
        tokio::select! {
            arrived = connections.recv() => {
                let Some(arrived) = arrived else { return };
                let closed = Closed(Arc::clone(&open));
                let connection = converse(arrived, Arc::clone(&gateway), Arc::clone(&protocol), guests.clone());
                tokio::spawn(async move {
                    let _closed = closed;
                    connection.await;
                });
            }
            Ok(()) = stages.changed() => match *stages.borrow_and_update() {
                Stage::Serving => {}
                Stage::Closing => guests.close(),
                Stage::Cutting => {
                    guests.close();
                    guests.cut();
                }
            },
        }
    }
}

/// Counts the connection down, however its task ends.
struct Closed(Arc<AtomicUsize>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

/// The limits of the protocols themselves. Heads and idle connections are timed by the sweep, for all of them alike.
fn protocol() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // hyper keeps up to the buffer's size of an answer for a caller that reads slowly (R3); it is also the longest head.
    builder.http1().header_read_timeout(None).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(200)
        .max_header_list_size(32 << 10)
        .max_send_buf_size(64 << 10)
        .initial_stream_window_size(256 << 10)
        .initial_connection_window_size(1 << 20)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(128);
    builder
}

async fn converse(arrived: Arrived, gateway: Arc<Gateway>, protocol: Arc<auto::Builder<TokioExecutor>>, guests: Guests) {
    let Arrived { stream, peer, pass: _pass } = arrived;
    let Ok(stream) = socket::tune(&stream).and_then(|()| tokio::net::TcpStream::from_std(stream)) else { return };
    let socket = Socket::new(stream);
    let guest = guests.enter(socket.watch(), socket.pulse(), peer);
    let service = service_fn(|request: Request<Incoming>| {
        let stay = guests.stay(&guest, request.version() == Version::HTTP_2);
        let gateway = Arc::clone(&gateway);
        async move {
            let response = attend(gateway, request, &stay.visit).await;
            Ok::<_, Infallible>(response.map(|answer| stay.with(answer)))
        }
    });
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(socket), service));
    let mut is_leaving = false;
    std::future::poll_fn(|context| {
        match guest.listen(context) {
            // Dropping the connection drops its requests, which closes their connections to providers.
            Word::Go => return Poll::Ready(()),
            Word::Leave if !is_leaving => {
                is_leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            Word::Leave | Word::Stay => {}
        }
        connection.as_mut().poll(context).map(|ended| {
            if let Err(error) = ended {
                tracing::debug!(error, "a connection ended early");
            }
        })
    })
    .await;
}

/// The answer, or the end of the grace.
async fn attend(gateway: Arc<Gateway>, request: Request<Incoming>, visit: &Arc<Visit>) -> Response<respond::Answer> {
    let dialect = route::dialect(request.uri().path());
    let attended = {
        let mut attended = pin!(gateway.attend(request, Arc::clone(visit)));
        std::future::poll_fn(|context| {
            if visit.is_cut() {
                return Poll::Ready(None);
            }
            let polled = attended.as_mut().poll(context);
            if polled.is_pending() {
                visit.sets_aside(context);
            }
            polled.map(Some)
        })
        .await
    };
    attended.unwrap_or_else(|| {
        let fault = visit::draining();
        visit.answered(fault.status(), Some(fault.rule().name), false);
        let request_id = visit.request_id();
        let mut response = respond::fault(&fault.into(), dialect, request_id);
        respond::name_request(response.headers_mut(), dialect, request_id);
        response
    })
}
