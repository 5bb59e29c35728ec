//! Both sources as one, and what a file that cannot be used does: nothing.

use super::*;
use gateway::Settings;
use store::mappings::MappingSpec;
use store::providers::{CredentialSpec, FieldValue, ProviderSpec};
use store::virtual_keys::VirtualKeySpec;
use view::DatabaseState;

fn sealed(value: &str) -> Vec<CredentialSpec> {
    let fields = [("api_key".to_owned(), Some(FieldValue::Secret(secret(value))))].into();
    vec![CredentialSpec { name: "default".into(), weight: 1, fields }]
}

#[tokio::test]
async fn file_and_database_are_one() {
    let bench = Bench::unloaded(memory().await);
    let id = bench.store.providers().insert(ProviderSpec::new("stored", "openai"), sealed("sk-stored")).await.unwrap();
    bench.store.mappings().insert(MappingSpec::new("shared", &id, "two")).await.unwrap();
    let hash = bench.store.pepper().hash("db-key");
    bench.store.virtual_keys().insert(VirtualKeySpec::new("db"), hash, "", "").await.unwrap();
    let settings = Settings { max_body: 4711, ..Settings::default() };
    bench.load(FileObjects { settings, ..file() }).await.unwrap();

    assert_eq!(bench.targets("shared"), ["filed/one", "stored/two"]);
    let snapshot = bench.snapshot.load();
    assert_eq!(snapshot.settings.max_body, 4711);
    let group = &snapshot.groups["shared"];
    assert_eq!(group.mappings.iter().map(|mapping| mapping.priority).collect::<Vec<_>>(), [2, 1]);
    assert!(group.created > 1_700_000_000 && group.created < 10_000_000_000, "seconds: {}", group.created);
    let spec = &group.mappings[1].provider.spec;
    let authorization = spec.credentials[0].headers.get("authorization").unwrap();
    assert!(authorization == "Bearer sk-stored" && authorization.is_sensitive());
    assert_eq!((bench.key("app-9f3c1be07ad24568b1f3c9e2").unwrap().id.as_str(), bench.ring.len()), ("file:app", 2));
    assert_eq!(bench.key("db-key").unwrap().name, "db");

    let view = bench.inventory.view();
    assert_eq!((view.providers.len(), view.mappings.len(), view.keys.len()), (2, 2, 2));
    assert!(view.mappings["file:shared/filed/one"].object.source.is_file());
    assert_eq!(view.mappings_of(&id).map(|entry| entry.object.provider.as_str()).collect::<Vec<_>>(), ["stored"]);
    assert_eq!(view.provider("stored").unwrap().object.id, view.provider(&id).unwrap().object.id);
    assert!(view.prepared(&id).is_some());
    let status = bench.inventory.status();
    assert_eq!((status.providers.file, status.providers.database, status.problems.len()), (1, 1, 0));
    assert_eq!(status.file.unwrap().origin.place, "F");
    assert!(matches!(status.database, DatabaseState::InStep { .. }) && status.root_keys.len() == 1);
    assert!(!format!("{view:?}").contains("sk-stored"), "no secret in Debug");
}

/// Clashes with the database are told with both places, and leave what was in force as it was.
#[tokio::test]
async fn clashes_say_where_both_stand() {
    let bench = Bench::new().await;
    let provider = bench.provider("filed").await;
    let mapping = bench.mapping("shared", &provider).await;
    let name = bench.inventory.create_key(NewKey::new("app")).await.unwrap().entry.object.id.clone();
    let problems = bench.load(file()).await.unwrap_err();
    let remedy = "change or remove one of them";
    assert_eq!(
        problems,
        [
            format!("F:2: the provider name `filed` stands at F:2 and in the database (id {provider}): {remedy}"),
            format!("F:6: the key name `app` stands at F:6 and in the database (id {name}): {remedy}"),
        ]
    );
    assert_eq!(bench.targets("shared"), ["filed/gpt-x"]);
    assert_eq!(bench.inventory.status().bad_file.unwrap().problems.len(), 2);
    assert!(bench.key("app-9f3c1be07ad24568b1f3c9e2").is_none());

    bench.inventory.delete_mapping(&mapping, None).await.unwrap();
    bench.inventory.delete_provider(&provider, None).await.unwrap();
    bench.inventory.delete_key(&name, None).await.unwrap();
    bench.load(file()).await.unwrap();
    assert!(bench.inventory.status().bad_file.is_none() && bench.opens("app-9f3c1be07ad24568b1f3c9e2"));
}

