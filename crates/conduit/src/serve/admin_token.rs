//! The key of the machine's own command line: a file in the data directory that only its owner can read, made anew by each start.

use super::data_dir;
use crate::failure::Failure;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The name of the file in the data directory.
pub(crate) const FILE: &str = "admin-token";

/// What stands in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Content {
    /// Where the gateway is reached from this machine.
    pub(crate) url: String,
    pub(crate) token: String,
    /// The process: SIGHUP makes it read its configuration and root secret again.
    #[serde(default)]
    pub(crate) pid: u32,
}

/// The file of this process; gone with the value.
pub(super) struct AdminToken {
    path: PathBuf,
    token: SecretString,
}

impl AdminToken {
    /// Makes a token of 256 random bits and writes it, in place of what an earlier process left.
    pub(super) fn write(data_dir: &Path, address: SocketAddr) -> Result<Self, Failure> {
        let token = super::identity::random_key("condl_")?;
        let url = format!("http://{}", reached_at(address));
        let content = Content { url, token: token.expose_secret().to_owned(), pid: std::process::id() };
        let text = serde_json::to_string(&content).map(zeroize::Zeroizing::new).map_err(Failure::failed)?;
        let path = data_dir.join(FILE);
        data_dir::replace_private(&path, text.as_bytes())
            .map_err(|error| Failure::failed(format!("the command line's key cannot be written to {}: {error}", path.display())))?;
        Ok(Self { path, token })
    }

    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }
}

impl Drop for AdminToken {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the command line's key could not be removed; it is good for nothing now");
        }
    }
}

/// An address that listens everywhere is reached over the loopback.
fn reached_at(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_private_made_anew_and_gone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let address: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        std::fs::write(&path, "what an earlier process left").unwrap();
        let first = AdminToken::write(folder.path(), address).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let content: Content = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((content.url.as_str(), content.token.as_str()), ("http://127.0.0.1:8080", first.token().expose_secret()));
        assert!(content.token.len() > 40);
        drop(first);
        assert!(!path.exists());
        let second = AdminToken::write(folder.path(), address).unwrap();
        assert_ne!(second.token().expose_secret(), content.token);
        assert_eq!(reached_at("[::]:1".parse().unwrap()).to_string(), "[::1]:1");
    }
}
