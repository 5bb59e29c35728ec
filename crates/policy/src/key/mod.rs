//! What a virtual key may be and do.

/// The shortest key that a person may choose, in characters.
pub const MIN_CHOSEN: usize = 20;

/// Why a chosen key is refused. Never holds the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    TooShort,
    TooLong,
    /// A header could not carry it, or would carry something else.
    Characters,
}

impl std::fmt::Display for KeyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            KeyFault::TooShort => "is shorter than 20 characters: choose a longer, random one",
            KeyFault::TooLong => "is longer than 512 characters: choose a shorter one",
            KeyFault::Characters => "has white space or a character outside printable ASCII in it: choose another one",
        })
    }
}

impl std::error::Error for KeyFault {}

/// A key that a person wrote into the configuration.
pub fn check_chosen(key: &str) -> Result<(), KeyFault> {
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(KeyFault::Characters);
    }
    match key.len() {
        0..MIN_CHOSEN => Err(KeyFault::TooShort),
        MIN_CHOSEN..=512 => Ok(()),
        _ => Err(KeyFault::TooLong),
    }
}

/// Why an entry of a key's list of models is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternFault {
    Empty,
    ControlCharacter,
    /// `*` stands for the rest of a name, so it comes last.
    InnerStar,
}

impl std::fmt::Display for PatternFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PatternFault::Empty => "is empty: write a virtual model's name, or a beginning of names with `*` at its end",
            PatternFault::ControlCharacter => "has a control character in it: remove it",
            PatternFault::InnerStar => "has a `*` that is not at the end: only a beginning of names can be matched, as in `my-*`",
        })
    }
}

impl std::error::Error for PatternFault {}

/// An entry of a key's list of models: an exact name, or a beginning with `*` at the end.
pub fn check_pattern(pattern: &str) -> Result<(), PatternFault> {
    if pattern.trim().is_empty() {
        return Err(PatternFault::Empty);
    }
    if pattern.chars().any(char::is_control) {
        return Err(PatternFault::ControlCharacter);
    }
    if pattern.strip_suffix('*').unwrap_or(pattern).contains('*') {
        return Err(PatternFault::InnerStar);
    }
    Ok(())
}

/// Whether a key with these patterns may use the model. `None`: it is not held to a list. A list without entries opens nothing.
pub fn allows<P: AsRef<str>>(patterns: Option<&[P]>, virtual_model: &str) -> bool {
    patterns.is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern.as_ref(), virtual_model)))
}

fn matches(pattern: &str, virtual_model: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => virtual_model.starts_with(beginning),
        None => pattern == virtual_model,
    }
}

/// A key is good until its moment, and no longer at it. Both in the same unit since 1970.
pub fn is_expired(expires_at: Option<i64>, now: i64) -> bool {
    expires_at.is_some_and(|moment| now >= moment)
}

#[cfg(test)]
mod tests;
