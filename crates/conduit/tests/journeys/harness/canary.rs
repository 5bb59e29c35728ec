//! The search for secrets where none may be. Every journey runs with secrets that occur nowhere else, at the most talkative log level, and
//! when its gateway ends every sink is searched for them: what was answered, what was logged, what lies in the data directory. R64.

use super::gateway::{KEY, MASTER_KEY, PROVIDER_CANARY, ROOT_SECRET};
use memchr::memmem;
use std::path::Path;
use std::sync::LazyLock;

/// How a secret could be spelt in a sink.
struct Canary {
    name: String,
    spellings: Vec<Vec<u8>>,
}

impl Canary {
    fn new(name: &str, secret: &str) -> Self {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let url: String = secret.bytes().map(percent_encoded).collect();
        let every: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut spellings =
            vec![secret.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), url.into_bytes(), every.into_bytes()];
        // Base64 spells the same bytes in three ways, by how many stand before them; what the neighbours change is cut off.
        for before in 0..3 {
            for alphabet in [STANDARD, URL_SAFE] {
                spellings.push(base64_inside(secret.as_bytes(), before, alphabet));
            }
        }
        spellings.sort();
        spellings.dedup();
        Self { name: name.to_owned(), spellings }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.spellings.iter().any(|spelling| memmem::find(bytes, spelling).is_some())
    }
}

/// The secrets that every journey's gateway has.
static EVERYWHERE: LazyLock<Vec<Canary>> = LazyLock::new(|| {
    [("virtual key", KEY), ("master key", MASTER_KEY), ("root secret", ROOT_SECRET), ("provider key", PROVIDER_CANARY)]
        .map(|(name, secret)| Canary::new(name, secret))
        .into()
});

/// Ends the test where an answer holds a secret.
pub(crate) fn judge_answer(answer: &[u8]) {
    let found = search("an answer", answer, &EVERYWHERE);
    assert!(found.is_empty(), "{found:?}: {}", String::from_utf8_lossy(answer));
}

/// Everything that a gateway left behind: what it printed and logged, and its data directory. `own` are secrets of this gateway alone.
pub(crate) fn search_remains(data_dir: &Path, (stdout, stderr): (&str, &str), own: &[(String, String)]) -> Vec<String> {
    let mut canaries: Vec<Canary> = own.iter().map(|(name, secret)| Canary::new(name, secret)).collect();
    let mut found = search("standard output", stdout.as_bytes(), &EVERYWHERE);
    found.extend(search("standard output", stdout.as_bytes(), &canaries));
    // A first start prints its keys, once and there alone.
    canaries.extend(printed_keys(stdout));
    for canaries in [EVERYWHERE.as_slice(), &canaries] {
        found.extend(search("the log", stderr.as_bytes(), canaries));
        found.extend(search_folder(data_dir, &["root-secret", "root-secret.old", "admin-token"], canaries));
    }
    found
}

/// Which canaries are in a sink.
fn search(sink: &str, bytes: &[u8], canaries: &[Canary]) -> Vec<String> {
    canaries.iter().filter(|canary| canary.is_in(bytes)).map(|canary| format!("{} in {sink}", canary.name)).collect()
}

/// The same for all files below a folder, except the ones that are there to keep a secret.
fn search_folder(folder: &Path, except: &[&str], canaries: &[Canary]) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !except.contains(&name.as_str()) {
                found.extend(search(&path.display().to_string(), &std::fs::read(&path).unwrap_or_default(), canaries));
            }
        }
    }
    found
}

/// The keys that a first start printed: they are canaries too, everywhere but there.
fn printed_keys(stdout: &str) -> Vec<Canary> {
    let words = stdout.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| ["condt_", "condm_"].iter().any(|prefix| word.starts_with(prefix)))
        .map(|word| Canary::new("a printed key", word))
        .collect()
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of base64 that depend on these bytes alone, where `before` bytes (modulo 3) stand in front of them.
fn base64_inside(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    // The first whole group of six bits begins here.
    let skipped = (6 - before * 8 % 6) % 6;
    bits[skipped..].chunks_exact(6).map(|six| alphabet[usize::from(six.iter().fold(0, |value, bit| value << 1 | bit))]).collect()
}

/// The search finds what is planted, in every spelling; else "nothing found" would mean nothing.
#[test]
fn a_planted_secret_is_found_in_every_spelling() {
    let secret = "sk-one-canary/5Rt8+Wq1Zx";
    let canary = Canary::new("planted", secret);
    for planted in [
        format!("a {secret} b"),
        "a 736b2d6f6e652d63616e6172792f355274382b577131 5a78".replace(' ', ""),
        "key=sk-one-canary%2F5Rt8%2BWq1Zx".to_owned(),
        // base64 of "Bearer " and of ":" and of nothing before the secret.
        "QmVhcmVyIHNrLW9uZS1jYW5hcnkvNVJ0OCtXcTFaeA==".to_owned(),
        "OnNrLW9uZS1jYW5hcnkvNVJ0OCtXcTFaeDo=".to_owned(),
        "c2stb25lLWNhbmFyeS81UnQ4K1dxMVp4".to_owned(),
    ] {
        assert!(canary.is_in(planted.as_bytes()), "not found: {planted}");
    }
    assert!(!canary.is_in(b"sk-one-canary/5Rt8+Wq1Z"));
}
