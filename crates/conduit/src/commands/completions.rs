//! `conduit completions`: the script that lets a shell complete Conduit's commands.

use crate::failure::Failure;
use crate::output;
use clap_complete::Shell;

pub(crate) fn print(shell: Shell, mut command: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "conduit", &mut script);
    output::print(&String::from_utf8_lossy(&script)).map_err(Failure::failed)
}
