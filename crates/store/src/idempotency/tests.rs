use super::*;
use crate::testing::on_each_database;
use secrecy::ExposeSecret;

const BODY: [u8; 32] = [1; 32];

async fn claim(store: &Store, scope: &str, key: &str) -> Claim {
    match store.idempotency().begin(scope, key, &BODY).await.unwrap() {
        Begun::Fresh(claim) => claim,
        other => panic!("{other:?}"),
    }
}

async fn expire(store: &Store) {
    let tx = store.begin().await.unwrap();
    tx.execute_unprepared("UPDATE idempotency SET expires_at = 1").await.unwrap();
    store.commit(tx).await.unwrap();
}

/// R24: the same body gets the stored answer, another body is told apart, one under way is not begun twice; scopes are apart.
#[tokio::test]
async fn a_repetition_gets_the_first_answer() {
    on_each_database(async |store| {
        let idempotency = store.idempotency();
        let first = claim(store, "admin POST /keys", "k").await;
        assert!(matches!(idempotency.begin("admin POST /keys", "k", &BODY).await.unwrap(), Begun::InProgress));
        assert!(matches!(idempotency.begin("admin POST /keys", "k", &[2; 32]).await.unwrap(), Begun::Mismatch));
        claim(store, "admin POST /key", "sk").await;
        idempotency.finish(first, 201, b"condt_secret").await.unwrap();
        match idempotency.begin("admin POST /keys", "k", &BODY).await.unwrap() {
            Begun::Stored { status, body } => assert_eq!((status, body.expose_secret()), (201, b"condt_secret".as_slice())),
            other => panic!("{other:?}"),
        }
        assert!(matches!(idempotency.begin("admin POST /keys", "k", &[2; 32]).await.unwrap(), Begun::Mismatch));
    })
    .await;
}

#[tokio::test]
async fn what_was_given_up_or_is_over_begins_anew() {
    on_each_database(async |store| {
        let idempotency = store.idempotency();
        let given_up = claim(store, "s", "k").await;
        idempotency.abandon(given_up).await.unwrap();
        let dead = claim(store, "s", "k").await;
        expire(store).await;
        let second = claim(store, "s", "k").await;
        // The one that was taken for dead lives after all: its answer does not replace the second one's.
        idempotency.finish(dead, 500, b"late").await.unwrap();
        idempotency.finish(second, 201, b"second").await.unwrap();
        assert!(matches!(idempotency.begin("s", "k", &BODY).await.unwrap(), Begun::Stored { status: 201, .. }));
        expire(store).await;
        claim(store, "s", "k").await;
    })
    .await;
}

/// R24: of many at once one is the first, on one node and on several.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_is_fresh() {
    on_each_database(async |store| {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { matches!(store.idempotency().begin("s", "k", &BODY).await.unwrap(), Begun::Fresh(_)) })
            })
            .collect();
        let mut fresh = 0;
        for task in tasks {
            fresh += u32::from(task.await.unwrap());
        }
        assert_eq!(fresh, 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_over_is_purged() {
    on_each_database(async |store| {
        for number in 0..30 {
            claim(store, "s", &number.to_string()).await;
        }
        expire(store).await;
        claim(store, "s", "new").await;
        assert_eq!(store.idempotency().purge().await.unwrap(), 30 - ALONG.unsigned_abs(), "some went along with the new one");
        assert_eq!(store.idempotency().purge().await.unwrap(), 0);
        assert!(matches!(store.idempotency().begin("s", "new", &BODY).await.unwrap(), Begun::InProgress));
    })
    .await;
}

/// R65: the answer is on disk only sealed, and for its own row.
#[tokio::test]
async fn answers_are_sealed_for_their_row() {
    on_each_database(async |store| {
        for key in ["one", "two"] {
            let claimed = claim(store, "s", key).await;
            store.idempotency().finish(claimed, 200, format!("condt_{key}").as_bytes()).await.unwrap();
        }
        let sealed = Statement::from_string(store.backend(), "SELECT sealed FROM idempotency");
        for row in store.reader().query_all_raw(sealed).await.unwrap() {
            let blob: Vec<u8> = row.try_get_by_index(0).unwrap();
            assert!(!blob.windows(6).any(|window| window == b"condt_"));
        }
        let swap = Statement::from_sql_and_values(
            store.backend(),
            "UPDATE idempotency SET sealed = (SELECT o.sealed FROM idempotency AS o WHERE o.id = $1) WHERE id = $2",
            [id_of("s", "one").into(), id_of("s", "two").into()],
        );
        let tx = store.begin().await.unwrap();
        tx.execute_raw(swap).await.unwrap();
        store.commit(tx).await.unwrap();
        assert!(matches!(store.idempotency().begin("s", "two", &BODY).await.unwrap_err(), StoreError::Seal(_)));
    })
    .await;
}
