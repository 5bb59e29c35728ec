//! The one secret that everything else is derived from.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

/// At least 32 bytes from which every key is derived. Zeroed when dropped; never printed.
pub struct RootSecret(Zeroizing<Vec<u8>>);

/// Why a root secret is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootSecretError {
    #[error("the root secret is missing; {HOW_TO_MAKE_ONE}")]
    Missing,
    #[error("the root secret has {0} bytes and needs at least 32; {HOW_TO_MAKE_ONE}")]
    TooShort(usize),
    #[error("the root secret is well known or easy to guess ({0}); {HOW_TO_MAKE_ONE}")]
    Guessable(&'static str),
    #[error("the system gives no random numbers: {0}")]
    NoRandomness(String),
}

const HOW_TO_MAKE_ONE: &str = "make one with `openssl rand -base64 32` and keep it: the stored secrets cannot be read without it";
const MINIMUM: usize = 32;
/// Words of examples and of people in a hurry. A random secret of 32 bytes holds one of them with a chance below 1 in 10^9.
const KNOWN_WORDS: [&str; 10] =
    ["changeme", "change-me", "change_me", "password", "your-secret", "your_secret", "insecure", "placeholder", "0123456789", "abcdefghij"];

impl RootSecret {
    /// Reads hex (any text of hex digits only), base64 of at least 32 bytes (standard or URL alphabet, padded or not), else plain text.
    /// White space around it does not count, so that a file may end with a line feed.
    pub fn parse(text: &str) -> Result<Self, RootSecretError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RootSecretError::Missing);
        }
        let bytes = decode_hex(text)
            .or_else(|| decode_base64(text).filter(|bytes| bytes.len() >= MINIMUM))
            .unwrap_or_else(|| Zeroizing::new(text.as_bytes().to_vec()));
        if bytes.len() < MINIMUM {
            return Err(RootSecretError::TooShort(bytes.len()));
        }
        refuse_known_words(text)?;
        refuse_patterns(&bytes)?;
        Ok(Self(bytes))
    }

    /// A new one from the system's randomness.
    pub fn generate() -> Result<Self, RootSecretError> {
        let mut bytes = Zeroizing::new(vec![0u8; MINIMUM]);
        getrandom::fill(&mut bytes).map_err(|error| RootSecretError::NoRandomness(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// The text that [`RootSecret::parse`] reads back: for the root secret file of a first start.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(STANDARD.encode(&*self.0))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootSecret([redacted])")
    }
}

fn decode_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    while let Some(high) = digits.next() {
        let (high, low) = (high?, digits.next()??);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    engines.iter().find_map(|engine| engine.decode(text).ok()).map(Zeroizing::new)
}

fn refuse_known_words(text: &str) -> Result<(), RootSecretError> {
    let mut lower = text.to_ascii_lowercase();
    let found = KNOWN_WORDS.iter().any(|word| lower.contains(word));
    lower.zeroize();
    if found { Err(RootSecretError::Guessable("it holds a word of examples")) } else { Ok(()) }
}

fn refuse_patterns(bytes: &[u8]) -> Result<(), RootSecretError> {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    // 32 random bytes have about 30 different ones, 32 random hex digits about 14; fewer than 8 has a chance below 1 in 10^7 even there.
    if seen.iter().filter(|slot| **slot).count() < 8 {
        return Err(RootSecretError::Guessable("it has fewer than 8 different characters"));
    }
    if (1..=bytes.len() / 2).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(one, other)| one == other)) {
        return Err(RootSecretError::Guessable("it repeats itself"));
    }
    let mut steps = bytes.iter().zip(bytes.iter().skip(1)).map(|(one, next)| next.wrapping_sub(*one));
    let first = steps.next();
    if steps.all(|step| Some(step) == first) {
        return Err(RootSecretError::Guessable("it counts up or down"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
