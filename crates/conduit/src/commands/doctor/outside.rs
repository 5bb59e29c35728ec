//! What has to be asked: the database, the clock, the providers.

use super::Finding;
use crate::config::Config;
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
use store::{Store, StoreConfig};

/// More than this between two clocks, and keys expire at the wrong time, and tokens of providers are refused.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

pub(super) async fn look(config: &Config, offline: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (store, found) = open(config).await;
    findings.extend(found);
    let Some(store) = store else {
        findings.push(Finding::skipped("providers", "they are looked at once the database opens, which may hold some of them"));
        return findings;
    };
    findings.push(writes(&store).await);
    match providers(config, &store).await {
        Ok(_) if offline => findings.push(Finding::skipped("providers", "left alone, as asked")),
        Ok(providers) => findings.extend(ask(&providers).await),
        Err(problems) => findings.extend(problems),
    }
    let _ = store.close().await;
    findings
}

/// Opens the database where there is one. A database that a start would create is not created here.
async fn open(config: &Config) -> (Option<Store>, Vec<Finding>) {
    let check = "database";
    if config.database_url.is_none() && !config.data_dir.join("conduit.db").exists() {
        return (None, vec![Finding::ok(check, "none yet: the start creates it in the data directory")]);
    }
    let url = match database::url(config) {
        Ok(url) => url,
        Err(failure) => return (None, vec![Finding::failed(check, failure.message(), "mend it")]),
    };
    let keys = match identity::root(config) {
        Ok(root) => Arc::new(root.keys()),
        Err(_) => return (None, vec![Finding::skipped(check, "it cannot be opened without the root secret")]),
    };
    match Store::open(StoreConfig::new(url), keys).await {
        Ok(store) => (Some(store), vec![Finding::ok(check, "it opens, its schema is this version's, and the root secret is its own")]),
        Err(error) => {
            let remedy = if error.is_transient() { "see that it runs and is reached from here" } else { "mend what it says" };
            (None, vec![Finding::failed(check, error.to_string(), remedy)])
        }
    }
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

/// Every provider of file and database that can be called, by name.
async fn providers(config: &Config, store: &Store) -> Result<Vec<Arc<Provider>>, Vec<Finding>> {
    let hasher = Arc::new(store.pepper());
    let master_key = config.master_key.as_ref().map(|key| hasher.hash(key.expose_secret())).unwrap_or_default();
    let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let inventory = Inventory::new(store.clone(), hasher, master_key, Arc::clone(&snapshot), Arc::new(KeyRing::default()));
    let told = inventory.load(objects::of(config)).await;
    told.map_err(|problems| {
        problems.iter().map(|one| Finding::failed("objects", format!("{}: {}", one.place, one.message), "mend it")).collect::<Vec<_>>()
    })?;
    let status = inventory.status();
    let broken: Vec<Finding> = status
        .problems
        .iter()
        .map(|one| {
            Finding::failed(format!("{} {}", one.what, one.name), one.problem.clone(), "mend it in the console, the API or the file")
        })
        .collect();
    if !broken.is_empty() {
        return Err(broken);
    }
    let loaded = snapshot.load();
    let groups = loaded.groups.values().chain(loaded.wildcards.iter().map(|wildcard| &wildcard.group));
    let mapped = groups.flat_map(|group| &group.mappings).map(|mapping| Arc::clone(&mapping.provider));
    let by_name: BTreeMap<String, Arc<Provider>> = mapped.map(|provider| (provider.spec.name.clone(), provider)).collect();
    Ok(by_name.into_values().collect())
}

async fn ask(providers: &[Arc<Provider>]) -> Vec<Finding> {
    let routes = match in_process::Routes::new() {
        Ok(routes) => routes,
        Err(failure) => return vec![Finding::failed("providers", failure.message(), "see to the certificates of this machine")],
    };
    if providers.is_empty() {
        return vec![Finding::ok("providers", "no mapping points to one yet")];
    }
    let mut findings = Vec::new();
    for provider in providers {
        let report = monitor::test_provider(&routes, provider).await;
        findings.extend(of_report(&provider.spec.name, &report));
    }
    findings.extend(clock(&routes, providers).await);
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
async fn clock(upstream: &dyn Upstream, providers: &[Arc<Provider>]) -> Option<Finding> {
    for provider in providers.iter().filter(|provider| !provider.spec.egress.in_process) {
        let Ok(request) = http::Request::head(provider.spec.base_url.as_str()).body(bytes::Bytes::new()) else { continue };
        let sent = tokio::time::timeout(Duration::from_secs(10), upstream.send(request, &provider.spec.egress)).await;
        let Ok(Ok(answer)) = sent else { continue };
        let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
        let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { continue };
        let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let apart = i64::try_from(ours.as_secs()).unwrap_or(i64::MAX).abs_diff(theirs.timestamp().as_second());
        let told = format!("this machine's clock and that of `{}` are {apart} s apart", provider.spec.name);
        return Some(match apart > CLOCK_SKEW.as_secs() {
            true => Finding::failed("clock", told, "let a time service (NTP) set the clock"),
            false => Finding::ok("clock", told),
        });
    }
    None
}
