//! What has to be asked: the database, the clock, the providers.

use super::Finding;
use crate::config::Config;
use crate::failure::Failure;
use crate::serve::{database, identity, in_process, objects};
use arc_swap::ArcSwap;
use gateway::keys::{KeyHasher, KeyRing};
use gateway::ports::Upstream;
use gateway::snapshot::{Provider, Snapshot};
use inventory::Inventory;
use monitor::{StepState, TestReport};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{Keys, RootSecret, Store, StoreConfig};

/// More than this between two clocks, and keys expire at the wrong time, and tokens of providers are refused.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The database as far as it could be looked at.
enum Database {
    Open(Store),
    /// The start creates it: nothing is in it, and it is not created here.
    Absent,
    /// What is in it cannot be told.
    Shut,
}

pub(super) async fn look(config: &Config, offline: bool) -> Vec<Finding> {
    let (database, found) = open(config).await;
    let mut findings = vec![found, master_key(config, &database).await];
    let store = match database {
        Database::Open(store) => {
            findings.push(writes(&store).await);
            Ok(store)
        }
        Database::Absent => nothing_stored().await,
        Database::Shut => {
            findings.push(Finding::skipped("providers", "those of the database are looked at once it opens"));
            nothing_stored().await
        }
    };
    match store {
        Ok(store) => {
            findings.extend(of_providers(config, &store, offline).await);
            let _ = store.close().await;
        }
        Err(failure) => findings.push(Finding::failed("providers", failure.message(), "see what the system lacks")),
    }
    findings
}

/// In the place of a database: what the file holds can be looked at without one.
async fn nothing_stored() -> Result<Store, Failure> {
    let secret = RootSecret::generate().map_err(Failure::failed)?;
    let keys = Arc::new(Keys::derive(&secret));
    Store::open(StoreConfig::new("sqlite::memory:"), keys).await.map_err(Failure::failed)
}

async fn open(config: &Config) -> (Database, Finding) {
    let check = "database";
    let url = match database::url(config) {
        Ok(url) => url,
        Err(failure) => return (Database::Shut, Finding::failed(check, failure.message(), "mend it")),
    };
    if store::sqlite_file(&url).is_some_and(|file| !file.exists()) {
        return (Database::Absent, Finding::ok(check, "none yet: the start creates it"));
    }
    let keys = match identity::known_root(config) {
        Ok(root) => Arc::new(root.keys()),
        Err(_) => return (Database::Shut, Finding::skipped(check, "it cannot be opened without the root secret")),
    };
    match Store::open(StoreConfig::new(url), keys).await {
        Ok(store) => (Database::Open(store), Finding::ok(check, "it opens, its schema is this version's, and the root secret is its own")),
        Err(error) => {
            let remedy = if error.is_transient() { "see that it runs and is reached from here" } else { "mend what it says" };
            (Database::Shut, Finding::failed(check, error.to_string(), remedy))
        }
    }
}

/// Whether a start would have a master key. One that is given was found strong enough with the configuration.
async fn master_key(config: &Config, database: &Database) -> Finding {
    let check = "master key";
    if config.master_key.is_some() {
        return Finding::ok(check, "it is given and strong enough");
    }
    let stored = match database {
        _ if identity::is_first_start(config).unwrap_or(false) => return Finding::ok(check, "none yet: the first start makes it"),
        Database::Shut => return Finding::skipped(check, "none is given; whether the database keeps one is seen once it opens"),
        Database::Absent => None,
        Database::Open(store) => match store.settings().get(identity::MASTER_KEY_HASH).await {
            Ok(stored) => stored,
            Err(error) => return Finding::failed(check, error.to_string(), "see that the database stays within reach"),
        },
    };
    match identity::kept_master_key(stored.as_ref().map(|stored| stored.value.as_str())) {
        Ok(_) => Finding::ok(check, "the one of the first start, kept as its hash"),
        Err(failure) => Finding::failed(check, failure.message(), "set CONDUIT_MASTER_KEY"),
    }
}

async fn of_providers(config: &Config, store: &Store, offline: bool) -> Vec<Finding> {
    let (providers, mut findings) = providers(config, store).await;
    if offline {
        findings.extend(["providers", "clock"].map(|check| Finding::skipped(check, "left alone, as asked")));
    } else {
        findings.extend(ask(&providers).await);
    }
    findings
}

