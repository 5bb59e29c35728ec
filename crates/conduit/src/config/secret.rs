//! Secret references: a value that says where the secret is instead of being it.
//!
//! `env:NAME`, `${NAME}`, `os.environ/NAME` and `file:/path`; anything else is the secret itself. An error names the reference, never a value.

use super::environment::Environment;
use secrecy::SecretString;
use std::path::Path;

/// Secrets in files are keys and small JSON documents.
const MAX_SECRET_FILE: u64 = 1 << 20;

/// What a reference points to.
#[derive(Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    Variable(&'a str),
    File(&'a str),
    /// Not a reference.
    Literal,
}

/// Reads the form of a value without looking anything up.
pub fn reference(text: &str) -> Result<Reference<'_>, String> {
    let variable = text.strip_prefix("env:").or_else(|| text.strip_prefix("os.environ/"));
    let braced = text.strip_prefix("${").map(|rest| rest.strip_suffix('}').ok_or("a reference `${NAME}` must be the whole value"));
    if let Some(name) = variable {
        return variable_name(name);
    }
    if let Some(name) = braced {
        return variable_name(name?);
    }
    if text.contains("${") {
        return Err("a reference `${NAME}` must be the whole value".to_owned());
    }
    match text.strip_prefix("file:") {
        Some(path) if path.starts_with('/') => Ok(Reference::File(path)),
        Some(_) => Err("a `file:` reference needs an absolute path, like `file:/run/secrets/name`".to_owned()),
        None => Ok(Reference::Literal),
    }
}

fn variable_name(name: &str) -> Result<Reference<'_>, String> {
    let valid =
        !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if valid {
        Ok(Reference::Variable(name))
    } else {
        Err("a reference needs the name of an environment variable, like `env:OPENAI_API_KEY`".to_owned())
    }
}

/// The secret that a value stands for. Never empty.
pub fn resolve(text: &str, environment: &Environment) -> Result<SecretString, String> {
    let secret = match reference(text)? {
        Reference::Literal => text.to_owned(),
        Reference::Variable(name) => match environment.get(name) {
            Ok(Some(value)) if !value.trim().is_empty() => value.to_owned(),
            Ok(Some(_)) => return Err(format!("the environment variable {name} is empty")),
            Ok(None) => return Err(format!("the environment variable {name} is not set")),
            Err(_) => return Err(format!("the environment variable {name} is not valid UTF-8")),
        },
        Reference::File(path) => from_file(Path::new(path))?,
    };
    if secret.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(SecretString::from(secret))
}

/// The content of a file, without the line break that editors leave at its end.
pub fn from_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let facts = std::fs::metadata(path).map_err(|error| format!("the file {shown} cannot be read: {error}"))?;
    if !facts.is_file() {
        return Err(format!("{shown} is not a regular file"));
    }
    if facts.len() > MAX_SECRET_FILE {
        return Err(format!("the file {shown} is larger than 1 MiB"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("the file {shown} cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("the file {shown} is not valid UTF-8"))?;
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.trim().is_empty() { Err(format!("the file {shown} is empty")) } else { Ok(trimmed.to_owned()) }
}

#[cfg(test)]
mod tests;
