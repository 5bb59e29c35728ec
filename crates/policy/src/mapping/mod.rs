//! Which names a model mapping may have, and what a `*` in them stands for.

use std::borrow::Cow;

/// Why a name is refused: what is wrong and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    Empty,
    TooLong,
    ControlCharacter,
    OuterSpace,
    /// A `*` in a virtual model stands for the rest of a name.
    InnerStar,
    /// There is one rest, so there is one place for it.
    SeveralStars,
    /// A `*` of the provider model without one of the virtual model.
    StarAlone,
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
            NameFault::InnerStar => "has a `*` that is not at the end: only a beginning of names can be matched, as in `openai/*`",
            NameFault::SeveralStars => "has more than one `*`: keep the one that stands for what the virtual model matched",
            NameFault::StarAlone => {
                "has a `*` although the virtual model has none: write the model's whole name, or end the virtual model in `*`"
            }
        })
    }
}

impl std::error::Error for NameFault {}

/// The name by which callers ask for the model. Slashes and colons are part of many names; one `*` at the end stands for any rest.
pub fn check_virtual_model(name: &str) -> Result<(), NameFault> {
    check(name)?;
    match name.strip_suffix('*').unwrap_or(name).contains('*') {
        true => Err(NameFault::InnerStar),
        false => Ok(()),
    }
}

/// The provider's own name for the model; one `*` in it stands for what the virtual model's `*` matched.
pub fn check_provider_model(name: &str) -> Result<(), NameFault> {
    check(name)?;
    match name.matches('*').count() {
        0 | 1 => Ok(()),
        _ => Err(NameFault::SeveralStars),
    }
}

/// Whether the two names of a mapping go together: a `*` of the provider model needs one of the virtual model. The fault is the provider
/// model's.
pub fn check_pair(virtual_model: &str, provider_model: &str) -> Result<(), NameFault> {
    match provider_model.contains('*') && !is_wildcard(virtual_model) {
        true => Err(NameFault::StarAlone),
        false => Ok(()),
    }
}

/// Whether the virtual model stands for every name that begins as it does.
pub fn is_wildcard(virtual_model: &str) -> bool {
    virtual_model.ends_with('*')
}

/// The provider's name of the model that was asked for: the matched rest in place of the `*`.
pub fn substitute<'a>(provider_model: &'a str, rest: &str) -> Cow<'a, str> {
    match provider_model.contains('*') {
        true => Cow::Owned(provider_model.replacen('*', rest, 1)),
        false => Cow::Borrowed(provider_model),
    }
}

/// Whether a name that a caller asks for may stand for the rest of a wildcard: it goes to a provider and into the record, so it must be one
/// that could have been configured.
pub fn may_match(name: &str) -> bool {
    check(name).is_ok() && !name.contains('*')
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
    Ok(())
}

#[cfg(test)]
mod tests;
