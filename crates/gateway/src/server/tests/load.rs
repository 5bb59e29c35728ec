use super::*;
use crate::keys::VirtualKey;

fn narrow(settings: &mut Settings) {
    settings.max_in_flight = 2;
    settings.queue_size = 4;
    settings.queue_wait = Duration::from_millis(25);
    settings.max_in_flight_per_provider = Some(2);
}

/// R1, R5: the excess is refused fast and before its body is read; health, metrics and the list of models are not touched by it.
#[test]
fn the_excess_is_refused_and_the_operator_is_served() {
    let running = Setup::new(Drip::endless()).settings(narrow).run();
    let mut taken = vec![running.stream(), running.stream()];
    let mut stream = running.connect();
    // A body that never comes would keep a request that is read.
    write!(stream, "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-length: 100000\r\n\r\n")
        .unwrap();
    let began = Instant::now();
    let answer = head(&mut stream);
    let took = began.elapsed();
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    // 25 ms in the queue; the rest is the machine's.
    assert!(took < Duration::from_millis(500), "{took:?}");
    for path in ["/health/live", "/health/ready", "/metrics"] {
        assert_eq!(running.get(path).0, 200, "{path}");
    }
    let models =
        running.say(format!("GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n").as_bytes());
    assert_eq!(status(&models), 200, "{models}");
    assert_eq!(running.metric("conduit_shed_total{reason=\"queue_timeout\"}"), "1");
    assert_eq!(running.open.rows_under_way(), 2, "what is refused leaves no call");
    taken.pop();
    running.metric_becomes("conduit_in_flight_requests", "1");
    taken.push(running.stream());
}

/// R4: a provider that is full is passed over; where no other is left, the caller is told to come again.
#[test]
fn a_full_provider_is_passed_over() {
    let mut setup = Setup::new(Drip::endless()).settings(|settings| settings.max_in_flight_per_provider = Some(1));
    setup.house = setup.house.mapped(mapping("m", &provider("two", "openai"), "up-2", 2));
    let running = setup.run();
    let heads: Vec<_> = (0..3).map(|_| running.chat(&streamed())).collect();
    let told: Vec<_> = heads.iter().map(|(_, head)| (status(head), head.contains("x-conduit-provider: two"))).collect();
    assert_eq!(told, [(200, false), (200, true), (503, false)]);
    assert!(heads[2].1.contains("retry-after: 1"), "{}", heads[2].1);
    assert_eq!(running.metric("conduit_shed_total{reason=\"provider_full\"}"), "3");
    drop(heads);
    running.metric_becomes("conduit_in_flight_requests", "0");
    let _ = running.stream();
}

/// R1, R33: a key's concurrency is its own, and what is refused takes nothing of it.
#[test]
fn a_key_over_its_concurrency_gets_429() {
    let mut setup = Setup::new(Drip::endless());
    let key = VirtualKey { id: "narrow".into(), enabled: true, concurrency: Some(1), ..VirtualKey::default() };
    setup.house = setup.house.key("a-narrow-key-for-tests", key);
    let running = setup.run();
    let ask = || {
        let mut stream = running.connect();
        stream.write_all(chat(&streamed()).replace(KEY, "a-narrow-key-for-tests").as_bytes()).unwrap();
        let head = head(&mut stream);
        (stream, status(&head), head)
    };
    let (first, taken, _) = ask();
    assert_eq!(taken, 200);
    for _ in 0..3 {
        let (mut stream, refused, head) = ask();
        assert!(refused == 429 && head.contains("retry-after"), "{head}");
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(rest(&mut stream).contains("rate_limit_exceeded"));
    }
    let _ = running.stream();
    drop(first);
    eventually("the slot is free again", || ask().1 == 200);
}

/// A request costs nothing that stays: gauges are back at rest after callers that left in every way.
#[test]
fn nothing_is_left_behind() {
    let running = Setup::new(Drip::endless()).run();
    for _ in 0..5 {
        drop(running.stream());
        eventually("the stream is settled", || running.open.rows_under_way() == 0);
        let mut waiting = running.connect();
        waiting.write_all(chat(&unary()).as_bytes()).unwrap();
        eventually("the provider is called", || running.open.rows_under_way() == 1);
        drop(waiting);
        eventually("the call is settled", || running.open.rows_under_way() == 0);
        assert_eq!(
            status(&running.say(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")),
            401
        );
    }
    for gauge in ["conduit_in_flight_requests", "conduit_open_streams", "conduit_connections", "conduit_queued_requests"] {
        running.metric_becomes(gauge, "0");
    }
    let text = running.open.gateway.metrics().text();
    assert!(text.contains("fault=\"invalid_key\"} 5\n"), "{text}");
    assert!(text.contains("conduit_upstream_attempts_total{provider=\"one\",fault=\"caller_gone\"} 10\n"), "{text}");
}
