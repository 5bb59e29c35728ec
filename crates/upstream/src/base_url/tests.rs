use super::*;

fn refused(text: &str) -> UrlFault {
    check_base_url(text, false).expect_err(text)
}

#[test]
fn ordinary_base_urls_pass() {
    for text in ["https://api.openai.com/v1", "https://api.example.com", "https://[2606:4700::1111]:8443/v1", "https://1.1.1.1/v1"] {
        assert_eq!(check_base_url(text, false).map(|url| url.scheme().to_owned()), Ok("https".to_owned()), "{text}");
    }
    for text in ["http://127.0.0.1:8080/v1", "http://localhost:11434", "https://10.0.0.8", "http://[::1]:1", "http://ollama:11434"] {
        assert!(check_base_url(text, true).is_ok(), "{text}");
    }
}

/// R69: every spelling of a private literal is seen through.
#[test]
fn spellings_of_private_addresses_are_refused() {
    let spellings = [
        "https://127.0.0.1",
        "https://127.1",
        "https://127.0.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.0.0.1",
        "https://0177.0.0.1",
        "https://017700000001",
        "https://127.0.0.1.",
        "https://127%2e0%2e0%2e1",
        "https://127。0。0。1",
        "https://127．0．0．1",
        "https://１２７.0.0.1",
        "https://①②⑦.0.0.1",
        "https://0",
        "https://0.0.0.0",
        "https://169.254.169.254/latest",
        "https://0xa9fea9fe",
        "https://2852039166",
        "https://[::1]",
        "https://[::]",
        "https://[::ffff:127.0.0.1]",
        "https://[::ffff:a9fe:a9fe]",
        "https://[fd00:ec2::254]",
        "https://[fe80::1]",
        "https://[64:ff9b::7f00:1]",
        "https://[2002:7f00:1::]",
        "https://localhost",
        "https://LOCALHOST",
        "https://localhost.",
        "https://foo.localhost",
        "https://10.0.0.1",
        "https://192.168.0.1:8443/v1",
    ];
    for text in spellings {
        assert!(matches!(refused(text), UrlFault::Address { .. }), "{text} gave {:?}", refused(text));
    }
    for text in ["https://[fe80::1%25eth0]", "https://1.2.3.4.5", "https://256.1.1.1", "https://0x7f.1.1.1.1", "https://"] {
        assert!(matches!(refused(text), UrlFault::Syntax(_)), "{text} gave {:?}", refused(text));
    }
}

/// R69: parts of a URL that parsers disagree about are refused, not interpreted.
#[test]
fn ambiguous_urls_are_refused() {
    for text in ["https://api.openai.com\\@127.0.0.1", "https:\\\\127.0.0.1", "https://exa mple.com", "https://a.com/\t", "https://a.com\n"]
    {
        assert_eq!(refused(text), UrlFault::Characters, "{text}");
    }
    for text in ["https://user@a.com", "https://user:pw@a.com", "https://@a.com", "https://:@a.com", "https://api.openai.com@127.0.0.1/"] {
        assert_eq!(refused(text), UrlFault::Userinfo, "{text}");
    }
    assert_eq!(refused("https://a.com#@127.0.0.1"), UrlFault::Fragment);
    assert_eq!(refused("https://a.com/#"), UrlFault::Fragment);
    assert_eq!(refused("https://a.com/v1?key=secret"), UrlFault::Query);
    assert_eq!(refused("https://a.com?"), UrlFault::Query);
    assert_eq!(refused("https://a.com:0/"), UrlFault::Port);
    assert_eq!(refused("https://."), UrlFault::NoHost);
    assert!(matches!(refused("a.com/v1"), UrlFault::Syntax(_)));
    assert!(matches!(refused(""), UrlFault::Syntax(_)));
    for text in ["ftp://a.com", "file:///etc/passwd", "gopher://a.com", "javascript:alert(1)", "localhost:8080"] {
        assert!(matches!(refused(text), UrlFault::Scheme(_)), "{text}");
    }
}

#[test]
fn plain_http_needs_the_flag_and_metadata_stays_forbidden_with_it() {
    assert_eq!(refused("http://api.openai.com/v1"), UrlFault::PlainHttp);
    for text in ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://0xa9fea9fe/", "http://0.0.0.0:8080"] {
        let fault = check_base_url(text, true).expect_err(text);
        assert!(matches!(fault, UrlFault::Address { .. }), "{text} gave {fault:?}");
    }
}

/// R64: what stands before the host or in the query may be a secret, so no message repeats it.
#[test]
fn messages_hold_no_secret_and_name_the_remedy() {
    for text in ["https://user:hunter2@a.com", "https://a.com/?key=hunter2", "https://a.com/#hunter2", "ftp://hunter2@a.com"] {
        assert!(!refused(text).to_string().contains("hunter2"), "{}", refused(text));
    }
    assert!(refused("https://10.0.0.1").to_string().contains("allow_private_network"));
    assert!(refused("http://a.com").to_string().contains("https"));
}
