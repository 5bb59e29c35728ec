//! Which names a model mapping may have.

/// Why a name is refused: what is wrong and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    Empty,
    TooLong,
    ControlCharacter,
    OuterSpace,
    /// Wildcards are a feature of their own.
    Wildcard,
}

/// The longest name, in characters.
pub const MAX_NAME: usize = 256;

impl std::fmt::Display for NameFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NameFault::Empty => "is empty: give it 1 to 256 characters",
            NameFault::TooLong => "is longer than 256 characters: shorten it",
            NameFault::ControlCharacter => "has a control character in it: remove it",
            NameFault::OuterSpace => "begins or ends with white space: remove it",
            NameFault::Wildcard => "has a `*` in it, and wildcards are not built yet: write one mapping for each model",
        })
    }
}

impl std::error::Error for NameFault {}

/// The name by which callers ask for the model. Slashes and colons are part of many names.
pub fn check_virtual_model(name: &str) -> Result<(), NameFault> {
    check(name)
}

/// The provider's own name for the model.
pub fn check_provider_model(name: &str) -> Result<(), NameFault> {
    check(name)
}

fn check(name: &str) -> Result<(), NameFault> {
    if name.trim().is_empty() {
        return Err(NameFault::Empty);
    }
    if name.chars().any(char::is_control) {
        return Err(NameFault::ControlCharacter);
    }
    if name.trim() != name {
        return Err(NameFault::OuterSpace);
    }
    if name.chars().count() > MAX_NAME {
        return Err(NameFault::TooLong);
    }
    if name.contains('*') {
        return Err(NameFault::Wildcard);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
