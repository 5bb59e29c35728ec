//! Against real listeners on loopback.

mod cancel;
mod guard;
mod plain;
mod secure;

use super::*;
use http_body_util::BodyExt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECT: Duration = Duration::from_secs(2);

fn egress(allow_private_network: bool) -> Egress {
    Egress { allow_private_network, connect_timeout: CONNECT, in_process: false }
}

fn post(url: &str, body: &'static str) -> Request<Bytes> {
    Request::post(url).body(Bytes::from_static(body.as_bytes())).unwrap()
}

async fn text(answer: Response<UpstreamBody>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// A listener that hands each connection, with its number from 1, to a script.
struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    async fn start<F: Future<Output = ()> + Send + 'static>(script: impl Fn(TcpStream, usize) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(script(stream, counter.fetch_add(1, Ordering::SeqCst) + 1));
            }
        });
        Self { address, connections }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/x?q=hidden", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads one request with a content-length (or none) and returns its text; `None` when the client closed.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut seen).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
