//! Each timer fires at its value and its stage is named; a mapping's own timers come before the provider's. R6, R7.

use crate::harness::http2::{END_HEADERS, END_STREAM, HEADERS, Http2, block, frame};
use crate::harness::{Ask, Gateway, KEY, Setup, openai};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use testkit::figure;
use testkit::scripted::{Script, Scripted, Turn};

const CONNECT: Duration = Duration::from_millis(600);
const FIRST: Duration = Duration::from_millis(1_000);
const IDLE: Duration = Duration::from_millis(800);
const TOTAL: Duration = Duration::from_millis(1_200);
/// The mapping `hasty` has this one for all of its timers.
const HASTY: Duration = Duration::from_millis(400);
/// R6 has a tenth to both sides; a busy machine may be later than that.
const MARGIN: Duration = Duration::from_millis(400);

/// An address whose connections are never answered: nobody accepts, and the queue is full.
struct Deaf {
    address: SocketAddr,
    _listener: socket2::Socket,
    _waiting: Vec<socket2::Socket>,
}

impl Deaf {
    fn new() -> Self {
        let socket = || socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let waiting = socket();
                waiting.set_nonblocking(true).unwrap();
                let _ = waiting.connect(&address.into());
                waiting
            })
            .collect();
        std::thread::sleep(Duration::from_millis(50));
        Self { address, _listener: listener, _waiting: waiting }
    }
}

fn start(base_url: &str) -> Gateway {
    let timeouts = format!(
        "connect: {}ms, first_byte: {}ms, idle: {}ms, total: {}ms",
        CONNECT.as_millis(),
        FIRST.as_millis(),
        IDLE.as_millis(),
        TOTAL.as_millis()
    );
    let hasty = HASTY.as_millis();
    Setup::new()
        .provider_entry(&format!(
            "name: one, type: openai, base_url: \"{base_url}\", credentials: {{ api_key: sk-timeouts }}, timeouts: {{ {timeouts} }}"
        ))
        .model("m", "one", "up-1", 1)
        .model_entry(&format!(
            "name: hasty, provider: one, provider_model: up-1, timeouts: {{ first_byte: {hasty}ms, idle: {hasty}ms, total: {hasty}ms }}"
        ))
        .start()
}

/// Asks, and holds the end against the limit. `before` is what the provider takes of its own will before it stalls.
fn fires(gateway: &Gateway, what: &str, (model, stream): (&str, bool), (before, limit): (Duration, Duration), words: &str) {
    let body = if stream { openai::chat_stream(model) } else { openai::chat(model) };
    let began = Instant::now();
    let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
    let took = began.elapsed().saturating_sub(before);
    figure::seen("R6", &format!("{what} ({model}, stream {stream})"), &format!("{limit:?}, 10 % more or less"), format!("{took:?}"));
    assert!(reply.text().contains("provider_timeout"), "{what} ({model}): {} {}", reply.status, reply.text());
    assert!(reply.text().contains(words), "{what} ({model}): the stage is not named: {}", reply.text());
    assert!(
        (limit.mul_f32(0.9)..limit.mul_f32(1.1) + MARGIN).contains(&took),
        "{what} ({model}, stream {stream}): {took:?} where {limit:?} was set"
    );
}

#[test]
fn connecting_has_its_own_limit_in_each_of_its_stages() {
    let deaf = Deaf::new();
    let silent = Scripted::start(Script::on_connect(Turn::never()));
    for (what, base_url, stage) in
        [("TCP", format!("http://{}/v1", deaf.address), "TCP"), ("TLS", format!("https://{}/v1", silent.address()), "TLS")]
    {
        let gateway = start(&base_url);
        for stream in [false, true] {
            fires(&gateway, what, ("m", stream), (Duration::ZERO, CONNECT), "connecting took too long");
        }
        let (_, log) = gateway.output();
        let named = log.lines().any(|line| line.contains("ran out during") && line.contains(stage));
        assert!(named, "{what}: the log does not name the stage");
    }
}

