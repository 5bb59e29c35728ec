//! Which crate may know which: the table of ARCHITECTURE.md.

use super::Finding;
use crate::tree::Source;

/// A crate and what it may depend on within the workspace. A crate that is not listed may be added only with a row here.
const EDGES: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("chat", &["wire"]),
    ("dialects", &["wire", "chat"]),
    ("providers", &["wire", "chat", "dialects"]),
    ("policy", &["chat"]),
    ("gateway", &["wire", "chat", "dialects", "providers", "policy"]),
    ("store", &["gateway", "chat"]),
    ("upstream", &["gateway", "chat"]),
    ("inventory", &["chat", "providers", "policy", "gateway", "store", "upstream"]),
    ("monitor", &["chat", "providers", "gateway"]),
    ("admin", &["chat", "providers", "policy", "gateway", "store", "inventory", "monitor"]),
    // Its replies are written from the providers' documents: a mistake shared with our codecs would hide itself.
    ("simulator", &["wire"]),
    (
        "conduit",
        &["wire", "chat", "dialects", "providers", "policy", "gateway", "store", "upstream", "inventory", "monitor", "admin", "simulator"],
    ),
    ("testkit", &["wire", "simulator"]),
    ("bench", &["testkit", "simulator"]),
    ("xtask", &["wire", "chat", "dialects", "providers", "admin"]),
];

/// Crates whose functions depend on their arguments alone.
const PURE: &[&str] = &["wire", "chat", "dialects", "providers", "policy"];

/// What would bring sockets, clocks, randomness, logs or a database into them.
const IMPURE: &[&str] = &["tokio", "hyper", "hyper-util", "sea-orm", "getrandom", "tracing", "socket2", "rustls"];

/// The database's own library stays behind the traits of `gateway`.
const STORE_ONLY: &str = "sea-orm";

struct Manifest<'a> {
    path: &'a str,
    name: String,
    dependencies: Vec<String>,
    dev_dependencies: Vec<String>,
}

pub(super) fn edges(sources: &[Source]) -> Vec<Finding> {
    let (manifests, mut findings) = manifests(sources);
    for manifest in &manifests {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == manifest.name) else {
            findings.push(Finding::new(
                manifest.path,
                0,
                format!("the crate `{}` has no row in EDGES of xtask/src/tidy/direction.rs", manifest.name),
            ));
            continue;
        };
        let ours = |name: &&String| EDGES.iter().any(|(known, _)| known == name);
        for dependency in manifest.dependencies.iter().filter(ours) {
            if !allowed.contains(&dependency.as_str()) {
                findings.push(Finding::new(
                    manifest.path,
                    0,
                    format!("`{}` must not depend on `{dependency}`: {}", manifest.name, list(allowed)),
                ));
            }
        }
        // Tests may use the test kit beside what the crate itself may use.
        for dependency in manifest.dev_dependencies.iter().filter(ours) {
            let dependency = dependency.as_str();
            if !allowed.contains(&dependency) && !matches!(dependency, "testkit" | "simulator") {
                findings.push(Finding::new(manifest.path, 0, format!("tests of `{}` must not depend on `{dependency}`", manifest.name)));
            }
        }
    }
    findings
}

pub(super) fn purity(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(sources).0 {
        for dependency in &manifest.dependencies {
            let dependency = dependency.as_str();
            if PURE.contains(&manifest.name.as_str()) && IMPURE.contains(&dependency) {
                findings.push(Finding::new(
                    manifest.path,
                    0,
                    format!("`{}` is pure: pass values in instead of using `{dependency}`", manifest.name),
                ));
            }
            if dependency == STORE_ONLY && manifest.name != "store" {
                findings.push(Finding::new(manifest.path, 0, format!("only `store` may use `{STORE_ONLY}`")));
            }
        }
    }
    findings
}

fn list(allowed: &[&str]) -> String {
    if allowed.is_empty() { "it depends on none of ours".to_owned() } else { format!("it may use {}", allowed.join(", ")) }
}

/// The manifests of our crates, and those that cannot be read.
fn manifests(sources: &[Source]) -> (Vec<Manifest<'_>>, Vec<Finding>) {
    let (mut manifests, mut findings) = (Vec::new(), Vec::new());
    let files =
        sources.iter().filter(|source| source.name() == "Cargo.toml" && source.path != "Cargo.toml" && !source.path.starts_with("fuzz/"));
    for source in files {
        match source.text.parse::<toml::Table>() {
            Err(error) => findings.push(Finding::new(&source.path, 0, format!("cannot be read: {}", error.message()))),
            Ok(table) => manifests.push(Manifest {
                path: &source.path,
                name: table
                    .get("package")
                    .and_then(|package| package.get("name"))
                    .and_then(toml::Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                dependencies: [keys(&table, "dependencies"), keys(&table, "build-dependencies")].concat(),
                dev_dependencies: keys(&table, "dev-dependencies"),
            }),
        }
    }
    (manifests, findings)
}

fn keys(table: &toml::Table, section: &str) -> Vec<String> {
    table.get(section).and_then(toml::Value::as_table).map(|section| section.keys().cloned().collect()).unwrap_or_default()
}
