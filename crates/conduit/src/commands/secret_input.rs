//! How a command gets a secret: by reference, from standard input, or typed unseen. Never as an argument, where others could see it.

use crate::config::{Environment, secret};
use crate::failure::Failure;
use crate::output;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use std::io::{BufRead, IsTerminal, stdin};

/// A reference (`env:NAME`, `file:/path`), or `-` for a line of standard input.
pub(super) fn refer(name: &str, reference: &str, environment: &Environment) -> Result<SecretString, Failure> {
    if reference == "-" {
        return line(name);
    }
    let form = secret::reference(reference).map_err(|message| Failure::usage(format!("{name}: {message}")))?;
    if form == secret::Reference::Literal {
        return Err(Failure::usage(format!(
            "{name}: a secret on the command line can be seen by other users of this machine: write `env:NAME`, `file:/path`, or `-` for standard input"
        )));
    }
    secret::resolve(reference, environment).map_err(|message| Failure::usage(format!("{name}: {message}")))
}

/// A line of standard input; at a terminal it is asked for, and not shown.
pub(super) fn line(name: &str) -> Result<SecretString, Failure> {
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = if stdin().is_terminal() {
        output::ask(&format!("{name}: ")).map_err(Failure::failed)?;
        let unseen = Unseen::begin();
        let read = stdin().lock().read_line(&mut text);
        drop(unseen);
        let _ = output::ask("\n");
        read
    } else {
        stdin().lock().read_line(&mut text)
    };
    read.map_err(|error| Failure::failed(format!("{name}: standard input cannot be read: {error}")))?;
    let value = text.trim_end_matches(['\r', '\n']);
    match value.trim().is_empty() {
        true => Err(Failure::usage(format!("{name}: nothing was given"))),
        false => Ok(SecretString::from(value)),
    }
}

/// The terminal does not show what is typed until the value is dropped.
struct Unseen(Option<Termios>);

impl Unseen {
    fn begin() -> Self {
        let before = tcgetattr(stdin()).ok();
        if let Some(mut now) = before.clone() {
            now.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(stdin(), OptionalActions::Flush, &now);
        }
        Self(before)
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
