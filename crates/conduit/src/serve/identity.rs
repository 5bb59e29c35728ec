//! Root secret and master key: where they come from, and when a start without them is refused.

use super::{data_dir, database};
use crate::config::{Config, strength};
use crate::failure::Failure;
use gateway::keys::KeyHash;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use store::{Keys, RootSecret, Store};

/// The root secret, and what kind of start it makes.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) secret: RootSecret,
    /// Root secrets of before the last rotation: they open what was sealed under them, and seal nothing.
    pub(crate) old: Vec<RootSecret>,
    pub(crate) start: Start,
}

impl Root {
    /// What is sealed with, and what opens.
    pub(crate) fn keys(&self) -> Keys {
        Keys::derive_with_old(&self.secret, &self.old)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Nothing is there yet, and Conduit makes its secrets itself.
    First,
    Known,
}

/// The setting that keeps the hash of a master key that Conduit made.
pub(crate) const MASTER_KEY_HASH: &str = "master_key_hash";

pub(crate) fn root_file(config: &Config) -> PathBuf {
    config.data_dir.join("root-secret")
}

/// The file of the root secret before the last rotation.
pub(crate) fn old_root_file(data_dir: &Path) -> PathBuf {
    data_dir.join("root-secret.old")
}

/// Finds the root secret, or makes it on a first start. Nothing weak is accepted, and nothing is made in any other case.
pub(crate) fn root(config: &Config) -> Result<Root, Failure> {
    if is_first_start(config)? {
        return make_root(config);
    }
    let root = known_root(config)?;
    data_dir::create(&config.data_dir)?;
    Ok(root)
}

/// The root secret of a start that is not the first one. Nothing is made.
pub(crate) fn known_root(config: &Config) -> Result<Root, Failure> {
    let path = root_file(config);
    let in_file = data_dir::read_secret(&path)?;
    let (text, origin) = match (&config.root_secret, in_file) {
        (Some(given), Some(in_file)) if given.expose_secret().trim() != in_file.expose_secret().trim() => {
            return Err(Failure::failed(format!("CONDUIT_ROOT_SECRET and {} are different: remove the one that is wrong", path.display())));
        }
        (Some(given), _) => (given.clone(), "CONDUIT_ROOT_SECRET".to_owned()),
        (None, Some(in_file)) => (in_file, path.display().to_string()),
        (None, None) => return Err(missing(config)),
    };
    let secret = RootSecret::parse(text.expose_secret()).map_err(|fault| Failure::failed(format!("{origin}: {fault}")))?;
    let old = old_secrets(config)?;
    Ok(Root { secret, old, start: Start::Known })
}

/// From `CONDUIT_ROOT_SECRET_OLD` and the file that a rotation keeps.
fn old_secrets(config: &Config) -> Result<Vec<RootSecret>, Failure> {
    let path = old_root_file(&config.data_dir);
    let in_file = data_dir::read_secret(&path)?.map(|secret| (secret, path.display().to_string()));
    let given = config.old_root_secret.clone().map(|secret| (secret, "CONDUIT_ROOT_SECRET_OLD".to_owned()));
    given
        .into_iter()
        .chain(in_file)
        .map(|(text, origin)| RootSecret::parse(text.expose_secret()).map_err(|fault| Failure::failed(format!("{origin}: {fault}"))))
        .collect()
}

/// No configuration, an empty data directory and a loopback address: nobody else can reach what is made.
pub(crate) fn is_first_start(config: &Config) -> Result<bool, Failure> {
    let configured = config.file.is_some() || config.master_key.is_some() || config.root_secret.is_some() || config.database_url.is_some();
    Ok(!configured && config.listen.ip().is_loopback() && data_dir::is_empty(&config.data_dir)?)
}

fn make_root(config: &Config) -> Result<Root, Failure> {
    let secret = RootSecret::generate().map_err(Failure::failed)?;
    data_dir::create(&config.data_dir)?;
    data_dir::make_private(&config.data_dir);
    data_dir::write_secret(&root_file(config), &secret.to_text())?;
    Ok(Root { secret, old: Vec::new(), start: Start::First })
}

fn missing(config: &Config) -> Failure {
    let mut message = format!(
        "there is no root secret: CONDUIT_ROOT_SECRET is not set and {} does not exist; make one with `openssl rand -base64 32`, keep it, and set CONDUIT_ROOT_SECRET to it",
        root_file(config).display()
    );
    if config.master_key.is_none() {
        message += &format!("\nthere is no master key: {}", strength::HOW_TO_MAKE_ONE);
    }
    message +=
        "\n(Conduit makes both itself only on a first start: without configuration, with an empty data directory, on a loopback address)";
    Failure::failed(message)
}

/// The master key of an earlier first start, where none was given now.
pub(super) async fn stored_master_key(store: &Store) -> Result<KeyHash, Failure> {
    let read = || async { store.settings().get(MASTER_KEY_HASH).await };
    let stored = database::patiently("the database", read).await.map_err(Failure::failed)?;
    kept_master_key(stored.as_ref().map(|stored| stored.value.as_str()))
}

/// The hash that a first start has stored as [`MASTER_KEY_HASH`].
pub(crate) fn kept_master_key(stored: Option<&str>) -> Result<KeyHash, Failure> {
    let Some(stored) = stored else {
        let message = format!("there is no master key, and no first start has stored one: {}", strength::HOW_TO_MAKE_ONE);
        return Err(Failure::failed(format!("{message} (or, where nothing is kept yet, begin again with an empty data directory)")));
    };
    from_hex(stored).ok_or_else(|| Failure::failed(format!("the stored hash of the master key is damaged; {}", strength::HOW_TO_MAKE_ONE)))
}

/// A key for the administrator: 256 random bits.
pub(super) fn make_master_key() -> Result<SecretString, Failure> {
    random_key("condm_")
}

/// 256 random bits in hex behind a prefix that says what they are for.
pub(super) fn random_key(prefix: &str) -> Result<SecretString, Failure> {
    let mut random = zeroize::Zeroizing::new([0u8; 32]);
    getrandom::fill(&mut *random).map_err(|error| Failure::failed(format!("the system gives no random numbers: {error}")))?;
    Ok(SecretString::from(format!("{prefix}{}", to_hex(&random))))
}

pub(super) fn to_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<KeyHash> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair.iter().fold(0, |value, digit| value * 16 + digit)).ok()).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests;
