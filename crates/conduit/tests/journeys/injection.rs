//! Line ends and zero bytes in what a caller says: never a header of ours or of the provider's request, never a line of the log. R55.

use crate::harness::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, Http2, RST_STREAM, block, frame};
use crate::harness::{Ask, Gateway, KEY, Setup, openai};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use testkit::scripted::{Script, Scripted};

/// What would be a header of its own, a line of its own, or the end of a string.
const EVIL: [&str; 12] = [
    "a\r\nx-evil: 1",
    "a\nx-evil: 1",
    "a\rx-evil: 1",
    "a\r\n\r\n{\"evil\":true}",
    "a\0x-evil: 1",
    "a\u{85}x-evil: 1",
    "a\u{2028}x-evil: 1",
    "a%0d%0ax-evil:%201",
    "\"}\n{\"level\":\"ERROR\",\"message\":\"evil\"}",
    "a\u{1b}[2J\u{1b}]0;evil\u{7}",
    "嘊嘍x-evil: 1",
    "a\u{202e}\u{0}\u{7f}",
];

fn start() -> (Scripted, Gateway) {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway = Setup::new()
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .provider_entry(&format!(
            "name: same, type: anthropic, base_url: \"{}\", credentials: {{ api_key: sk-ant-injection }}",
            upstream.url()
        ))
        .model("m", "one", "up-1", 1)
        .model("claude", "same", "claude-1", 1)
        .model_entry("name: \"any/*\", provider: one, provider_model: \"*\", priority: 1")
        .start();
    (upstream, gateway)
}

/// Every line of the log is one object, the provider's requests have the headers that they always have, and nothing says `x-evil`.
fn judge(upstream: &Scripted, gateway: &Gateway) {
    let (_, log) = gateway.output();
    assert!(log.lines().count() > 10);
    for line in log.lines() {
        let parsed: Result<Value, _> = serde_json::from_str(line);
        let object = parsed.unwrap_or_else(|error| panic!("a line of the log is no JSON ({error}): {line}"));
        assert!(object["level"].is_string() && object["timestamp"].is_string(), "{line}");
        assert_ne!(object["message"], "evil", "{line}");
        assert!(!line.contains('\u{1b}') && !line.contains('\0'), "control bytes in the log: {line:?}");
    }
    for request in upstream.requests() {
        for (name, value) in &request.headers {
            let name = name.to_ascii_lowercase();
            let known = [
                "host",
                "authorization",
                "content-type",
                "content-length",
                "accept",
                "accept-encoding",
                "user-agent",
                "x-api-key",
                "anthropic-version",
                "anthropic-beta",
            ];
            assert!(known.contains(&name.as_str()), "the header {name} went on");
            assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{name}: {value:?}");
        }
        assert!(!request.target.contains("evil") && request.target.starts_with("/v1/"), "{}", request.target);
    }
}

#[test]
fn names_and_texts_stay_what_they_are() {
    let (upstream, gateway) = start();
    for evil in EVIL {
        let bodies = [
            json!({"model": evil, "messages": [{"role": "user", "content": "hi"}]}),
            json!({"model": format!("any/{evil}"), "messages": [{"role": "user", "content": "hi"}]}),
            json!({"model": "m", "messages": [{"role": "user", "content": evil}], "user": evil, "metadata": {evil: evil}}),
            json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], evil: evil}),
            json!({"model": "m", "messages": evil}),
            json!({"model": "claude", "messages": [{"role": "user", "content": evil}], "user": evil, evil: 1}),
        ];
        for body in bodies {
            let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
            assert!([200, 400, 404, 502].contains(&reply.status), "{body}: {}", reply.text());
            assert!(reply.header("x-evil").is_none(), "{body}: {:?}", reply.headers);
            // The answer is one whole JSON object, whatever was quoted in it.
            assert!(reply.json().is_object(), "{body}");
            for (name, value) in &reply.headers {
                assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{name}: {value:?}");
            }
        }
    }
    // What may pass did: the same text, as JSON.
    let texts: Vec<Value> = upstream.requests().iter().map(|request| request.json()["user"].clone()).collect();
    for evil in EVIL {
        assert!(texts.contains(&json!(evil)), "{evil:?} did not arrive as it is");
    }
    judge(&upstream, &gateway);
}

