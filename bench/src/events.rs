//! Counts the events of a chunked stream without copying it.

use crate::Failure;
use memchr::memchr_iter;

/// Where the chunk framing stands, and how many blank lines went by.
#[derive(Default)]
pub(crate) struct Counter {
    state: State,
    events: u64,
    last_was_newline: bool,
}

#[derive(Clone, Copy)]
enum State {
    Size(usize),
    SizeEnd(usize),
    Data(usize),
    /// CR and LF after the data.
    DataEnd(u8),
    /// After the last chunk: the blank line.
    End(u8),
}

impl Default for State {
    fn default() -> Self {
        Self::Size(0)
    }
}

impl Counter {
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Takes the next bytes; true when they end the body.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<bool, Failure> {
        while let Some((first, rest)) = bytes.split_first() {
            self.state = match self.state {
                State::Data(left) => {
                    let (data, after) = bytes.split_at(left.min(bytes.len()));
                    self.count(data);
                    bytes = after;
                    self.state = if data.len() == left { State::DataEnd(2) } else { State::Data(left - data.len()) };
                    continue;
                }
                State::Size(size) => match (first, char::from(*first).to_digit(16)) {
                    (b'\r', _) => State::SizeEnd(size),
                    (_, Some(digit)) => State::Size(size * 16 + digit as usize),
                    _ => return Err("a chunk size is no number".into()),
                },
                State::SizeEnd(0) => State::End(2),
                State::SizeEnd(size) => State::Data(size),
                State::DataEnd(1) => State::Size(0),
                State::DataEnd(left) => State::DataEnd(left - 1),
                State::End(1) => return Ok(true),
                State::End(left) => State::End(left - 1),
            };
            bytes = rest;
        }
        Ok(false)
    }

    fn count(&mut self, data: &[u8]) {
        let mut expected = if self.last_was_newline { Some(0) } else { None };
        for at in memchr_iter(b'\n', data) {
            if expected == Some(at) {
                self.events += 1;
                expected = None;
            } else {
                expected = Some(at + 1);
            }
        }
        if !data.is_empty() {
            self.last_was_newline = expected == Some(data.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_however_the_bytes_are_cut() {
        let body = "a\r\ndata: 12\n\n\r\n1\r\nd\r\nC\r\nata: 3\n\ndata\r\n3\r\n: 4\r\n1\r\n\n\r\n1\r\n\n\r\n0\r\n\r\n".as_bytes();
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let mut counter = Counter::default();
                let pieces = [body.get(..first), body.get(first..second), body.get(second..)];
                let ended: Vec<_> = pieces.into_iter().flatten().map(|piece| counter.feed(piece).unwrap()).collect();
                assert_eq!(counter.events(), 3, "{first} {second}");
                assert!(ended.contains(&true), "{first} {second}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        assert!(Counter::default().feed(b"x\r\n").is_err());
    }
}
