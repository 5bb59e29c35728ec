//! A small HTTP client that shares no code with the product and can stop at any byte.

use super::canary;
use serde_json::Value;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any limit that a journey sets: a hang is a failure, not a wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
    kept_alive: bool,
    behind: Vec<u8>,
}

impl Ask {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
            kept_alive: false,
            behind: Vec::new(),
        }
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::post_bytes(path, body.to_string().as_bytes())
    }

    pub(crate) fn post_bytes(path: &str, body: &[u8]) -> Self {
        Self { method: "POST", path: path.to_owned(), headers: Vec::new(), body: body.to_vec(), ..Self::get(path) }
            .header("content-type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request by another method.
    pub(crate) fn by(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// The same request to another path.
    pub(crate) fn to(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Sends the body in chunks, without saying how long it is.
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// The request as text, to be sent behind another one.
    pub(crate) fn text(&self, host: &str) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n{headers}\r\n{body}", self.method, self.path, self.body.len())
    }

    /// Keeps the connection for a next request, and sends these bytes right behind the body.
    pub(crate) fn followed_by(mut self, bytes: &str) -> Self {
        self.kept_alive = true;
        self.behind = bytes.into();
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Sends the request and reads the answer's head.
    pub(crate) fn open(&self, address: SocketAddr) -> Result<Answer> {
        let mut stream = self.send(address)?;
        stream.flush()?;
        Answer::read(stream)
    }

    /// Sends the request and reads nothing.
    pub(crate) fn send(&self, address: SocketAddr) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (framing, body) = if self.chunked {
            let chunks = self.body.chunks(1_000).map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            ("transfer-encoding: chunked".to_owned(), chunks.chain([b"0\r\n\r\n".to_vec()]).flatten().collect())
        } else {
            (format!("content-length: {}", self.body.len()), self.body.clone())
        };
        let body: Vec<u8> = [body, self.behind.clone()].concat();
        let connection = if self.kept_alive { "keep-alive" } else { "close" };
        let head =
            format!("{} {} HTTP/1.1\r\nhost: {address}\r\nconnection: {connection}\r\n{framing}\r\n{headers}\r\n", self.method, self.path);
        stream.write_all(head.as_bytes())?;
        // A gateway that refuses a large body early closes while it is still sent.
        match stream.write_all(&body) {
            Err(error) if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Err(error),
            _ => Ok(stream),
        }
    }

    /// The whole exchange; panics where the answer is no HTTP.
    pub(crate) fn at(&self, address: SocketAddr) -> Reply {
        self.open(address).and_then(Answer::whole).unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    /// Bytes of the body that are not yet part of an event.
    pending: Vec<u8>,
    ended: bool,
}

impl Answer {
    fn read(stream: TcpStream) -> Result<Self> {
        let mut reader = BufReader::new(stream);
        let first = line(&mut reader)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| bad(&first))?;
        let mut headers = Vec::new();
        loop {
            let text = line(&mut reader)?;
            if text.is_empty() {
                canary::judge_answer(format!("{headers:?}").as_bytes());
                return Ok(Self { status, headers, reader, pending: Vec::new(), ended: false });
            }
            let (name, value) = text.split_once(':').ok_or_else(|| bad(&text))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The next piece of the body; empty at its end. A body that breaks off is an error.
    fn piece(&mut self) -> Result<Vec<u8>> {
        if self.ended {
            return Ok(Vec::new());
        }
        if self.header("transfer-encoding").is_some() {
            let size = line(&mut self.reader)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| bad(&size))?;
            let mut piece = vec![0; size];
            self.reader.read_exact(&mut piece)?;
            line(&mut self.reader)?;
            self.ended = size == 0;
            return Ok(piece);
        }
        self.ended = true;
        let length = self.header("content-length").and_then(|text| text.parse().ok());
        let mut body = Vec::new();
        match length {
            Some(length) => {
                body.resize(length, 0);
                self.reader.read_exact(&mut body)?;
            }
            None => {
                self.reader.read_to_end(&mut body)?;
            }
        }
        Ok(body)
    }

    /// The next server-sent event with its blank line; `None` at the end of the stream.
    pub(crate) fn event(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(at) = self.pending.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.pending.drain(..at + 2).collect();
                canary::judge_answer(&event);
                return String::from_utf8(event).map(Some).map_err(|_| bad("an event is not UTF-8"));
            }
            let piece = self.piece()?;
            if piece.is_empty() {
                return if self.pending.is_empty() { Ok(None) } else { Err(bad("the stream ended inside of an event")) };
            }
            self.pending.extend(piece);
        }
    }

    pub(crate) fn whole(mut self) -> Result<Reply> {
        let mut body = std::mem::take(&mut self.pending);
        loop {
            let piece = self.piece()?;
            if piece.is_empty() && self.ended {
                canary::judge_answer(&body);
                return Ok(Reply { status: self.status, headers: self.headers, body });
            }
            body.extend(piece);
        }
    }
}

/// A whole answer.
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("status {} and no JSON: {}", self.status, self.text()))
    }

    /// Status, type and code, as the contract's table has them.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let word = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        assert!(!word("message").is_empty(), "an error without a message: {body}");
        (self.status, word("type"), word("code"))
    }

    /// The data of each event of a stream, comments left out.
    pub(crate) fn data(&self) -> Vec<String> {
        let text = self.text();
        assert!(text.is_empty() || text.ends_with("\n\n"), "the stream ends inside of an event: {text}");
        text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Result<String> {
    let mut text = String::new();
    if reader.read_line(&mut text)? == 0 {
        return Err(Error::new(ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn bad(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}
