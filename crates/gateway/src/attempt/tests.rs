use super::*;

/// R64: what a provider calls the request stands in a log line and breaks none.
#[test]
fn a_providers_id_is_shown_short_and_clean() {
    assert_eq!(shown(&HeaderValue::from_static("req_011 Abc-9")), "req_011Abc-9");
    let odd = HeaderValue::from_bytes(b"a\tb\xff\xe9c").unwrap();
    assert_eq!(shown(&odd), "abc");
    assert_eq!(shown(&HeaderValue::from_str(&"x".repeat(4_000)).unwrap()).len(), 128);
}
