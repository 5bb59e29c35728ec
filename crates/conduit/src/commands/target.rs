//! Which gateway a command talks to, and with which key.
//!
//! `CONDUIT_URL` with `CONDUIT_MASTER_KEY` is any gateway; without them it is the one on this machine, whose data directory holds `admin-token`.

use crate::config::{Environment, secret};
use crate::failure::Failure;
use crate::serve::admin_token;
use clap::Args;
use secrecy::SecretString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Options of every command that asks a gateway.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Where {
    /// The data directory of a gateway on this machine. Default: CONDUIT_DATA_DIR, else ./data.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A gateway and the right to administer it.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) key: SecretString,
    pub(crate) origin: Origin,
    /// The process, where it runs on this machine.
    pub(crate) pid: Option<u32>,
}

/// Where the key came from: what to check when it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    MasterKey,
    Token(PathBuf),
}

impl Where {
    pub(crate) fn data_dir(&self, environment: &Environment) -> Result<PathBuf, Failure> {
        match (&self.data_dir, environment.get("CONDUIT_DATA_DIR")) {
            (Some(given), _) => Ok(given.clone()),
            (None, Ok(Some(given))) if !given.is_empty() => Ok(PathBuf::from(given)),
            (None, Ok(_)) => Ok(PathBuf::from("data")),
            (None, Err(_)) => Err(Failure::usage("CONDUIT_DATA_DIR is not valid UTF-8")),
        }
    }
}

/// `CONDUIT_URL`, checked; `None` where it is not set.
pub(crate) fn given_url(environment: &Environment) -> Result<Option<String>, Failure> {
    let Some(url) = environment.get("CONDUIT_URL").map_err(|_| Failure::usage("CONDUIT_URL is not valid UTF-8"))? else {
        return Ok(None);
    };
    let url = url.trim_end_matches('/').to_owned();
    upstream::check_base_url(&url, true).map_err(|fault| Failure::usage(format!("CONDUIT_URL {fault}")))?;
    Ok(Some(url))
}

impl Target {
    pub(crate) fn find(place: &Where, environment: &Environment) -> Result<Self, Failure> {
        let url = given_url(environment)?;
        let master_key = master_key(environment)?;
        let file = place.data_dir(environment)?.join(admin_token::FILE);
        match (url, master_key) {
            (Some(url), Some(key)) => Ok(Self { url, key, origin: Origin::MasterKey, pid: None }),
            (Some(url), None) => match Self::of_file(&file)? {
                // The gateway of this machine, named twice.
                Some(target) if target.url == url => Ok(target),
                _ => Err(Failure::usage(format!("CONDUIT_URL is {url}, and its master key is not known: set CONDUIT_MASTER_KEY to it"))),
            },
            (None, key) => match (Self::of_file(&file)?, key) {
                (Some(target), _) => Ok(target),
                (None, Some(key)) => Ok(Self { url: DEFAULT_URL.to_owned(), key, origin: Origin::MasterKey, pid: None }),
                (None, None) => Err(absent(&file)),
            },
        }
    }

    /// The gateway whose process wrote the file; `None` where there is no such file.
    pub(super) fn of_file(path: &Path) -> Result<Option<Self>, Failure> {
        let unreadable = |cause: String| {
            let shown = path.display();
            Failure::failed(format!(
                "{shown} cannot be read: {cause}\nRun the command as the user that runs `conduit serve`, or set CONDUIT_URL and CONDUIT_MASTER_KEY"
            ))
        };
        let text = match std::fs::read(path) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let content: admin_token::Content =
            serde_json::from_slice(&text).map_err(|_| unreadable("it is not what `conduit serve` writes".to_owned()))?;
        let pid = Some(content.pid).filter(|pid| *pid > 1);
        Ok(Some(Self { url: content.url, key: SecretString::from(content.token), origin: Origin::Token(path.to_owned()), pid }))
    }
}

fn master_key(environment: &Environment) -> Result<Option<SecretString>, Failure> {
    let read = |name: &str| match environment.get(name) {
        Ok(value) => Ok(value.filter(|value| !value.trim().is_empty())),
        Err(_) => Err(Failure::usage(format!("{name} is not valid UTF-8"))),
    };
    match (read("CONDUIT_MASTER_KEY")?, read("CONDUIT_MASTER_KEY_FILE")?) {
        (Some(key), _) => Ok(Some(SecretString::from(key))),
        (None, Some(path)) => {
            let key =
                secret::from_file(Path::new(path)).map_err(|message| Failure::usage(format!("CONDUIT_MASTER_KEY_FILE: {message}")))?;
            Ok(Some(SecretString::from(key)))
        }
        (None, None) => Ok(None),
    }
}

fn absent(file: &Path) -> Failure {
    Failure::failed(format!(
        "no gateway is known: {} does not exist, and CONDUIT_URL and CONDUIT_MASTER_KEY are not set\n\
         Start one with `conduit serve`; name its data directory with --data-dir; or, for one elsewhere, set both variables",
        file.display()
    ))
}

#[cfg(test)]
mod tests;
