//! `storage.url`: which database, and how it may be shown.

use crate::StoreError;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// For tests: gone with the process.
    Memory,
    Sqlite(PathBuf),
    Postgres(String),
}

impl Location {
    /// `sqlite:///absolute`, `sqlite://relative` or `sqlite:relative`, `sqlite::memory:`, `postgres://` or `postgresql://`.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Postgres(url.to_owned()));
        }
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err(StoreError::Config(format!(
                "storage.url {} is neither sqlite:///path/to/conduit.db nor postgres://user:password@host/database",
                masked(url)
            )));
        };
        if rest == ":memory:" || rest == "//:memory:" {
            return Ok(Location::Memory);
        }
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = path.strip_suffix("?mode=rwc").unwrap_or(path);
        if path.is_empty() || path.contains('?') {
            return Err(StoreError::Config(format!(
                "storage.url {url} names no file: write sqlite:///absolute/path.db or sqlite://relative/path.db, without parameters"
            )));
        }
        Ok(Location::Sqlite(PathBuf::from(path)))
    }
}

/// A URL as logs and errors show it: the password is masked, and parameters are left out because they can hold one.
pub(crate) fn masked(url: &str) -> String {
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.split_once('@').map_or_else(|| url.to_owned(), |(_, host)| format!("***@{host}"));
    };
    // A password may hold slashes and at signs by mistake: everything up to the last at sign is its.
    match rest.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}:***@{host}", user.split_once(':').map_or(user, |(name, _)| name)),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_of_the_contract() {
        for (url, path) in [
            ("sqlite:///var/lib/conduit.db", "/var/lib/conduit.db"),
            ("sqlite:////var/lib/conduit.db", "//var/lib/conduit.db"),
            ("sqlite://data/conduit.db", "data/conduit.db"),
            ("sqlite:data/conduit.db", "data/conduit.db"),
            ("sqlite:///x/y.db?mode=rwc", "/x/y.db"),
        ] {
            assert_eq!(Location::parse(url).unwrap(), Location::Sqlite(path.into()), "{url}");
        }
        assert_eq!(Location::parse("sqlite::memory:").unwrap(), Location::Memory);
        assert_eq!(Location::parse("postgresql://h/d").unwrap(), Location::Postgres("postgresql://h/d".into()));
    }

    #[test]
    fn refusals_name_the_field_and_hide_the_password() {
        for url in ["", "mysql://root:hunter2@host/db", "sqlite:", "sqlite://", "sqlite:///x.db?cache=shared", "host=x password=hunter2@h"]
        {
            let message = Location::parse(url).unwrap_err().to_string();
            assert!(message.contains("storage.url") && !message.contains("hunter2"), "{message}");
        }
        assert_eq!(masked("postgres://me:pa@ss/wo:rd@host:5432/db?sslpassword=x"), "postgres://me:***@host:5432/db");
        assert_eq!(masked("postgres://host/db"), "postgres://host/db");
    }
}
