use crate::StoreError;
use crate::testing::on_each_database;
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;

#[tokio::test]
async fn values_are_kept_with_their_version() {
    on_each_database(async |store| {
        let settings = store.settings();
        assert_eq!(settings.get("first_start").await.unwrap(), None);
        settings.put_if("first_start", "done", 0).await.unwrap();
        let again = settings.put_if("first_start", "done", 0).await.unwrap_err();
        assert!(matches!(again, StoreError::Stale { expected: 0, actual: 1, .. }), "{again}");
        settings.put("first_start", "done twice").await.unwrap();
        let read = settings.get("first_start").await.unwrap().unwrap();
        assert_eq!((read.value.as_str(), read.version), ("done twice", 2));
        assert!(settings.delete("first_start").await.unwrap());
        assert!(!settings.delete("first_start").await.unwrap());
    })
    .await;
}

/// R65: a sealed value is not in the database as text, and a blob moved to another name does not open.
#[tokio::test]
async fn sealed_values_are_sealed_for_their_name() {
    on_each_database(async |store| {
        let settings = store.settings();
        settings.put_sealed("one", b"value of one").await.unwrap();
        settings.put_sealed("two", b"value of two").await.unwrap();
        assert_eq!(settings.get_sealed("one").await.unwrap().unwrap().expose_secret(), b"value of one");
        assert!(matches!(settings.get("one").await.unwrap_err(), StoreError::Corrupt { .. }));
        let tx = store.begin().await.unwrap();
        let sql = "UPDATE settings SET sealed = (SELECT other.sealed FROM settings AS other WHERE other.name = 'two') WHERE name = 'one'";
        tx.execute_raw(Statement::from_string(store.backend(), sql)).await.unwrap();
        store.commit(tx).await.unwrap();
        assert!(matches!(settings.get_sealed("one").await.unwrap_err(), StoreError::Seal(_)));
        assert_eq!(settings.get_sealed("two").await.unwrap().unwrap().expose_secret(), b"value of two");
    })
    .await;
}
