use super::*;
use crate::testing::on_each_database;
use crate::virtual_key::{PREFIX, Pepper, generate};

fn pepper() -> Pepper {
    Pepper::new(&[7; 32])
}

use gateway::keys::KeyHasher;
use secrecy::ExposeSecret;

fn secret(text: &str) -> KeySecret {
    KeySecret { hash: pepper().hash(text), prefix: PREFIX.into(), tail: text.into() }
}

#[tokio::test]
async fn keys_are_found_by_their_hash() {
    on_each_database(async |store| {
        let (pepper, made) = (pepper(), generate().unwrap());
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
        let (keys, pepper) = (store.virtual_keys(), pepper());
        let id = keys.insert(VirtualKeySpec::new("ci"), pepper.hash("old"), "", "").await.unwrap();
        let version = keys.update(&id, 1, VirtualKeySpec { suspended: true, ..VirtualKeySpec::new("ci2") }).await.unwrap();
        assert!(!keys.get(&id).await.unwrap().to_key().enabled);
        let version = keys.roll(&id, version, secret("new"), None).await.unwrap();
        assert!(keys.find_by_hash(&pepper.hash("old")).await.unwrap().is_none());
        assert_eq!(keys.find_by_hash(&pepper.hash("new")).await.unwrap().unwrap().version, version);
        assert!(matches!(keys.delete(&id, 1).await.unwrap_err(), StoreError::Stale { .. }));
        assert!(keys.removed_names([id.as_str()]).await.unwrap().is_empty());
        keys.delete(&id, version).await.unwrap();
        assert_eq!(keys.count().await.unwrap(), 0);
        let named = keys.removed_names([id.as_str(), "nobody"]).await.unwrap();
        assert_eq!(named, [(id.clone(), "ci2".to_owned())].into());
        assert!(keys.removed_names([]).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn lists_are_paged_by_id() {
    on_each_database(async |store| {
        let (keys, pepper) = (store.virtual_keys(), pepper());
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

/// R68: after a roll with grace the row has both secrets, with their uses; the next roll forgets the oldest; 0 is no grace at all.
#[tokio::test]
async fn a_rolled_key_keeps_its_old_secret_for_a_while() {
    on_each_database(async |store| {
        let (keys, one) = (store.virtual_keys(), secret("one1"));
        let spec = VirtualKeySpec { operations: Some(vec![Operation::Chat]), concurrency: Some(3), ..VirtualKeySpec::new("ci") };
        let id = keys.insert(spec.clone(), one.hash, PREFIX, &one.tail).await.unwrap();
        assert_eq!(keys.roll(&id, 1, secret("two2"), Some(1_900_000_000_000_000)).await.unwrap(), 2);
        let used = |hash, uses| PreviousUse { key_id: id.clone(), hash, uses, last: 5 };
        keys.note_previous_uses(&[used(one.hash, 3), used(one.hash, 2), used([9; 32], 7)]).await.unwrap();
        let row = keys.get(&id).await.unwrap();
        let previous = PreviousSecret { hash: one.hash, tail: "one1".into(), until: 1_900_000_000_000_000, used_at: Some(5), uses: 5 };
        assert_eq!((&row.spec, row.hash, row.previous, row.version), (&spec, secret("two2").hash, Some(previous), 2));

        // A secret that is still good for one key cannot become another's, nor the same key's once more.
        let taken = keys.insert(VirtualKeySpec::new("other"), one.hash, "", "").await.unwrap_err();
        assert!(matches!(taken, StoreError::Conflict(_)), "{taken}");
        let same = keys.roll(&id, 2, secret("two2"), Some(1)).await.unwrap_err();
        assert!(matches!(same, StoreError::Conflict(_)), "{same}");

        keys.roll(&id, 2, secret("three"), Some(1_900_000_000_000_001)).await.unwrap();
        let previous = keys.get(&id).await.unwrap().previous.unwrap();
        assert_eq!((previous.hash, previous.uses, previous.used_at), (secret("two2").hash, 0, None));
        keys.roll(&id, 3, secret("four"), None).await.unwrap();
        assert_eq!(keys.get(&id).await.unwrap().previous, None);
        keys.insert(VirtualKeySpec::new("other"), one.hash, "", "").await.unwrap();
    })
    .await;
}
