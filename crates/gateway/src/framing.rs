//! The framing of HTTP/1, watched byte by byte before hyper sees it.
//!
//! hyper takes what attacks on chains of proxies are made of: a length beside chunks, a length twice, lines that end in LF alone, chunk
//! extensions. Some of it cannot be seen once hyper has parsed a head. So every byte passes here first, through a second, stricter reading of the
//! same grammar; where that finds a fault, hyper gets bytes that it refuses itself with 400 and a closed connection, in order behind the
//! answers that are still on their way. Nothing that this reading has not understood reaches a handler (R53).

mod chunks;
mod head;

use chunks::Chunks;
use head::{Body, Head};
use memchr::memchr;

/// HTTP/2 begins with this; what follows is another crate's to judge.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// No part of a head, of a chunk's size or of a trailer: hyper ends the connection on it, with 400 where no answer has begun.
const REFUSAL: &[u8] = b"\0\r\n\r\n";

/// One connection's reading.
pub(crate) struct Framing {
    state: State,
}

enum State {
    /// The bytes so far are the beginning of HTTP/2's preface.
    Opening(usize),
    Head(Box<Head>),
    /// A body of known length: so many bytes are left.
    Length(u64),
    Chunks(Chunks),
    Http2,
    /// So many bytes of the refusal have been handed on.
    Refused(usize),
}

/// What the bytes were, as far as timers want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between two requests, or before the first: not a byte of a head is there.
    Between,
    WithinHead,
    WithinBody,
    Http2,
    Refused,
}

/// The reading stops here: what comes later in these bytes is not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// So many bytes are sound.
    pub(crate) sound: usize,
}

impl Default for Framing {
    fn default() -> Self {
        Self { state: State::Opening(0) }
    }
}

impl Framing {
    /// Reads the next bytes.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.step(rest) {
                Ok(count) => at += count,
                Err(sound) => {
                    self.state = State::Refused(0);
                    return Err(Refused { sound: at + sound });
                }
            }
        }
        Ok(())
    }

    /// Reads some bytes; how many. The error is how many of them are sound.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, usize> {
        match &mut self.state {
            State::Opening(matched) => {
                let expected = PREFACE.get(*matched..).unwrap_or_default();
                let alike = expected.iter().zip(bytes).take_while(|(left, right)| left == right).count();
                *matched += alike;
                if *matched == PREFACE.len() {
                    self.state = State::Http2;
                } else if alike < bytes.len() {
                    let matched = *matched;
                    return self.open_http1(matched).map(|()| alike).map_err(|()| alike);
                }
                Ok(alike)
            }
            State::Head(head) => {
                let (taken, complete) = match memchr(b'\n', bytes) {
                    Some(end) => (end + 1, true),
                    None => (bytes.len(), false),
                };
                let piece = bytes.get(..taken).unwrap_or_default();
                // A refusal takes the place of the line's end.
                let sound = if complete { taken.saturating_sub(2) } else { 0 };
                match head.take(piece, complete).map_err(|()| sound)? {
                    Some(Body::None) => **head = Head::default(),
                    Some(Body::Length(length)) => self.state = State::Length(length),
                    Some(Body::Chunked) => self.state = State::Chunks(Chunks::default()),
                    None => {}
                }
                Ok(taken)
            }
            State::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Head(Box::default());
                }
                Ok(taken)
            }
            State::Chunks(chunks) => {
                let (taken, ended) = chunks.take(bytes)?;
                if ended {
                    self.state = State::Head(Box::default());
                }
                Ok(taken)
            }
            State::Http2 => Ok(bytes.len()),
            State::Refused(_) => Err(0),
        }
    }

    /// It is not HTTP/2: what was held for its preface is the beginning of a head.
    fn open_http1(&mut self, matched: usize) -> Result<(), ()> {
        let mut head = Box::<Head>::default();
        let held = PREFACE.get(..matched).unwrap_or_default();
        for line in held.split_inclusive(|byte| *byte == b'\n') {
            head.take(line, line.ends_with(b"\n"))?;
        }
        self.state = State::Head(head);
        Ok(())
    }

    /// What hyper is to read in place of what was refused; empty when it has had all of it.
    pub(crate) fn refusal(&mut self, most: usize) -> Option<&'static [u8]> {
        let State::Refused(given) = &mut self.state else { return None };
        let rest = REFUSAL.get(*given..).unwrap_or_default();
        let piece = rest.get(..most).unwrap_or(rest);
        *given += piece.len();
        Some(piece)
    }

    pub(crate) fn phase(&self) -> Phase {
        match &self.state {
            State::Opening(0) => Phase::Between,
            State::Head(head) if head.is_untouched() => Phase::Between,
            State::Opening(_) | State::Head(_) => Phase::WithinHead,
            State::Length(_) | State::Chunks(_) => Phase::WithinBody,
            State::Http2 => Phase::Http2,
            State::Refused(_) => Phase::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
