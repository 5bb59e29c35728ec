//! The attacks: requests whose framing two servers could read differently, each with what must become of it.
//!
//! In the bytes `{BODY}` is a sound chat request, `{LEN}` its length, `{HEX}` the same in hexadecimal, `{KEY}` the caller's key, `{AUTH}` the
//! authorization line with it, and `{NEXT}` a whole second request that an attacker would like the provider to see on its own.

/// What must become of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Becomes {
    /// An error status, and the connection is closed; the provider sees nothing.
    Refused,
    /// An error of the journey: the framing is sound, so the connection may stay; the provider sees nothing.
    Declined,
    /// Either refused or served: both are sound readings.
    RefusedOrServed,
    /// One answer with 200, and the provider sees one request.
    Served,
    /// The first request is served; what is behind it is an error or nothing, and the provider never sees it.
    ServedThenClosed,
    /// Two requests, two answers: an honest pipeline.
    ServedTwice,
}

use Becomes::{Declined, Refused, RefusedOrServed, Served, ServedThenClosed, ServedTwice};

const START: &str = "POST /v1/chat/completions HTTP/1.1\r\n";

/// Name, what must become of it, what stands between the request line and the end.
type Row = (&'static str, Becomes, &'static str);

/// After the usual request line.
const ROWS: &[Row] = &[
    ("honest", Served, "Host: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("honest-chunked", Served, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("honest-pipeline", ServedTwice, "Host: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}{NEXT}"),
    // Content-Length against Transfer-Encoding.
    ("cl-te", Refused, "Host: h\r\n{AUTH}Content-Length: {LEN}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"),
    ("te-cl", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    (
        "cl-te-both-agree",
        Refused,
        "Host: h\r\n{AUTH}Content-Length: {LEN}\r\nTransfer-Encoding: chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n",
    ),
    ("te-identity-and-cl", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: identity\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    // Obfuscated Transfer-Encoding.
    ("te-xchunked", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: xchunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("te-chunked-twice", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked, chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("te-chunked-not-last", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked, identity\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("te-gzip-chunked", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: gzip, chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    (
        "te-two-headers",
        Refused,
        "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n",
    ),
    ("te-space-before-colon", Refused, "Host: h\r\n{AUTH}Transfer-Encoding : chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-tab-before-colon", Refused, "Host: h\r\n{AUTH}Transfer-Encoding\t: chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-leading-space", Refused, "Host: h\r\n{AUTH} Transfer-Encoding: chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-folded", Refused, "Host: h\r\n{AUTH}Transfer-Encoding:\r\n chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-vertical-tab", Refused, "Host: h\r\n{AUTH}Transfer-Encoding:\u{b}chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-quoted", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: \"chunked\"\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("te-with-parameter", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked;q=1\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("te-empty", Refused, "Host: h\r\n{AUTH}Transfer-Encoding:\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("te-bare-lf-inside", Refused, "Host: h\r\n{AUTH}X: y\nTransfer-Encoding: chunked\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    // Content-Length.
    ("cl-twice-different", Refused, "Host: h\r\n{AUTH}Content-Length: {LEN}\r\nContent-Length: 4\r\n\r\n{BODY}"),
    ("cl-twice-same", Refused, "Host: h\r\n{AUTH}Content-Length: {LEN}\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("cl-list", Refused, "Host: h\r\n{AUTH}Content-Length: {LEN}, {LEN}\r\n\r\n{BODY}"),
    ("cl-plus", Refused, "Host: h\r\n{AUTH}Content-Length: +{LEN}\r\n\r\n{BODY}"),
    ("cl-minus", Refused, "Host: h\r\n{AUTH}Content-Length: -1\r\n\r\n{BODY}"),
    ("cl-hexadecimal", Refused, "Host: h\r\n{AUTH}Content-Length: 0x{HEX}\r\n\r\n{BODY}"),
    ("cl-with-space", Refused, "Host: h\r\n{AUTH}Content-Length: 1 0\r\n\r\n{BODY}"),
    ("cl-empty", Refused, "Host: h\r\n{AUTH}Content-Length:\r\n\r\n{BODY}"),
    ("cl-overflow", Refused, "Host: h\r\n{AUTH}Content-Length: 99999999999999999999999\r\n\r\n{BODY}"),
    ("cl-space-before-colon", Refused, "Host: h\r\n{AUTH}Content-Length : {LEN}\r\n\r\n{BODY}"),
    ("cl-zero-with-body", Refused, "Host: h\r\n{AUTH}Content-Length: 0\r\n\r\n{BODY}"),
    ("cl-too-short", Refused, "Host: h\r\n{AUTH}Content-Length: 4\r\n\r\n{BODY}"),
    ("no-framing-with-body", Refused, "Host: h\r\n{AUTH}\r\n{BODY}"),
    // Chunks.
    ("chunk-extension", RefusedOrServed, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX};a=b\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-extension-with-lf", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX};a\nb\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-size-overflow", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n10000000000000000{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-size-signed", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n+{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-size-0x", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n0x{HEX}\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-size-underscore", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}_0\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-size-empty", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-lf-only", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}\n{BODY}\n0\n\n"),
    ("chunk-longer-than-said", Refused, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n5\r\n{BODY}\r\n0\r\n\r\n"),
    ("chunk-trailers", Served, "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\nX-Trailer: a\r\n\r\n"),
    (
        "chunk-trailer-content-length",
        Served,
        "Host: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\nContent-Length: 500\r\nAuthorization: Bearer other\r\n\r\n",
    ),
    // Headers.
    ("bare-lf-line-ends", Refused, "Host: h\n{AUTH}Content-Length: {LEN}\n\n{BODY}"),
    ("bare-cr-in-value", Refused, "Host: h\r\n{AUTH}X: a\rContent-Length: 4\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("nul-in-value", Refused, "Host: h\r\n{AUTH}X: a\0b\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("nul-in-name", Refused, "Host: h\r\n{AUTH}X\0Y: a\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("control-in-value", Refused, "Host: h\r\n{AUTH}X: a\u{1}b\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("no-colon", Refused, "Host: h\r\n{AUTH}Nonsense\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("empty-name", Refused, "Host: h\r\n{AUTH}: a\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("folded-value", Refused, "Host: h\r\n{AUTH}X: a\r\n b\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("bracket-in-name", Refused, "Host: h\r\n{AUTH}Content-Length[]: 4\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("underscore-content-length", Served, "Host: h\r\n{AUTH}Content_Length: 4\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    // Host.
    ("no-host", Refused, "{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("two-hosts", Refused, "Host: h\r\nHost: i\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("host-with-path", Refused, "Host: h/x\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("host-with-user", Refused, "Host: a@h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("host-with-space", Refused, "Host: h i\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    // Other protocols.
    (
        "upgrade-websocket",
        RefusedOrServed,
        "Host: h\r\n{AUTH}Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: {LEN}\r\n\r\n{BODY}",
    ),
    (
        "upgrade-h2c",
        RefusedOrServed,
        "Host: h\r\n{AUTH}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nContent-Length: {LEN}\r\n\r\n{BODY}",
    ),
    ("connection-names-authorization", Served, "Host: h\r\n{AUTH}Connection: close, authorization\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    ("expect-unknown", RefusedOrServed, "Host: h\r\n{AUTH}Expect: 200-maybe\r\nContent-Length: {LEN}\r\n\r\n{BODY}"),
    (
        "bytes-behind",
        ServedThenClosed,
        "Host: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}\0\0garbage without a line end that makes sense\r\n\r\n",
    ),
];

/// With request lines of their own.
const WHOLE: &[Row] = &[
    (
        "http-1.0-te",
        Refused,
        "POST /v1/chat/completions HTTP/1.0\r\nHost: h\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n{HEX}\r\n{BODY}\r\n0\r\n\r\n",
    ),
    ("http-0.9", Declined, "POST /v1/chat/completions\r\n"),
    ("http-2.0-in-text", Refused, "POST /v1/chat/completions HTTP/2.0\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("http-1.2", Refused, "POST /v1/chat/completions HTTP/1.2\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("two-spaces", Refused, "POST  /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("space-in-target", Refused, "POST /v1/chat/completions x HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("tab-between", Refused, "POST\t/v1/chat/completions\tHTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("get-with-body", Declined, "GET /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("head-with-next", Declined, "HEAD /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: 0\r\n\r\n"),
    ("connect", Refused, "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n{AUTH}\r\n"),
    ("trace", Refused, "TRACE /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}\r\n"),
    (
        "absolute-form-same-host",
        Served,
        "POST http://h/v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}",
    ),
    (
        "absolute-form-other-host",
        Refused,
        "POST http://other/v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}",
    ),
    ("fragment-in-target", RefusedOrServed, "POST /v1/chat/completions#x HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("target-without-slash", Refused, "POST v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("line-end-in-front", Served, "\r\nPOST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("method-lower-case", Declined, "post /v1/chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
    ("dots-in-path", Declined, "POST /v1/x/../chat/completions HTTP/1.1\r\nHost: h\r\n{AUTH}Content-Length: {LEN}\r\n\r\n{BODY}"),
];

/// One attack, ready to be sent.
pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) becomes: Becomes,
    pub(super) bytes: Vec<u8>,
}

/// All attacks; each body holds its attack's name, and the next request behind it `next-<name>`.
pub(super) fn attacks(key: &str) -> Vec<Attack> {
    let rows = ROWS.iter().map(|(name, becomes, text)| (*name, *becomes, format!("{START}{text}")));
    let rows = rows.chain(WHOLE.iter().map(|(name, becomes, text)| (*name, *becomes, (*text).to_owned())));
    rows.map(|(name, becomes, text)| Attack { name, becomes, bytes: filled(&text, name, key).into_bytes() }).collect()
}

fn filled(text: &str, name: &str, key: &str) -> String {
    let body = super::body(name);
    let next_body = super::body(&format!("next-{name}"));
    let next = format!("{START}Host: h\r\n{{AUTH}}Content-Length: {}\r\n\r\n{next_body}", next_body.len());
    text.replace("{NEXT}", &next)
        .replace("{AUTH}", &format!("Authorization: Bearer {key}\r\n"))
        .replace("{LEN}", &body.len().to_string())
        .replace("{HEX}", &format!("{:x}", body.len()))
        .replace("{BODY}", &body)
}