#[tokio::test]
async fn a_secret_or_a_mapping_of_both_sources_clashes_too() {
    let bench = Bench::new().await;
    let taken = NewKey { secret: Some(secret("app-9f3c1be07ad24568b1f3c9e2")), ..NewKey::new("other") };
    let key = bench.inventory.create_key(taken).await.unwrap().entry.object.id.clone();
    let id = bench.store.mappings().insert(MappingSpec::new("shared", "file:filed", "one")).await.unwrap();
    let problems = bench.load(file()).await.unwrap_err();
    assert!(problems[0].contains(&format!("the mapping of `shared` to `one` of `filed` stands at F:4 and in the database (id {id})")));
    assert!(problems[1].contains(&format!("the secret of the key `other` stands at F:6 and in the database (id {key})")));
}

/// Every mistake of a file is told at once, with its place, field and remedy.
#[tokio::test]
async fn a_file_with_mistakes_changes_nothing() {
    let bench = Bench::new().await;
    bench.load(file()).await.unwrap();
    let mut bad = file();
    bad.providers.push(file_provider("filed", 9));
    bad.providers.push(ProviderObject::of_file("F:10", "typo", "opnai"));
    bad.mappings.push(MappingObject::of_file("F:11", "m", "nobody", "x"));
    bad.mappings.push(MappingObject { options: [("base_model".to_owned(), "x".into())].into_iter().collect(), ..bad.mappings[0].clone() });
    bad.keys.push(FileKey::new("F:13", "k", secret("short")));
    bad.keys.push(FileKey::new("F:14", "m", secret(MASTER)));
    let problems = bench.load(bad).await.unwrap_err();
    assert_eq!(
        problems,
        [
            "F:9: the provider name `filed` stands at F:2 and at F:9: change or remove one of them",
            "F:10: the provider `typo`: type unknown provider type 'opnai': did you mean 'openai'?",
            "F:11: the mapping of `m`: provider there is no provider `nobody` in the file: name one of its providers, or add it",
            "F:4: the mapping of `shared`: options.base_model is not an option of type 'openai', which has none: remove it",
            "F:4: the mapping of `shared` to `one` of `filed` stands at F:4 and at F:4: change or remove one of them",
            "F:13: the key `k`: key is shorter than 20 characters: choose a longer, random one",
            "F:14: the key `m`: key is the master key, which never works for inference: make another",
        ]
    );
    assert_eq!((bench.targets("shared"), bench.ring.len()), (vec!["filed/one".to_owned()], 1));
}

