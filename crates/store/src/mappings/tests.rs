use super::*;
use crate::testing::on_each_database;

#[tokio::test]
async fn mappings_are_kept_in_their_order() {
    on_each_database(async |store| {
        let mappings = store.mappings();
        let second = MappingSpec { priority: 2, ..MappingSpec::new("my-gpt4", "file:openai", "gpt-4o") };
        let first = MappingSpec {
            options: serde_json::json!({"base_model": "gpt-4o"}),
            parameters: serde_json::json!({"temperature": 0.5}),
            timeouts: serde_json::json!({"idle": "5s"}),
            strict: true,
            weight: 3,
            ..MappingSpec::new("my-gpt4", "file:azure", "deployment")
        };
        mappings.insert(second.clone()).await.unwrap();
        let id = mappings.insert(first.clone()).await.unwrap();
        mappings.insert(MappingSpec::new("a-model", "file:openai", "o1")).await.unwrap();
        let listed: Vec<_> = mappings.list().await.unwrap().into_iter().map(|row| row.spec).collect();
        assert_eq!(listed[1..], [first.clone(), second.clone()]);
        assert_eq!((listed[0].virtual_model.as_str(), mappings.count().await.unwrap()), ("a-model", 3));

        let clash = mappings.insert(first.clone()).await.unwrap_err();
        assert!(matches!(&clash, StoreError::Conflict(text) if text.contains("my-gpt4") && text.contains("deployment") && text.contains("file:azure")), "{clash}");
        let moved = MappingSpec { priority: 9, enabled: false, ..first };
        assert_eq!(mappings.update(&id, 1, moved.clone()).await.unwrap(), 2);
        assert_eq!(mappings.get(&id).await.unwrap().spec, moved);
        let clash = mappings.update(&id, 2, MappingSpec { ..second }).await.unwrap_err();
        assert!(matches!(clash, StoreError::Conflict(_)), "{clash}");
        assert!(matches!(mappings.delete(&id, 1).await.unwrap_err(), StoreError::Stale { actual: 2, .. }));
        mappings.delete(&id, 2).await.unwrap();
        assert!(matches!(mappings.get(&id).await.unwrap_err(), StoreError::NotFound { .. }));
        assert!(matches!(mappings.update(&id, 2, moved).await.unwrap_err(), StoreError::NotFound { .. }));
    })
    .await;
}
