//! Opening the database: one that is not there yet is waited for, one that will never do ends the start (R39).

use crate::config::Config;
use crate::failure::Failure;
use secrecy::ExposeSecret;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use store::{Keys, Store, StoreConfig, StoreError};

/// The wait after the first failure; doubled up to [`LONGEST`], so that Conduit is ready soon after the database is.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

pub(crate) fn url(config: &Config) -> Result<String, Failure> {
    if let Some(url) = &config.database_url {
        return Ok(url.expose_secret().to_owned());
    }
    let path = config.data_dir.join("conduit.db");
    match path.to_str() {
        Some(path) => Ok(format!("sqlite://{path}")),
        None => Err(Failure::failed(format!("the data directory {} has a name that is not UTF-8", config.data_dir.display()))),
    }
}

/// Opens the database as soon as it is there, however long that takes.
pub(crate) async fn open(config: &Config, keys: &Arc<Keys>) -> Result<Store, Failure> {
    let url = url(config)?;
    patiently("the database", || Store::open(StoreConfig::new(url.clone()), Arc::clone(keys))).await.map_err(Failure::failed)
}

/// Tries again while the error is one that passes. Logged once, again when the cause changes, and when it is over.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StoreError> {
    let mut told: Option<String> = None;
    let mut wait = SHORTEST;
    loop {
        let error = match attempt().await {
            Ok(value) => {
                if told.is_some() {
                    tracing::info!("{what} is there");
                }
                return Ok(value);
            }
            Err(error) if error.is_transient() => error.to_string(),
            Err(error) => return Err(error),
        };
        if told.as_ref() != Some(&error) {
            tracing::warn!(%error, "{what} is not there yet: it is tried again until it is; requests are answered with 503");
            told = Some(error);
        }
        tokio::time::sleep(wait).await;
        wait = LONGEST.min(wait * 2);
    }
}

#[cfg(test)]
mod tests;
