//! Encryption of secrets at rest: one key per purpose, derived from the root secret; every blob is bound to its table, column and row.
//!
//! A blob is `version (1) | algorithm (1) | key id (4) | nonce (24) | ciphertext and tag`. The key id says which root secret made it.

use crate::RootSecret;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::Hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const HEADER: usize = 6;
const NONCE: usize = 24;

/// What a key is for. Each has its own key, so that nothing made for one purpose means anything to another (R67).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// Sealing the secret fields of provider credentials.
    Credentials,
    /// Sealing values of the settings, the root secret's verifier among them.
    Settings,
    /// The pepper of virtual keys.
    KeyPepper,
}

impl Purpose {
    pub const ALL: [Purpose; 3] = [Purpose::Credentials, Purpose::Settings, Purpose::KeyPepper];

    /// The HKDF label. Never change one: what was made under it could not be read again.
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Credentials => b"conduit/v1/seal/credentials",
            Purpose::Settings => b"conduit/v1/seal/settings",
            Purpose::KeyPepper => b"conduit/v1/mac/virtual-keys",
        }
    }
}

/// Where a sealed value stands: a blob that is moved elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

/// Why a blob does not open, or none could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("{place}: sealed with key {found}, which this instance does not have (it has {own}): start with the root secret of that time")]
    UnknownKey { place: String, found: String, own: String },
    #[error("{place}: the sealed value was damaged, moved or made for another purpose")]
    Damaged { place: String },
    #[error("{place}: not a sealed value of a known format (version {version}, algorithm {algorithm})")]
    UnknownFormat { place: String, version: u8, algorithm: u8 },
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
}

/// The keys of all purposes under one root secret.
pub struct Keys {
    id: u32,
    derived: Hkdf<Sha256>,
}

impl Keys {
    pub fn derive(root: &RootSecret) -> Self {
        let derived = Hkdf::<Sha256>::new(Some(b"conduit root secret"), root.expose());
        let mut id = [0u8; 4];
        fill_key(&derived, b"conduit/v1/key-id", &mut id);
        Self { id: u32::from_be_bytes(id), derived }
    }

    /// Which root secret these keys come from; public, and part of every blob.
    pub fn id(&self) -> String {
        key_name(self.id)
    }

    /// Encrypts `plain` for this purpose and place.
    pub fn seal(&self, purpose: Purpose, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; NONCE];
        fill_random(&mut nonce)?;
        let aad = associated_data(place, self.id);
        let payload = Payload { msg: plain, aad: &aad };
        let sealed =
            self.cipher(purpose).encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Damaged { place: place.to_string() })?;
        let mut blob = Vec::with_capacity(HEADER + NONCE + sealed.len());
        blob.extend_from_slice(&[VERSION, XCHACHA20_POLY1305]);
        blob.extend_from_slice(&self.id.to_be_bytes());
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        Ok(blob)
    }

    /// Decrypts a blob that was sealed for this purpose and place, and no other.
    pub fn open(&self, purpose: Purpose, place: &Place<'_>, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let damaged = || SealError::Damaged { place: place.to_string() };
        let (header, rest) = blob.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let [version, algorithm, key_id @ ..] = *header;
        if (version, algorithm) != (VERSION, XCHACHA20_POLY1305) {
            return Err(SealError::UnknownFormat { place: place.to_string(), version, algorithm });
        }
        let key_id = u32::from_be_bytes(key_id);
        if key_id != self.id {
            return Err(SealError::UnknownKey { place: place.to_string(), found: key_name(key_id), own: self.id() });
        }
        let aad = associated_data(place, key_id);
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher(purpose).decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| damaged())
    }

    /// HMAC-SHA-256 under this purpose's key, ready to be cloned per message.
    pub(crate) fn mac(&self, purpose: Purpose) -> Hmac<Sha256> {
        // HMAC pads a key with zeros to its block of 64 bytes; done here, it cannot fail.
        let mut block = Zeroizing::new([0u8; 64]);
        fill_key(&self.derived, purpose.label(), block.split_at_mut(32).0);
        <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into())
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key(purpose)).into())
    }

    fn key(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0u8; 32]);
        fill_key(&self.derived, purpose.label(), &mut *key);
        key
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.id())
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{} of row {}", self.table, self.column, self.row)
    }
}

/// Bytes of the system's randomness; an error rather than weak ones.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), SealError> {
    getrandom::fill(bytes).map_err(|error| SealError::NoRandomness(error.to_string()))
}

/// HKDF can only fail for outputs of more than 8,160 bytes; ours have 32 at most.
fn fill_key(derived: &Hkdf<Sha256>, label: &[u8], key: &mut [u8]) {
    debug_assert!(key.len() <= 32);
    let filled = derived.expand(label, key);
    debug_assert!(filled.is_ok());
}

fn key_name(id: u32) -> String {
    format!("{id:08x}")
}

/// Each part with its length in front, so that no two places give the same bytes.
fn associated_data(place: &Place<'_>, key_id: u32) -> Vec<u8> {
    let mut data = Vec::with_capacity(64);
    for part in [place.table, place.column, place.row] {
        data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data.extend_from_slice(&key_id.to_be_bytes());
    data
}

#[cfg(test)]
mod tests;
