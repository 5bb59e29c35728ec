//! The check of a base URL when it is configured: what is plainly wrong or forbidden is said then, with the remedy, and not at the first request.

use crate::address::{Refusal, reach};
use std::net::IpAddr;
use thiserror::Error;
use url::{Host, Url};

/// Why a base URL can't be used. The text holds neither userinfo nor query, where a secret might stand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlFault {
    #[error("is not an absolute URL ({0}); write it as https://host/path")]
    Syntax(String),
    #[error("holds a space, a control character or a backslash; write it as https://host/path")]
    Characters,
    #[error("has the scheme `{0}`; only https, and http with allow_private_network, can be used")]
    Scheme(String),
    #[error("is plain http, so the credential would travel in the open; use https, or set allow_private_network if the network is trusted")]
    PlainHttp,
    #[error("has no host; write it as https://host/path")]
    NoHost,
    #[error("holds a user name or password before the host; put the credential into `credentials`")]
    Userinfo,
    #[error("has a query (`?...`); a base URL ends with its path, and secrets belong into `credentials`")]
    Query,
    #[error("has a fragment (`#...`), which is never sent; remove it")]
    Fragment,
    #[error("has port 0, which nothing listens on")]
    Port,
    #[error("points to {host}, {refusal}")]
    Address { host: String, refusal: Refusal },
}

/// Checks a provider's base URL: https (http only with `allow_private_network`), no userinfo, query or fragment, and no private literal or
/// `localhost` without the flag. A name is judged again by the addresses that it resolves to whenever a connection is made.
///
/// Numeric spellings of IPv4 (octal, hexadecimal, short, one number), full-width digits and dots are normalised before they are judged.
pub fn check_base_url(text: &str, allow_private_network: bool) -> Result<Url, UrlFault> {
    // `url` would silently drop tabs and newlines and read a backslash as a slash: two programs could see two hosts.
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(UrlFault::Characters);
    }
    let url = Url::parse(text).map_err(|fault| UrlFault::Syntax(fault.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private_network => {}
        "http" => return Err(UrlFault::PlainHttp),
        other => return Err(UrlFault::Scheme(other.to_owned())),
    }
    check_parts(text, &url)?;
    check_host(&url, allow_private_network)?;
    Ok(url)
}

fn check_parts(text: &str, url: &Url) -> Result<(), UrlFault> {
    let authority = text.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or("");
    // `https://@host` parses to an empty user name: the sign itself is what two parsers may disagree on.
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return Err(UrlFault::Userinfo);
    }
    if url.query().is_some() {
        return Err(UrlFault::Query);
    }
    if url.fragment().is_some() {
        return Err(UrlFault::Fragment);
    }
    if url.port() == Some(0) {
        return Err(UrlFault::Port);
    }
    Ok(())
}

fn check_host(url: &Url, allow_private_network: bool) -> Result<(), UrlFault> {
    let literal: IpAddr = match url.host().ok_or(UrlFault::NoHost)? {
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            if name.is_empty() {
                return Err(UrlFault::NoHost);
            }
            // Reserved for loopback by RFC 6761, whatever a resolver says.
            if name != "localhost" && !name.ends_with(".localhost") {
                return Ok(());
            }
            std::net::Ipv4Addr::LOCALHOST.into()
        }
    };
    reach(literal)
        .permit(allow_private_network)
        .map_err(|refusal| UrlFault::Address { host: url.host_str().unwrap_or_default().to_owned(), refusal })
}

#[cfg(test)]
mod tests;
