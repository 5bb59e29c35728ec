//! The command line: what can be asked for, and what is refused by name.

use crate::commands::{completions, doctor, explain, export, healthcheck, key, mapping, provider, rotate_root};
use crate::config::{CommandLine, Environment, suggest};
use crate::failure::Failure;
use crate::{chat, config_command, output, serve, simulate};
use clap::{Args, CommandFactory, Parser, Subcommand};
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
    /// Check a configuration, print its JSON Schema, or print the running state as one.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Virtual keys of a running gateway.
    #[command(subcommand)]
    Key(key::Command),
    /// Providers of a running gateway.
    #[command(subcommand)]
    Provider(provider::Command),
    /// Model mappings of a running gateway.
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// What would become of a request; nobody is called.
    Explain(explain::Arguments),
    /// Whether the gateway is ready, as an exit code.
    Healthcheck(healthcheck::Arguments),
    /// Look at everything that a gateway needs, and say what is wrong and what helps.
    Doctor(doctor::Arguments),
    /// Make a new root secret, and seal everything that is stored anew under it.
    RotateRoot(rotate_root::Arguments),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the script that completes Conduit's commands in a shell.
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
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
    /// Print what a running gateway serves as a configuration file.
    Export(export::Arguments),
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

const COMMANDS: &[&str] = &[
    "serve",
    "simulate",
    "config",
    "key",
    "provider",
    "mapping",
    "explain",
    "chat",
    "healthcheck",
    "doctor",
    "rotate-root",
    "openapi",
    "completions",
];
const CONFIG_COMMANDS: &[&str] = &["check", "schema", "export"];
/// Commands that Conduit will have.
const NOT_BUILT: &[&str] = &["drill", "ledger", "prices"];

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
        Command::Config(ConfigCommand::Export(arguments)) => export::run(&arguments, &environment),
        Command::Config(ConfigCommand::Other(words)) => Err(unknown(&words, "config ", CONFIG_COMMANDS, &[])),
        Command::Key(command) => key::run(&command, &environment),
        Command::Provider(command) => provider::run(&command, &environment),
        Command::Mapping(command) => mapping::run(&command, &environment),
        Command::Explain(arguments) => explain::run(&arguments, &environment),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments, &environment),
        Command::Doctor(arguments) => doctor::run(&arguments, &environment),
        Command::RotateRoot(arguments) => rotate_root::run(&arguments, &environment),
        Command::Openapi => output::print(&admin::openapi()).map_err(Failure::failed),
        Command::Completions { shell } => completions::print(shell, Cli::command()),
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
