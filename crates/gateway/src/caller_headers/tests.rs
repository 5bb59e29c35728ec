use super::*;

fn read(pairs: &[(&'static str, &[u8])]) -> Result<Option<Box<CallerHeaders>>, Fault> {
    let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()));
    CallerHeaders::read(
        DialectId::AnthropicMessages,
        &pairs.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        }),
    )
}

#[test]
fn the_version_replaces_and_betas_join_without_doubles() {
    let own = read(&[("anthropic-version", b"2099-01-01"), ("anthropic-beta", b"b, c"), ("anthropic-beta", b"c,d"), ("x-other", b"1")])
        .unwrap()
        .unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(VERSION, HeaderValue::from_static("2023-06-01"));
    headers.insert(BETAS, HeaderValue::from_static("a,b"));
    own.apply(&mut headers);
    assert_eq!(headers.get(VERSION).unwrap(), "2099-01-01");
    assert_eq!(headers.get(BETAS).unwrap(), "a,b,c,d");
    assert_eq!(headers.len(), 2);
    assert_eq!(own.losses().map(|loss| loss.path).collect::<Vec<_>>(), ["header anthropic-beta"]);
}

#[test]
fn what_is_not_sent_changes_nothing() {
    assert_eq!(read(&[("x-other", b"1")]), Ok(None));
    let only_version = read(&[("anthropic-version", b"1")]).unwrap().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(BETAS, HeaderValue::from_static("a"));
    only_version.apply(&mut headers);
    assert_eq!(headers.get(BETAS).unwrap(), "a");
    assert_eq!(only_version.losses().count(), 0);
}

/// R55: what goes out is plain text.
#[test]
fn values_that_are_no_plain_text_are_refused_by_name() {
    for (name, value) in [("anthropic-beta", &b"a\xc3\xa9"[..]), ("anthropic-version", b"a\tb"), ("anthropic-beta", b"\xff")] {
        let fault = read(&[(name, value)]).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(name)));
    }
    let fault = read(&[("anthropic-version", b"1"), ("anthropic-version", b"2")]).unwrap_err();
    assert_eq!(fault.status(), 400);
}

#[test]
fn a_list_of_betas_without_end_is_refused() {
    let many = |count: usize| (0..count).map(|number| format!("b{number}")).collect::<Vec<_>>().join(",");
    assert!(read(&[("anthropic-beta", many(MOST_BETAS).as_bytes())]).is_ok());
    assert_eq!(read(&[("anthropic-beta", many(MOST_BETAS + 1).as_bytes())]).unwrap_err().status(), 400);
    assert_eq!(read(&[("anthropic-beta", many(40).as_bytes()), ("anthropic-beta", many(40).as_bytes())]).unwrap_err().status(), 400);
}

#[test]
fn callers_of_other_dialects_have_none() {
    let mut headers = HeaderMap::new();
    headers.insert(BETAS, HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(CallerHeaders::read(DialectId::OpenaiChat, &headers), Ok(None));
}
