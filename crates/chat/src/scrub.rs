//! Text of others, made fit to be read by a caller or written to a log.

/// The longest text that is passed on.
const MOST_CHARACTERS: usize = 2_000;
const MASK: &str = "[redacted]";

/// Words that begin a credential or the name of an account, and how many characters must follow.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 1),
    ("pk-", 8),
    ("rk-", 8),
    ("gsk_", 4),
    ("xai-", 8),
    ("hf_", 8),
    ("r8_", 8),
    ("condt_", 4),
    ("AIza", 8),
    ("AKIA", 8),
    ("ASIA", 8),
    ("ya29.", 4),
    ("eyJ", 20),
    ("org-", 6),
    ("proj_", 6),
];

/// Words after which a credential is to be expected.
const ANNOUNCING: &[&str] = &["key", "token", "secret", "password", "authorization", "bearer", "credential"];
/// How many words after such a word are looked at.
const EXPECTED_WITHIN: usize = 4;

/// Masks what looks like a credential, drops control characters and caps the length. Providers echo keys, half masked or whole.
pub fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MOST_CHARACTERS));
    let mut watch = Watch::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        if is_word(first) {
            out.push_str(watch.word(piece));
        } else if !first.is_control() || first == '\n' {
            out.push(first);
        }
    }
    capped(out)
}

fn capped(text: String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Characters of keys, and the asterisks with which providers mask them.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '*' | '~')
}

/// Remembers that a credential was announced a few words ago.
#[derive(Default)]
struct Watch {
    left: usize,
    /// The last word was one that a credential follows at once.
    next_is_secret: bool,
}

impl Watch {
    fn word<'w>(&mut self, word: &'w str) -> &'w str {
        let lower = word.to_ascii_lowercase();
        let expected = self.left > 0;
        let at_once = std::mem::take(&mut self.next_is_secret);
        self.left = self.left.saturating_sub(1);
        if is_credential(word) || (at_once && word.len() >= 6) || (expected && is_opaque(word)) {
            return MASK;
        }
        if ANNOUNCING.iter().any(|name| lower.ends_with(name)) {
            self.left = EXPECTED_WITHIN;
            self.next_is_secret = lower.ends_with("bearer");
        }
        word
    }
}

fn is_credential(word: &str) -> bool {
    PREFIXES.iter().any(|(prefix, more)| {
        let found = word.find(prefix).filter(|at| *at == 0 || !word.as_bytes().get(at - 1).is_some_and(u8::is_ascii_alphanumeric));
        found.is_some_and(|at| {
            let tail = word.get(at + prefix.len()..).unwrap_or_default();
            // Account names are random; a word such as `org-structure` is not.
            let random = !matches!(*prefix, "org-" | "proj_" | "pk-" | "rk-") || tail.bytes().any(|byte| byte.is_ascii_digit());
            tail.len() >= *more && random
        })
    })
}

/// Long and not a word of a language: hexadecimal, base64, or masked with asterisks.
fn is_opaque(word: &str) -> bool {
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    let letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    let masked = word.contains("**");
    masked || (word.len() >= 12 && digits && letters) || word.len() >= 40
}

#[cfg(test)]
mod tests;
