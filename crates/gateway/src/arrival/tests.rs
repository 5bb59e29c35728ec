use super::*;
use crate::ports::request_of_own_id;

fn headers(id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-request-id", id.parse().unwrap());
    headers
}

fn now(headers: &HeaderMap) -> Arrival {
    Arrival::now(headers, Visit::new(&Arc::default(), None))
}

#[test]
fn a_sane_id_of_the_caller_is_kept() {
    assert_eq!(&*now(&headers("trace-01.a:b_c")).request_id, "trace-01.a:b_c");
}

/// An id that is made here tells the request's own, the key of its first row.
#[test]
fn an_id_made_here_is_that_of_the_row() {
    let arrival = now(&HeaderMap::new());
    assert_eq!(request_of_own_id(&arrival.request_id), Some(arrival.id));
    let (own, digits) = (own_request_id(0xab), "0".repeat(30));
    assert_eq!((own.as_str(), request_of_own_id(&own)), (format!("req_{digits}ab").as_str(), Some(0xab)));
    for other in
        ["", "req_", "req_ab", &format!("req_{digits}AB"), &format!("req_+{digits}1"), &format!("{own}0"), &own[4..], &format!("r{own}")]
    {
        assert_eq!(request_of_own_id(other), None, "{other}");
    }
}

/// R55: nothing that could break a header or a log line is taken over.
#[test]
fn an_id_with_other_characters_or_too_long_is_replaced() {
    for id in ["a b", "a\tb", "a\"b", "<x>", &"x".repeat(129)] {
        let arrival = now(&headers(id));
        assert!(arrival.request_id.starts_with("req_"), "{id}");
    }
}

#[test]
fn ids_are_version_7_ordered_by_time_and_unique() {
    let first = unique_id(1_700_000_000_000_000);
    let second = unique_id(1_700_000_000_001_000);
    assert!(first < second);
    assert_eq!(first >> 76 & 0xf, 7);
    assert_eq!(first >> 62 & 0b11, 0b10);
    assert_ne!(unique_id(1), unique_id(1));
}
