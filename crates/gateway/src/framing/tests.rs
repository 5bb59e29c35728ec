mod both_readings;

use super::*;

/// The bytes that hyper gets, in pieces of `size`; `None` for what is refused.
fn sound(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
    let mut framing = Framing::default();
    let mut through = Vec::new();
    for piece in bytes.chunks(size) {
        match framing.read(piece) {
            Ok(()) => through.extend_from_slice(piece),
            Err(refused) => {
                through.extend_from_slice(&piece[..refused.sound]);
                return (through, true);
            }
        }
    }
    (through, false)
}

/// Whatever the pieces are in which the bytes come.
fn is_refused(request: &str) -> bool {
    let verdicts: Vec<_> = [1, 2, 3, 7, 16, 1 << 20].map(|size| sound(request.as_bytes(), size).1).to_vec();
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{request:?} in pieces: {verdicts:?}");
    verdicts[0]
}

const BEGINNING: &str = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n";

#[test]
fn what_honest_clients_send_passes() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI",
        "PRINT / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel\nlPOST / HTTP/1.1\r\nHost: a\r\ncontent-length:0\r\n\r\nGET / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhel\nl\r\n0A\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\nx-more: 2\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Name: vΦlue: with colons\r\nEmpty:\r\n\r\n",
    ] {
        assert!(!is_refused(request), "{request:?}");
    }
}

/// R53: the framing that two servers could read in two ways.
#[test]
fn framing_that_can_be_read_in_two_ways_is_refused() {
    let fields = [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "content-length: 5\r\ncontent-length: 5\r\n",
        "content-length: 5\r\nContent-Length: 6\r\n",
        "content-length: 5, 5\r\n",
        "content-length: +5\r\n",
        "content-length: 0x5\r\n",
        "content-length: -1\r\n",
        "content-length: 5 5\r\n",
        "content-length:\r\n",
        "content-length: 9999999999999999999\r\n",
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: \"chunked\"\r\n",
        "transfer-encoding:\x0bchunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding : chunked\r\n",
        "content-length : 5\r\n",
        " transfer-encoding: chunked\r\n",
        "x: y\r\n folded\r\n",
        "x: y\r\n\ttransfer-encoding: chunked\r\n",
        "x: y\n",
        "x: y\ncontent-length: 5\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "x\0y: z\r\n",
    ];
    for field in fields {
        assert!(is_refused(&format!("{BEGINNING}{field}\r\n")), "{field:?}");
    }
    for request in [
        "GET / HTTP/1.1\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n\n",
        "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        "TRACE / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n",
        "\nGET / HTTP/1.1\r\n",
    ] {
        assert!(is_refused(request), "{request:?}");
    }
}

/// R53: chunks whose borders are not beyond doubt.
#[test]
fn chunks_are_read_strictly() {
    for body in [
        "5;ext=1\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\r\nhello\r\n0\r\nx: y\n\r\n",
        "5\r\nhello\r\n0\r\n x: y\r\n\r\n",
        "0000000000000005\r\nhello\r\n",
        "ffffffffffffffff\r\n",
    ] {
        assert!(is_refused(&format!("{BEGINNING}transfer-encoding: chunked\r\n\r\n{body}")), "{body:?}");
    }
    let endless = format!("0\r\nx: {}", "y".repeat(9 << 10));
    assert!(is_refused(&format!("{BEGINNING}transfer-encoding: chunked\r\n\r\n{endless}")));
}

/// R56: neither a target nor a head grows without bound.
#[test]
fn long_targets_and_heads_are_refused() {
    let target = |length: usize| format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(length));
    assert!(!is_refused(&target(16 << 10)));
    assert!(is_refused(&target(17 << 10)));
    assert!(is_refused(&format!("GET /{}", "x".repeat(17 << 10))), "before its line has an end");
    let header = |length: usize| format!("{BEGINNING}x: {}\r\n\r\n", "y".repeat(length));
    assert!(!is_refused(&header(60 << 10)));
    assert!(is_refused(&header(64 << 10)));
}

/// Nothing behind the fault reaches hyper, and what takes its place is no HTTP.
#[test]
fn a_refusal_takes_the_place_of_the_rest() {
    let mut framing = Framing::default();
    let first = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let bytes = format!("{first}GET / HTTP/1.1\r\nx: y\nz: secret\r\n\r\n");
    let refused = framing.read(bytes.as_bytes()).unwrap_err();
    let through = &bytes[..refused.sound];
    assert!(through.starts_with(first) && !through.contains("secret"), "{through:?}");
    assert_eq!(framing.phase(), Phase::Refused);
    assert_eq!(framing.refusal(2), Some(&b"\0\r"[..]));
    assert_eq!(framing.refusal(100), Some(&b"\n\r\n"[..]));
    assert_eq!(framing.refusal(100), Some(&b""[..]));
    assert_eq!(framing.read(b"GET / HTTP/1.1\r\n\r\n"), Err(Refused { sound: 0 }));
}

#[test]
fn the_phase_follows_the_bytes() {
    let mut framing = Framing::default();
    let steps: [(&[u8], Phase); 7] = [
        (b"", Phase::Between),
        (b"P", Phase::WithinHead),
        (b"OST / HTTP/1.1\r\ncontent-length: 4\r\n", Phase::WithinHead),
        (b"\r\n", Phase::WithinBody),
        (b"abc", Phase::WithinBody),
        (b"d", Phase::Between),
        (b"\r\n", Phase::WithinHead),
    ];
    for (bytes, phase) in steps {
        framing.read(bytes).unwrap();
        assert_eq!(framing.phase(), phase, "{bytes:?}");
    }
    let mut framing = Framing::default();
    framing.read(PREFACE).unwrap();
    assert_eq!(framing.phase(), Phase::Http2);
}
