use crate::StoreError;
use crate::mappings::MappingSpec;
use crate::providers::{CredentialSpec, FieldValue, ProviderChange, ProviderSpec};
use crate::testing::on_each_database;
use crate::virtual_keys::VirtualKeySpec;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;

/// R43: each change is one step of the counter, whatever it changes; a refused one is none.
#[tokio::test]
async fn every_change_counts_up_and_a_refused_one_does_not() {
    on_each_database(async |store| {
        let begun = store.changes().await.unwrap();
        let id = store.providers().insert(ProviderSpec::new("main", "openai"), Vec::new()).await.unwrap();
        let mapping = store.mappings().insert(MappingSpec::new("m", &id, "gpt-4o")).await.unwrap();
        let key = store.virtual_keys().insert(VirtualKeySpec::new("ci"), [7; 32], "", "").await.unwrap();
        store.settings().put("a", "b").await.unwrap();
        assert_eq!(store.changes().await.unwrap(), begun + 4);
        assert!(store.providers().insert(ProviderSpec::new("main", "openai"), Vec::new()).await.is_err());
        assert!(store.virtual_keys().delete(&key, 9).await.is_err());
        assert_eq!(store.changes().await.unwrap(), begun + 4);
        store.mappings().delete(&mapping, 1).await.unwrap();
        let stored = store.stored().await.unwrap();
        assert_eq!((stored.change, stored.providers.len(), stored.mappings.len(), stored.virtual_keys.len()), (begun + 5, 1, 0, 1));
    })
    .await;
}

/// A row of another version or of a careless hand is told by its name; all others are there.
#[tokio::test]
async fn an_unreadable_row_hides_no_other() {
    on_each_database(async |store| {
        let odd = store.providers().insert(ProviderSpec::new("odd", "openai"), Vec::new()).await.unwrap();
        store.providers().insert(ProviderSpec::new("good", "openai"), Vec::new()).await.unwrap();
        store.virtual_keys().insert(VirtualKeySpec::new("good"), [1; 32], "", "").await.unwrap();
        store.virtual_keys().insert(VirtualKeySpec::new("odd"), [2; 32], "", "").await.unwrap();
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared("UPDATE providers SET timeouts = '{' WHERE name = 'odd'").await.unwrap();
        tx.execute_unprepared("UPDATE virtual_keys SET operations = '[\"telepathy\"]' WHERE name = 'odd'").await.unwrap();
        store.commit(tx).await.unwrap();
        let stored = store.stored().await.unwrap();
        assert_eq!((stored.providers.len(), stored.virtual_keys.len(), stored.unreadable.len()), (1, 1, 2));
        assert!(matches!(&stored.unreadable[0], StoreError::Corrupt { what: "provider", id, .. } if *id == odd), "{:?}", stored.unreadable);
        assert!(stored.unreadable[1].to_string().contains("telepathy"), "{}", stored.unreadable[1]);
    })
    .await;
}

/// Options and secrets of a custom endpoint, with several changes in one step.
#[tokio::test]
async fn a_custom_provider_is_kept_with_its_sealed_headers() {
    on_each_database(async |store| {
        let secret = |text: &str| Some(FieldValue::Secret(text.into()));
        let spec = ProviderSpec {
            custom: Some(serde_json::json!({"dialects": ["openai-chat"]})),
            secrets: [("header:x-a".to_owned(), secret("one")), ("query:key".to_owned(), secret("two"))].into(),
            max_in_flight: Some(8),
            ..ProviderSpec::new("vllm", "custom")
        };
        let id = store.providers().insert(spec, Vec::new()).await.unwrap();
        let row = store.providers().get(&id).await.unwrap();
        assert_eq!((row.max_in_flight, row.custom.clone().unwrap()["dialects"][0].as_str()), (Some(8), Some("openai-chat")));
        assert_eq!(row.secrets.keys().collect::<Vec<_>>(), ["header:x-a", "query:key"]);
        let change = ProviderChange {
            spec: Some(ProviderSpec {
                name: "renamed".into(),
                secrets: [("header:x-a".to_owned(), None), ("header:x-b".to_owned(), secret("three"))].into(),
                ..row.spec()
            }),
            remove: Vec::new(),
            put: vec![CredentialSpec { name: "default".into(), weight: 1, fields: [("api_key".to_owned(), secret("sk"))].into() }],
        };
        assert_eq!(store.providers().change(&id, 1, change.clone()).await.unwrap(), 2);
        let row = &store.stored().await.unwrap().providers[0];
        let shown = row.secrets.iter().map(|(name, value)| match value {
            FieldValue::Secret(text) => format!("{name}={}", text.expose_secret()),
            other => panic!("{other:?}"),
        });
        assert_eq!(shown.collect::<Vec<_>>(), ["header:x-b=three", "query:key=two"]);
        assert_eq!((row.name.as_str(), row.credentials.len()), ("renamed", 1));
        assert!(matches!(store.providers().change(&id, 1, change).await.unwrap_err(), StoreError::Stale { actual: 2, .. }));
    })
    .await;
}
