//! Changes of providers and credentials.

use super::*;
use ::providers::CustomOptions;
use serde_json::json;
use std::time::Duration;

fn change() -> ProviderChange {
    ProviderChange::default()
}

fn credential(name: &str, value: &str) -> CredentialChange {
    CredentialChange { name: name.into(), weight: None, fields: [("api_key".into(), Some(secret(value)))].into() }
}

fn header(bench: &Bench, id: &str, at: usize) -> String {
    let view = bench.inventory.view();
    let headers = &view.prepared(id).unwrap().spec.credentials[at].headers;
    headers.get("authorization").unwrap().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_provider_is_made_changed_and_removed() {
    let bench = Bench::new().await;
    let new = NewProvider {
        base_url: Some("https://proxy.example/v1/".into()),
        timeouts: object::TimeoutOverrides { total: Some(Duration::from_secs(30)), ..Default::default() },
        max_in_flight: Some(7),
        credentials: vec![NewCredential {
            fields: [("api_key".into(), secret("sk-0123456789abcd")), ("organization".into(), secret("org-1"))].into(),
            ..NewCredential::only([])
        }],
        ..NewProvider::new("main", "openai")
    };
    let made = bench.inventory.create_provider(new).await.unwrap();
    let (id, version) = (made.object.id.clone(), made.object.source.version());
    assert_eq!((version, made.problem.is_none()), (Some(1), true));
    let fields = &made.object.credentials[0].fields;
    assert!(matches!(&fields["organization"], FieldState::Plain(text) if text == "org-1"));
    assert!(matches!(&fields["api_key"], FieldState::Secret(_)));
    assert_eq!(fields["api_key"].tail().as_deref(), Some("abcd"));
    let view = bench.inventory.view();
    let spec = &view.prepared(&id).unwrap().spec;
    assert_eq!((spec.base_url.as_str(), spec.timeouts.total.as_secs(), spec.max_in_flight), ("https://proxy.example/v1", 30, Some(7)));
    assert_eq!(spec.credentials[0].headers.get("openai-organization").unwrap(), "org-1");

    bench.mapping("m", "main").await;
    let renamed = ProviderChange {
        name: Some("renamed".into()),
        timeouts: TimeoutChange { total: Some(None), idle: Some(Some(Duration::from_millis(1500))), ..TimeoutChange::default() },
        max_in_flight: Some(None),
        ..change()
    };
    let after = bench.inventory.update_provider(&id, version, renamed).await.unwrap();
    assert_eq!((after.object.name.as_str(), after.object.source.version(), after.object.max_in_flight), ("renamed", Some(2), None));
    assert_eq!(after.object.timeouts.idle, Some(Duration::from_millis(1500)));
    assert_eq!(bench.targets("m"), ["renamed/gpt-x"]);
    assert_eq!(header(&bench, &id, 0), "Bearer sk-0123456789abcd", "a secret that is not named stays");

    let used = conflict(bench.inventory.delete_provider(&id, None).await);
    assert_eq!(used, "the provider `renamed` is used by the mappings of `m`: delete or change them first");
    let stale = bench.inventory.update_provider(&id, version, change()).await.unwrap_err();
    assert!(matches!(stale, ChangeFault::Stale { expected: 1, actual: 2, .. }), "{stale}");
    let mapping = bench.inventory.view().mappings.keys().next().unwrap().to_string();
    bench.inventory.delete_mapping(&mapping, None).await.unwrap();
    bench.inventory.delete_provider(&id, Some(2)).await.unwrap();
    assert!(bench.inventory.view().providers.is_empty());
    assert!(matches!(bench.inventory.delete_provider(&id, None).await.unwrap_err(), ChangeFault::NotFound { .. }));
}

#[tokio::test]
async fn wrong_values_are_told_by_field_and_change_nothing() {
    let bench = Bench::new().await;
    let refused = |new: NewProvider| async { invalid(bench.inventory.create_provider(new).await) };
    let sound = || NewProvider { credentials: vec![api_key("sk-1")], ..NewProvider::new("p", "openai") };
    let cases: [(NewProvider, &str); 10] = [
        (NewProvider { name: String::new(), ..sound() }, "name is empty: give it a name"),
        (NewProvider { name: "a\nb".into(), ..sound() }, "name has a character that is not visible ASCII"),
        (NewProvider { name: "file:a".into(), ..sound() }, "name begins with `file:`"),
        (NewProvider { kind: "opnai".into(), ..sound() }, "type unknown provider type 'opnai': did you mean 'openai'?"),
        (NewProvider { credentials: vec![], ..sound() }, "credentials.api_key is required by type 'openai' and not set"),
        (NewProvider { credentials: vec![api_key("sk 1")], ..sound() }, "credentials.api_key has white space in it"),
        (NewProvider { base_url: Some("http://10.0.0.1".into()), ..sound() }, "base_url is plain http"),
        (NewProvider { base_url: Some("https://169.254.169.254".into()), ..sound() }, "base_url points to 169.254.169.254"),
        (NewProvider { max_in_flight: Some(0), ..sound() }, "max_in_flight is 0"),
        (
            NewProvider { custom: CustomOptions::read(&json!({"auth_header": "x-key"})).ok(), ..sound() },
            "auth_header is set, and type 'openai' is no custom endpoint",
        ),
    ];
    for (new, expected) in cases {
        let faults = refused(new).await;
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:?} for {expected}");
        assert!(faults[0].contains(": "), "a remedy: {faults:?}");
    }
    let timeouts = object::TimeoutOverrides { connect: Some(Duration::from_secs(601)), idle: Some(Duration::ZERO), ..Default::default() };
    let faults = refused(NewProvider { timeouts, ..sound() }).await;
    assert_eq!(
        faults,
        [
            "timeouts.connect is 601s, which is out of range: choose 1ms to 600s",
            "timeouts.idle is 0s, which is out of range: choose 1ms to 86400s"
        ]
    );
    let twice = vec![api_key("sk-1"), api_key("sk-2")];
    let faults = refused(NewProvider { credentials: twice, ..sound() }).await;
    assert_eq!(faults, ["credentials[1].name `default` is taken by another credential of this provider: rename it"]);
    assert!(bench.inventory.view().providers.is_empty() && bench.store.providers().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn names_are_unique_across_both_sources() {
    let bench = Bench::new().await;
    bench.load(file()).await.unwrap();
    let id = bench.provider("p").await;
    let taken = NewProvider { credentials: vec![api_key("sk-1")], ..NewProvider::new("filed", "openai") };
    assert_eq!(
        conflict(bench.inventory.create_provider(taken).await),
        "a provider named `filed` exists already, in the configuration file, at F:2: choose another name"
    );
    let again = NewProvider { credentials: vec![api_key("sk-1")], ..NewProvider::new("p", "openai") };
    assert!(conflict(bench.inventory.create_provider(again).await).contains(&format!("in the database (id {id})")));
    let other = bench.provider("q").await;
    let renamed = ProviderChange { name: Some("p".into()), ..change() };
    assert!(conflict(bench.inventory.update_provider(&other, None, renamed).await).contains("exists already"));
    let read_only = bench.inventory.update_provider("file:filed", None, change()).await.unwrap_err();
    assert_eq!(read_only.to_string(), "this object stands in the configuration file (F:2): change it there");
    assert!(matches!(bench.inventory.delete_provider("file:filed", None).await.unwrap_err(), ChangeFault::ReadOnly { .. }));
}

#[tokio::test]
async fn credentials_are_added_changed_and_removed() {
    let bench = Bench::new().await;
    let id = bench.provider("p").await;
    let after =
        bench.inventory.put_credential(&id, Some(1), CredentialChange { weight: Some(3), ..credential("a", "sk-a") }).await.unwrap();
    assert_eq!(after.object.credentials.iter().map(|one| (one.name.as_str(), one.weight)).collect::<Vec<_>>(), [("a", 3), ("default", 1)]);
    assert_eq!(header(&bench, &id, 0), "Bearer sk-a");
    let only_weight = CredentialChange { name: "a".into(), weight: Some(0), fields: [].into() };
    bench.inventory.put_credential(&id, Some(2), only_weight).await.unwrap();
    assert_eq!(
        (header(&bench, &id, 0).as_str(), bench.inventory.view().prepared(&id).unwrap().spec.credentials[0].weight),
        ("Bearer sk-a", 0)
    );
    bench.inventory.delete_credential(&id, None, "default").await.unwrap();
    let last = bench.inventory.delete_credential(&id, None, "a").await;
    assert!(invalid(last)[0].starts_with("credentials.api_key is required"));
    let none = bench.inventory.delete_credential(&id, None, "gone").await.unwrap_err();
    assert!(matches!(&none, ChangeFault::NotFound { what: "credential", id } if id == "gone"), "{none}");
    let emptied = CredentialChange { name: "a".into(), weight: None, fields: [("api_key".into(), None)].into() };
    assert!(invalid(bench.inventory.put_credential(&id, None, emptied).await)[0].contains("is required"));
    assert_eq!(header(&bench, &id, 0), "Bearer sk-a");
}

/// R72: an address of another host needs every secret again; the same host under another path does not.
#[tokio::test]
async fn another_host_needs_the_secrets_again() {
    let bench = Bench::new().await;
    let id = bench.provider("p").await;
    bench.inventory.put_credential(&id, None, credential("second", "sk-second")).await.unwrap();
    let to = |address: &str| ProviderChange { base_url: Some(Some(address.into())), ..change() };
    for same in ["https://api.openai.com/other/v1", "https://API.openai.com:443/v1"] {
        bench.inventory.update_provider(&id, None, to(same)).await.unwrap();
    }
    for other in ["https://evil.example/v1", "https://api.openai.com:8443/v1", "https://api.openai.com.evil.example/v1"] {
        let faults = invalid(bench.inventory.update_provider(&id, None, to(other)).await);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("credentials[0].api_key is not given, and base_url points to another host"), "{faults:?}");
        let half = ProviderChange { credentials: vec![credential("second", "sk-new")], ..to(other) };
        assert_eq!(invalid(bench.inventory.update_provider(&id, None, half).await).len(), 1);
    }
    let open = ProviderChange { allow_private_network: Some(true), ..to("http://api.openai.com/v1") };
    assert_eq!(invalid(bench.inventory.update_provider(&id, None, open).await).len(), 2, "http is another origin");
    let whole = ProviderChange {
        credentials: vec![credential("second", "sk-new")],
        remove_credentials: vec!["default".into()],
        ..to("https://other.example/v1")
    };
    bench.inventory.update_provider(&id, None, whole).await.unwrap();
    assert_eq!(header(&bench, &id, 0), "Bearer sk-new");
    let back = ProviderChange { base_url: Some(None), ..change() };
    assert_eq!(invalid(bench.inventory.update_provider(&id, None, back).await).len(), 1, "the type's own host is another one too");
}

#[tokio::test]
async fn a_custom_endpoint_keeps_its_secret_headers() {
    let bench = Bench::new().await;
    let options = |value: serde_json::Value| Some(CustomOptions::read(&value).unwrap());
    let new = NewProvider {
        base_url: Some("https://llm.example/v1".into()),
        custom: options(json!({"headers": {"x-team": "team-secret"}, "query": {"tenant": "tenant-secret"}, "quirks": [{"drop": "user"}]})),
        ..NewProvider::new("c", "custom")
    };
    let id = bench.inventory.create_provider(new).await.unwrap().object.id.clone();
    let sent = || {
        let view = bench.inventory.view();
        let spec = &view.prepared(&id).unwrap().spec;
        let team = spec.credentials[0].headers.get("x-team").map(|value| value.to_str().unwrap().to_owned());
        (team, spec.query.as_ref().map(|query| shown(query).to_owned()))
    };
    assert_eq!(sent(), (Some("team-secret".into()), Some("tenant=tenant-secret".into())));
    let row = bench.store.providers().get(&id).await.unwrap();
    assert!(!row.custom.unwrap().to_string().contains("secret"), "secrets are sealed apart");

    let kept = ProviderChange { custom: options(json!({"headers": {"x-team": null, "x-new": "n"}})), ..change() };
    bench.inventory.update_provider(&id, None, kept).await.unwrap();
    assert_eq!(sent(), (Some("team-secret".into()), None));
    assert!(!bench.store.providers().get(&id).await.unwrap().secrets.contains_key("query:tenant"), "what is gone leaves no secret behind");
    let moved = ProviderChange { base_url: Some(Some("https://evil.example/v1".into())), ..change() };
    let faults = invalid(bench.inventory.update_provider(&id, None, moved).await);
    assert_eq!(faults.len(), 2);
    assert!(faults.iter().any(|fault| fault.starts_with("headers.x-team is not given")), "{faults:?}");
    let wrong = ProviderChange { custom: options(json!({"headers": {"x-other": null}})), ..change() };
    assert!(invalid(bench.inventory.update_provider(&id, None, wrong).await)[0].starts_with("headers.x-other has no value"));
}

/// A draft is what would be called, and makes nothing.
#[tokio::test]
async fn a_draft_makes_nothing() {
    let bench = Bench::new().await;
    let draft = NewProvider { credentials: vec![api_key("sk-draft")], ..NewProvider::new("p", "openai") };
    let provider = bench.inventory.draft_provider(draft).unwrap();
    assert_eq!(provider.spec.credentials[0].headers.get("authorization").unwrap(), "Bearer sk-draft");
    let id = bench.provider("p").await;
    let rotated = ProviderChange { credentials: vec![credential("default", "sk-next")], ..change() };
    let provider = bench.inventory.draft_provider_change(&id, &rotated).unwrap();
    assert_eq!(provider.spec.credentials[0].headers.get("authorization").unwrap(), "Bearer sk-next");
    assert_eq!(header(&bench, &id, 0), "Bearer sk-test-0123456789");
    let moved = ProviderChange { base_url: Some(Some("https://evil.example".into())), ..change() };
    assert!(
        invalid(bench.inventory.draft_provider_change(&id, &moved))[0].contains("another host"),
        "a draft sends no secret elsewhere either"
    );
}

/// R38: a database that fails in the middle leaves the old state in force, and the fault is one of storage.
#[tokio::test]
async fn a_storage_fault_leaves_the_old_state_in_force() {
    let bench = Bench::new().await;
    let id = bench.provider("p").await;
    bench.mapping("m", &id).await;
    bench.store.close().await.unwrap();
    let failed = bench.inventory.update_provider(&id, None, ProviderChange { name: Some("q".into()), ..change() }).await.unwrap_err();
    assert!(matches!(&failed, ChangeFault::Storage(error) if error.is_transient()), "{failed}");
    assert!(matches!(bench.inventory.delete_provider(&id, None).await.unwrap_err(), ChangeFault::Storage(_)));
    assert_eq!(bench.targets("m"), ["p/gpt-x"]);
}
