use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

type Pairs = &'static [(&'static str, &'static str)];

/// R19: seconds, milliseconds and dates.
#[test]
fn every_spelling_of_retry_after_is_read() {
    const NEXT_DAY: Pairs = &[("retry-after", "Sun, 01 Mar 2026 00:00:30 GMT"), ("date", "Sat, 28 Feb 2026 23:59:50 GMT")];
    const PAST: Pairs = &[("retry-after", "Sun, 01 Mar 2026 00:00:00 GMT"), ("date", "Sun, 01 Mar 2026 00:00:05 GMT")];
    let cases: [(Pairs, Option<Duration>); 10] = [
        (&[("retry-after", "2")], Some(Duration::from_secs(2))),
        (&[("retry-after", "1.5")], Some(Duration::from_millis(1500))),
        (&[("retry-after-ms", "250"), ("retry-after", "9")], Some(Duration::from_millis(250))),
        (NEXT_DAY, Some(Duration::from_secs(40))),
        (PAST, Some(Duration::ZERO)),
        (&[("retry-after", "Sun, 01 Mar 2026 00:00:30 GMT")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "-4")], None),
        (&[("retry-after", "inf")], None),
        (&[], None),
    ];
    for (pairs, expected) in cases {
        assert_eq!(retry_after(&headers(pairs)), expected, "{pairs:?}");
    }
}

#[test]
fn the_example_of_the_standard_is_the_second_it_says() {
    assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
    assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(http_date("Tue, 29 Feb 2028 12:00:00 GMT"), Some(1_835_438_400));
    assert_eq!(http_date("Sunday, 06-Nov-94 08:49:37 GMT"), None);
}

#[test]
fn the_providers_own_word_is_read() {
    assert_eq!(should_retry(&headers(&[("x-should-retry", "false")])), Some(false));
    assert_eq!(should_retry(&headers(&[("x-should-retry", "true")])), Some(true));
    assert_eq!(should_retry(&headers(&[("x-should-retry", "maybe")])), None);
    assert_eq!(should_retry(&headers(&[])), None);
}
