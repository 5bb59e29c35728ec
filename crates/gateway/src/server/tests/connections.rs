use super::*;

/// R2: over the limit a caller is told so, and those who are there go on.
#[test]
fn connections_have_a_limit() {
    let running = Setup::new(Drip::endless()).settings(|settings| settings.max_connections = Some(3)).run();
    let mut there: Vec<_> = (0..3).map(|_| running.connect()).collect();
    running.metric_becomes("conduit_connections", "3");
    let refused = running.say(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(status(&refused) == 503 && refused.contains("overloaded"), "{refused}");
    assert_eq!(running.metric("conduit_refused_connections_total"), "1");
    for stream in &mut there {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        assert_eq!(status(&head(stream)), 200);
    }
    drop(there);
    running.metric_becomes("conduit_connections", "0");
    assert_eq!(running.get("/health/live").0, 200);
}

#[test]
fn connections_of_one_address_have_a_limit_of_their_own() {
    let running = Setup::new(Drip::endless()).settings(|settings| settings.max_connections_per_ip = 2).run();
    let there: Vec<_> = (0..2).map(|_| running.connect()).collect();
    running.metric_becomes("conduit_connections", "2");
    assert_eq!(status(&running.say(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")), 503);
    assert_eq!(running.metric("conduit_refused_connections_per_ip_total"), "1");
    drop(there);
    running.metric_becomes("conduit_connections", "0");
    assert_eq!(running.get("/health/live").0, 200);
}
