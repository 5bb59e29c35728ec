use super::*;
use crate::ports::OutcomeStatus;

/// R50: readiness says no at once while new requests are still served, each with the word to come no more.
#[test]
fn while_it_is_not_ready_any_more_it_still_serves() {
    let mut running =
        Setup::new(Drip::new(Duration::from_millis(5), 3)).settings(|settings| settings.drain_delay = Duration::from_millis(600)).run();
    assert_eq!(running.get("/health/ready").0, 200);
    assert_eq!(running.metric("conduit_ready"), "1.0");
    running.stop();
    eventually("not ready", || running.get("/health/ready").0 == 503);
    let (_, body) = running.get("/health/ready");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["reasons"], json!(["draining"]));
    assert_eq!(running.get("/health/live").0, 200);
    let (status_of_metrics, page) = running.get("/metrics");
    assert!(status_of_metrics == 200 && page.contains("conduit_ready 0.0") && page.contains("conduit_draining 1"), "{page}");
    let (mut stream, head) = running.chat(&streamed());
    assert!(status(&head) == 200 && head.to_ascii_lowercase().contains("connection: close"), "{head}");
    assert!(rest(&mut stream).contains("[DONE]"), "served to its end");
    let took = running.ended();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// R50: what is under way ends in its own time, idle connections close.
#[test]
fn within_the_grace_nothing_is_cut() {
    let mut setup = Setup::new(Drip::new(Duration::from_millis(40), 15));
    setup.grace = Duration::from_secs(20);
    let mut running = setup.run();
    let mut idle = running.connect();
    idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    assert_eq!(status(&head(&mut idle)), 200);
    let streams: Vec<_> = (0..10).map(|_| running.stream()).collect();
    running.stop();
    rest(&mut idle);
    for mut stream in streams {
        let text = rest(&mut stream);
        assert!(text.contains("[DONE]") && !text.contains("draining"), "{text}");
    }
    let book = running.open.rows();
    assert!(book.len() == 10 && book.iter().all(|(_, outcome)| outcome.status == OutcomeStatus::Succeeded), "{book:?}");
    let took = running.ended();
    assert!(took < Duration::from_secs(10), "the grace is not waited for where nothing is left: {took:?}");
}

/// R50: at its end every stream gets an error in the caller's dialect and a row; requests without an answer get one.
#[test]
fn at_the_end_of_the_grace_streams_end_with_an_error() {
    let mut setup = Setup::new(Drip::endless());
    setup.grace = Duration::from_millis(300);
    let mut running = setup.run();
    let streams: Vec<_> = (0..10).map(|_| running.stream()).collect();
    let mut waiting = running.connect();
    waiting.write_all(chat(&unary()).as_bytes()).unwrap();
    running.metric_becomes("conduit_in_flight_requests", "11");
    running.stop();
    for mut stream in streams {
        let text = rest(&mut stream);
        assert!(text.ends_with("0\r\n\r\n"), "the connection ends in order: {text:?}");
        assert!(text.contains("\"code\":\"draining\"") && !text.contains("[DONE]"), "{text:?}");
    }
    let answer = rest(&mut waiting);
    assert!(status(&answer) == 503 && answer.contains("draining") && answer.contains("x-request-id: req_"), "{answer}");
    let metrics = Arc::clone(running.open.gateway.metrics());
    eventually("all rows", || running.open.rows().len() == 11);
    for (_, outcome) in running.open.rows() {
        assert_eq!((outcome.status, outcome.fault.as_deref()), (OutcomeStatus::Failed, Some("draining")));
    }
    let took = running.ended();
    assert!(took < Duration::from_secs(3), "{took:?}");
    let text = metrics.text();
    assert!(text.contains("conduit_in_flight_requests 0\n") && text.contains("conduit_open_streams 0\n"), "{text}");
    assert!(text.contains("conduit_draining 1\n"));
    assert!(text.contains("status=\"2xx\",fault=\"draining\"} 10\n"), "{text}");
}

#[test]
fn a_stop_by_hand_does_not_wait_to_be_seen() {
    let running = Setup::new(Drip::endless()).settings(|settings| settings.drain_delay = Duration::from_secs(60)).run();
    running.open.gateway.stop_without_delay();
    let took = running.ended();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// A caller that takes nothing cannot keep Conduit from its end.
#[test]
fn the_end_does_not_wait_for_those_who_do_not_read() {
    let mut setup = Setup::new(Drip::flood());
    setup.grace = Duration::from_millis(100);
    let running = setup.run();
    let _streams: Vec<_> = (0..3).map(|_| running.stream()).collect();
    let took = running.ended();
    assert!(took < Duration::from_secs(5), "{took:?}");
}
