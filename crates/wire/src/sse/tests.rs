//! R11: the same events wherever the bytes are cut.

use super::*;
use proptest::prelude::*;

/// A frame without its borrow; `raw` apart, because a line feed after a CR goes with either frame.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    event: String,
    data: String,
    id: Option<String>,
    retry: Option<u64>,
    terminated: bool,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Seen>,
    comments: usize,
    error: Option<FrameErrorKind>,
}

struct Collector {
    framer: Framer,
    outcome: Outcome,
    raw: Vec<u8>,
}

impl Collector {
    fn new(cap: usize) -> Self {
        Self { framer: Framer::new(cap), outcome: Outcome { events: Vec::new(), comments: 0, error: None }, raw: Vec::new() }
    }

    fn drain(&mut self, ended: bool) {
        loop {
            let next = if ended { self.framer.finish() } else { self.framer.next() };
            match next {
                Ok(Some(frame)) => {
                    assert_eq!(frame.span.start, self.raw.len() as u64);
                    self.raw.extend_from_slice(frame.raw);
                    assert_eq!(frame.span.end, self.raw.len() as u64);
                    self.outcome.comments += frame.comments;
                    if let Some(data) = frame.data {
                        self.outcome.events.push(Seen {
                            event: frame.event.into(),
                            data: data.into(),
                            id: frame.id.map(Into::into),
                            retry: frame.retry,
                            terminated: frame.terminated,
                        });
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    self.outcome.error = Some(error.kind);
                    assert_eq!(self.framer.next().unwrap_err(), error, "an error is not the last word");
                    return;
                }
            }
        }
    }
}

fn collect(chunks: &[&[u8]], cap: usize) -> Outcome {
    let mut collector = Collector::new(cap);
    for chunk in chunks {
        collector.framer.push(chunk);
        collector.drain(false);
    }
    collector.drain(true);
    if collector.outcome.error.is_none() {
        assert_eq!(collector.raw, chunks.concat(), "the raw bytes of all frames are the stream");
        assert_eq!(collector.framer.pending(), 0);
    }
    collector.outcome
}

fn whole(input: &[u8]) -> Outcome {
    collect(&[input], DEFAULT_MAX_EVENT)
}

fn data(input: &[u8]) -> Vec<(String, String)> {
    let outcome = whole(input);
    assert_eq!(outcome.error, None);
    outcome.events.into_iter().map(|seen| (seen.event, seen.data)).collect()
}

/// All one-cut splits, all two-cut splits up to 300 bytes, and byte by byte.
fn same_however_cut(input: &[u8], cap: usize) {
    let expected = collect(&[input], cap);
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(collect(&bytes, cap), expected, "byte by byte: {:?}", String::from_utf8_lossy(input));
    for first in 0..=input.len() {
        let (head, tail) = input.split_at(first);
        assert_eq!(collect(&[head, tail], cap), expected, "cut at {first}: {:?}", String::from_utf8_lossy(input));
        if input.len() <= 300 {
            for second in 0..=tail.len() {
                let (middle, end) = tail.split_at(second);
                assert_eq!(collect(&[head, middle, end], cap), expected, "cut at {first} and {}", first + second);
            }
        }
    }
}

const STREAMS: &[&str] = &[
    "data: one\n\ndata: two\n\ndata: [DONE]\n\n",
    "event: ping\r\ndata: {\"a\":1}\r\n\r\nevent: x\r\ndata: y\r\n\r\n",
    "data: a\r\rdata: b\r\rdata: c\r\r",
    "data: a\r\n\rdata: b\n\r\ndata: c\r\n\ndata: d\n\n",
    "\u{feff}data: first\n\ndata: \u{feff}kept\n\n",
    ": comment\n\n:\ndata:no space\n: more\ndata:  two spaces\ndata\ndata:\n\n",
    "id: 7\nretry: 3000\nevent: e\ndata: é😀\u{2028}\n\nid: a\0b\nretry: x1\nretry:\nignored: z\nnocolon\ndata: 2\n\n",
    "\n\n\r\n\rdata: after blanks\n\n\n",
    "data: no final newline",
    "data: one newline\n",
    "data: crlf at the end\r\n\r\n",
    "data: cr at the end\r",
    "event: only\n\nid: 1\n\ndata: \u{0}nul\n\n",
    "data: a: b: c\nda",
    "",
    "\u{feff}",
    "\r",
    "\n",
];

#[test]
fn every_stream_is_the_same_however_it_is_cut() {
    for stream in STREAMS {
        same_however_cut(stream.as_bytes(), DEFAULT_MAX_EVENT);
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(event, data)| ((*event).to_owned(), (*data).to_owned())).collect()
}

#[test]
fn fields_are_read_as_the_standard_says() {
    assert_eq!(data(STREAMS[1].as_bytes()), pairs(&[("ping", "{\"a\":1}"), ("x", "y")]));
    assert_eq!(data(STREAMS[2].as_bytes()), pairs(&[("", "a"), ("", "b"), ("", "c")]));
    assert_eq!(data(STREAMS[3].as_bytes()), pairs(&[("", "a"), ("", "b"), ("", "c"), ("", "d")]));
    assert_eq!(data(STREAMS[4].as_bytes()), pairs(&[("", "first"), ("", "\u{feff}kept")]));
    assert_eq!(data(STREAMS[5].as_bytes()), pairs(&[("", "no space\n two spaces\n\n")]));
    assert_eq!(data(STREAMS[7].as_bytes()), pairs(&[("", "after blanks")]));
    assert_eq!(data(STREAMS[12].as_bytes()), pairs(&[("", "\0nul")]));
    assert_eq!(whole(STREAMS[5].as_bytes()).comments, 3);
    let events = whole(STREAMS[6].as_bytes()).events;
    assert_eq!((events[0].id.as_deref(), events[0].retry, events[0].event.as_str()), (Some("7"), Some(3000), "e"));
    assert_eq!((events[1].id.as_deref(), events[1].retry), (None, None));
}

#[test]
fn an_event_without_its_blank_line_is_delivered_and_marked() {
    for (input, expected) in [("data: a\n\ndata: b", "b"), ("data: a\n\ndata: b\n", "b"), ("data: a\n\ndata: b\r", "b")] {
        let events = whole(input.as_bytes()).events;
        assert_eq!(events.iter().map(|seen| seen.terminated).collect::<Vec<_>>(), [true, false], "{input:?}");
        assert_eq!(events[1].data, expected);
    }
}

#[test]
fn an_event_is_delivered_with_its_last_byte_and_not_later() {
    for end in ["\n\n", "\r\r", "\r\n\r"] {
        let mut framer = Framer::default();
        framer.push(b"data: a");
        assert_eq!(framer.next().unwrap(), None);
        framer.push(end.as_bytes());
        assert_eq!(framer.next().unwrap().unwrap().data, Some("a"), "{end:?}");
        // The line feed of a CRLF that came apart is no event and no blank line.
        framer.push(b"\n");
        let blank = framer.next().unwrap();
        assert_eq!(blank.is_some(), end == "\n\n", "{end:?}");
        framer.push(b"data: b\n\n");
        assert_eq!(framer.next().unwrap().unwrap().data, Some("b"));
    }
}

#[test]
fn what_is_not_utf8_is_an_error_that_says_where() {
    let input = b"data: ok\n\ndata: \xff\n\ndata: later\n\n";
    let outcome = whole(input);
    assert_eq!((outcome.events.len(), outcome.error), (1, Some(FrameErrorKind::NotUtf8)));
    same_however_cut(input, DEFAULT_MAX_EVENT);
    same_however_cut(b"data: \xc3", DEFAULT_MAX_EVENT);
    same_however_cut(b"\xef\xbb", DEFAULT_MAX_EVENT);
    let mut framer = Framer::default();
    framer.push(input);
    assert!(framer.next().unwrap().is_some());
    assert_eq!(framer.next().unwrap_err().at, 16);
}

#[test]
fn an_event_over_the_cap_is_an_error_however_it_is_cut() {
    // 10 bytes with its line end fit, 11 do not.
    same_however_cut(b"data: 123\n\ndata: 1234\n\n", 10);
    let ok = |input: &[u8]| collect(&[input], 10).error.is_none();
    assert!(ok(b"data: 123\n\ndata: 321\n\n"));
    assert!(ok(b"\xef\xbb\xbfdata: 123\n\n"));
    assert!(!ok(b"data: 1234\n\n"));
    assert!(!ok(b"data: 12345"));
    assert!(ok(b"data: 1234"));
    for end in ["\r\n\r\n", "\r\r", "\n\r\n", "\n", ""] {
        same_however_cut(format!("data: 12{end}data: 12{end}").as_bytes(), 10);
        same_however_cut(format!("data: 123{end}data: 1234{end}").as_bytes(), 10);
    }
}

#[test]
fn memory_is_bounded_by_one_event_and_one_chunk() {
    let mut framer = Framer::new(1000);
    let chunk = b"data: 0123456789\n\n: and a piece of the next".repeat(10);
    let mut refused = false;
    for _ in 0..10_000 {
        framer.push(&chunk);
        while framer.next().is_ok_and(|frame| frame.is_some()) {}
        assert!(framer.pending() <= 1000);
    }
    for _ in 0..10_000 {
        framer.push(b"never ending ");
        refused |= framer.next().is_err();
        assert!(framer.pending() <= 2000, "bytes pile up after an error");
    }
    assert!(refused);
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "data: ?[a-zé😀 :]{0,6}",
        "event: ?[a-z]{0,4}",
        "(id|retry): ?[0-9a-z]{0,4}",
        ":[ a-z]{0,4}",
        "[a-z\u{feff}]{0,4}",
    ]
}

