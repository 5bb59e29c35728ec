//! Encryption of secrets at rest: one key per purpose, derived from the root secret; every blob is bound to its table, column and row.
//!
//! A blob is `version (1) | algorithm (1) | key id (4) | nonce (24) | ciphertext and tag`. The key id says which root secret made it: with the
//! current one everything is sealed, and old ones are kept for as long as something needs them, to open only (R66).

use crate::RootSecret;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
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
    /// The pepper of virtual keys in databases that were made before it was a random one.
    KeyPepper,
    /// Sealing answers that are kept for a repeated request.
    Idempotency,
}

impl Purpose {
    pub const ALL: [Purpose; 4] = [Purpose::Credentials, Purpose::Settings, Purpose::KeyPepper, Purpose::Idempotency];

    /// The HKDF label. Never change one: what was made under it could not be read again.
    const fn label(self) -> &'static [u8] {
        match self {
            Purpose::Credentials => b"conduit/v1/seal/credentials",
            Purpose::Settings => b"conduit/v1/seal/settings",
            Purpose::KeyPepper => b"conduit/v1/mac/virtual-keys",
            Purpose::Idempotency => b"conduit/v1/seal/idempotency",
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
    #[error(
        "{place}: sealed with key {found}, which this instance does not have (it has {own}): start with the root secret of that time as an old one"
    )]
    UnknownKey { place: String, found: String, own: String },
    #[error("{place}: the sealed value was damaged, moved or made for another purpose")]
    Damaged { place: String },
    #[error("{place}: not a sealed value of a known format (version {version}, algorithm {algorithm})")]
    UnknownFormat { place: String, version: u8, algorithm: u8 },
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
}

/// The keys of all purposes: under the current root secret, and under old ones that may still open what they sealed.
pub struct Keys {
    current: KeySet,
    old: Vec<KeySet>,
}

/// The keys under one root secret.
pub(crate) struct KeySet {
    id: u32,
    derived: Hkdf<Sha256>,
}

impl Keys {
    pub fn derive(root: &RootSecret) -> Self {
        Self::derive_with_old(root, &[])
    }

    /// Seals with the keys of `current`; opens with those of the old ones too. An old one that equals another of them counts once.
    pub fn derive_with_old(current: &RootSecret, old: &[RootSecret]) -> Self {
        let mut keys = Self { current: KeySet::derive(current), old: Vec::new() };
        for root in old {
            let set = KeySet::derive(root);
            if keys.with_id(set.id).is_none() {
                keys.old.push(set);
            }
        }
        keys
    }

    /// Which root secret seals; public, and part of every blob.
    pub fn id(&self) -> String {
        key_name(self.current.id)
    }

    /// The ids of all root secrets that can open something, the current one first.
    pub fn ids(&self) -> Vec<String> {
        self.all().map(|set| key_name(set.id)).collect()
    }

    /// What every blob begins with that the current root secret sealed.
    pub(crate) fn header(&self) -> [u8; HEADER] {
        let [a, b, c, d] = self.current.id.to_be_bytes();
        [VERSION, XCHACHA20_POLY1305, a, b, c, d]
    }

    /// The keys that a blob names, where they are among these.
    pub(crate) fn of_blob(&self, blob: &[u8]) -> Option<&KeySet> {
        let id = blob.get(2..HEADER)?.try_into().ok().map(u32::from_be_bytes)?;
        self.with_id(id)
    }

    fn with_id(&self, id: u32) -> Option<&KeySet> {
        self.all().find(|set| set.id == id)
    }

    fn all(&self) -> impl Iterator<Item = &KeySet> {
        std::iter::once(&self.current).chain(&self.old)
    }

    /// Encrypts `plain` for this purpose and place.
    pub fn seal(&self, purpose: Purpose, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; NONCE];
        fill_random(&mut nonce)?;
        let aad = associated_data(place, self.current.id);
        let payload = Payload { msg: plain, aad: &aad };
        let sealed = self
            .current
            .cipher(purpose)
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Damaged { place: place.to_string() })?;
        let mut blob = Vec::with_capacity(HEADER + NONCE + sealed.len());
        blob.extend_from_slice(&self.header());
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
        let Some(set) = self.with_id(key_id) else {
            return Err(SealError::UnknownKey { place: place.to_string(), found: key_name(key_id), own: self.ids().join(", ") });
        };
        let aad = associated_data(place, key_id);
        let payload = Payload { msg: sealed, aad: &aad };
        set.cipher(purpose).decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| damaged())
    }
}

impl KeySet {
    fn derive(root: &RootSecret) -> Self {
        let derived = Hkdf::<Sha256>::new(Some(b"conduit root secret"), root.expose());
        let mut id = [0u8; 4];
        fill_key(&derived, b"conduit/v1/key-id", &mut id);
        Self { id: u32::from_be_bytes(id), derived }
    }

    pub(crate) fn key(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0u8; 32]);
        fill_key(&self.derived, purpose.label(), &mut *key);
        key
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key(purpose)).into())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.ids().join(", "))
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