/// One head as it is, with these fields; the whole answer.
fn raw(gateway: &Gateway, fields: &[u8]) -> String {
    let body = openai::chat("m").to_string();
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\ncontent-length: {}\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), fields, b"\r\n", body.as_bytes()].concat()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn headers_of_a_caller_go_nowhere() {
    let (upstream, gateway) = start();
    for name in ["x-request-id", "user-agent", "x-forwarded-for", "openai-organization", "x-conduit-provider", "cookie", "traceparent"] {
        for value in [
            b"evil\tvalue".as_slice(),
            b"evil value; x-evil: 1",
            b"\"}{\"level\":\"ERROR\",\"message\":\"evil\"}",
            b"%0d%0ax-evil:%201",
            "嘊嘍x-evil".as_bytes(),
            b"\xff\xfe\x80",
            &[b'v'; 4_000],
            b"evil\0value",
            b"evil\rx-evil: 1",
            b"evil\nx-evil: 1",
            b"evil\x1b[2Jvalue",
        ] {
            let answer = raw(&gateway, &[name.as_bytes(), b": ", value, b"\r\n"].concat());
            let (head, _) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{name}: no answer to {value:?}"));
            assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 400"), "{name}: {answer}");
            assert!(!head.contains("evil") && !head.contains("vvvv"), "{name} came back: {head}");
        }
    }
    // One that is sane is kept.
    assert!(raw(&gateway, b"x-request-id: my-id.1:2_3\r\n").contains("x-request-id: my-id.1:2_3\r\n"));
    judge(&upstream, &gateway);
}

/// HTTP/2 can carry what HTTP/1 would read as two headers: bytes of names and values that a header may not hold.
#[test]
fn what_http2_could_smuggle_is_refused() {
    let (upstream, gateway) = start();
    let body = openai::chat("m").to_string();
    let authorization = format!("Bearer {KEY}");
    let length = body.len().to_string();
    let usual: Vec<(&[u8], &[u8])> = vec![
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/v1/chat/completions"),
        (b":authority", b"gateway"),
        (b"authorization", authorization.as_bytes()),
        (b"content-type", b"application/json"),
        (b"content-length", length.as_bytes()),
    ];
    let with = |name: &'static [u8], value: &'static [u8]| {
        let mut headers = usual.clone();
        match headers.iter_mut().find(|(field, _)| *field == name && name.starts_with(b":")) {
            Some(pseudo) => pseudo.1 = value,
            None => headers.push((name, value)),
        }
        headers
    };
    let answer = |headers: &[(&[u8], &[u8])]| {
        let mut http2 = Http2::connect(gateway.address(), &[]);
        let sent = [frame(HEADERS, END_HEADERS, 1, &block(headers)), frame(DATA, END_STREAM, 1, body.as_bytes())].concat();
        assert!(http2.send(&sent));
        let over = |kind: u8, flags: u8| kind == RST_STREAM || flags & END_STREAM != 0 && [HEADERS, DATA].contains(&kind);
        let frames = http2.frames(Duration::from_secs(10), |frames| frames.iter().any(|frame| over(frame.kind, frame.flags)));
        assert!(!frames.is_empty(), "neither an answer nor an end");
        frames.iter().find_map(crate::harness::http2::Frame::status)
    };
    assert_eq!(answer(&usual), Some(200), "the usual request");
    let served = upstream.requests().len();
    let attacks: Vec<(&'static [u8], &'static [u8])> = vec![
        (b"x-a", b"1\r\nx-evil: 1"),
        (b"x-a", b"1\nx-evil: 1"),
        (b"x-a", b"1\rx-evil: 1"),
        (b"x-a", b"1\0"),
        (b"x-a: 1\r\nx-evil", b"1"),
        (b"x a", b"1"),
        (b"X-Upper", b"1"),
        (b"", b"1"),
        (b":path", b"/v1/chat/completions HTTP/1.1\r\nhost: evil\r\n\r\nGET /"),
        (b":path", b"/v1/chat/completions\0"),
        (b":path", b""),
        (b":path", b"v1/chat/completions"),
        (b":method", b"POST /evil HTTP/1.1\r\n\r\nGET"),
        (b":method", b""),
        (b":scheme", b"http://evil/"),
        (b":authority", b"gateway\r\nx-evil: 1"),
        (b":authority", b"user@gateway"),
        (b":unknown", b"1"),
        (b":status", b"200"),
        (b"connection", b"keep-alive"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"h2c"),
        (b"te", b"gzip"),
        (b"content-length", b"1"),
        (b"content-length", b"9999"),
        (b"content-length", b"1, 2"),
    ];
    let mut taken = Vec::new();
    for (name, value) in &attacks {
        let status = answer(&with(name, value));
        if status == Some(200) {
            taken.push((String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        }
    }
    // A body that is shorter or longer than it was said.
    for said in ["1", "999"] {
        let mut headers = usual.clone();
        headers[6].1 = said.as_bytes();
        assert_ne!(answer(&headers), Some(200), "content-length: {said}");
    }
    assert!(taken.is_empty(), "served: {taken:#?}");
    assert_eq!(upstream.requests().len(), served, "a provider saw one of them");
    judge(&upstream, &gateway);
}
