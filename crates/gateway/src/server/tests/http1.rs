use super::*;

/// R53: what hyper alone would take, and what it refuses; each ends in 400 and a closed connection, and the next caller is served.
#[test]
fn unsound_requests_get_400_and_a_closed_connection() {
    let running = Setup::new(Drip::silent()).run();
    let beginning = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n";
    let behind = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
    let cases = [
        ("length and chunks", format!("{beginning}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{behind}")),
        ("two equal lengths", format!("{beginning}content-length: 5\r\ncontent-length: 5\r\n\r\nhello{behind}")),
        ("two lengths", format!("{beginning}content-length: 5\r\ncontent-length: 0\r\n\r\nhello{behind}")),
        ("other coding", format!("{beginning}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n{behind}")),
        ("chunked in 1.0", format!("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{behind}")),
        ("bare LF", format!("GET /health/live HTTP/1.1\nhost: a\r\n\r\n{behind}")),
        ("bare LF at the end", format!("GET /health/live HTTP/1.1\r\nhost: a\n\n{behind}")),
        ("folded", format!("GET /health/live HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n{behind}")),
        ("space before colon", format!("GET /health/live HTTP/1.1\r\nhost : a\r\n\r\n{behind}")),
        ("no host", format!("GET /health/live HTTP/1.1\r\n\r\n{behind}")),
        ("two hosts", format!("GET /health/live HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n{behind}")),
        ("bad host", format!("GET /health/live HTTP/1.1\r\nhost: a/b@c\r\n\r\n{behind}")),
        ("other host", format!("GET http://b/health/live HTTP/1.1\r\nhost: a\r\n\r\n{behind}")),
        ("control character", format!("GET /health/live HTTP/1.1\r\nhost: a\r\nx: \x01\r\n\r\n{behind}")),
        ("NUL", format!("GET /health/live HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n{behind}")),
        ("CONNECT", format!("CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n{behind}")),
        ("TRACE", format!("TRACE / HTTP/1.1\r\nhost: a\r\n\r\n{behind}")),
        ("websocket", format!("GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n{behind}")),
        ("long target", format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n{behind}", "x".repeat(9_000))),
        ("HTTP/3", format!("GET / HTTP/3.0\r\nhost: a\r\n\r\n{behind}")),
    ];
    for (name, bytes) in cases {
        let answer = running.say(bytes.as_bytes());
        assert_eq!(status(&answer), 400, "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: something behind it was answered: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{name}: {answer}");
        assert_eq!(running.get("/health/live").0, 200, "after {name}");
    }
    assert!(running.open.rows().is_empty(), "no provider was called");
}

/// R56: too many headers, too large a head.
#[test]
fn heads_without_measure_are_refused() {
    let running = Setup::new(Drip::silent()).run();
    let head = |headers: &str| format!("GET /health/live HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    assert_eq!(status(&running.say(head(&many).as_bytes())), 431);
    let large = format!("x: {}\r\n", "y".repeat(100 << 10));
    assert!([400, 431].contains(&status(&running.say(head(&large).as_bytes()))));
    let fair: String = (0..90).map(|number| format!("x-{number}: {}\r\n", "y".repeat(500))).collect();
    assert_eq!(status(&running.say(format!("GET /health/live HTTP/1.0\r\n{fair}\r\n").as_bytes())), 200);
}

/// The fault of the second request does not touch the answer of the first.
#[test]
fn a_refusal_comes_in_order_behind_the_answers_before_it() {
    let running = Setup::new(Drip::new(Duration::from_millis(5), 3)).run();
    let first = chat(&streamed());
    let answer = running.say(format!("{first}GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n").as_bytes());
    let (stream, refusal) = answer.split_once("0\r\n\r\n").unwrap();
    assert!(stream.starts_with("HTTP/1.1 200") && stream.contains("[DONE]"), "{answer}");
    assert!(refusal.starts_with("HTTP/1.1 400"), "{answer}");
}

/// R53: a body whose chunks are in doubt is no body, and what stands behind it is not read.
#[test]
fn doubtful_chunks_are_refused() {
    let running = Setup::new(Drip::silent()).run();
    let body = streamed().to_string();
    let size = format!("{:x}", body.len());
    for chunks in [
        format!("{size};x=y\r\n{body}\r\n0\r\n\r\n"),
        format!("{size} \r\n{body}\r\n0\r\n\r\n"),
        format!("{size}\n{body}\r\n0\r\n\r\n"),
        format!("{size}\r\n{body}0\r\n\r\n"),
    ] {
        let behind = "GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n";
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{behind}"
        );
        let answer = running.say(request.as_bytes());
        assert_eq!((status(&answer), answer.matches("HTTP/1.1 ").count()), (400, 1), "{chunks:?}: {answer}");
    }
    // Refusals of a known key are recorded; the provider was not called.
    assert!(running.open.rows().iter().all(|(intent, _)| intent.attempt == 0));
}

/// Clients of some standard libraries offer HTTP/2 by an upgrade and go on in HTTP/1.1.
#[test]
fn an_offer_of_http2_is_let_pass() {
    let running = Setup::new(Drip::silent()).run();
    let offer = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n";
    let closing = "GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = running.say(format!("GET /health/live HTTP/1.1\r\nhost: a\r\n{offer}\r\n{closing}").as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
}
