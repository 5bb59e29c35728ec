//! What a writer must know of the model that it writes to.

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The provider's name of the model (or deployment).
    pub model: &'a str,
    pub facts: &'a ModelFacts,
    /// The API version in force at the provider, where its dialect has versions.
    pub version: Option<&'a str>,
}

/// What a model accepts, from the catalogue; the default is "nothing special known".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Largest output in tokens.
    pub max_output: Option<u64>,
    /// Largest input in tokens.
    pub context: Option<u64>,
}
