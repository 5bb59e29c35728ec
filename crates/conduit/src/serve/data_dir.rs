//! The data directory and the root secret's file in it: private to their owner.

use crate::failure::Failure;
use secrecy::{ExposeSecret, SecretString};
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Whether nothing is in the directory, or it does not exist.
pub(crate) fn is_empty(path: &Path) -> Result<bool, Failure> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Failure::failed(format!("the data directory {} cannot be read: {error}", path.display()))),
    }
}

/// Creates it for its owner alone where it does not exist.
pub(crate) fn create(path: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::failed(format!("the data directory {} cannot be created: {error}", path.display())))
}

/// Takes rights from others on a directory that was there before. It may be a mount that is not ours to change: the files in it are private all the same.
pub(crate) fn make_private(path: &Path) {
    if let Err(error) = std::fs::set_permissions(path, Permissions::from_mode(0o700)) {
        tracing::warn!(%error, path = %path.display(), "the data directory could not be made private to its owner");
    }
}

/// Writes the root secret into a new file, and to the disk: without it every stored secret is lost.
pub(crate) fn write_secret(path: &Path, secret: &SecretString) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
        file.write_all(secret.expose_secret().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|error| Failure::failed(format!("the root secret cannot be written to {}: {error}", path.display())))
}

/// Puts a file for the owner alone in the place of the one that may be there, in one step.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    // The new name must be on the disk too.
    match path.parent() {
        Some(directory) => std::fs::File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// Takes away what a first start has made, the root secret last: where it stops halfway, the next start says what to do.
/// Only those names, although nothing else was there.
pub(crate) fn empty(path: &Path) -> Result<(), Failure> {
    let gone = |name: &str, removed: std::io::Result<()>| match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::failed(format!("{} cannot be removed: {error}", path.join(name).display())))
        }
        _ => Ok(()),
    };
    for name in ["conduit.db-wal", "conduit.db-shm", "conduit.db"] {
        gone(name, std::fs::remove_file(path.join(name)))?;
    }
    gone("journal", std::fs::remove_dir_all(path.join("journal")))?;
    gone("root-secret", std::fs::remove_file(path.join("root-secret")))
}

/// Reads the root secret's file; `None` where there is none.
pub(crate) fn read_secret(path: &Path) -> Result<Option<SecretString>, Failure> {
    let shown = path.display();
    let facts = match std::fs::metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::failed(format!("the root secret in {shown} cannot be read: {error}"))),
    };
    let mode = facts.permissions().mode() & 0o777;
    if facts.is_file() && mode & 0o077 != 0 {
        return Err(Failure::failed(format!("the root secret in {shown} can be read by others (mode {mode:o}): run `chmod 600 {shown}`")));
    }
    crate::config::secret::from_file(path).map(|text| Some(SecretString::from(text))).map_err(Failure::failed)
}

#[cfg(test)]
mod tests;
