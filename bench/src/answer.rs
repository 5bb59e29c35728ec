//! Reads one HTTP/1.1 answer off a socket as cheaply as can be: the load generator shares the cores with what it measures.

use crate::Failure;
use crate::events::Counter;
use memchr::memmem;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// A pause in a stream that only a missing TCP_NODELAY explains (the peer's delayed acknowledgement comes after 40 ms).
pub(crate) const STALL: Duration = Duration::from_millis(35);

/// What one answer was like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer {
    /// Server-sent events, the terminal `[DONE]` included.
    pub(crate) events: u64,
    /// Reads that had to wait for longer than [`STALL`].
    pub(crate) stalls: u64,
}

/// One connection's receive buffer.
pub(crate) struct Reader {
    buffer: Vec<u8>,
}

enum Framing {
    Length(usize),
    Chunked,
}

impl Reader {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Reads one answer to its end; anything but a status of 200 is a failure that quotes the answer. `on_events` hears of events as they come.
    pub(crate) async fn read(&mut self, stream: &mut TcpStream, mut on_events: impl FnMut(u64)) -> Result<Answer, Failure> {
        self.buffer.clear();
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more(stream).await?;
        };
        let framing = framing(self.buffer.get(..head).unwrap_or_default())?;
        let ok = self.buffer.get(9..12) == Some(b"200");
        let mut answer = Answer::default();
        match framing {
            Framing::Length(length) => {
                while self.buffer.len() < head + length {
                    self.more(stream).await?;
                }
            }
            Framing::Chunked if ok => self.chunked(stream, head, &mut answer, &mut on_events).await?,
            Framing::Chunked => {}
        }
        match ok {
            true => Ok(answer),
            false => Err(format!("an answer was not 200: {}", String::from_utf8_lossy(&self.buffer)).into()),
        }
    }

    async fn chunked(
        &mut self,
        stream: &mut TcpStream,
        head: usize,
        answer: &mut Answer,
        on_events: &mut impl FnMut(u64),
    ) -> Result<(), Failure> {
        let mut counter = Counter::default();
        let mut fed = head;
        loop {
            let before = counter.events();
            let ended = counter.feed(self.buffer.get(fed..).unwrap_or_default())?;
            answer.events = counter.events();
            on_events(counter.events() - before);
            if ended {
                return Ok(());
            }
            // Streams are counted, not kept.
            self.buffer.clear();
            fed = 0;
            let asked = Instant::now();
            self.more(stream).await?;
            if asked.elapsed() >= STALL {
                answer.stalls += 1;
            }
        }
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<(), Failure> {
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err("a connection was closed before the end of an answer".into()),
            _ => Ok(()),
        }
    }
}

fn framing(head: &[u8]) -> Result<Framing, Failure> {
    let head = std::str::from_utf8(head)?;
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok(Framing::Length(value.trim().parse()?));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Framing::Chunked);
        }
    }
    Err(format!("an answer says neither its length nor that it is chunked: {head}").into())
}
