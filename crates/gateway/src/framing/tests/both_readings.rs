//! The two readings of one connection, ours and hyper's, over bytes that are made to be read in two ways.

use super::*;
use http_body_util::{BodyExt, Empty};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use proptest::prelude::*;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

const LINES: &[&str] = &[
    "POST /a HTTP/1.1\r\nhost: a\r\n",
    "POST /b HTTP/1.1\r\nhost: a\r\n",
    "GET /c HTTP/1.1\r\nhost: a\r\n",
    "GET /d HTTP/1.0\r\n",
    "\r\nPOST /e HTTP/1.1\r\nhost: a\r\n",
    "GET /f HTTP/1.1\nhost: a\n",
    "PRI * HTTP/2.0\r\n",
];

const FIELDS: &[&str] = &[
    "content-length: 5\r\n",
    "content-length: 0\r\n",
    "Content-Length: 05\r\n",
    "content-length: 5\n",
    "content-length:15\r\n",
    "transfer-encoding: chunked\r\n",
    "Transfer-Encoding:\tchunked \r\n",
    "transfer-encoding: chunked, chunked\r\n",
    "transfer-encoding: identity\r\n",
    "transfer-encoding : chunked\r\n",
    " folded\r\n",
    "expect: 100-continue\r\n",
    "connection: close\r\n",
    "connection: upgrade\r\nupgrade: h2c\r\n",
    "x: y\r\n",
];

const BODIES: &[&str] = &[
    "",
    "hello",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;x\r\nhello\r\n0\r\n\r\n",
    "0\r\n\r\n",
    "0\r\nx: y\r\n\r\n",
    "0\n\n",
    "00000005\r\nhello\r\n0\r\n\r\n",
    "GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n",
];

/// Requests behind one another, each put together from pieces that fit and pieces that do not.
fn connections() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![9 => Just("\r\n"), 1 => Just("\n"), 1 => Just("")];
    let fields = prop::collection::vec(prop::sample::select(FIELDS), 0..3);
    let request = (prop::sample::select(LINES), fields, end, prop::sample::select(BODIES));
    prop::collection::vec(request, 1..4).prop_map(|requests| {
        let text = |(line, fields, end, body): (&str, Vec<&str>, &str, &str)| format!("{line}{}{end}{body}", fields.concat());
        requests.into_iter().map(text).collect::<String>().into_bytes()
    })
}

/// The targets of the requests whose heads are whole, and the bytes that hyper is given, in pieces as they came.
fn ours(bytes: &[u8], size: usize) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut targets = Vec::new();
    let mut by_bytes = Framing::default();
    let (mut begin, mut within) = (0, false);
    for (at, byte) in bytes.iter().enumerate() {
        if by_bytes.read(&[*byte]).is_err() {
            break;
        }
        let now = by_bytes.phase() == Phase::WithinHead;
        match (within, now) {
            (false, true) => begin = at,
            (true, false) => {
                let head = String::from_utf8_lossy(&bytes[begin..=at]).trim_start().to_owned();
                targets.push(head.split(' ').nth(1).unwrap_or_default().to_owned());
            }
            _ => {}
        }
        within = now;
    }
    let (mut framing, mut given) = (Framing::default(), Vec::new());
    for piece in bytes.chunks(size) {
        match framing.read(piece) {
            Ok(()) => given.push(piece.to_vec()),
            Err(refused) => {
                given.push(piece[..refused.sound].to_vec());
                given.push(framing.refusal(100).unwrap().to_vec());
                break;
            }
        }
    }
    (targets, given)
}

/// The targets that hyper hands to a handler.
async fn hypers(given: Vec<Vec<u8>>) -> Vec<String> {
    let (mut caller, server) = tokio::io::duplex(1 << 20);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let service = service_fn(move |request: Request<Incoming>| {
        let note = Arc::clone(&note);
        async move {
            note.lock().push(request.uri().path().to_owned());
            let _ = request.into_body().collect().await;
            Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let serving = builder.header_read_timeout(None).half_close(true).serve_connection(TokioIo::new(server), service);
    let sending = async {
        for piece in given {
            if caller.write_all(&piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = caller.shutdown().await;
        let mut bin = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut caller, &mut bin).await;
    };
    let _ = tokio::join!(serving, sending);
    Arc::into_inner(seen).map(Mutex::into_inner).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// R53: hyper never sees a request where we see none, whatever the bytes; it may stop earlier.
    #[test]
    fn hyper_sees_no_request_that_we_do_not_see(bytes in connections(), size in 1_usize..40) {
        let (targets, given) = ours(&bytes, size);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(hypers(given));
        prop_assert!(targets.starts_with(&seen), "{:?}: ours {targets:?}, hyper's {seen:?}", String::from_utf8_lossy(&bytes));
    }

    /// The verdict does not depend on how the bytes come.
    #[test]
    fn pieces_make_no_difference(bytes in connections(), size in 1_usize..40) {
        prop_assert_eq!(sound(&bytes, size).1, sound(&bytes, bytes.len()).1);
    }
}

/// The property above can fail: hyper alone sees a request where a stricter reader sees none.
#[test]
fn without_our_reading_hyper_sees_more() {
    let bytes = b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(hypers(vec![bytes.to_vec()])), ["/a"]);
    assert!(ours(bytes, 10).0.is_empty());
}
