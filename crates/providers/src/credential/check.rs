//! Whether the credential fields that somebody filled in can be used. Says what is wrong and how to mend it, never the value.

use super::Credential;
use crate::kinds::nearest;
use crate::{Declaration, Field, FieldKind};

/// What is wrong with one credential field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    pub field: String,
    pub problem: String,
    pub remedy: String,
}

impl std::fmt::Display for FieldFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.field, self.problem, self.remedy)
    }
}

impl std::error::Error for FieldFault {}

impl FieldFault {
    pub(crate) fn new(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// Every fault of the values: a required field that is not set, a name that the type does not have, a value that no header can carry (R55).
pub fn credential_check(declaration: &Declaration, values: &Credential) -> Result<(), Vec<FieldFault>> {
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for name in values.names() {
        if seen.contains(&name) {
            faults.push(FieldFault::new(name, "is set twice", "keep one of them"));
        }
        seen.push(name);
        if declaration.field(name).is_none() {
            faults.push(unknown(declaration, name));
        }
    }
    for field in declaration.fields {
        match values.get(field.name) {
            Some(value) => faults.extend(value_fault(field, value)),
            None if field.required && field.default.is_none() => {
                faults.push(FieldFault::new(field.name, format!("is required by type '{}' and not set", declaration.kind), field.help));
            }
            None => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn unknown(declaration: &Declaration, name: &str) -> FieldFault {
    let problem = format!("is not a credential field of type '{}'", declaration.kind);
    if name == "base_url" {
        return FieldFault::new(name, problem, "write base_url beside `credentials`, not inside");
    }
    let remedy = match nearest(name, declaration.fields.iter().map(|field| field.name)) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None if declaration.fields.is_empty() => "this type has none".to_owned(),
        None => format!("its fields are: {}", declaration.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")),
    };
    FieldFault::new(name, problem, remedy)
}

/// Every field of the types built here ends in a header, so that each is held to what a header can carry.
fn value_fault(field: &Field, value: &str) -> Option<FieldFault> {
    let fault = |problem, remedy| Some(FieldFault::new(field.name, problem, remedy));
    if value.trim().is_empty() {
        return fault("is empty", "fill it in, or leave the field out where it is optional");
    }
    if value.trim() != value {
        return fault("begins or ends with white space", "remove it; a file often ends with a line break");
    }
    if value.chars().any(char::is_control) {
        return fault("has a line break or another control character in it", "paste the value as one line");
    }
    let spaced = value.contains(char::is_whitespace);
    if spaced && field.kind == FieldKind::Text {
        return fault("has white space in it", "paste the value alone");
    }
    if !value.is_ascii() {
        return fault("has a character outside ASCII in it", "copy the value again from the provider's page");
    }
    None
}
