//! Virtual keys: made, rolled, suspended, revoked.

use super::*;
use chat::Operation;
use std::time::Duration;

/// R68: the secret is shown by the call that makes it, opens at once, and only its hash is kept.
#[tokio::test]
async fn a_new_key_opens_at_once() {
    let bench = Bench::new().await;
    let new = NewKey {
        models: Some(vec!["my-*".into()]),
        operations: Some(vec![Operation::Chat]),
        concurrency: Some(3),
        expires_at: Some(store::now_us() + 60_000_000),
        ..NewKey::new("app")
    };
    let made = bench.inventory.create_key(new).await.unwrap();
    let text = shown(&made.secret);
    let key = bench.key(text).unwrap();
    assert!(bench.opens(text) && key.allows("my-gpt") && !key.allows("other"));
    assert_eq!((key.concurrency, key.allows_operation(Operation::Embeddings)), (Some(3), false));
    assert_eq!((made.entry.object.prefix.as_str(), text.ends_with(&made.entry.object.tail)), ("condt_", true));
    assert!(!format!("{made:?} {:?}", bench.inventory.view()).contains(text));
    let taken = conflict(bench.inventory.create_key(NewKey::new("app")).await);
    assert!(taken.starts_with("a virtual key named `app` exists already, in the database"), "{taken}");
}

#[tokio::test]
async fn suspended_and_revoked_keys_are_refused_at_once() {
    let bench = Bench::new().await;
    let made = bench.inventory.create_key(NewKey::new("app")).await.unwrap();
    let (id, text) = (made.entry.object.id.clone(), shown(&made.secret));
    let set = |enabled| KeyChange { enabled: Some(enabled), ..KeyChange::default() };
    bench.inventory.update_key(&id, Some(1), set(false)).await.unwrap();
    assert!(!bench.opens(text));
    bench.inventory.update_key(&id, Some(2), set(true)).await.unwrap();
    assert!(bench.opens(text));
    let narrowed = KeyChange { models: Some(Some(vec!["a".into()])), ..KeyChange::default() };
    bench.inventory.update_key(&id, None, narrowed).await.unwrap();
    assert!(!bench.key(text).unwrap().allows("b"));
    let widened = KeyChange { models: Some(None), expires_at: Some(Some(1)), ..KeyChange::default() };
    bench.inventory.update_key(&id, None, widened).await.unwrap();
    assert!(!bench.opens(text), "it has expired");
    let rolled = bench.inventory.roll_key(&id, None, DEFAULT_GRACE).await.unwrap();
    bench.inventory.delete_key(&id, None).await.unwrap();
    assert!(bench.key(text).is_none() && bench.key(shown(&rolled.secret)).is_none() && bench.ring.is_empty());
    assert!(matches!(bench.inventory.delete_key(&id, None).await.unwrap_err(), ChangeFault::NotFound { what: "virtual key", .. }));
}

/// R68: the old secret of a rolled key stops at its moment, within a second, and with no grace at once.
#[tokio::test]
async fn an_old_secret_ends_at_its_moment() {
    let bench = Bench::new().await;
    let made = bench.inventory.create_key(NewKey::new("app")).await.unwrap();
    let (id, first) = (made.entry.object.id.clone(), shown(&made.secret));
    let second = bench.inventory.roll_key(&id, Some(1), Duration::from_secs(2)).await.unwrap();
    let until = second.entry.object.previous.as_ref().unwrap().until;
    assert!(bench.opens(first) && bench.opens(shown(&second.secret)));
    // What the gateway compares with is whole seconds: at most one second early, never late.
    let end = bench.key(first).unwrap().expires_at.unwrap();
    assert!((end * 1_000_000..=end * 1_000_000 + 1_000_000).contains(&until), "{end} {until}");
    assert!(!bench.key(first).unwrap().is_usable(end));
    assert!(bench.key(first).unwrap().is_usable(end - 1));

    let fourth = bench.inventory.roll_key(&id, None, Duration::ZERO).await.unwrap();
    assert!(bench.key(first).is_none() && bench.key(shown(&second.secret)).is_none());
    assert!(bench.opens(shown(&fourth.secret)) && fourth.entry.object.previous.is_none() && bench.ring.len() == 1);
    assert!(invalid(bench.inventory.roll_key(&id, None, LONGEST_GRACE * 2).await)[0].starts_with("grace is longer than 90 days"));
}

