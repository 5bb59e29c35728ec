//! The names of provider types: built, planned or mistyped.

use crate::{ALL, Declaration};

/// Types that Conduit will have; refused by name until they are built.
pub const NOT_BUILT: &[&str] =
    &["azure-openai", "gemini", "cohere", "mistral", "bedrock", "sagemaker", "replicate", "huggingface", "ollama", "vertex-ai"];

/// What a type's name in a configuration stands for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Built(&'static Declaration),
    NotBuilt(&'static str),
    Unknown {
        /// The name that it looks like.
        meant: Option<&'static str>,
    },
}

/// Reads a type's name.
pub fn kind(name: &str) -> Kind {
    if let Some(declaration) = crate::find(name) {
        return Kind::Built(declaration);
    }
    match NOT_BUILT.iter().copied().find(|known| *known == name) {
        Some(known) => Kind::NotBuilt(known),
        None => Kind::Unknown { meant: nearest(name, ALL.iter().map(|declaration| declaration.kind).chain(NOT_BUILT.iter().copied())) },
    }
}

impl Kind {
    /// The declaration, or the sentence that tells a person why there is none.
    pub fn declaration(self, name: &str) -> Result<&'static Declaration, String> {
        let built = || ALL.iter().map(|declaration| declaration.kind).collect::<Vec<_>>().join(", ");
        match self {
            Kind::Built(declaration) => Ok(declaration),
            Kind::NotBuilt(known) => Err(format!("provider type '{known}' is not built yet; built are: {}", built())),
            Kind::Unknown { meant: Some(meant) } => Err(format!("unknown provider type '{name}'; did you mean '{meant}'?")),
            Kind::Unknown { meant: None } => Err(format!("unknown provider type '{name}'; built are: {}", built())),
        }
    }
}

/// The candidate that a mistyped word most looks like, where one is near enough to be worth saying.
pub(crate) fn nearest(word: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let folded = |text: &str| text.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
    let word = folded(word);
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    candidates
        .map(|candidate| {
            let other = folded(candidate);
            let begins = word.len() >= 3 && (other.starts_with(&word) || word.starts_with(&other));
            (if begins { 1 } else { distance(&word, &other) }, candidate)
        })
        .filter(|(far, candidate)| *far <= 1 + candidate.len() / 4)
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes; both words are short.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, one) in left.bytes().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right.bytes()) {
            let next = (diagonal + usize::from(one != other)).min(before + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = next;
            before = next;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
