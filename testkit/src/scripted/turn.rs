//! What is done for one request, step by step.

use std::sync::Arc;
use std::time::Duration;

/// The steps of one turn. After the last one the connection stays open for the next request, unless a step ended it.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    Repeat { bytes: Arc<[u8]>, times: usize },
    Trickle { bytes: Vec<u8>, size: usize, every: Duration },
    Stall,
    Close,
    Reset,
}

impl Turn {
    /// Nothing yet: the next request is read at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// A complete answer with `content-length`.
    pub fn answer(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::answer_with(status, &[("content-type", content_type)], body)
    }

    /// A complete JSON answer.
    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::answer(status, "application/json", body)
    }

    /// A complete answer with these header fields and `content-length`.
    pub fn answer_with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        let headers: Vec<_> = headers.iter().copied().chain([("content-length", length.as_str())]).collect();
        Self::new().head(status, &headers).send(body)
    }

    /// A complete chunked stream of events, each given with its blank line, sent one by one without a pause.
    pub fn sse<E: AsRef<[u8]>>(events: impl IntoIterator<Item = E>) -> Self {
        Self::sse_open(events).end_chunks()
    }

    /// Like [`Self::sse`] with a pause before every event.
    pub fn sse_every<E: AsRef<[u8]>>(pause: Duration, events: impl IntoIterator<Item = E>) -> Self {
        events.into_iter().fold(Self::sse_open::<&str>([]), |turn, event| turn.wait(pause).chunk(event)).end_chunks()
    }

    /// The head and these events of a stream that is not over: go on with `chunk`, `stall`, `close`, `reset` or `end_chunks`.
    pub fn sse_open<E: AsRef<[u8]>>(events: impl IntoIterator<Item = E>) -> Self {
        let head = Self::new().head(200, &[("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]);
        events.into_iter().fold(head, Self::chunk)
    }

    /// No answer, ever.
    pub fn never() -> Self {
        Self::new().stall()
    }

    /// Status line and header fields, with the blank line.
    pub fn head(self, status: u16, headers: &[(&str, &str)]) -> Self {
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.send(format!("HTTP/1.1 {status} Scripted\r\n{fields}\r\n"))
    }

    /// These bytes as they are: a body, garbage, half a head.
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Send(bytes.as_ref().to_vec()))
    }

    /// These bytes as one chunk of a chunked body.
    pub fn chunk(self, bytes: impl AsRef<[u8]>) -> Self {
        let mut framed = format!("{:x}\r\n", bytes.as_ref().len()).into_bytes();
        framed.extend_from_slice(bytes.as_ref());
        framed.extend_from_slice(b"\r\n");
        self.send(framed)
    }

    /// The end of a chunked body.
    pub fn end_chunks(self) -> Self {
        self.send("0\r\n\r\n")
    }

    pub fn wait(self, pause: Duration) -> Self {
        self.then(Step::Wait(pause))
    }

    /// These bytes as they are, `size` at a time, with a pause before each piece.
    pub fn trickle(self, bytes: impl AsRef<[u8]>, size: usize, every: Duration) -> Self {
        self.then(Step::Trickle { bytes: bytes.as_ref().to_vec(), size: size.max(1), every })
    }

    /// These bytes so many times in a row: more than a test would like to hold.
    pub fn repeat(self, bytes: impl AsRef<[u8]>, times: usize) -> Self {
        self.then(Step::Repeat { bytes: bytes.as_ref().into(), times })
    }

    /// Nothing more until the peer closes.
    pub fn stall(self) -> Self {
        self.then(Step::Stall)
    }

    /// An orderly end of the connection (FIN).
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// A hard end of the connection (RST).
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
