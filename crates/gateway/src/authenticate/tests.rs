use super::*;
use http::Request;

fn head(headers: &[(&str, &str)], uri: &str) -> Parts {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// R62: every place that a key may stand in gives the same answer.
#[test]
fn a_key_is_found_in_each_of_its_places() {
    for (headers, uri) in [
        (&[("authorization", "Bearer k-1")][..], "/"),
        (&[("authorization", "bearer   k-1 ")], "/"),
        (&[("x-api-key", "k-1")], "/"),
        (&[("api-key", "k-1")], "/"),
        (&[("x-goog-api-key", "k-1")], "/"),
        (&[], "/v1/models?alt=sse&key=k%2D1"),
        (&[("authorization", "Bearer k-1"), ("x-api-key", "k-1")], "/"),
        (&[("authorization", "Bearer "), ("x-api-key", "k-1")], "/"),
    ] {
        assert_eq!(presented_key(&head(headers, uri)), Ok(Some("k-1".to_owned())), "{headers:?} {uri}");
    }
    assert_eq!(presented_key(&head(&[], "/v1/models?monkey=1")), Ok(None));
}

/// R62: two different keys are refused, wherever they stand.
#[test]
fn two_different_keys_are_refused() {
    for (headers, uri) in [
        (&[("authorization", "Bearer k-1"), ("x-api-key", "k-2")][..], "/"),
        (&[("x-api-key", "k-1"), ("x-api-key", "k-2")], "/"),
        (&[("api-key", "k-1")], "/?key=k-2"),
    ] {
        let fault = presented_key(&head(headers, uri)).unwrap_err();
        assert_eq!(fault.status(), 400);
        assert!(!fault.message.contains("k-1") && !fault.message.contains("k-2"), "a key in a message");
    }
}

#[test]
fn another_scheme_than_bearer_is_refused() {
    assert_eq!(presented_key(&head(&[("authorization", "Basic azE6")], "/")).unwrap_err().status(), 401);
}
