//! `conduit`: see `conduit --help` and docs/cli.md.

fn main() -> std::process::ExitCode {
    conduit::run(std::env::args_os())
}
