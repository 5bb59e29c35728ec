//! HTTP/2 frame by frame, as no client library would send it. Heads are literals without Huffman coding, so a test sees its own bytes.

use super::canary;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// SETTINGS_INITIAL_WINDOW_SIZE.
pub(crate) const INITIAL_WINDOW: u16 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const STEP: Duration = Duration::from_millis(20);

/// One frame, ready to be sent.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend_from_slice(&stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// A block of headers, each a literal that no table remembers.
pub(crate) fn block(headers: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            string(&mut block, text);
        }
    }
    block
}

/// A string of HPACK without Huffman coding.
pub(crate) fn string(block: &mut Vec<u8>, text: &[u8]) {
    integer(block, 7, 0, text.len());
    block.extend_from_slice(text);
}

/// An integer of HPACK with a prefix of so many bits; the bits above it are `mark`.
pub(crate) fn integer(block: &mut Vec<u8>, prefix: u8, mark: u8, value: usize) {
    let most = (1_usize << prefix) - 1;
    if value < most {
        block.push(mark | u8::try_from(value).unwrap());
        return;
    }
    block.push(mark | u8::try_from(most).unwrap());
    let mut rest = value - most;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

/// What came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The status that a block of headers begins with, as the gateway's encoder writes it: indexed, or a literal with an indexed name.
    pub(crate) fn status(&self) -> Option<u16> {
        let block = (self.kind == HEADERS).then_some(self.payload.as_slice())?;
        // A change of the table's size may stand in front.
        let block = if block.first()? >> 5 == 1 { &block[1..] } else { block };
        match block.first()? {
            indexed @ 0x88..=0x8e => [200, 204, 206, 304, 400, 404, 500].get(usize::from(indexed - 0x88)).copied(),
            0x48 | 0x08 | 0x18 => huffman_digits(block.get(2..)?, block.get(1)?),
            _ => None,
        }
    }
}

/// Three digits, plain or in HPACK's Huffman code, where 0 to 2 have five bits and the other digits six.
fn huffman_digits(bytes: &[u8], length: &u8) -> Option<u16> {
    if length & 0x80 == 0 {
        return std::str::from_utf8(bytes.get(..usize::from(*length))?).ok()?.parse().ok();
    }
    let bits: Vec<u8> =
        bytes.iter().take(usize::from(length & 0x7f)).flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let (mut at, mut status) = (0, 0);
    for _ in 0..3 {
        let number = |count: usize| Some(bits.get(at..at + count)?.iter().fold(0_u16, |value, bit| value << 1 | u16::from(*bit)));
        let digit = match number(5)? {
            digit @ 0..=2 => {
                at += 5;
                digit
            }
            _ => {
                let code = number(6)?;
                at += 6;
                code.checked_sub(0x19)? + 3
            }
        };
        status = status * 10 + digit;
    }
    Some(status)
}

/// A connection that speaks HTTP/2 with prior knowledge.
pub(crate) struct Http2 {
    stream: TcpStream,
    inbox: Vec<u8>,
    /// No more comes, or can be sent.
    pub ended: bool,
}

impl Http2 {
    /// Connects, and sends the preface with these settings.
    pub(crate) fn connect(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(STEP)).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let payload: Vec<u8> =
            settings.iter().flat_map(|(name, value)| [name.to_be_bytes().to_vec(), value.to_be_bytes().to_vec()].concat()).collect();
        // The gateway may refuse the connection at once: that shows when it is used.
        let _ = stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &payload)].concat());
        Self { stream, inbox: Vec::new(), ended: false }
    }

    /// False where the other side has closed, or takes nothing.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.ended |= self.stream.write_all(bytes).is_err();
        !self.ended
    }

    /// What comes within the time, or until `enough` says so.
    pub(crate) fn frames(&mut self, within: Duration, enough: impl Fn(&[Frame]) -> bool) -> Vec<Frame> {
        let deadline = Instant::now() + within;
        let mut frames = Vec::new();
        let mut piece = vec![0; 64 << 10];
        loop {
            while let Some(frame) = self.take() {
                canary::judge_answer(&frame.payload);
                frames.push(frame);
            }
            if enough(&frames) || self.ended || Instant::now() > deadline {
                return frames;
            }
            match self.stream.read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(count) => self.inbox.extend_from_slice(&piece[..count]),
                Err(error) => self.ended = !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let head = self.inbox.get(..9)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let payload = self.inbox.get(9..9 + length)?.to_vec();
        self.inbox.drain(..9 + length);
        Some(Frame { kind, flags, payload })
    }
}
