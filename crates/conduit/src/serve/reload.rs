//! Hot reload: the configuration is read again, checked whole, and put in force in one step; a bad one changes nothing (R52).

pub(super) mod watch;

use super::{identity, objects};
use crate::config::{self, CommandLine, Config, Environment};
use gateway::metrics::Metrics;
use inventory::{Inventory, Problem};
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use watch::{Occasion, Watch};

/// What a running process was started with and cannot change; a new value waits for the next start.
pub(super) struct Fixed {
    listen: SocketAddr,
    data_dir: PathBuf,
    database_url: Option<SecretString>,
    master_key: Option<SecretString>,
    grace: Duration,
}

impl Fixed {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            listen: config.listen,
            data_dir: config.data_dir.clone(),
            database_url: config.database_url.clone(),
            master_key: config.master_key.clone(),
            grace: config.server.shutdown_grace,
        }
    }

    /// The fields whose new values wait.
    fn differences(&self, other: &Self) -> Vec<String> {
        let differ = |one: &Option<SecretString>, other: &Option<SecretString>| {
            one.as_ref().map(ExposeSecret::expose_secret) != other.as_ref().map(ExposeSecret::expose_secret)
        };
        [
            ("server.listen", self.listen != other.listen),
            ("server.shutdown_grace", self.grace != other.grace),
            ("data directory", self.data_dir != other.data_dir),
            ("storage.url", differ(&self.database_url, &other.database_url)),
            ("admin.master_key", differ(&self.master_key, &other.master_key)),
        ]
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| name.to_owned())
        .collect()
    }
}

/// Keeps the configuration of a running gateway up to date.
pub(super) struct Reload {
    pub(super) command_line: CommandLine,
    pub(super) environment: Environment,
    pub(super) fixed: Fixed,
    /// The last file that was put in force had something in it.
    pub(super) was_filled: bool,
    pub(super) store: Store,
    pub(super) inventory: Arc<Inventory>,
    pub(super) metrics: Arc<Metrics>,
}

impl Reload {
    /// Never ends by itself.
    pub(super) async fn run(mut self, mut watch: Watch) {
        loop {
            let occasion = watch.next().await;
            tracing::info!(occasion = told(occasion), "the configuration is read again");
            self.once().await;
        }
    }

    /// One reload: all of it or nothing.
    async fn once(&mut self) {
        let (command_line, environment) = (self.command_line.clone(), self.environment.clone());
        let read = tokio::task::spawn_blocking(move || config::load(&command_line, &environment)).await;
        let config = match read {
            Ok(Ok(config)) => config,
            Ok(Err(problems)) => {
                let told = problems.iter().map(|one| Problem { place: one.place.to_string(), message: one.message.clone() });
                return self.refuse(told.collect());
            }
            Err(_) => return self.refuse(vec![self.of_the_file("could not be read: the reader failed; please report this")]),
        };
        let is_filled = config.file.as_ref().is_some_and(|file| !file.is_empty);
        if self.was_filled && !is_filled {
            // Programs that write a file in place empty it first; whoever wants no configuration writes `{}`.
            return self.refuse(vec![self.of_the_file("is empty, and was not before: write `{}` where nothing is to be configured")]);
        }
        let mut waiting = self.fixed.differences(&Fixed::of(&config));
        // First, so that what another process has sealed under a new root secret can be read.
        if !self.take_root(&config).await {
            waiting.push("root secret".to_owned());
        }
        match self.inventory.load(objects::of(&config)).await {
            Ok(()) => self.take(is_filled, waiting),
            Err(problems) => self.tell(&problems),
        }
    }

    /// The root secret may have been rotated (`conduit rotate-root`). One that cannot open the database changes nothing.
    async fn take_root(&self, config: &Config) -> bool {
        let keys = match identity::root(config) {
            Ok(root) => root.keys(),
            Err(failure) => {
                tracing::error!(problem = failure.message(), "the root secret was not taken: the last one stays in use");
                return false;
            }
        };
        if keys.ids() == self.store.keys().ids() {
            return true;
        }
        let ids = keys.ids();
        match self.store.replace_keys(Arc::new(keys)).await {
            Ok(()) => {
                tracing::info!(seals = ids.first().map_or("", String::as_str), opens = ids.join(", "), "root secrets are taken into use");
                // A credential that no key opened may be open now, and the other way round.
                if let Err(error) = self.inventory.reread().await {
                    tracing::warn!(%error, "what is stored could not be read again yet");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the root secret was not taken: the last one stays in use");
                return false;
            }
        }
        true
    }

    fn take(&mut self, is_filled: bool, waiting: Vec<String>) {
        self.was_filled = is_filled;
        self.metrics.config_reloaded(true);
        let status = self.inventory.status();
        tracing::info!(
            providers = status.providers.file,
            mappings = status.mappings.file,
            keys = status.keys.file,
            "the configuration is in force"
        );
        if !waiting.is_empty() {
            tracing::warn!(fields = waiting.join(", "), "these fields have new values, which hold from the next start on");
        }
        self.inventory.set_restart_needed(waiting);
    }

    /// For what did not even come to the inventory.
    fn refuse(&self, problems: Vec<Problem>) {
        self.tell(&problems);
        self.inventory.report_bad_file(problems);
    }

    /// Each mistake is a line of its own, with its place. What was in force stays.
    fn tell(&self, problems: &[Problem]) {
        const MOST: usize = 20;
        self.metrics.config_reloaded(false);
        for problem in problems.iter().take(MOST) {
            tracing::error!(place = %problem.place, problem = %problem.message, "the configuration has a mistake");
        }
        tracing::error!(mistakes = problems.len(), "the configuration was not taken: the last good one stays in force");
    }

    fn of_the_file(&self, message: &str) -> Problem {
        let place = self.command_line.config.as_ref().map_or_else(|| "configuration".to_owned(), |path| path.display().to_string());
        Problem { place, message: message.to_owned() }
    }
}

fn told(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Changed => "the file has changed",
        Occasion::Asked => "SIGHUP",
    }
}

/// Where the file in force came from, for the watch.
pub(super) fn origin(config: &Config) -> (Option<PathBuf>, Option<String>) {
    config.file.as_ref().map(|file| (file.path.clone(), file.hash.clone())).unzip()
}
