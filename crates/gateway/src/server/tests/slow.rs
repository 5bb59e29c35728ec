use super::*;

const LIMIT: Duration = Duration::from_millis(400);
/// R7: closed within the limit and a second.
const AT_LAST: Duration = Duration::from_millis(1_400);

fn hasty(settings: &mut Settings) {
    settings.head_timeout = LIMIT;
    settings.idle_timeout = LIMIT;
    settings.body_pause = LIMIT;
    settings.write_pause = LIMIT;
}

/// How long it takes until the server closes.
fn closes(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    rest(&mut stream);
    began.elapsed()
}

fn in_time(what: &str, took: Duration) {
    assert!(LIMIT.mul_f32(0.9) <= took && took <= AT_LAST, "{what} was closed after {took:?}");
}

/// R7: connections that cost a caller nothing do not stay.
#[test]
fn callers_that_send_nothing_or_little_are_closed() {
    let running = Setup::new(Drip::silent()).settings(hasty).run();
    in_time("silence", closes(running.connect()));
    let mut half = running.connect();
    half.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").unwrap();
    in_time("half a head", closes(half));
    let mut preface = running.connect();
    preface.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    in_time("HTTP/2 without a request", closes(preface));
    let mut idle = running.connect();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert_eq!(status(&head(&mut idle)), 200);
    in_time("keep-alive", closes(idle));
    let mut trickle = running.connect();
    let began = Instant::now();
    for byte in b"GET /health/live HTTP/1.1\r\nhost: a\r\nx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy".iter().cycle() {
        if trickle.write_all(&[*byte]).is_err() || began.elapsed() > PATIENCE {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(began.elapsed() < AT_LAST + LIMIT, "a trickled head was read for {:?}", began.elapsed());
    assert!(running.metric("conduit_closed_connections_total{reason=\"head_timeout\"}").parse::<u32>().unwrap() >= 3);
}

/// R7: a body that does not come is answered and the connection closed.
#[test]
fn a_body_that_stops_is_answered_and_closed() {
    let running = Setup::new(Drip::silent()).settings(hasty).run();
    let mut stream = running.connect();
    let began = Instant::now();
    write!(stream, "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-length: 100\r\n\r\n{{")
        .unwrap();
    let answer = rest(&mut stream);
    assert_eq!(status(&answer), 408, "{answer}");
    assert!(began.elapsed() < LIMIT + Duration::from_secs(2), "closed after {:?}", began.elapsed());
}

/// R3: what a caller does not take is not fetched from the provider, and one that takes nothing at all is let go.
#[test]
fn a_caller_that_reads_nothing_is_let_go() {
    let drip = Drip::flood();
    let open = Arc::clone(&drip.open);
    let running = Setup::new(drip).settings(hasty).run();
    let stream = running.stream();
    assert_eq!(open.load(Ordering::SeqCst), 1);
    eventually("the provider's answer is dropped", || open.load(Ordering::SeqCst) == 0);
    eventually("the connection is gone", || running.metric("conduit_closed_connections_total{reason=\"write_timeout\"}") == "1");
    eventually("the room is free", || running.metric("conduit_in_flight_requests") == "0");
    drop(stream);
}
