//! The values of a provider's credential fields.

mod check;

pub use check::{FieldFault, credential_check};

use secrecy::{ExposeSecret, SecretString};

/// Field name and value; every value is treated as a secret in memory. Debug shows names only.
#[derive(Clone, Default)]
pub struct Credential {
    values: Vec<(String, SecretString)>,
}

impl Credential {
    pub fn new(values: Vec<(String, SecretString)>) -> Self {
        Self { values }
    }

    pub fn get(&self, field: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == field).map(|(_, value)| value.expose_secret())
    }

    /// The names of the fields that are set, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(name, _)| name.as_str())
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.values.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests;
