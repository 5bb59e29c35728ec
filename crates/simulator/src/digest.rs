//! Deterministic numbers and names from a request: what a provider draws at random.

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A digest of seed, path and body. Eight bytes a step, because a benchmark sends bodies of a megabyte.
pub(crate) fn of(seed: u64, path: &str, body: &[u8]) -> u64 {
    add(add(mix(seed ^ 0x51_7C_C1_B7), path.as_bytes()), body)
}

/// A further number of the same request, by purpose.
pub(crate) fn derive(digest: u64, purpose: &str, index: u64) -> u64 {
    mix(add(digest, purpose.as_bytes()).wrapping_add(index.wrapping_mul(MULTIPLIER)))
}

pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(MULTIPLIER);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn add(start: u64, bytes: &[u8]) -> u64 {
    let mut state = start;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.try_into().map_or(0, u64::from_le_bytes);
        state = (state ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    }
    for byte in chunks.remainder() {
        state = (state ^ u64::from(*byte)).wrapping_mul(MULTIPLIER).rotate_left(29);
    }
    mix(state ^ bytes.len() as u64)
}

/// `length` characters of the alphabet that providers use in ids.
pub(crate) fn name(digest: u64, purpose: &str, index: u64, length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    letters(derive(digest, purpose, index), ALPHABET, length)
}

/// `length` hexadecimal digits.
pub(crate) fn hex(digest: u64, purpose: &str, length: usize) -> String {
    letters(derive(digest, purpose, 0), b"0123456789abcdef", length)
}

fn letters(start: u64, alphabet: &[u8], length: usize) -> String {
    let mut state = start;
    let count = alphabet.len().max(1) as u64;
    (0..length)
        .map(|_| {
            state = mix(state);
            alphabet.get((state % count) as usize).copied().map_or('0', char::from)
        })
        .collect()
}
