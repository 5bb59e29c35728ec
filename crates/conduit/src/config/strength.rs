//! Whether a secret that people choose is too weak to protect anything.

/// Shorter keys can be guessed.
const MINIMUM: usize = 20;

/// Parts of keys that stand in examples and tutorials.
const WELL_KNOWN: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "replace-me",
    "replaceme",
    "replace_me",
    "your-master-key",
    "your_master_key",
    "your-key",
    "masterkey123",
    "password",
    "sk-1234",
    "example",
    "0123456789",
    "123456789",
    "abcdefghij",
    "insecure",
    "placeholder",
    "qwertyuiop",
    "topsecret",
];

/// Says what is wrong with a master key and how to make a better one.
pub fn master_key(key: &str) -> Result<(), String> {
    let weakness = weakness(key);
    weakness.map_or(Ok(()), |weakness| Err(format!("the master key {weakness}; {HOW_TO_MAKE_ONE}")))
}

/// The remedy, for messages.
pub const HOW_TO_MAKE_ONE: &str = "make one with `openssl rand -hex 32` and set CONDUIT_MASTER_KEY to it";

fn weakness(key: &str) -> Option<String> {
    if let Err(message) = carriable(key) {
        return Some(message);
    }
    if key.len() < MINIMUM {
        return Some(format!("has {} characters and needs at least {MINIMUM}", key.len()));
    }
    let folded = key.to_ascii_lowercase();
    if WELL_KNOWN.iter().any(|known| folded.contains(known)) {
        return Some("is well known: it holds a word of examples".to_owned());
    }
    let mut letters: Vec<u8> = folded.into_bytes();
    letters.sort_unstable();
    letters.dedup();
    (letters.len() < 8).then(|| "is easy to guess: it has fewer than 8 different characters".to_owned())
}

/// A key travels in a header.
fn carriable(key: &str) -> Result<(), String> {
    if key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("has a space or a character outside of visible ASCII".to_owned())
    }
}

#[cfg(test)]
mod tests;