proptest! {
    #[test]
    fn any_lines_with_any_ends_are_the_same_however_cut(lines in prop::collection::vec((line(), 0..3_usize), 0..9), mark in any::<bool>(), cap in 5..60_usize) {
        let mut stream = if mark { "\u{feff}".to_owned() } else { String::new() };
        for (line, end) in lines {
            stream.push_str(&line);
            stream.push_str(["\n", "\r", "\r\n"][end]);
        }
        let short: Vec<u8> = stream.into_bytes().into_iter().take(90).collect();
        same_however_cut(&short, cap);
        same_however_cut(&short, DEFAULT_MAX_EVENT);
    }

    #[test]
    fn any_bytes_are_the_same_however_cut(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..40)) {
        same_however_cut(&bytes, 16);
    }
}

/// Old llama.cpp tells a failure in a line of its own name, which the standard would have us ignore (`providers/custom.md` §4).
#[test]
fn a_line_of_the_name_error_is_an_error_event() {
    let mut framer = Framer::new(1 << 10);
    framer.push(b"data: {\"a\":1}\n\nerror: {\"code\":500}\n\ndata: x\nerror: y\n\n");
    let mut seen = Vec::new();
    while let Some(frame) = framer.next().unwrap() {
        seen.push((frame.event.to_owned(), frame.data.unwrap_or_default().to_owned()));
    }
    let expected = [("", "{\"a\":1}"), ("error", "{\"code\":500}"), ("", "x")];
    assert_eq!(seen, expected.map(|(event, data)| (event.to_owned(), data.to_owned())));
}

/// However the bytes are cut: comments alone are nothing of a frame, and what a line is costs nothing to ask, however many wait.
#[test]
fn a_comment_is_not_within_a_frame() {
    for (text, within) in [
        ("", false),
        (": ping", false),
        (": ping\n: x\r\n", false),
        (": ping\r\nd", true),
        ("data: 1\n: x", true),
        ("data: 1\n\n", false),
        ("data: 1\r\n\r\n: x\n", false),
        ("data: 1\n\nevent", true),
    ] {
        for size in [1, 2, 5, 64] {
            let mut framer = Framer::new(1 << 20);
            for piece in text.as_bytes().chunks(size) {
                framer.push(piece);
                while framer.next().unwrap().is_some() {}
            }
            assert_eq!(framer.is_within_frame(), within, "{text:?} in pieces of {size}");
        }
    }
    let begun = std::time::Instant::now();
    let mut framer = Framer::new(8 << 20);
    framer.push(b":");
    for _ in 0..60_000 {
        framer.push(&[b'x'; 100]);
        assert!(framer.next().unwrap().is_none() && !framer.is_within_frame());
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}
