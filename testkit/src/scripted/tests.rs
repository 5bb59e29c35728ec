use super::*;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(5);

fn connect(upstream: &Scripted) -> TcpStream {
    let stream = TcpStream::connect(upstream.address()).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn ask(stream: &mut TcpStream, body: &str) {
    write!(stream, "POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

fn read(stream: &mut TcpStream, count: usize) -> String {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn requests_get_their_turns_and_are_recorded() {
    let upstream = Scripted::start(Script::sequence([Turn::json(200, "one"), Turn::sse(["data: 1\n\n", "data: 2\n\n"])]));
    let mut stream = connect(&upstream);
    ask(&mut stream, "{\"n\":1}");
    let first = "HTTP/1.1 200 Scripted\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\none";
    assert_eq!(read(&mut stream, first.len()), first);
    let stream_text = "HTTP/1.1 200 Scripted\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
                       9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n";
    // The last turn repeats, on the same connection and with requests sent ahead, chunked ones too.
    ask(&mut stream, "{\"n\":2}");
    stream.write_all(b"POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n").unwrap();
    assert_eq!(read(&mut stream, stream_text.len()), stream_text);
    assert_eq!(read(&mut stream, stream_text.len()), stream_text);

    let requests = upstream.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/v1/x?a=b"));
    assert_eq!(requests[0].header("host"), Some("h"));
    assert_eq!(requests[1].json()["n"], 2);
    assert_eq!(requests[2].text(), "abcde");
    assert!(requests.iter().all(|request| request.connection == 0 && request.began <= request.complete));
    assert_eq!(upstream.connections(), 1);
    assert_eq!(upstream.sent(0), first.len() + 2 * stream_text.len());
    assert_eq!(upstream.closed_at(0), None);
    let closed = Instant::now();
    drop(stream);
    assert!(upstream.wait_closed_blocking(0, LIMIT).unwrap().duration_since(closed) < Duration::from_millis(200));
}

#[test]
fn the_peer_is_watched_in_every_step() {
    let huge = vec![b'x'; 64 << 20];
    let turns = [
        Turn::never(),
        Turn::new().wait(LIMIT * 10),
        Turn::sse_open(["data: 1\n\n"]).stall(),
        Turn::new().trickle("slowly", 1, LIMIT),
        Turn::answer(200, "text/plain", &huge),
    ];
    let count = turns.len();
    let upstream = Scripted::start(Script::sequence(turns));
    for number in 0..count {
        let mut stream = connect(&upstream);
        ask(&mut stream, "x");
        assert!(upstream.wait_requests_blocking(number + 1, LIMIT));
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(upstream.closed_at(number), None);
        let closed = Instant::now();
        drop(stream);
        let seen = upstream.wait_closed_blocking(number, LIMIT).unwrap_or_else(|| panic!("turn {number}: not seen"));
        assert!(seen.duration_since(closed) < Duration::from_millis(200), "turn {number}");
    }
    assert!(upstream.sent(count - 1) < huge.len(), "a peer that does not read holds the upstream back");
}

#[test]
fn close_is_orderly_and_reset_is_not() {
    let upstream = Scripted::start(Script::choose(|_, request| match request.text().as_ref() {
        "close" => Turn::new().send("bye").close(),
        _ => Turn::new().send("bye").wait(Duration::from_millis(20)).reset(),
    }));
    let mut closing = connect(&upstream);
    ask(&mut closing, "close");
    let mut text = String::new();
    closing.read_to_string(&mut text).unwrap();
    assert_eq!(text, "bye");
    let mut resetting = connect(&upstream);
    ask(&mut resetting, "reset");
    assert_eq!(read(&mut resetting, 3), "bye");
    assert_eq!(resetting.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    for number in [0, 1] {
        assert!(upstream.ended_at(number).is_some());
        assert_eq!(upstream.closed_at(number), None, "the script ended it, not the peer");
    }
}

#[test]
fn a_connection_can_be_ended_before_a_byte_is_read() {
    let upstream = Scripted::start(Script::on_connect(Turn::new().reset()));
    let mut stream = connect(&upstream);
    assert!(stream.read(&mut [0]).is_err());
    assert_eq!(upstream.requests().len(), 0);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn waiting_works_inside_a_runtime_and_times_are_kept() {
    let pause = Duration::from_millis(30);
    let upstream = Scripted::start(Script::always(Turn::sse_every(pause, ["a", "b", "c"])));
    assert!(!upstream.wait_requests(1, Duration::from_millis(10)).await);
    let mut stream = connect(&upstream);
    let started = Instant::now();
    ask(&mut stream, "x");
    assert!(upstream.wait_requests(1, LIMIT).await);
    let text = "HTTP/1.1 200 Scripted\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
                1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";
    assert_eq!(tokio::task::spawn_blocking(move || (read(&mut stream, text.len()), stream)).await.unwrap().0, text);
    assert!(started.elapsed() >= 3 * pause);
    assert!(upstream.wait_closed(0, LIMIT).await.is_some());
}
