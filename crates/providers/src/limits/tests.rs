use super::*;
use http::HeaderValue;

#[test]
fn durations_as_go_writes_them() {
    for (text, millis) in [
        ("6m0s", 360_000),
        ("20ms", 20),
        ("6s", 6_000),
        ("1.57s", 1_570),
        ("2m59.56s", 179_560),
        ("1h2m3s", 3_723_000),
        ("1d", 86_400_000),
        ("0s", 0),
        ("0", 0),
        ("1500us", 1),
    ] {
        let read = go_duration(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(read.as_millis(), millis, "{text}");
    }
    for bad in ["", "6", "s", "6x", "-6s", "6m 0s", "1..2s", "m6", "1e400s", "99999999999999999999999999h"] {
        assert_eq!(go_duration(bad), None, "{bad}");
    }
}

#[test]
fn the_declared_headers_are_read_and_bad_ones_left_out() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-ratelimit-limit-requests", "14400"),
        ("x-ratelimit-remaining-requests", "14370"),
        ("x-ratelimit-reset-requests", "2m59.56s"),
        ("x-ratelimit-limit-tokens", "many"),
        ("x-ratelimit-remaining-tokens", "-3"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let limits = read(crate::find("groq").unwrap(), &headers);
    let after = Some(Reset::After(Duration::from_millis(179_560)));
    assert_eq!(limits.requests, Window { limit: Some(14_400), remaining: Some(14_370), reset: after });
    assert_eq!(limits.tokens, Window::default());
    assert_eq!(read(crate::find("openai").unwrap(), &HeaderMap::new()), Limits::default());
}

#[test]
fn moments_as_rfc_3339_writes_them() {
    let reset = read_reset("2026-11-22T17:00:30Z").unwrap();
    let now = "2026-11-22T17:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    assert_eq!(reset.from_now(now), Duration::from_secs(30));
    assert_eq!(reset.from_now(now + 60_000_000), Duration::ZERO, "passed");
    let mut headers = HeaderMap::new();
    headers.insert("anthropic-ratelimit-tokens-remaining", HeaderValue::from_static("5"));
    headers.insert("anthropic-ratelimit-tokens-reset", HeaderValue::from_static("2026-11-22T17:00:30Z"));
    let limits = read(crate::find("anthropic").unwrap(), &headers);
    assert_eq!(limits.tokens, Window { limit: None, remaining: Some(5), reset: Some(reset) });
    assert_eq!(read_reset("2026-13-22T17:00:30Z"), None);
    assert_eq!(Reset::After(Duration::from_secs(5)).from_now(now), Duration::from_secs(5));
}
