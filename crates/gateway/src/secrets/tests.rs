use super::*;
use http::HeaderValue;

fn sensitive(value: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(value).unwrap();
    value.set_sensitive(true);
    value
}

/// R64: a key without a known prefix is found all the same, because it is known itself.
#[test]
fn the_providers_own_secrets_are_taken_out_of_a_text() {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", sensitive("Bearer plainCanary-zebra-okapi"));
    headers.insert("x-api-key", sensitive("another-one"));
    headers.insert("x-short", sensitive("abc"));
    headers.insert("user-agent", HeaderValue::from_static("visible-agent"));
    let secrets = Secrets::in_headers([&headers]);
    let text = "abc: plainCanary-zebra-okapi is not another-one, said visible-agent".to_owned();
    assert_eq!(secrets.scrub(text), "abc: [redacted] is not [redacted], said visible-agent");
    assert!(!format!("{secrets:?}").contains("zebra"));
}

/// R64: nor in another spelling, nor cut off at the end of a shortened text.
#[test]
fn spellings_and_the_beginning_of_a_cut_secret_are_taken_out() {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", sensitive("Bearer plain/Canary+zebra"));
    let secrets = Secrets::in_headers([&headers]);
    for text in ["a plain/Canary+zebra b", r"a plain\/Canary+zebra b", "a plain%2FCanary%2Bzebra b"] {
        assert_eq!(secrets.scrub(text.to_owned()), "a [redacted] b");
    }
    assert_eq!(secrets.scrub("long plain/Canary+ze…".to_owned()), "long [redacted]…");
    assert_eq!(secrets.scrub("it is plain…".to_owned()), "it is plain…");
}

#[test]
fn the_secrets_of_a_query_are_taken_out() {
    let secrets = Secrets::in_headers([]).and_query(Some(&SecretString::from("v=1&api-key=plain%2Fcanary-okapi")));
    assert_eq!(secrets.scrub("refused plain/canary-okapi at v=1".to_owned()), "refused [redacted] at v=1");
}
