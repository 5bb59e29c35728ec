//! `conduit doctor`: looks at everything that a gateway needs, and says of each thing what is wrong and what helps.
//!
//! It changes nothing that lasts, and calls providers only where that is free.

mod machine;
mod outside;

use super::{Where, table};
use crate::config::{self, CommandLine, Config, Environment};
use crate::failure::Failure;
use crate::output;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration file that the gateway runs with, or is to.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address it listens on, where that is not the configured one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Leave the providers alone.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    place: Where,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    check: String,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    /// It works, and should be different.
    Warning,
    Failed,
    /// It could not be looked at, because something before it failed.
    Skipped,
}

impl Finding {
    fn new(check: impl Into<String>, state: State, message: impl Into<String>) -> Self {
        Self { check: check.into(), state, message: message.into(), remedy: None }
    }

    fn ok(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, State::Ok, message)
    }

    fn skipped(check: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(check, State::Skipped, message)
    }

    fn warning(check: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(check, State::Warning, message) }
    }

    fn failed(check: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..Self::new(check, State::Failed, message) }
    }
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<(), Failure> {
    let command_line =
        CommandLine { config: arguments.config.clone(), listen: arguments.listen.clone(), data_dir: arguments.place.data_dir.clone() };
    let mut findings = Vec::new();
    match config::load(&command_line, environment) {
        Ok(config) => {
            findings.push(configured(&config));
            findings.extend(machine::look(&config));
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(Failure::failed)?;
            findings.extend(runtime.block_on(outside::look(&config, arguments.offline)));
            runtime.shutdown_background();
        }
        Err(problems) => {
            // Secrets that cannot be resolved are among these, each with its line.
            findings
                .extend(problems.iter().map(|one| Finding::failed("configuration", format!("{}: {}", one.place, one.message), "mend it")));
            let rest = "the configuration cannot be read";
            findings.extend(["files", "port", "database", "master key", "providers", "clock"].map(|check| Finding::skipped(check, rest)));
        }
    }
    tell(&findings, arguments.place.json)?;
    match findings.iter().filter(|finding| finding.state == State::Failed).count() {
        0 => Ok(()),
        count => Err(Failure::failed(format!("{count} of {} checks failed", findings.len()))),
    }
}

fn configured(config: &Config) -> Finding {
    let file = config.file.as_ref().map_or_else(|| "no file, the environment alone".to_owned(), |file| file.path.display().to_string());
    let (providers, mappings, keys) = (config.providers.len(), config.mappings.len(), config.keys.len());
    Finding::ok(
        "configuration",
        format!("{file}: {providers} providers, {mappings} model mappings, {keys} virtual keys; every secret resolves"),
    )
}

fn tell(findings: &[Finding], as_json: bool) -> Result<(), Failure> {
    if as_json {
        let ok = findings.iter().all(|finding| finding.state != State::Failed);
        return output::json(&serde_json::json!({ "ok": ok, "checks": findings }));
    }
    let rows: Vec<[String; 3]> = findings
        .iter()
        .map(|finding| {
            let state = match finding.state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Failed => "FAILED",
                State::Skipped => "-",
            };
            let message = match &finding.remedy {
                Some(remedy) => format!("{}: {remedy}", finding.message),
                None => finding.message.clone(),
            };
            [state.to_owned(), finding.check.clone(), message]
        })
        .collect();
    output::print(&table::render(["RESULT", "CHECK", "WHAT WAS SEEN"], &rows)).map_err(Failure::failed)
}

#[cfg(test)]
mod tests;
