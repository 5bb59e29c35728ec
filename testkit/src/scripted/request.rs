//! A request as it came over the wire.

use std::borrow::Cow;
use std::time::Instant;

/// One complete request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The number of its connection, from 0.
    pub connection: usize,
    /// When its first byte was read.
    pub began: Instant,
    /// When its last byte was read.
    pub complete: Instant,
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// In the order and spelling of the wire.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: Vec<u8>,
}

impl Request {
    /// The first value of a header field; the name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON; panics with the body where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|fault| panic!("the request's body is no JSON ({fault}): {}", self.text()))
    }
}

/// Takes one complete request off the front of `inbox`; `None` while there is more to come.
pub(super) fn take(inbox: &mut Vec<u8>, connection: usize, began: Instant) -> Option<Request> {
    let end_of_head = find(inbox, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(inbox.get(..end_of_head)?).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next().unwrap_or_default().to_owned());
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    let mut request = Request { connection, began, complete: Instant::now(), method, target, headers, body: Vec::new() };

    let rest = inbox.get(end_of_head + 4..)?;
    let consumed = match request.header("transfer-encoding") {
        Some(_) => {
            let (body, consumed) = unchunk(rest)?;
            request.body = body;
            consumed
        }
        None => {
            let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            request.body = rest.get(..length)?.to_vec();
            length
        }
    };
    inbox.drain(..end_of_head + 4 + consumed);
    Some(request)
}

/// The body of a chunked message without trailers, and how many bytes it took.
fn unchunk(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..)?;
        let end_of_line = find(rest, b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end_of_line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let start = end_of_line + 2;
        body.extend_from_slice(rest.get(start..start + size)?);
        rest.get(start + size..start + size + 2)?;
        at += start + size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
