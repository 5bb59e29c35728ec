//! What is known of models, by family.

use crate::Declaration;
use dialects::ModelFacts;

/// Facts of one family: the models whose name is the prefix, or goes on after it with `-`.
#[derive(Debug)]
pub struct Family {
    pub prefix: &'static str,
    /// Largest input in tokens.
    pub context: Option<u64>,
    /// Largest output in tokens.
    pub max_output: Option<u64>,
}

/// What is known of the provider's model; the default where nothing is.
pub fn facts(declaration: &Declaration, model: &str) -> ModelFacts {
    (declaration.facts)(model)
}

/// The facts of the longest prefix that fits.
pub fn by_family(families: &[Family], model: &str) -> ModelFacts {
    let base = model.strip_prefix("ft:").unwrap_or(model);
    let fits = |family: &&Family| {
        base.strip_prefix(family.prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '@']) || family.prefix.ends_with('-'))
    };
    match families.iter().filter(fits).max_by_key(|family| family.prefix.len()) {
        Some(family) => ModelFacts { context: family.context, max_output: family.max_output, ..ModelFacts::default() },
        None => ModelFacts::default(),
    }
}

#[cfg(test)]
mod tests;
