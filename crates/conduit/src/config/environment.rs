//! Environment variables: secrets that a file refers to, short forms, and `CONDUIT_` + path for single settings.

use super::problem::Problems;
use super::tree::{Node, Place};
use super::{schema, secret, suggest};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment as a value, so that tests need not change the process.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
}

/// A variable whose value is not text.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUtf8;

/// Names with a meaning of their own. `CONDUIT_URL` is for the commands that call a running gateway.
/// `CONDUIT_ROOT_SECRET_NEW` is for `conduit rotate-root`.
const SHORT_FORMS: &[&str] =
    &["CONDUIT_MASTER_KEY", "CONDUIT_ROOT_SECRET", "CONDUIT_ROOT_SECRET_OLD", "CONDUIT_ROOT_SECRET_NEW", "CONDUIT_DATA_DIR", "CONDUIT_URL"];
/// Of those, the ones that may be given as a file.
const SECRET_SHORT_FORMS: &[&str] = &["CONDUIT_MASTER_KEY", "CONDUIT_ROOT_SECRET", "CONDUIT_ROOT_SECRET_OLD", "CONDUIT_ROOT_SECRET_NEW"];
/// Set in shells of people who run Conduit's tests: the place of the recorded traffic. Conduit itself does not read it.
const IGNORED: &[&str] = &["CONDUIT_SHARED"];
const PREFIX: &str = "CONDUIT_";
const FILE_SUFFIX: &str = "_FILE";

/// What the short forms say.
#[derive(Default)]
pub struct ShortForms {
    pub master_key: Option<SecretString>,
    pub root_secret: Option<SecretString>,
    pub old_root_secret: Option<SecretString>,
    pub data_dir: Option<PathBuf>,
    pub database_url: Option<SecretString>,
    pub port: Option<u16>,
}

impl Environment {
    pub fn of_process() -> Self {
        Self { variables: std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect() }
    }

    pub fn get(&self, name: &str) -> Result<Option<&str>, NotUtf8> {
        self.variables.get(name).map(|value| value.to_str().ok_or(NotUtf8)).transpose()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A value that must be text and not empty where it is set.
    fn text(&self, name: &str, problems: &mut Problems) -> Option<&str> {
        let place = Place::Variable(name.to_owned());
        match self.get(name) {
            Ok(Some(value)) if value.trim().is_empty() => problems.add(&place, "is set but empty: set it or remove it"),
            Ok(value) => return value,
            Err(NotUtf8) => problems.add(&place, "is not valid UTF-8"),
        }
        None
    }

    /// A secret from `NAME` or from the file that `NAME_FILE` names.
    fn secret(&self, name: &str, problems: &mut Problems) -> Option<SecretString> {
        let in_file = format!("{name}{FILE_SUFFIX}");
        let value = self.text(name, problems).map(str::to_owned);
        let Some(path) = self.text(&in_file, problems) else { return value.map(SecretString::from) };
        if value.is_some() {
            problems.add(&Place::Variable(in_file.clone()), format!("{name} is set too: use one of them"));
        }
        match secret::from_file(Path::new(path)) {
            Ok(secret) => Some(SecretString::from(secret)),
            Err(message) => {
                problems.add(&Place::Variable(in_file), message);
                None
            }
        }
    }

    /// One of the secrets among the short forms, for commands that need no more.
    pub(crate) fn short_secret(&self, name: &str) -> Result<Option<SecretString>, Problems> {
        let mut problems = Problems::default();
        let secret = self.secret(name, &mut problems);
        problems.into_result().map(|()| secret)
    }

    /// Reads the short forms; `REDIS_URL` is refused, as `redis` in a file is.
    pub fn short_forms(&self, problems: &mut Problems) -> ShortForms {
        if self.variables.contains_key("REDIS_URL") {
            problems.add(&Place::Variable("REDIS_URL".to_owned()), "redis is not built yet: remove the variable");
        }
        let port = self.text("PORT", problems).and_then(|text| {
            let port = text.parse().ok();
            if port.is_none() {
                problems.add(&Place::Variable("PORT".to_owned()), format!("`{text}` is no port number: 0 to 65535"));
            }
            port
        });
        ShortForms {
            master_key: self.secret("CONDUIT_MASTER_KEY", problems),
            root_secret: self.secret("CONDUIT_ROOT_SECRET", problems),
            old_root_secret: self.secret("CONDUIT_ROOT_SECRET_OLD", problems),
            data_dir: self.text("CONDUIT_DATA_DIR", problems).map(PathBuf::from),
            database_url: self.text("DATABASE_URL", problems).map(SecretString::from),
            port,
        }
    }

    /// Puts `CONDUIT_SERVER__LISTEN` and the like over what the file says, and refuses every `CONDUIT_` name that means nothing.
    /// Names that the file itself refers to (`env:CONDUIT_...`) are known.
    pub(super) fn apply(&self, root: &mut Node, referred: &BTreeSet<String>, problems: &mut Problems) {
        let paths = schema::scalar_paths();
        let known: BTreeMap<String, &Vec<String>> = paths.iter().map(|path| (variable_of(path), path)).collect();
        for name in self.names().filter(|name| name.starts_with(PREFIX)) {
            if is_short_form(name) || IGNORED.contains(&name) || referred.contains(name) {
                continue;
            }
            let in_file = name.strip_suffix(FILE_SUFFIX).filter(|_| !known.contains_key(name));
            let Some(path) = known.get(in_file.unwrap_or(name)) else {
                let all = known.keys().map(String::as_str).chain(SHORT_FORMS.iter().copied());
                problems.add(&Place::Variable(name.to_owned()), format!("is not a setting of Conduit{}", suggest::hint(name, all)));
                continue;
            };
            self.override_one(root, name, in_file, path, problems);
        }
    }

    fn override_one(&self, root: &mut Node, name: &str, in_file: Option<&str>, path: &[String], problems: &mut Problems) {
        let place = Place::Variable(name.to_owned());
        let Some(value) = self.text(name, problems) else { return };
        let value = match in_file {
            None => value.to_owned(),
            Some(plain) if self.variables.contains_key(plain) => {
                problems.add(&place, format!("{plain} is set too: use one of them"));
                return;
            }
            Some(_) => match secret::from_file(Path::new(value)) {
                Ok(value) => value,
                Err(message) => {
                    problems.add(&place, message);
                    return;
                }
            },
        };
        if !root.set(path, value, place.clone()) {
            problems.add(&place, format!("{} cannot be set: the file has something else than a map on the way", path.join(".")));
        }
    }
}

fn is_short_form(name: &str) -> bool {
    SHORT_FORMS.contains(&name) || name.strip_suffix(FILE_SUFFIX).is_some_and(|plain| SECRET_SHORT_FORMS.contains(&plain))
}

/// `server.listen` is `CONDUIT_SERVER__LISTEN`.
fn variable_of(path: &[String]) -> String {
    format!("{PREFIX}{}", path.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>().join("__"))
}

#[cfg(test)]
impl Environment {
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), OsString::from(value));
        self
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        pairs.iter().fold(Self::default(), |environment, (name, value)| environment.with(name, value))
    }
}

#[cfg(test)]
mod tests;
