//! The JSON Schema of the config file, as the program itself prints it.

use std::path::Path;
use std::process::Command;

pub(super) fn render(root: &Path) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["run", "--quiet", "--locked", "--bin", "conduit", "--", "config", "schema"])
        .output();
    let output = output.map_err(|error| format!("cargo run --bin conduit: {error}"))?;
    if !output.status.success() {
        return Err(format!("`conduit config schema` failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "`conduit config schema` printed no UTF-8".to_owned())?;
    Ok(format!("{}\n", text.trim_end()))
}
