//! What can be seen on this machine alone: files and their modes, the port, the disk.

use super::Finding;
use crate::commands::client::Client;
use crate::commands::target::Target;
use crate::config::Config;
use crate::serve::{admin_token, identity};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Below this the journal and the database will soon be in need.
const LITTLE_SPACE: u64 = 1 << 30;
/// Below this they are.
const NO_SPACE: u64 = 64 << 20;

pub(super) fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(data_dir(config));
    findings.extend(secret_files(config));
    findings.push(root_secret(config));
    findings.extend(config_file(config));
    findings.push(port(config));
    findings.push(disk(&config.data_dir));
    findings
}

fn data_dir(config: &Config) -> Finding {
    let (path, check) = (&config.data_dir, "data directory");
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::ok(check, format!("{shown} does not exist yet: the start creates it"))
        }
        Err(error) => Finding::failed(check, format!("{shown} cannot be read: {error}"), "run as the user that runs `conduit serve`"),
        Ok(facts) if !facts.is_dir() => Finding::failed(check, format!("{shown} is no directory"), "name another with --data-dir"),
        Ok(facts) => match facts.permissions().mode() & 0o777 {
            mode if mode & 0o022 != 0 => {
                Finding::failed(check, format!("others can write to {shown} (mode {mode:o})"), format!("run `chmod 700 {shown}`"))
            }
            mode if mode & 0o055 != 0 => {
                Finding::warning(check, format!("others can look into {shown} (mode {mode:o})"), format!("run `chmod 700 {shown}`"))
            }
            _ => Finding::ok(check, format!("{shown} is private to its owner")),
        },
    }
}

/// Files of the data directory that hold secrets.
fn secret_files(config: &Config) -> Vec<Finding> {
    let paths = [
        identity::root_file(config),
        identity::old_root_file(&config.data_dir),
        config.data_dir.join(admin_token::FILE),
        config.data_dir.join("conduit.db"),
    ];
    paths.iter().filter_map(|path| private_file(path)).collect()
}

fn private_file(path: &Path) -> Option<Finding> {
    let (check, shown) = (path.file_name()?.to_string_lossy().into_owned(), path.display());
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Finding::failed(check, format!("{shown} cannot be read: {error}"), "run as the user that runs `conduit serve`")),
        Ok(facts) => Some(match facts.permissions().mode() & 0o777 {
            mode if mode & 0o077 != 0 => {
                Finding::failed(check, format!("{shown} can be read by others (mode {mode:o})"), format!("run `chmod 600 {shown}`"))
            }
            _ => Finding::ok(check, format!("{shown} is private to its owner")),
        }),
    }
}

/// Whether a start would accept the root secret. A first start, which makes one, is recognised and not carried out.
fn root_secret(config: &Config) -> Finding {
    let check = "root secret";
    let path = identity::root_file(config);
    let is_there = config.root_secret.is_some() || path.exists();
    if !is_there {
        return match identity::is_first_start(config) {
            Ok(true) => Finding::ok(check, "none yet: the first start makes it"),
            Err(failure) => Finding::failed(check, failure.message(), "run as the user that runs `conduit serve`"),
            Ok(false) => Finding::failed(
                check,
                format!("CONDUIT_ROOT_SECRET is not set and {} does not exist", path.display()),
                "make one with `openssl rand -base64 32`, keep it, and set CONDUIT_ROOT_SECRET to it",
            ),
        };
    }
    match identity::known_root(config) {
        Ok(root) if root.old.is_empty() => Finding::ok(check, "it is there and strong enough"),
        Ok(_) => Finding::warning(check, "an old root secret is still kept: a rotation has not ended", "run `conduit rotate-root`"),
        Err(failure) => Finding::failed(check, failure.message(), "mend it"),
    }
}

/// A configuration that holds keys themselves, and not references to them, should be for its owner alone.
fn config_file(config: &Config) -> Option<Finding> {
    let file = config.file.as_ref()?;
    let (check, shown) = ("configuration file", file.path.display());
    let facts = match std::fs::metadata(&file.path) {
        Ok(facts) => facts,
        Err(error) => return Some(Finding::failed(check, format!("{shown} cannot be read: {error}"), "mend its rights")),
    };
    let mode = facts.mode() & 0o777;
    Some(match (mode & 0o002 != 0, mode & 0o044 != 0 && file.has_secrets) {
        (true, _) => Finding::failed(check, format!("everybody can write to {shown} (mode {mode:o})"), format!("run `chmod o-w {shown}`")),
        (_, true) => Finding::warning(
            check,
            format!("{shown} holds secrets and can be read by others (mode {mode:o})"),
            format!("run `chmod 600 {shown}`, or write references in it: env:NAME, file:/path"),
        ),
        _ => Finding::ok(check, format!("{shown} (mode {mode:o})")),
    })
}

/// Free, or taken by the gateway of this data directory.
fn port(config: &Config) -> Finding {
    let (check, address) = ("port", config.listen);
    let error = match TcpListener::bind(address) {
        Ok(_) => return Finding::ok(check, format!("{address} is free")),
        Err(error) => error,
    };
    let ours = Target::of_file(&config.data_dir.join(admin_token::FILE)).ok().flatten();
    let answers = ours.is_some_and(|target| {
        let same = target.url.ends_with(&format!(":{}", address.port()));
        same && Client::to(target).and_then(|client| client.get("system")).is_ok()
    });
    match (answers, error.kind()) {
        (true, _) => Finding::ok(check, format!("{address} is taken by the gateway of this data directory, which answers")),
        (false, ErrorKind::AddrInUse) => {
            Finding::failed(check, format!("{address} is taken by another process"), "stop that, or choose another address with --listen")
        }
        (false, ErrorKind::PermissionDenied) => {
            Finding::failed(check, format!("{address} may not be listened on"), "choose a port above 1023, or grant CAP_NET_BIND_SERVICE")
        }
        (false, ErrorKind::AddrNotAvailable) => {
            Finding::failed(check, format!("{address} is no address of this machine"), "choose one that is, or 0.0.0.0 for all")
        }
        (false, _) => Finding::failed(check, format!("{address} cannot be listened on: {error}"), "choose another address with --listen"),
    }
}

fn disk(data_dir: &Path) -> Finding {
    let check = "disk";
    // A directory that is not there yet will be made in the nearest one that is.
    let place = data_dir.ancestors().find(|path| path.exists()).filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(place) {
        Err(error) => Finding::warning(check, format!("the free space of {} cannot be told: {error}", place.display()), "look with `df`"),
        Ok(facts) => {
            let free = facts.f_bavail.saturating_mul(facts.f_frsize);
            let told = format!("{} MiB are free at {}", free >> 20, place.display());
            match free {
                0..NO_SPACE => Finding::failed(check, told, "make room: without it usage cannot be recorded and requests are refused"),
                NO_SPACE..LITTLE_SPACE => Finding::warning(check, told, "make room soon"),
                _ => Finding::ok(check, told),
            }
        }
    }
}
