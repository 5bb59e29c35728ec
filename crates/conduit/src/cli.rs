//! The command line: what can be asked for, and what is refused by name.

use crate::config::{CommandLine, Environment, suggest};
use crate::failure::Failure;
use crate::{chat, config_command, output, serve, simulate};
use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Conduit, a gateway for language models.
#[derive(Debug, Parser)]
#[command(name = "conduit", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway.
    Serve(ServeArguments),
    /// Run the provider simulator: the native APIs under /<provider type>/.
    Simulate(simulate::Arguments),
    /// Check a configuration, or print its JSON Schema.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the running gateway and print the answer as it comes.
    Chat(chat::Arguments),
    /// Commands of later versions, and mistyped ones.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Args, Debug)]
struct ServeArguments {
    /// The configuration file: YAML, TOML or JSON by its ending.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address to listen on, as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The directory for the database, the journal and the root secret. Default: CONDUIT_DATA_DIR, else ./data.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a configuration file and the environment; every mistake is told with its line.
    Check {
        /// Without it, only the environment is checked.
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of the configuration file.
    Schema,
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

const COMMANDS: &[&str] = &["serve", "simulate", "config", "chat"];
const CONFIG_COMMANDS: &[&str] = &["check", "schema"];
/// Commands that Conduit will have.
const NOT_BUILT: &[&str] =
    &["provider", "mapping", "key", "explain", "drill", "ledger", "prices", "doctor", "healthcheck", "openapi", "completions"];
const CONFIG_NOT_BUILT: &[&str] = &["export"];

/// Runs the command line; the exit code is 0 for done, 1 for failed, 2 for bad usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        // Help and version come this way too, with exit code 0; the library knows to which stream they go.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(failure.message());
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    let environment = Environment::of_process();
    match command {
        Command::Serve(ServeArguments { config, listen, data_dir }) => serve::run(&CommandLine { config, listen, data_dir }, &environment),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Config(ConfigCommand::Check { file }) => config_command::check(file, &environment),
        Command::Config(ConfigCommand::Schema) => config_command::schema(),
        Command::Config(ConfigCommand::Other(words)) => Err(unknown(&words, "config ", CONFIG_COMMANDS, CONFIG_NOT_BUILT)),
        Command::Chat(arguments) => chat::run(&arguments, &environment),
        Command::Other(words) => Err(unknown(&words, "", COMMANDS, NOT_BUILT)),
    }
}

fn unknown(words: &[OsString], parent: &str, built: &[&str], not_built: &[&str]) -> Failure {
    let word = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    if not_built.contains(&word.as_ref()) {
        return Failure::usage(format!("`conduit {parent}{word}` is not built yet"));
    }
    let hint = suggest::hint(&word, built.iter().chain(not_built).copied());
    Failure::usage(format!("`conduit {parent}{word}` is not a command{hint}\nCommands: {}. See `conduit --help`.", built.join(", ")))
}

#[cfg(test)]
mod tests;
