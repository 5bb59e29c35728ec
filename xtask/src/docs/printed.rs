//! Documents that the program itself prints: the JSON Schema of the config file, the OpenAPI document of its routes.

use std::path::Path;
use std::process::Command;

pub(super) fn schema(root: &Path) -> Result<String, String> {
    printed(root, &["config", "schema"])
}

pub(super) fn openapi(root: &Path) -> Result<String, String> {
    printed(root, &["openapi"])
}

fn printed(root: &Path, command: &[&str]) -> Result<String, String> {
    let name = format!("`conduit {}`", command.join(" "));
    let arguments = ["run", "--quiet", "--locked", "--bin", "conduit", "--"];
    let output = Command::new(env!("CARGO")).current_dir(root).args(arguments).args(command).output();
    let output = output.map_err(|error| format!("cargo run --bin conduit: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| format!("{name} printed no UTF-8"))?;
    Ok(format!("{}\n", text.trim_end()))
}
