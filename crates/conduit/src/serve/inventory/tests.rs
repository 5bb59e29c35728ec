use super::*;
use crate::config::{CommandLine, Environment, load};
use store::mappings::MappingSpec;
use store::providers::{CredentialSpec, FieldValue};
use store::virtual_key::Pepper;
use store::virtual_keys::VirtualKeySpec;
use store::{Keys, RootSecret, StoreConfig};

const FILE: &str = "providers:
  - { name: filed, type: openai, credentials: { api_key: sk-file } }
models:
  - { name: shared, provider: filed, provider_model: one, priority: 2 }
keys:
  - { name: app, key: app-9f3c1be07ad24568b1f3c9e2, models: [shared] }
";

struct Bench {
    store: Store,
    pepper: Pepper,
}

impl Bench {
    async fn new() -> Self {
        let keys = Arc::new(Keys::derive(&RootSecret::generate().unwrap()));
        let store = Store::open(StoreConfig::new("sqlite::memory:"), keys).await.unwrap();
        Self { pepper: store.pepper(), store }
    }

    async fn provider(&self, spec: store::providers::ProviderSpec, credentials: Vec<CredentialSpec>) -> String {
        self.store.providers().insert(spec, credentials).await.unwrap()
    }

    async fn load(&self, file: &str) -> Result<Inventory, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        std::fs::write(&path, file).unwrap();
        let command_line = CommandLine { config: Some(path.clone()), ..CommandLine::default() };
        let config = load(&command_line, &Environment::default()).unwrap_or_else(|problems| panic!("{problems}"));
        let loaded = Inventory::load(&config, &self.store, &self.pepper, self.pepper.hash("the-master-key-of-tests")).await;
        loaded.map_err(|failure| failure.message().replace(&path.display().to_string(), "F"))
    }

    async fn refusal(&self, file: &str) -> String {
        self.load(file).await.err().expect("is refused")
    }
}

fn simulated(name: &str) -> store::providers::ProviderSpec {
    store::providers::ProviderSpec::new(name, "simulated")
}

fn secret(value: &str) -> Vec<CredentialSpec> {
    let fields = [("api_key".to_owned(), Some(FieldValue::Secret(secrecy::SecretString::from(value))))].into();
    vec![CredentialSpec { name: "default".into(), weight: 1, fields }]
}

#[tokio::test]
async fn file_and_database_are_one_inventory() {
    let bench = Bench::new().await;
    let id = bench.provider(store::providers::ProviderSpec::new("stored", "openai"), secret("sk-stored")).await;
    bench.store.mappings().insert(MappingSpec::new("shared", &id, "two")).await.unwrap();
    bench.store.virtual_keys().insert(VirtualKeySpec::new("db"), bench.pepper.hash("db-key"), "", "").await.unwrap();
    let Inventory { snapshot, keys } = bench.load(FILE).await.unwrap();
    let (group, _rest) = snapshot.group("shared").unwrap();
    let mappings: Vec<_> = group
        .mappings
        .iter()
        .map(|m| (m.provider.spec.name.as_str(), m.provider.spec.id.starts_with("file:"), m.provider_model.as_str(), m.priority))
        .collect();
    assert_eq!(mappings, [("filed", true, "one", 2), ("stored", false, "two", 1)]);
    let stored = &group.mappings.last().unwrap().provider.spec;
    let authorization = stored.credentials[0].headers.get("authorization").unwrap();
    assert_eq!(authorization.to_str().unwrap(), "Bearer sk-stored");
    assert!(authorization.is_sensitive());
    assert!(group.created > 1_700_000_000 && group.created < 10_000_000_000, "seconds: {}", group.created);
    assert_eq!(keys.find(&bench.pepper.hash("app-9f3c1be07ad24568b1f3c9e2")).unwrap().id, "file:app");
    assert_eq!(keys.find(&bench.pepper.hash("db-key")).unwrap().name, "db");
    assert_eq!(keys.len(), 2);
}

