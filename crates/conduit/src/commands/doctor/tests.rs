use super::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const ROOT: (&str, &str) = ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e");

fn load(data_dir: &Path, file: Option<&str>, listen: &str) -> Config {
    let path = file.map(|content| {
        let path = data_dir.with_extension("yaml");
        std::fs::write(&path, content).unwrap();
        path
    });
    let command_line = CommandLine { config: path, listen: Some(listen.to_owned()), data_dir: Some(data_dir.to_owned()) };
    config::load(&command_line, &Environment::default().with(ROOT.0, ROOT.1)).unwrap_or_else(|problems| panic!("{problems}"))
}

fn find<'f>(findings: &'f [Finding], check: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.check == check).unwrap_or_else(|| panic!("no {check} in {findings:?}"))
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn open_doors_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("admin-token"), "{}").unwrap();
    let file = "providers: [ { name: a, type: openai, credentials: { api_key: sk-literal-7Xq2 } } ]\n";
    let config = load(&data, Some(file), "127.0.0.1:0");
    let path = config.file.as_ref().unwrap().path.clone();
    for (data_mode, file_mode, expected) in [
        (0o700, 0o600, [State::Ok, State::Ok, State::Ok]),
        (0o755, 0o644, [State::Warning, State::Failed, State::Warning]),
        (0o777, 0o666, [State::Failed, State::Failed, State::Failed]),
    ] {
        mode(&data, data_mode);
        mode(&data.join("admin-token"), file_mode);
        mode(&path, file_mode);
        let findings = machine::look(&config);
        let states = ["data directory", "admin-token", "configuration file"].map(|check| find(&findings, check).state);
        assert_eq!(states, expected, "{data_mode:o} {file_mode:o}: {findings:?}");
    }
}

/// A configuration of references alone may be read by all.
#[test]
fn references_are_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let secret = folder.path().join("key");
    std::fs::write(&secret, "sk-of-a-file").unwrap();
    let file = format!("providers: [ {{ name: a, type: openai, credentials: {{ api_key: \"file:{}\" }} }} ]\n", secret.display());
    let config = load(&data, Some(&file), "127.0.0.1:0");
    mode(&config.file.as_ref().unwrap().path, 0o644);
    assert_eq!(find(&machine::look(&config), "configuration file").state, State::Ok);
}

#[test]
fn a_taken_port_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = load(&folder.path().join("data"), None, &taken.local_addr().unwrap().to_string());
    let findings = machine::look(&config);
    let port = find(&findings, "port");
    assert!(port.state == State::Failed && port.remedy.as_ref().is_some_and(|remedy| remedy.contains("--listen")), "{port:?}");
    drop(taken);
    assert_eq!(find(&machine::look(&config), "port").state, State::Ok);
}

/// The database and every provider are asked; a dead one is told with its cause, and no secret.
#[tokio::test]
async fn dead_providers_and_databases_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let database = folder.path().join("c.db");
    let file = format!(
        "storage: {{ url: \"sqlite://{}\" }}\nproviders:\n  - {{ name: dead, type: openai, base_url: \"http://127.0.0.1:9/v1\", allow_private_network: true, credentials: {{ api_key: sk-canary }} }}\n  - {{ name: sim, type: simulated }}\nmodels:\n  - {{ name: a, provider: dead, provider_model: x }}\n  - {{ name: b, provider: sim, provider_model: sim-chat }}\n",
        database.display()
    );
    let config = load(&data, Some(&file), "127.0.0.1:0");
    stored(&database).await.close().await.unwrap();
    let findings = outside::look(&config, false).await;
    assert_eq!(find(&findings, "database").state, State::Ok, "{findings:?}");
    assert_eq!(find(&findings, "database writes").state, State::Ok, "{findings:?}");
    assert_eq!(find(&findings, "provider sim").state, State::Ok, "{findings:?}");
    let dead = find(&findings, "provider dead");
    assert!(dead.state == State::Failed && dead.remedy.is_some(), "{dead:?}");
    assert!(!serde_json::to_string(&findings).unwrap().contains("canary"));

    std::fs::write(&database, "no database, and longer than the header of one would be; again: no database, and longer than it").unwrap();
    let findings = outside::look(&config, false).await;
    assert_eq!(find(&findings, "database").state, State::Failed, "{findings:?}");
    assert_eq!(find(&findings, "providers").state, State::Skipped);
    assert_eq!(find(&findings, "master key").state, State::Skipped, "the database may keep one");
    assert_eq!(find(&findings, "provider dead").state, State::Failed, "the file's are looked at all the same");
}

async fn stored(database: &Path) -> store::Store {
    let keys = store::Keys::derive(&store::RootSecret::parse(ROOT.1).unwrap());
    store::Store::open(store::StoreConfig::new(format!("sqlite://{}", database.display())), std::sync::Arc::new(keys)).await.unwrap()
}

/// Before the first start the file's providers and the missing master key are found, and nothing is created.
#[tokio::test]
async fn a_configuration_is_looked_at_before_its_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (folder.path().join("data"), folder.path().join("c.db"));
    let file = format!(
        "storage: {{ url: \"sqlite://{}\" }}\nproviders: [ {{ name: dead, type: openai, base_url: \"http://127.0.0.1:9/v1\", allow_private_network: true, credentials: {{ api_key: sk-canary }} }} ]\nmodels: [ {{ name: a, provider: dead, provider_model: x }} ]\n",
        database.display()
    );
    let config = load(&data, Some(&file), "127.0.0.1:0");
    let mut findings = machine::look(&config);
    findings.extend(outside::look(&config, false).await);
    let states = ["root secret", "database", "master key", "provider dead", "clock"].map(|check| find(&findings, check).state);
    assert_eq!(states, [State::Ok, State::Ok, State::Failed, State::Failed, State::Skipped], "{findings:?}");
    assert!(!data.exists() && !database.exists(), "a look creates nothing");
}

/// One stored object that cannot be used does not hide the others.
#[tokio::test]
async fn a_broken_object_hides_no_other() {
    use store::{mappings::MappingSpec, providers::ProviderSpec};
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (folder.path().join("data"), folder.path().join("c.db"));
    let store = stored(&database).await;
    let broken = store.providers().insert(ProviderSpec::new("broken", "no-such-type"), Vec::new()).await.unwrap();
    store.mappings().insert(MappingSpec::new("b", &broken, "x")).await.unwrap();
    store.close().await.unwrap();
    let file = format!(
        "storage: {{ url: \"sqlite://{}\" }}\nproviders: [ {{ name: sim, type: simulated }} ]\nmodels: [ {{ name: a, provider: sim, provider_model: sim-chat }} ]\n",
        database.display()
    );
    let findings = outside::look(&load(&data, Some(&file), "127.0.0.1:0"), false).await;
    let states = ["provider broken", "provider sim"].map(|check| find(&findings, check).state);
    assert_eq!(states, [State::Failed, State::Ok], "{findings:?}");
}
