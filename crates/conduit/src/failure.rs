//! How a command fails: what the person reads and what the shell sees.

use std::fmt::Display;
use std::process::ExitCode;

/// The end of a command that did not work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was tried and failed: exit code 1.
    Failed(String),
    /// It was asked for wrongly: exit code 2.
    Usage(String),
}

impl Failure {
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    pub(crate) fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Failure::Failed(message) | Failure::Usage(message) => message,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) => ExitCode::from(1),
            Failure::Usage(_) => ExitCode::from(2),
        }
    }
}
