//! What a parsed head must be: one host that is one, a target for this server, no other protocol asked for (R53, R56).

use chat::Fault;
use http::header::{HOST, UPGRADE};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Uri, Version};

/// Longest target, in bytes. HTTP/1 is bound where its bytes are read; this is for HTTP/2.
const LONGEST_TARGET: usize = 8 << 10;

pub(super) fn judge<B>(request: &Request<B>) -> Result<(), Fault> {
    let (uri, headers) = (request.uri(), request.headers());
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return Err(Fault::invalid("method", format!("the method {} is not served here", request.method())));
    }
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > LONGEST_TARGET {
        return Err(Fault::invalid("path", format!("the request target is longer than {LONGEST_TARGET} bytes")));
    }
    judge_host(uri, headers, request.version())?;
    judge_upgrade(headers)
}

/// One host, sound, and the same wherever it is said.
fn judge_host(uri: &Uri, headers: &HeaderMap, version: Version) -> Result<(), Fault> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(wrong_host("the request has several Host headers: send one"));
    }
    let host = match host {
        Some(host) => Some(host.to_str().ok().filter(|host| is_host(host)).ok_or_else(|| wrong_host("the Host header is no host"))?),
        None if version == Version::HTTP_11 => return Err(wrong_host("the request has no Host header")),
        None => None,
    };
    let Some(authority) = uri.authority() else { return Ok(()) };
    if !is_host(authority.as_str()) {
        return Err(wrong_host("the request target names no host"));
    }
    if !uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https")) {
        return Err(Fault::invalid("path", "the request target is no address of the web"));
    }
    match host {
        Some(host) if !host.eq_ignore_ascii_case(authority.as_str()) => {
            Err(wrong_host("the request target and the Host header name different hosts"))
        }
        _ => Ok(()),
    }
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    text.bytes().all(plain) && text.parse::<Authority>().is_ok_and(|authority| !authority.host().is_empty())
}

fn wrong_host(message: &str) -> Fault {
    Fault::invalid("host", message)
}

/// HTTP/2 by way of an upgrade is asked for by clients of some standard libraries, which go on in HTTP/1.1 where a server does not answer it.
/// Anything else would expect other bytes behind the head.
fn judge_upgrade(headers: &HeaderMap) -> Result<(), Fault> {
    let other = headers.get_all(UPGRADE).iter().any(|value| {
        let protocols = value.to_str().unwrap_or("?").split(',');
        protocols.map(str::trim).any(|protocol| !protocol.eq_ignore_ascii_case("h2c"))
    });
    match other {
        true => Err(Fault::invalid("upgrade", "no other protocol is spoken here: send the request without `Upgrade`")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(version: Version, target: &str, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().version(version).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn verdict(target: &str, headers: &[(&str, &str)]) -> Result<(), String> {
        judge(&request(Version::HTTP_11, target, headers)).map_err(|fault| fault.param.unwrap())
    }

    /// R53: a host that two servers could read in two ways is refused.
    #[test]
    fn the_host_is_one_and_sound() {
        let wrong = Err("host".to_owned());
        assert_eq!(verdict("/", &[("host", "a")]), Ok(()));
        assert_eq!(verdict("/", &[("host", "[::1]:8080")]), Ok(()));
        assert_eq!(verdict("http://a:1/x", &[("host", "A:1")]), Ok(()));
        assert_eq!(verdict("/", &[]), wrong);
        for host in ["", "a b", "a@b", "a/b", "a,b", "a\u{e4}", "http://a", "a:b:c", "a?b", ":80"] {
            assert_eq!(verdict("/", &[("host", host)]), wrong, "{host}");
        }
        assert_eq!(verdict("/", &[("host", "a"), ("host", "a")]), wrong);
        assert_eq!(verdict("http://b/", &[("host", "a")]), wrong);
        assert_eq!(verdict("http://user@a/", &[("host", "a")]), wrong);
        assert_eq!(verdict("ftp://a/", &[("host", "a")]), Err("path".to_owned()));
        assert!(judge(&request(Version::HTTP_10, "/", &[])).is_ok(), "HTTP/1.0 knows no Host");
        assert!(judge(&request(Version::HTTP_2, "https://a/", &[])).is_ok());
        assert!(judge(&request(Version::HTTP_2, "https://a/", &[("host", "b")])).is_err());
    }

    #[test]
    fn other_protocols_and_methods_that_make_tunnels_are_refused() {
        let host = ("host", "a");
        assert_eq!(verdict("/", &[host, ("upgrade", "h2c")]), Ok(()));
        assert_eq!(verdict("/", &[host, ("upgrade", "websocket")]), Err("upgrade".to_owned()));
        assert_eq!(verdict("/", &[host, ("upgrade", "h2c, websocket")]), Err("upgrade".to_owned()));
        for method in [Method::CONNECT, Method::TRACE] {
            let mut request = request(Version::HTTP_2, "https://a/", &[]);
            *request.method_mut() = method;
            assert!(judge(&request).is_err());
        }
        assert_eq!(verdict(&format!("/{}", "x".repeat(9_000)), &[host]), Err("path".to_owned()));
    }
}
