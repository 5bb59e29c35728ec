//! The log: to standard error, as text on a terminal and as JSON lines elsewhere; how much, `RUST_LOG` says.

use crate::failure::Failure;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Libraries that would print requests, statements or keys at their finest levels; held at `info` whatever `RUST_LOG` says.
const DISCREET: &[&str] = &["h2", "hyper", "hyper_util", "rustls", "sqlx", "sea_orm", "tokio_rustls", "tower"];

pub(crate) fn start() -> Result<(), Failure> {
    let wanted = match std::env::var("RUST_LOG") {
        Ok(directives) if !directives.trim().is_empty() => directives,
        Ok(_) | Err(std::env::VarError::NotPresent) => "info,sqlx=warn".to_owned(),
        Err(std::env::VarError::NotUnicode(_)) => return Err(Failure::failed("RUST_LOG: is not valid UTF-8")),
    };
    let filter = filter(&wanted)
        .map_err(|error| Failure::failed(format!("RUST_LOG: {error}: write a level, like `info`, or `info,gateway=debug`")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start in one process (tests) keeps the first one's log.
    let _ = if std::io::stderr().is_terminal() { builder.try_init() } else { builder.json().flatten_event(true).try_init() };
    Ok(())
}

const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];

/// Levels and `target=level`, separated by commas. A mistyped one is an error: it would silence what somebody looks for.
fn filter(wanted: &str) -> Result<EnvFilter, String> {
    let mut directives = Vec::new();
    for one in wanted.split(',').map(|one| one.trim().to_ascii_lowercase()).filter(|one| !one.is_empty()) {
        let (target, level) = one.split_once('=').unwrap_or(("", &one));
        if !LEVELS.contains(&level) || !target.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':') {
            return Err(format!("`{one}` is no level and no `target=level`"));
        }
        let library = target.split("::").next().unwrap_or_default();
        let level = if DISCREET.contains(&library) && is_verbose(level) { "info" } else { level };
        directives.push((target.to_owned(), level.to_owned()));
    }
    if directives.iter().any(|(target, level)| target.is_empty() && is_verbose(level)) {
        let silent: Vec<_> = DISCREET.iter().filter(|name| directives.iter().all(|(target, _)| target != **name)).collect();
        directives.extend(silent.into_iter().map(|name| ((*name).to_owned(), "info".to_owned())));
    }
    let text = directives.iter().map(|(target, level)| if target.is_empty() { level.clone() } else { format!("{target}={level}") });
    EnvFilter::builder().parse(text.collect::<Vec<_>>().join(",")).map_err(|error| error.to_string())
}

fn is_verbose(level: &str) -> bool {
    matches!(level, "debug" | "trace")
}

#[cfg(test)]
mod tests;