#[tokio::test]
async fn clashes_say_where_both_stand() {
    let bench = Bench::new().await;
    let id = bench.provider(simulated("filed"), Vec::new()).await;
    assert_eq!(
        bench.refusal(FILE).await,
        format!("the provider name `filed` stands at F:2 and in the database (id {id}): change or remove one of them")
    );

    let bench = Bench::new().await;
    let id = bench.store.virtual_keys().insert(VirtualKeySpec::new("app"), [1; 32], "", "").await.unwrap();
    assert_eq!(
        bench.refusal(FILE).await,
        format!("the key name `app` stands at F:6 and in the database (id {id}): change or remove one of them")
    );

    let bench = Bench::new().await;
    let hash = bench.pepper.hash("app-9f3c1be07ad24568b1f3c9e2");
    let id = bench.store.virtual_keys().insert(VirtualKeySpec::new("other"), hash, "", "").await.unwrap();
    assert_eq!(
        bench.refusal(FILE).await,
        format!("the secret of the key `other` stands at F:6 and in the database (id {id}): change or remove one of them")
    );

    let bench = Bench::new().await;
    let id = bench.store.mappings().insert(MappingSpec::new("shared", "file:filed", "one")).await.unwrap();
    let said = bench.refusal(FILE).await;
    assert_eq!(
        said,
        format!("the mapping of `shared` to `one` of `filed` stands at F:4 and in the database (id {id}): change or remove one of them")
    );
}

#[tokio::test]
async fn what_cannot_be_used_stops_the_start() {
    let bench = Bench::new().await;
    bench.store.mappings().insert(MappingSpec::new("m", "file:gone", "x")).await.unwrap();
    assert!(bench.refusal("").await.contains("points to the provider file:gone, which does not exist"));

    let bench = Bench::new().await;
    bench.provider(store::providers::ProviderSpec::new("p", "bedrock"), Vec::new()).await;
    assert!(bench.refusal("").await.contains("provider type 'bedrock' is not built yet"));

    let bench = Bench::new().await;
    bench.provider(store::providers::ProviderSpec::new("p", "openai"), Vec::new()).await;
    assert!(bench.refusal("").await.contains("api_key is required"));

    let bench = Bench::new().await;
    let private = store::providers::ProviderSpec {
        base_url: Some("http://169.254.169.254".into()),
        ..store::providers::ProviderSpec::new("p", "openai")
    };
    bench.provider(private, secret("sk-canary")).await;
    let said = bench.refusal("").await;
    assert!(said.contains("base_url is plain http") && !said.contains("canary"), "{said}");

    let bench = Bench::new().await;
    let id = bench.provider(simulated("p"), Vec::new()).await;
    bench.store.mappings().insert(MappingSpec { strict: true, ..MappingSpec::new("m", id, "x") }).await.unwrap();
    assert!(bench.refusal("").await.contains("has strict, which this version does not build"));

    let bench = Bench::new().await;
    bench.store.virtual_keys().insert(VirtualKeySpec::new("k"), bench.pepper.hash("the-master-key-of-tests"), "", "").await.unwrap();
    assert!(bench.refusal("").await.contains("is the master key, which never works for inference"));
}

#[tokio::test]
async fn what_is_switched_off_is_not_loaded() {
    let bench = Bench::new().await;
    let off = bench.provider(store::providers::ProviderSpec { enabled: false, ..simulated("off") }, Vec::new()).await;
    let on = bench.provider(simulated("on"), Vec::new()).await;
    bench.store.mappings().insert(MappingSpec::new("m", off, "x")).await.unwrap();
    bench.store.mappings().insert(MappingSpec { enabled: false, ..MappingSpec::new("n", &on, "x") }).await.unwrap();
    bench.store.mappings().insert(MappingSpec::new("o", &on, "x")).await.unwrap();
    let loaded = bench.load("").await.unwrap();
    assert_eq!(loaded.snapshot.groups.keys().collect::<Vec<_>>(), ["o"]);
}
