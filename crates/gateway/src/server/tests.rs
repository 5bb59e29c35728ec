//! The server over real sockets: what strangers send, what slow callers do, what happens when there is too much and when it ends.

mod admin;
mod connections;
mod cost;
mod drain;
mod http1;
mod http2;
mod load;
mod slow;

use super::*;
use crate::ports::{Admin, BodyError, SendFault, Upstream, UpstreamBody};
use crate::service::Settings;
use crate::testing::{House, KEY, Open, mapping, provider};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::{Body, Frame};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// Longer than any limit that a test sets.
const PATIENCE: Duration = Duration::from_secs(10);

/// A provider whose streams say a word at every interval, `words` of them, and then end in order.
pub(super) struct Drip {
    every: Duration,
    words: usize,
    word: String,
    /// Answers under way.
    open: Arc<AtomicUsize>,
    is_silent: bool,
}

impl Drip {
    fn new(every: Duration, words: usize) -> Self {
        Self { every, words, word: "word".to_owned(), open: Arc::default(), is_silent: false }
    }

    fn endless() -> Self {
        Self::new(Duration::from_millis(20), usize::MAX)
    }

    /// Never answers.
    fn silent() -> Self {
        Self { is_silent: true, ..Self::endless() }
    }

    /// As much as is taken.
    fn flood() -> Self {
        Self { word: "w".repeat(32 << 10), ..Self::new(Duration::ZERO, usize::MAX) }
    }
}

struct Dripping {
    tick: Pin<Box<tokio::time::Sleep>>,
    every: Duration,
    said: usize,
    words: usize,
    word: String,
    open: Arc<AtomicUsize>,
}

impl Drop for Dripping {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Dripping {
    fn event(&self) -> Option<String> {
        let chunk = |delta, finish| {
            let choice = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
            format!("data: {}\n\n", json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choice}))
        };
        match self.said.checked_sub(self.words) {
            None => Some(chunk(json!({"content": self.word}), json!(null))),
            Some(0) => Some(chunk(json!({}), json!("stop"))),
            Some(1) => Some("data: [DONE]\n\n".to_owned()),
            Some(_) => None,
        }
    }
}

impl Body for Dripping {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.said > 0 && !self.every.is_zero() {
            std::task::ready!(self.tick.as_mut().poll(context));
        }
        let next = tokio::time::Instant::now() + self.every;
        self.tick.as_mut().reset(next);
        let event = self.event();
        self.said = self.said.saturating_add(1);
        Poll::Ready(event.map(|event| Ok(Frame::data(Bytes::from(event)))))
    }
}

impl Upstream for Drip {
    fn send<'a>(
        &'a self,
        request: Request<Bytes>,
        _: &'a crate::egress::Egress,
    ) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        let streams = request.body().windows(13).any(|window| window == b"\"stream\":true");
        Box::pin(async move {
            if self.is_silent || !streams {
                std::future::pending::<()>().await;
            }
            self.open.fetch_add(1, Ordering::SeqCst);
            let body = Dripping {
                tick: Box::pin(tokio::time::sleep(self.every)),
                every: self.every,
                said: 0,
                words: self.words,
                word: self.word.clone(),
                open: Arc::clone(&self.open),
            };
            let mut response = Response::new(UpstreamBody::new(body));
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            Ok(response)
        })
    }
}

/// A server on a port of its own.
pub(super) struct Running {
    address: SocketAddr,
    open: Open,
    stop: Option<oneshot::Sender<()>>,
    served: Option<std::thread::JoinHandle<io::Result<()>>>,
}

struct Setup {
    house: House,
    settings: Settings,
    upstream: Arc<dyn Upstream>,
    admin: Option<Arc<dyn Admin>>,
    grace: Duration,
}

impl Setup {
    /// The model `m` at one provider.
    fn new(upstream: impl Upstream + 'static) -> Self {
        Self {
            house: House::new().mapped(mapping("m", &provider("one", "openai"), "up-1", 1)),
            settings: Settings { drain_delay: Duration::ZERO, ..Settings::default() },
            upstream: Arc::new(upstream),
            admin: None,
            grace: Duration::ZERO,
        }
    }

    fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    fn run(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (send, opened) = std::sync::mpsc::channel();
        let served = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let open = self.house.settings(self.settings).open_with(self.upstream, self.admin);
                open.gateway.set_ready(Ok(()));
                let gateway = Arc::clone(&open.gateway);
                send.send(open).unwrap();
                let stopped = async {
                    let _ = stopped.await;
                };
                serve(gateway, vec![listener], 2, stopped, self.grace).await
            })
        });
        Running { address, open: opened.recv().unwrap(), stop: Some(stop), served: Some(served) }
    }
}

impl Running {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes.
    fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        rest(&mut stream)
    }

    /// A request on a connection of its own: status and body.
    fn get(&self, path: &str) -> (u16, String) {
        let answer = self.say(format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes());
        (status(&answer), answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// A chat whose answer's head has come; the rest is still to be read.
    fn chat(&self, body: &serde_json::Value) -> (TcpStream, String) {
        let mut stream = self.connect();
        stream.write_all(chat(body).as_bytes()).unwrap();
        let head = head(&mut stream);
        (stream, head)
    }

    fn stream(&self) -> TcpStream {
        let (stream, head) = self.chat(&streamed());
        assert_eq!(status(&head), 200, "{head}");
        stream
    }

    fn metric(&self, name: &str) -> String {
        let text = self.open.gateway.metrics().text();
        text.lines().find_map(|line| line.strip_prefix(name)).map_or_else(String::new, |value| value.trim().to_owned())
    }

    /// Waits until a gauge has a value.
    fn metric_becomes(&self, name: &str, value: &str) {
        eventually(name, || self.metric(name) == value);
    }

    fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits for the end; how long it took.
    fn ended(mut self) -> Duration {
        let began = Instant::now();
        if self.stop.is_some() {
            self.stop();
        }
        self.served.take().unwrap().join().unwrap().unwrap();
        began.elapsed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not come true");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn streamed() -> serde_json::Value {
    json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "hello"}]})
}

fn unary() -> serde_json::Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]})
}

fn chat(body: &serde_json::Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-length: {length}\r\n\r\n{body}")
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no HTTP: {answer:?}"))
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// What comes until the server closes; a connection that is reset has an end too.
fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server does not close: {error}; so far {:?}", String::from_utf8_lossy(&bytes)),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