/// Writes and takes away a setting.
async fn writes(store: &Store) -> Finding {
    const NAME: &str = "doctor";
    let check = "database writes";
    let written = async {
        store.settings().put(NAME, "1").await?;
        store.settings().delete(NAME).await
    };
    match written.await {
        Ok(_) => Finding::ok(check, "a row was written and taken away"),
        Err(error) => Finding::failed(check, error.to_string(), "see to its rights and to the space on its disk"),
    }
}

/// Every provider of file and database that can be called, by name; and what keeps others from it.
async fn providers(config: &Config, store: &Store) -> (Vec<Arc<Provider>>, Vec<Finding>) {
    let hasher = Arc::new(store.pepper());
    let master_key = config.master_key.as_ref().map(|key| hasher.hash(key.expose_secret())).unwrap_or_default();
    let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let inventory = Inventory::new(store.clone(), hasher, master_key, Arc::clone(&snapshot), Arc::new(KeyRing::default()));
    let mut findings = Vec::new();
    if let Err(problems) = inventory.load(objects::of(config)).await {
        findings.extend(problems.iter().map(|one| Finding::failed("objects", format!("{}: {}", one.place, one.message), "mend it")));
    }
    findings.extend(inventory.status().problems.iter().map(|one| {
        Finding::failed(format!("{} {}", one.what, one.name), one.problem.clone(), "mend it in the console, the API or the file")
    }));
    let loaded = snapshot.load();
    let groups = loaded.groups.values().chain(loaded.wildcards.iter().map(|wildcard| &wildcard.group));
    let mapped = groups.flat_map(|group| &group.mappings).map(|mapping| Arc::clone(&mapping.provider));
    let by_name: BTreeMap<String, Arc<Provider>> = mapped.map(|provider| (provider.spec.name.clone(), provider)).collect();
    (by_name.into_values().collect(), findings)
}

async fn ask(providers: &[Arc<Provider>]) -> Vec<Finding> {
    let routes = match in_process::Routes::new() {
        Ok(routes) => routes,
        Err(failure) => return vec![Finding::failed("providers", failure.message(), "see to the certificates of this machine")],
    };
    let mut findings = Vec::new();
    if providers.is_empty() {
        findings.push(Finding::ok("providers", "no mapping points to one that can be called"));
    }
    for provider in providers {
        let report = monitor::test_provider(&routes, provider).await;
        findings.extend(of_report(&provider.spec.name, &report));
    }
    findings.push(clock(&routes, providers).await);
    findings
}

/// One line where all is well, else a line for each step that failed.
fn of_report(name: &str, report: &TestReport) -> Vec<Finding> {
    let failed: Vec<Finding> = report
        .steps
        .iter()
        .filter(|step| step.state == StepState::Failed)
        .map(|step| {
            let remedy = step.remedy.clone().unwrap_or_else(|| "see the provider's settings".to_owned());
            Finding::failed(format!("provider {name}"), step.message.clone(), remedy)
        })
        .collect();
    if !failed.is_empty() {
        return failed;
    }
    let key = match report.key_valid {
        Some(_) => "takes its credential",
        None => "answers; whether it takes its credential cannot be told without paying",
    };
    vec![Finding::ok(format!("provider {name}"), format!("is reached and {key} ({} ms)", report.took.as_millis()))]
}

/// This machine's clock against the `date` of the first provider that sends one.
async fn clock(upstream: &dyn Upstream, providers: &[Arc<Provider>]) -> Finding {
    for provider in providers.iter().filter(|provider| !provider.spec.egress.in_process) {
        let Ok(request) = http::Request::head(provider.spec.base_url.as_str()).body(bytes::Bytes::new()) else { continue };
        let sent = tokio::time::timeout(Duration::from_secs(10), upstream.send(request, &provider.spec.egress)).await;
        let Ok(Ok(answer)) = sent else { continue };
        let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { continue };
        let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let apart = i64::try_from(ours.as_secs()).unwrap_or(i64::MAX).abs_diff(theirs.timestamp().as_second());
        let told = format!("this machine's clock and that of `{}` are {apart} s apart", provider.spec.name);
        return match apart > CLOCK_SKEW.as_secs() {
            true => Finding::failed("clock", told, "let a time service (NTP) set the clock"),
            false => Finding::ok("clock", told),
        };
    }
    Finding::skipped("clock", "no provider told the time to compare it with")
}
