use super::*;

#[test]
fn every_word_is_read() {
    let words = "status=429;retry-after=2;code=insufficient_quota;delay=500ms;first-token-delay=2s;event-delay=1.5s;cut-after=3;malformed-at=2;\
                 error-at=4;no-finish;stall-after=2;trickle=1;bytes=10;events=100;usage=none;\
                 garbage=half-head;slow-head=5ms";
    let faults = Faults::parse(words).unwrap();
    let expected = Faults {
        status: Some(429),
        code: Some("insufficient_quota".into()),
        retry_after: Some(2),
        delay: Some(Duration::from_millis(500)),
        first_token_delay: Some(Duration::from_secs(2)),
        event_delay: Some(Duration::from_millis(1500)),
        cut_after: Some(3),
        malformed_at: Some(2),
        error_at: Some(4),
        no_finish: true,
        stall_after: Some(2),
        trickle: Some(1),
        bytes: Some(10),
        events: Some(100),
        no_usage: true,
        garbage: Garbage::named("half-head"),
        slow_head: Some(Duration::from_millis(5)),
    };
    assert_eq!(faults, expected);
}

#[test]
fn a_model_name_is_cut_at_the_first_semicolon() {
    let mut faults = Faults::default();
    assert_eq!(faults.read_model("gpt-4o; status=503 ;; delay=1ms").unwrap(), "gpt-4o");
    assert_eq!((faults.status, faults.delay), (Some(503), Some(Duration::from_millis(1))));
    assert_eq!(faults.read_model("org/model:free").unwrap(), "org/model:free");
}

#[test]
fn a_later_source_overrides_an_earlier() {
    let mut faults = Faults::parse("status=429;retry-after=2").unwrap();
    faults.read_model("m;status=500").unwrap();
    assert_eq!((faults.status, faults.retry_after), (Some(500), Some(2)));
}

#[test]
fn a_bad_word_is_named() {
    for bad in [
        "statsu=429",
        "status",
        "status=abc",
        "status=99",
        "status=600",
        "delay=5",
        "delay=-1s",
        "delay=xs",
        "delay=NaNs",
        "cut-after=x",
        "malformed-at=0",
        "error-at=0",
        "trickle=0",
        "events=0",
        "events=9999999",
        "bytes=99999999999",
        "usage=some",
        "no-finish=maybe",
        "code=",
        "=1",
    ] {
        let message = Faults::parse(bad).unwrap_err();
        assert!(message.contains(&format!("'{bad}'")), "{bad}: {message}");
    }
}
