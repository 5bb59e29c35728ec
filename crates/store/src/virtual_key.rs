//! What a virtual key is made of: `condt_`, 256 random bits in base62, and a checksum that tells a mistyped key from an unknown one.

use crate::seal::{SealError, fill_random};
use gateway::keys::{KeyHash, KeyHasher};
use hmac::{Hmac, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use zeroize::Zeroizing;

/// How keys made by Conduit begin.
pub const PREFIX: &str = "condt_";
const BODY: usize = 43;
const CHECKSUM: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key just made: shown once, stored as its hash.
#[derive(Debug)]
pub struct NewKey {
    pub secret: SecretString,
    /// The last four characters: what a list shows.
    pub tail: String,
}

/// Makes a key of 256 random bits.
pub fn generate() -> Result<NewKey, SealError> {
    let mut random = Zeroizing::new([0u8; 32]);
    fill_random(&mut *random)?;
    let mut key = Zeroizing::new(String::with_capacity(PREFIX.len() + BODY + CHECKSUM));
    key.push_str(PREFIX);
    key.push_str(&base62(&*random, BODY));
    let checksum = checksum_of(&key);
    key.push_str(&checksum);
    Ok(NewKey { tail: tail(&key), secret: SecretString::from(key.as_str()) })
}

/// False for a key that claims to be Conduit's and has the wrong form or checksum: no lookup can find it (R68).
/// Keys of the config file are any string; of them this says nothing, so it is true.
pub fn looks_valid(key: &str) -> bool {
    let Some(body) = key.strip_prefix(PREFIX) else { return true };
    body.len() == BODY + CHECKSUM
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && key.split_at_checked(PREFIX.len() + BODY).is_some_and(|(covered, checksum)| checksum_of(covered).as_str() == checksum)
}

/// The last four characters of a key, for display; nothing of a key too short to spare them.
pub fn tail(key: &str) -> String {
    if key.chars().count() < 12 {
        return String::new();
    }
    key.char_indices().rev().nth(3).and_then(|(start, _)| key.get(start..)).unwrap_or_default().to_owned()
}

/// Hashes keys with HMAC-SHA-256 under the pepper (R68). [`crate::Store::pepper`] has the one of the database.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

impl Pepper {
    pub(crate) fn new(pepper: &[u8; 32]) -> Self {
        // HMAC pads a key with zeros to its block of 64 bytes; done here, it cannot fail.
        let mut block = Zeroizing::new([0u8; 64]);
        block.split_at_mut(32).0.copy_from_slice(pepper);
        Self(<Hmac<Sha256> as hmac::KeyInit>::new((&*block).into()))
    }
}

impl KeyHasher for Pepper {
    fn hash(&self, key: &str) -> KeyHash {
        self.0.clone().chain_update(key.as_bytes()).finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

fn checksum_of(text: &str) -> Zeroizing<String> {
    base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM)
}

/// A big-endian number in base 62, padded to `width` digits.
fn base62(number: &[u8], width: usize) -> Zeroizing<String> {
    let mut number = Zeroizing::new(number.to_vec());
    let mut digits = Zeroizing::new(Vec::with_capacity(width));
    for _ in 0..width {
        let mut remainder = 0u32;
        for byte in number.iter_mut() {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        digits.push(char::from(DIGITS.get(remainder as usize).copied().unwrap_or(b'0')));
    }
    Zeroizing::new(digits.iter().rev().collect())
}

#[cfg(test)]
mod tests;