#[test]
fn every_stage_of_an_answer_has_its_limit() {
    let json = [("content-type", "application/json"), ("content-length", "500")];
    let events = openai::events(2);
    let pause = Duration::from_millis(200);
    // What stalls, after how long, on which request, which limit is to fire, the words for it.
    let cases: Vec<(&str, Turn, Duration, bool, Duration, &str)> = vec![
        ("no head", Turn::never(), Duration::ZERO, false, TOTAL, "no answer in time"),
        ("no head", Turn::never(), Duration::ZERO, true, FIRST, "no answer in time"),
        ("half a head", Turn::new().send("HTTP/1.1 200 OK\r\ncontent-").stall(), Duration::ZERO, true, FIRST, "no answer in time"),
        ("no event", Turn::sse_open::<&str>([]).stall(), Duration::ZERO, true, FIRST, "no event came in time"),
        ("half an event", Turn::sse_open([&events[0][..20]]).stall(), Duration::ZERO, true, FIRST, "no event came in time"),
        (
            "between two events",
            Turn::sse_open(&events[..2]).wait(pause).chunk(&events[2]).stall(),
            pause,
            true,
            IDLE,
            "too long a pause between two events",
        ),
        (
            "half a body",
            Turn::new().head(200, &json).send("{\"id\":").stall(),
            Duration::ZERO,
            false,
            TOTAL,
            "the answer did not end in time",
        ),
        (
            "a body byte by byte",
            Turn::new().head(200, &json).trickle(" ".repeat(500), 1, Duration::from_millis(20)),
            Duration::ZERO,
            false,
            TOTAL,
            "the answer did not end in time",
        ),
    ];
    for (what, turn, before, stream, limit, words) in cases {
        let upstream = Scripted::start(Script::always(turn));
        let gateway = start(&format!("{}/v1", upstream.url()));
        fires(&gateway, what, ("m", stream), (before, limit), words);
        // The mapping's own limit comes first; where it does, the provider is not waited for.
        fires(&gateway, what, ("hasty", stream), (before, HASTY), words);
        for connection in 0..upstream.connections() {
            assert!(upstream.wait_closed_blocking(connection, Duration::from_secs(2)).is_some(), "{what}: the call was not cancelled");
        }
    }
}

fn closes(mut stream: TcpStream) -> Duration {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let began = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new());
    began.elapsed()
}

/// R7: idle connections are closed within their limit and a second, on HTTP/1 and on HTTP/2.
#[test]
fn idle_connections_are_closed() {
    let upstream = Scripted::start(Script::always(openai::answered()));
    let gateway = Setup::new()
        .server("idle_timeout: 1s")
        .provider("one", "openai", &format!("{}/v1", upstream.url()))
        .model("m", "one", "up-1", 1)
        .start();
    let in_time = |what: &str, took: Duration| {
        figure::seen("R7", &format!("{what}, idle for 1 s"), "closed within the limit and 1 s", format!("{took:?}"));
        assert!((Duration::from_millis(900)..Duration::from_millis(2_800)).contains(&took), "{what}: {took:?}");
    };
    let mut kept = TcpStream::connect(gateway.address()).unwrap();
    kept.write_all(b"GET /health/live HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
    in_time("keep-alive", closes(kept));
    let mut http2 = Http2::connect(gateway.address(), &[]);
    let head = block(&[(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/health/live"), (b":authority", b"h")]);
    assert!(http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &head)));
    assert!(http2.frames(Duration::from_secs(5), |frames| frames.iter().any(|frame| frame.status().is_some())).len() > 1);
    let began = Instant::now();
    while !http2.ended && began.elapsed() < Duration::from_secs(10) {
        http2.frames(Duration::from_millis(50), |_| false);
    }
    in_time("HTTP/2 without a further request", began.elapsed());
}

/// R7: callers that send their heads a byte at a time take nothing from the others.
#[test]
fn slow_heads_and_bodies_leave_honest_callers_alone() {
    const SLOW: usize = 300;
    let upstream = Scripted::start(Script::always(openai::answered()));
    let gateway =
        Setup::new().log("info").provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let median = || {
        let mut times: Vec<_> = (0..40)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address()).status, 200);
                began.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    let calm = median();
    let before = gateway.memory();
    let mut slow: Vec<_> = (0..SLOW)
        .map(|number| {
            let mut stream = TcpStream::connect(gateway.address()).unwrap();
            let body =
                format!("POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {KEY}\r\ncontent-length: 1000\r\n\r\n{{");
            let begun = if number % 2 == 0 { "GET /v1/models HTTP/1.1\r\nhost: h\r\nx-slow: " } else { &body };
            stream.write_all(begun.as_bytes()).unwrap();
            stream
        })
        .collect();
    for stream in &mut slow {
        let _ = stream.write_all(b" ");
    }
    let beside = median();
    let growth = gateway.memory().saturating_sub(before);
    let seen = format!("half within {beside:?} beside {SLOW} slow ones, {calm:?} without; {growth} KiB for them all");
    figure::seen("R7", "honest callers beside slow heads and bodies", "nearly as without", seen);
    assert!(beside < calm * 3 + Duration::from_millis(50), "{beside:?} beside them, {calm:?} without");
    // A head and a body that have begun cost less than a stream does.
    assert!(growth < 64 * SLOW as u64, "{growth} KiB for {SLOW} slow callers");
    drop(slow);
}
