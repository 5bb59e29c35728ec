use super::*;
use crate::testing::{keys, on_each_database};
use crate::virtual_key::{PREFIX, Pepper, generate};
use gateway::keys::KeyHasher;
use secrecy::ExposeSecret;

#[tokio::test]
async fn keys_are_found_by_their_hash() {
    on_each_database(async |store| {
        let (pepper, made) = (Pepper::new(&keys()), generate().unwrap());
        let hash = pepper.hash(made.secret.expose_secret());
        let spec =
            VirtualKeySpec { models: Some(vec!["my-*".into()]), expires_at: Some(1_800_000_000_999_999), ..VirtualKeySpec::new("ci") };
        let id = store.virtual_keys().insert(spec.clone(), hash, PREFIX, &made.tail).await.unwrap();
        let row = store.virtual_keys().find_by_hash(&hash).await.unwrap().unwrap();
        assert_eq!((&row.id, &row.spec, row.hash, row.prefix.as_str(), row.tail.as_str()), (&id, &spec, hash, PREFIX, made.tail.as_str()));
        let key = row.to_key();
        assert_eq!((key.expires_at, key.enabled, key.allows("my-gpt4"), key.allows("other")), (Some(1_800_000_000), true, true, false));
        assert!(store.virtual_keys().find_by_hash(&pepper.hash("another")).await.unwrap().is_none());

        let clash = store.virtual_keys().insert(VirtualKeySpec::new("ci"), pepper.hash("x"), "", "").await.unwrap_err();
        assert!(matches!(&clash, StoreError::Conflict(text) if text.contains("\"ci\"")), "{clash}");
        let same = store.virtual_keys().insert(VirtualKeySpec::new("other"), hash, "", "").await.unwrap_err();
        assert!(matches!(same, StoreError::Conflict(_)), "{same}");
    })
    .await;
}

/// A row keeps the difference between no list (all models) and a list without entries (none); what is neither is refused.
#[tokio::test]
async fn no_list_and_an_empty_list_are_two_things() {
    on_each_database(async |store| {
        let keys = store.virtual_keys();
        let mut allowed = Vec::new();
        for (number, models) in [None, Some(Vec::new()), Some(vec!["m".to_owned()])].into_iter().enumerate() {
            let spec = VirtualKeySpec { models, ..VirtualKeySpec::new(format!("key-{number}")) };
            let id = keys.insert(spec.clone(), [u8::try_from(number).unwrap(); 32], "", "").await.unwrap();
            let row = keys.get(&id).await.unwrap();
            assert_eq!(row.spec, spec);
            allowed.push((row.to_key().allows("m"), row.to_key().allows("n")));
            let version = keys.update(&id, 1, VirtualKeySpec { models: Some(Vec::new()), ..spec }).await.unwrap();
            assert!(!keys.get(&id).await.unwrap().to_key().allows("m"), "version {version}");
        }
        assert_eq!(allowed, [(true, true), (false, false), (true, false)]);
    })
    .await;
}

#[tokio::test]
async fn keys_are_changed_rolled_and_deleted() {
    on_each_database(async |store| {
        let (keys, pepper) = (store.virtual_keys(), Pepper::new(store.keys()));
        let id = keys.insert(VirtualKeySpec::new("ci"), pepper.hash("old"), "", "").await.unwrap();
        let version = keys.update(&id, 1, VirtualKeySpec { suspended: true, ..VirtualKeySpec::new("ci2") }).await.unwrap();
        assert!(!keys.get(&id).await.unwrap().to_key().enabled);
        let version = keys.roll(&id, version, pepper.hash("new"), PREFIX, "tail").await.unwrap();
        assert!(keys.find_by_hash(&pepper.hash("old")).await.unwrap().is_none());
        assert_eq!(keys.find_by_hash(&pepper.hash("new")).await.unwrap().unwrap().version, version);
        assert!(matches!(keys.delete(&id, 1).await.unwrap_err(), StoreError::Stale { .. }));
        keys.delete(&id, version).await.unwrap();
        assert_eq!(keys.count().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn lists_are_paged_by_id() {
    on_each_database(async |store| {
        let (keys, pepper) = (store.virtual_keys(), Pepper::new(store.keys()));
        for number in 0..7 {
            keys.insert(VirtualKeySpec::new(format!("key-{number}")), pepper.hash(&number.to_string()), "", "").await.unwrap();
        }
        let all = keys.all().await.unwrap();
        assert!(all.len() == 7 && all.is_sorted_by(|one, other| one.id < other.id));
        let page = keys.list(Some(&all[2].id), 3).await.unwrap();
        assert_eq!(page, all[3..6]);
    })
    .await;
}