/// What stands wrongly in the database stops no start: it is shown with its problem, and its mappings are skipped with the reason.
#[tokio::test]
async fn rows_that_cannot_be_used_are_shown_and_skipped() {
    let bench = Bench::unloaded(memory().await);
    let (providers, mappings) = (bench.store.providers(), bench.store.mappings());
    let unknown = providers.insert(ProviderSpec::new("p1", "bedrock"), Vec::new()).await.unwrap();
    let keyless = providers.insert(ProviderSpec::new("p2", "openai"), Vec::new()).await.unwrap();
    let private = ProviderSpec { base_url: Some("http://169.254.169.254".into()), ..ProviderSpec::new("p3", "openai") };
    let private = providers.insert(private, sealed("sk-canary")).await.unwrap();
    let good = providers.insert(ProviderSpec::new("good", "openai"), sealed("sk-good")).await.unwrap();
    for (model, provider) in [("m1", &unknown), ("m2", &keyless), ("m3", &private), ("m4", &"file:gone".to_owned())] {
        mappings.insert(MappingSpec::new(model, provider, "x")).await.unwrap();
    }
    let options = serde_json::json!({"base_model": "gpt-4o"});
    mappings.insert(MappingSpec { options, ..MappingSpec::new("m5", &good, "x") }).await.unwrap();
    mappings.insert(MappingSpec::new("m5", &good, "y")).await.unwrap();
    let hash = bench.store.pepper().hash(MASTER);
    bench.store.virtual_keys().insert(VirtualKeySpec::new("k"), hash, "", "").await.unwrap();
    bench.load(FileObjects::default()).await.unwrap();

    let said = |model: &str| bench.targets(model).join(" | ");
    assert!(said("m1").starts_with("p1: type provider type 'bedrock' is not built yet"), "{}", said("m1"));
    assert!(said("m2").starts_with("p2: credentials.api_key is required"), "{}", said("m2"));
    assert!(said("m3").contains("base_url is plain http") && !said("m3").contains("canary"), "{}", said("m3"));
    assert!(said("m4").contains("provider is file:gone, and there is no such provider"), "{}", said("m4"));
    assert!(
        said("m5").starts_with("good: the mapping cannot be used: options.base_model") && said("m5").ends_with("| good/y"),
        "{}",
        said("m5")
    );
    assert!(bench.key(MASTER).is_none());
    let status = bench.inventory.status();
    assert_eq!((status.providers.unusable, status.mappings.unusable, status.keys.unusable), (3, 5, 1), "{:#?}", status.problems);
    assert!(!format!("{status:?}").contains("canary"));
}

/// R66: a credential that no root secret opens is shown; with another credential beside it, the provider goes on with that one.
#[tokio::test]
async fn an_undecryptable_credential_is_shown_and_not_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let bench = Bench::unloaded(on_disk(directory.path()).await);
    bench.load(FileObjects::default()).await.unwrap();
    let id = bench.provider("lost").await;
    bench.mapping("m", &id).await;
    spoil(directory.path()).await;
    bench.inventory.update_provider(&id, None, ProviderChange { enabled: Some(true), ..ProviderChange::default() }).await.unwrap();
    let reason = bench.targets("m").join("");
    assert!(reason.contains("credentials.api_key cannot be read") && reason.contains("enter it again"), "{reason}");
    assert!(bench.inventory.view().providers[id.as_str()].problem.is_some());

    let second = CredentialChange { name: "second".into(), fields: [("api_key".into(), Some(secret("sk-second")))].into(), weight: None };
    bench.inventory.put_credential(&id, None, second).await.unwrap();
    assert_eq!(bench.targets("m"), ["lost/gpt-x"]);
    let view = bench.inventory.view();
    assert!(view.providers[id.as_str()].problem.as_ref().unwrap().contains("credentials[0].api_key cannot be read"));
    assert_eq!(view.prepared(&id).unwrap().spec.credentials.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["second"]);

    let again = CredentialChange { name: "default".into(), fields: [("api_key".into(), Some(secret("sk-again")))].into(), weight: None };
    bench.inventory.put_credential(&id, None, again).await.unwrap();
    let view = bench.inventory.view();
    assert!(view.providers[id.as_str()].problem.is_none());
    assert_eq!(view.prepared(&id).unwrap().spec.credentials.len(), 2);
}

