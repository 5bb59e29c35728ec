use super::*;
use crate::mappings::MappingSpec;
use crate::testing::{keys, on_each_database, on_each_url, open, sqlite_url};
use sea_orm::Statement;
use secrecy::{ExposeSecret, SecretString};

fn credential(name: &str, secret: &str) -> CredentialSpec {
    let fields = [
        ("api_key".to_owned(), Some(FieldValue::Secret(SecretString::from(secret)))),
        ("organization".to_owned(), Some(FieldValue::Plain("org-1".into()))),
    ];
    CredentialSpec { name: name.into(), weight: 2, fields: fields.into() }
}

fn secret<'a>(row: &'a ProviderRow, credential: &str) -> &'a str {
    match &row.credentials.iter().find(|row| row.name == credential).unwrap().fields["api_key"] {
        FieldValue::Secret(secret) => secret.expose_secret(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_provider_is_kept_with_its_credentials() {
    on_each_database(async |store| {
        let providers = store.providers();
        let spec = ProviderSpec {
            base_url: Some("https://api.openai.com/v1".into()),
            timeouts: serde_json::json!({"total": "600s"}),
            ..ProviderSpec::new("main", "openai")
        };
        let id = providers.insert(spec.clone(), vec![credential("b", "sk-b"), credential("a", "sk-a")]).await.unwrap();
        let row = providers.get(&id).await.unwrap();
        assert_eq!(
            (row.name.as_str(), row.kind.as_str(), row.base_url.as_deref(), row.version),
            ("main", "openai", spec.base_url.as_deref(), 1)
        );
        assert_eq!((row.timeouts.clone(), row.enabled, row.allow_private_network), (spec.timeouts.clone(), true, false));
        assert_eq!(row.credentials.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((secret(&row, "a"), secret(&row, "b"), row.credentials[0].weight), ("sk-a", "sk-b", 2));
        assert!(matches!(&row.credentials[0].fields["organization"], FieldValue::Plain(text) if text == "org-1"));
        assert!(row.credentials[0].unreadable().is_none());
        assert!(!format!("{row:?}").contains("sk-a"), "{row:?}");

        let clash = providers.insert(ProviderSpec::new("main", "groq"), Vec::new()).await.unwrap_err();
        assert!(matches!(&clash, StoreError::Conflict(text) if text.contains("\"main\"")), "{clash}");
        let version = providers.update(&id, 1, ProviderSpec { enabled: false, ..spec.clone() }).await.unwrap();
        let stale = providers.update(&id, 1, spec).await.unwrap_err();
        assert!(matches!(stale, StoreError::Stale { expected: 1, actual: 2, .. }), "{stale}");
        let row = &providers.list().await.unwrap()[0];
        assert_eq!((row.enabled, row.version, secret(row, "b")), (false, version, "sk-b"));
    })
    .await;
}

#[tokio::test]
async fn credentials_are_changed_field_by_field() {
    on_each_database(async |store| {
        let providers = store.providers();
        let id = providers.insert(ProviderSpec::new("main", "openai"), vec![credential("default", "sk-1")]).await.unwrap();
        let change = CredentialSpec { name: "default".into(), weight: 1, fields: [("organization".to_owned(), None)].into() };
        let version = providers.put_credential(&id, 1, change).await.unwrap();
        let row = providers.get(&id).await.unwrap();
        assert_eq!((secret(&row, "default"), row.credentials[0].fields.len(), row.credentials[0].weight), ("sk-1", 1, 1));
        assert!(matches!(providers.put_credential(&id, 1, credential("x", "y")).await.unwrap_err(), StoreError::Stale { .. }));
        let version = providers.put_credential(&id, version, credential("second", "sk-2")).await.unwrap();
        let version = providers.delete_credential(&id, version, "default").await.unwrap();
        let row = providers.get(&id).await.unwrap();
        assert_eq!((row.credentials.len(), secret(&row, "second"), row.version), (1, "sk-2", version));
        assert!(matches!(providers.delete_credential(&id, version, "default").await.unwrap_err(), StoreError::NotFound { .. }));
        assert_eq!(providers.get(&id).await.unwrap().version, version, "a failed change changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_provider_in_use_is_not_deleted() {
    on_each_database(async |store| {
        let id = store.providers().insert(ProviderSpec::new("main", "openai"), vec![credential("default", "sk-1")]).await.unwrap();
        let mapping = store.mappings().insert(MappingSpec::new("my-model", &id, "gpt-4o")).await.unwrap();
        let used = store.providers().delete(&id, 1).await.unwrap_err();
        assert!(matches!(&used, StoreError::Conflict(text) if text.contains("my-model")), "{used}");
        store.mappings().delete(&mapping, 1).await.unwrap();
        assert!(matches!(store.providers().delete(&id, 7).await.unwrap_err(), StoreError::Stale { .. }));
        store.providers().delete(&id, 1).await.unwrap();
        assert!(matches!(store.providers().get(&id).await.unwrap_err(), StoreError::NotFound { .. }));
        let left =
            store.reader().query_all_raw(Statement::from_string(store.backend(), "SELECT field FROM credential_fields")).await.unwrap();
        assert!(left.is_empty(), "fields go with their provider");
    })
    .await;
}

/// R65, R66: a blob swapped with another row's, or damaged, is shown on its row, and the other credentials stay readable.
#[tokio::test]
async fn an_undecryptable_secret_is_seen_on_its_row() {
    on_each_database(async |store| {
        let providers = store.providers();
        let id = providers.insert(ProviderSpec::new("main", "openai"), vec![credential("a", "sk-a"), credential("b", "sk-b")]).await.unwrap();
        let row = providers.get(&id).await.unwrap();
        let (a, b) = (&row.credentials[0].id, &row.credentials[1].id);
        let swap = format!(
            "UPDATE credential_fields SET sealed = (SELECT other.sealed FROM credential_fields AS other WHERE other.credential_id = '{b}' AND other.field = 'api_key') \
             WHERE credential_id = '{a}' AND field = 'api_key'"
        );
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared(&swap).await.unwrap();
        store.commit(tx).await.unwrap();
        let row = &providers.list().await.unwrap()[0];
        let (field, reason) = row.credentials[0].unreadable().unwrap();
        assert!(field == "api_key" && reason.contains(a.as_str()), "{field}: {reason}");
        assert_eq!(secret(row, "b"), "sk-b");
        // Entering the secret again heals it.
        providers.put_credential(&id, 1, credential("a", "sk-new")).await.unwrap();
        assert_eq!(secret(&providers.get(&id).await.unwrap(), "a"), "sk-new");
    })
    .await;
}

/// R65: a copy of the database file holds no secret in the clear.
#[tokio::test]
async fn the_database_file_holds_no_plaintext_secret() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&sqlite_url(directory.path())).await;
    store.providers().insert(ProviderSpec::new("main", "openai"), vec![credential("a", "sk-very-secret-value")]).await.unwrap();
    store.close().await.unwrap();
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(directory.path().join("data")).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("org-1"), "the plain field is there, so the secret would be found");
    assert!(!holds("sk-very-secret-value") && !holds("very-secret"));
}

/// A key id that this instance does not have is named, whatever put the blob there.
#[tokio::test]
async fn a_foreign_key_id_is_named() {
    on_each_url(async |url| {
        let store = open(url).await;
        let id = store.providers().insert(ProviderSpec::new("main", "openai"), vec![credential("a", "sk-a")]).await.unwrap();
        let foreign = crate::testing::other_keys();
        let credential = store.providers().get(&id).await.unwrap().credentials[0].id.clone();
        let place = crate::seal::Place { table: "credential_fields", column: "api_key", row: &credential };
        let blob = foreign.seal(crate::Purpose::Credentials, &place, b"sk-a").unwrap();
        let tx = store.begin().await.unwrap();
        let sql = "UPDATE credential_fields SET sealed = $1 WHERE credential_id = $2 AND field = 'api_key'";
        tx.execute_raw(Statement::from_sql_and_values(store.backend(), sql, [blob.into(), credential.clone().into()])).await.unwrap();
        store.commit(tx).await.unwrap();
        let row = store.providers().get(&id).await.unwrap();
        let (_, reason) = row.credentials[0].unreadable().unwrap();
        assert!(reason.contains(&foreign.id()) && reason.contains(&keys().id()), "{reason}");
        store.close().await.unwrap();
    })
    .await;
}
