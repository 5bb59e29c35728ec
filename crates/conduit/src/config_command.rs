//! `conduit config`: check a file, print the schema.

use crate::config::{self, CommandLine, Environment};
use crate::failure::Failure;
use crate::output;
use std::path::PathBuf;

pub(crate) fn check(file: Option<PathBuf>, environment: &Environment) -> Result<(), Failure> {
    let command_line = CommandLine { config: file, ..CommandLine::default() };
    match config::load(&command_line, environment) {
        Ok(config) => {
            let what = command_line.config.map_or_else(|| "the environment".to_owned(), |path| path.display().to_string());
            let counts =
                [(config.providers.len(), "provider"), (config.mappings.len(), "model mapping"), (config.keys.len(), "virtual key")];
            let counts = counts.map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" })).join(", ");
            output::print(&format!("ok: {what}: {counts}\n")).map_err(Failure::failed)
        }
        Err(problems) => {
            let count = problems.len();
            Err(Failure::failed(format!("{problems}\n{count} mistake{} in the configuration", if count == 1 { "" } else { "s" })))
        }
    }
}

pub(crate) fn schema() -> Result<(), Failure> {
    output::print(&config::schema_document()).map_err(Failure::failed)
}