/// Damages every sealed field of a credential, as a restored backup of another root secret would.
async fn spoil(directory: &std::path::Path) {
    use sea_orm::ConnectionTrait;
    let url = format!("sqlite://{}", directory.join("c.db").display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    database.execute_unprepared("UPDATE credential_fields SET sealed = x'00' WHERE sealed IS NOT NULL").await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn what_is_switched_off_is_not_tried() {
    let bench = Bench::new().await;
    let id = bench.provider("p").await;
    bench.mapping("m", &id).await;
    let off = bench.mapping("n", &id).await;
    bench.inventory.update_mapping(&off, None, MappingChange { enabled: Some(false), ..MappingChange::default() }).await.unwrap();
    assert_eq!((bench.targets("m").len(), bench.targets("n").len()), (1, 0));
    bench.inventory.update_provider(&id, None, ProviderChange { enabled: Some(false), ..ProviderChange::default() }).await.unwrap();
    assert!(bench.targets("m").is_empty() && bench.inventory.view().prepared(&id).is_some());
}

/// A file that comes without its provider leaves the mappings of the database that need it in sight.
#[tokio::test]
async fn a_reload_replaces_the_file_as_a_whole() {
    let bench = Bench::new().await;
    bench.load(file()).await.unwrap();
    bench.mapping("stored", "filed").await;
    assert_eq!(bench.targets("stored"), ["filed/gpt-x"]);
    let before = bench.snapshot.load_full();
    bench
        .load(FileObjects { keys: vec![FileKey::new("F:1", "renamed", secret("app-9f3c1be07ad24568b1f3c9e2"))], ..FileObjects::default() })
        .await
        .unwrap();
    assert!(bench.targets("shared").is_empty());
    assert!(bench.targets("stored")[0].starts_with("file:filed: the mapping cannot be used: provider is file:filed, and there is no such"));
    // The secret has moved to another key and was never unknown; a request under way keeps what it began with.
    assert_eq!(bench.key("app-9f3c1be07ad24568b1f3c9e2").unwrap().name, "renamed");
    assert_eq!(before.groups["shared"].mappings.len(), 1);
    bench.load(file()).await.unwrap();
    assert_eq!((bench.targets("stored"), bench.targets("shared")), (vec!["filed/gpt-x".to_owned()], vec!["filed/one".to_owned()]));
}

/// R39: without its database the first load fails in words; a later one works with what is known.
#[tokio::test]
async fn a_reload_works_while_the_database_is_away() {
    let bench = Bench::unloaded(memory().await);
    bench.store.close().await.unwrap();
    assert!(bench.load(file()).await.unwrap_err()[0].starts_with("the database: "));
    assert!(bench.inventory.refresh().await.unwrap_err().is_transient());

    let bench = Bench::new().await;
    let id = bench.provider("stored").await;
    bench.mapping("shared", &id).await;
    bench.store.close().await.unwrap();
    bench.load(file()).await.unwrap();
    assert_eq!(bench.targets("shared"), ["filed/one", "stored/gpt-x"]);
    assert!(matches!(bench.inventory.status().database, DatabaseState::Lost { .. }));
}

/// A row that cannot even be read hides no other, and is told by its id.
#[tokio::test]
async fn a_damaged_row_hides_no_other() {
    use sea_orm::ConnectionTrait;
    let directory = tempfile::tempdir().unwrap();
    let bench = Bench::unloaded(on_disk(directory.path()).await);
    bench.load(FileObjects::default()).await.unwrap();
    let id = bench.provider("p").await;
    let damaged = bench.mapping("m", &id).await;
    bench.mapping("n", &id).await;
    let database = sea_orm::Database::connect(format!("sqlite://{}", directory.path().join("c.db").display())).await.unwrap();
    database.execute_unprepared(&format!("UPDATE model_mappings SET parameters = '{{' WHERE id = '{damaged}'")).await.unwrap();
    let fresh = Bench::unloaded(bench.store.clone());
    fresh.load(FileObjects::default()).await.unwrap();
    assert_eq!((fresh.targets("m").len(), fresh.targets("n")), (0, vec!["p/gpt-x".to_owned()]));
    let problems = fresh.inventory.status().problems;
    assert!(problems.len() == 1 && problems[0].id == damaged && problems[0].problem.contains("parameters"), "{problems:?}");

    // No counter of changes tells of it, so that it takes a reading of everything.
    bench.inventory.refresh().await.unwrap();
    assert_eq!(bench.targets("m").len(), 1);
    bench.inventory.reread().await.unwrap();
    assert_eq!((bench.targets("m").len(), bench.inventory.status().problems.len()), (0, 1));
}
