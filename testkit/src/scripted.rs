//! An upstream on a raw socket that does exactly what a script says: answers, trickles, stalls, closes, resets, talks nonsense.
//!
//! It runs on a thread of its own, so it serves tests with and without an async runtime. It records every request with its times, and when
//! the peer closed each connection, which is how a test shows that a cancelled call reached the provider.
//!
//! ```no_run
//! use std::time::Duration;
//! use testkit::scripted::{Script, Scripted, Turn};
//!
//! // The first request gets an answer, the second one a stream that is cut, all later ones nothing at all.
//! let upstream = Scripted::start(Script::sequence([
//!     Turn::json(200, r#"{"id":"1"}"#),
//!     Turn::sse_open(["data: {\"a\":1}\n\n"]).wait(Duration::from_millis(20)).reset(),
//!     Turn::never(),
//! ]));
//! let base_url = upstream.url(); // "http://127.0.0.1:40123"
//! // ... run the code under test against it, then:
//! assert_eq!(upstream.requests().len(), 3);
//! assert_eq!(upstream.requests()[0].json()["model"], "m");
//! let closed = upstream.wait_closed_blocking(2, Duration::from_secs(1)).expect("the peer closed");
//! ```
//!
//! Connections are numbered from 0 in the order in which they were accepted, requests in the order in which they were complete.
#![allow(clippy::expect_used, clippy::panic)] // a test kit that cannot work ends the test

mod connection;
mod request;
mod turn;

pub use request::Request;
pub use turn::Turn;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use turn::Step;

type Choice = dyn Fn(usize, &Request) -> Turn + Send + Sync;

/// Which turn a request gets.
pub struct Script {
    choose: Box<Choice>,
    on_connect: Vec<Step>,
}

impl Script {
    /// The same turn for every request.
    pub fn always(turn: Turn) -> Self {
        Self::choose(move |_, _| turn.clone())
    }

    /// The n-th request gets the n-th turn, over all connections; the last turn repeats.
    pub fn sequence(turns: impl IntoIterator<Item = Turn>) -> Self {
        let turns: Vec<_> = turns.into_iter().collect();
        let last = turns.last().cloned().expect("a sequence has one turn at least");
        Self::choose(move |number, _| turns.get(number).unwrap_or(&last).clone())
    }

    /// A turn by the request's number (from 0) and content, for example by its path.
    pub fn choose(choose: impl Fn(usize, &Request) -> Turn + Send + Sync + 'static) -> Self {
        Self { choose: Box::new(choose), on_connect: Vec::new() }
    }

    /// Every connection is treated so as soon as it is accepted, before a byte is read. `Turn::new().reset()` for example.
    pub fn on_connect(turn: Turn) -> Self {
        Self { on_connect: turn.steps, ..Self::always(Turn::never()) }
    }
}

/// A running upstream; dropping it ends all of its connections.
pub struct Scripted {
    address: SocketAddr,
    log: Arc<Log>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Scripted {
    /// Listens on a free port of 127.0.0.1 and follows the script from now on.
    pub fn start(script: Script) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let address = listener.local_addr().expect("a bound address");
        let log = Arc::new(Log::default());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime for the scripted upstream");
        let (thread_log, script) = (Arc::clone(&log), Arc::new(script));
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener for the runtime");
                tokio::select! {
                    () = accept(listener, script, thread_log) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, log, stop: Some(stop), thread: Some(thread) }
    }

    /// `http://127.0.0.1:port`, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All complete requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().requests.clone()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.log.lock().connections.len()
    }

    /// When the peer closed or reset a connection; `None` while it is open, when the script ended it first, or when there is none of that number.
    pub fn closed_at(&self, connection: usize) -> Option<Instant> {
        self.log.lock().connections.get(connection).and_then(|entry| entry.closed_by_peer)
    }

    /// When the script closed or reset a connection.
    pub fn ended_at(&self, connection: usize) -> Option<Instant> {
        self.log.lock().connections.get(connection).and_then(|entry| entry.ended_by_script)
    }

    /// Every byte that came over a connection, as it came.
    pub fn received(&self, connection: usize) -> Vec<u8> {
        self.log.lock().connections.get(connection).map_or_else(Vec::new, |entry| entry.received.clone())
    }

    /// Bytes that the operating system took for a connection: how far a slow reader let the upstream run ahead.
    pub fn sent(&self, connection: usize) -> usize {
        self.log.lock().connections.get(connection).map_or(0, |entry| entry.sent)
    }

    /// Waits until the peer closed a connection, at most `limit`.
    pub async fn wait_closed(&self, connection: usize, limit: Duration) -> Option<Instant> {
        wait(limit, || self.closed_at(connection)).await
    }

    /// Like [`Self::wait_closed`] for tests without a runtime.
    pub fn wait_closed_blocking(&self, connection: usize, limit: Duration) -> Option<Instant> {
        wait_blocking(limit, || self.closed_at(connection))
    }

    /// Waits until `count` requests are complete, at most `limit`; false when they were not.
    pub async fn wait_requests(&self, count: usize, limit: Duration) -> bool {
        wait(limit, || (self.log.lock().requests.len() >= count).then_some(())).await.is_some()
    }

    /// Like [`Self::wait_requests`] for tests without a runtime.
    pub fn wait_requests_blocking(&self, count: usize, limit: Duration) -> bool {
        wait_blocking(limit, || (self.log.lock().requests.len() >= count).then_some(())).is_some()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const POLL: Duration = Duration::from_millis(2);

async fn wait<T>(limit: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        match look() {
            None if Instant::now() < deadline => tokio::time::sleep(POLL).await,
            found => return found,
        }
    }
}

fn wait_blocking<T>(limit: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        match look() {
            None if Instant::now() < deadline => std::thread::sleep(POLL),
            found => return found,
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, script: Arc<Script>, log: Arc<Log>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let number = log.open();
        tokio::spawn(connection::serve(stream, number, Arc::clone(&script), Arc::clone(&log)));
    }
}

/// What happened so far.
#[derive(Default)]
struct Log {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    connections: Vec<Entry>,
}

#[derive(Default)]
struct Entry {
    closed_by_peer: Option<Instant>,
    ended_by_script: Option<Instant>,
    sent: usize,
    received: Vec<u8>,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn open(&self) -> usize {
        let mut state = self.lock();
        state.connections.push(Entry::default());
        state.connections.len() - 1
    }

    /// Files a request and returns its number.
    fn file(&self, request: Request) -> usize {
        let mut state = self.lock();
        state.requests.push(request);
        state.requests.len() - 1
    }

    fn note(&self, connection: usize, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().connections.get_mut(connection) {
            change(entry);
        }
    }
}

#[cfg(test)]
mod tests;