/// A grace that was promised is kept: another roll waits for its end, or says that every older secret is to end.
#[tokio::test]
async fn a_second_roll_does_not_end_a_grace() {
    let bench = Bench::new().await;
    let made = bench.inventory.create_key(NewKey::new("app")).await.unwrap();
    let id = made.entry.object.id.clone();
    let second = bench.inventory.roll_key(&id, None, DEFAULT_GRACE).await.unwrap();
    let refused = conflict(bench.inventory.roll_key(&id, None, DEFAULT_GRACE).await);
    assert!(refused.contains("works for 86") && refused.contains("a grace of 0s"), "{refused}");
    assert!(bench.opens(shown(&made.secret)) && bench.opens(shown(&second.secret)));
    bench.inventory.roll_key(&id, None, Duration::ZERO).await.unwrap();
    assert!(!bench.opens(shown(&made.secret)) && !bench.opens(shown(&second.secret)));

    bench.inventory.roll_key(&id, None, Duration::from_millis(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    bench.inventory.roll_key(&id, None, DEFAULT_GRACE).await.unwrap();
}

/// A key's own end comes before the end of the grace.
#[tokio::test]
async fn a_grace_does_not_outlive_its_key() {
    let bench = Bench::new().await;
    let end = store::now_us() + 5_000_000;
    let made = bench.inventory.create_key(NewKey { expires_at: Some(end), ..NewKey::new("app") }).await.unwrap();
    bench.inventory.roll_key(&made.entry.object.id, None, DEFAULT_GRACE).await.unwrap();
    assert_eq!(bench.key(shown(&made.secret)).unwrap().expires_at, Some(end / 1_000_000));
    bench.inventory.update_key(&made.entry.object.id, None, KeyChange { enabled: Some(false), ..KeyChange::default() }).await.unwrap();
    assert!(!bench.opens(shown(&made.secret)), "a suspended key has no old secret either");
}

#[tokio::test]
async fn wrong_values_are_told_by_field() {
    let bench = Bench::new().await;
    bench.load(file()).await.unwrap();
    let refused = |new: NewKey| async { invalid(bench.inventory.create_key(new).await) };
    let key = || NewKey::new("k");
    let given = |text: &str| NewKey { secret: Some(secret(text)), ..key() };
    let mistyped = format!("condt_{}", "a".repeat(49));
    let token = "condm_the-token-of-this-machine";
    bench.inventory.set_admin_token(bench.store.pepper().hash(token));
    let cases: [(NewKey, &str); 11] = [
        (NewKey::new(" k"), "name begins or ends with a space"),
        (NewKey { models: Some(vec!["ok".into(), "a*b".into()]), ..key() }, "models[1] has a `*` that is not at the end"),
        (NewKey { operations: Some(vec![]), ..key() }, "operations is empty"),
        (NewKey { concurrency: Some(0), ..key() }, "concurrency is 0"),
        (NewKey { expires_at: Some(1), ..key() }, "expires_at is in the past"),
        (given("short"), "key is shorter than 20 characters"),
        (given("with a space in it, and long"), "key has white space"),
        (given(&mistyped), "key begins with `condt_`, and is no key that Conduit made"),
        (given(token), "key is the admin token of this machine"),
        (given(MASTER), "key is the master key"),
        (given("app-9f3c1be07ad24568b1f3c9e2"), "key is the secret of another key"),
    ];
    for (new, expected) in cases {
        let faults = refused(new).await;
        assert!(faults.len() == 1 && faults[0].starts_with(expected) && faults[0].contains(": "), "{faults:?} for {expected}");
    }
    let many = (0..1_001).map(|at| format!("m{at}")).collect();
    assert!(refused(NewKey { models: Some(many), ..key() }).await[0].starts_with("models has 1001 entries"));
    assert!(matches!(bench.inventory.roll_key("file:app", None, DEFAULT_GRACE).await.unwrap_err(), ChangeFault::ReadOnly { .. }));
    assert!(matches!(bench.inventory.delete_key("file:app", None).await.unwrap_err(), ChangeFault::ReadOnly { .. }));
    assert_eq!(bench.ring.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_brought_along_keeps_its_tail() {
    let bench = Bench::new().await;
    let given = NewKey { secret: Some(secret("brought-9f3c1be07ad24568")), ..NewKey::new("old") };
    let made = bench.inventory.create_key(given).await.unwrap();
    assert_eq!((made.entry.object.prefix.as_str(), made.entry.object.tail.as_str()), ("", "4568"));
    assert!(bench.opens("brought-9f3c1be07ad24568"));
    bench.store.close().await.unwrap();
    let failed = bench.inventory.delete_key(&made.entry.object.id, None).await.unwrap_err();
    assert!(matches!(failed, ChangeFault::Storage(_)) && bench.opens("brought-9f3c1be07ad24568"));
}

/// Requirements, "Key rotation with grace": the use of an old secret is counted and shown, whatever happens to the key meanwhile.
#[tokio::test]
async fn uses_of_an_old_secret_are_shown() {
    let bench = Bench::new().await;
    let made = bench.inventory.create_key(NewKey::new("app")).await.unwrap();
    let id = made.entry.object.id.clone();
    let second = bench.inventory.roll_key(&id, None, DEFAULT_GRACE).await.unwrap();
    assert!(bench.key(shown(&second.secret)).unwrap().replaced.is_none());
    let used = || bench.key(shown(&made.secret)).unwrap().replaced.clone().unwrap();
    used().note(1_700_000_000);
    bench.inventory.update_key(&id, None, KeyChange { name: Some("b".into()), ..KeyChange::default() }).await.unwrap();
    used().note(1_700_000_005);
    bench.inventory.note_uses().await.unwrap();
    let old = || bench.inventory.view().keys[id.as_str()].object.previous.clone().unwrap();
    assert_eq!((old().uses, old().used_at), (2, Some(1_700_000_005_000_000)));
    used().note(1_700_000_009);
    bench.inventory.note_uses().await.unwrap();
    assert_eq!((old().uses, old().used_at), (3, Some(1_700_000_009_000_000)));

    used().note(1_700_000_010);
    bench.store.close().await.unwrap();
    assert!(bench.inventory.note_uses().await.is_err());
    assert_eq!(used().take(), Some((1, 1_700_000_010)), "what could not be written is counted on");
}
