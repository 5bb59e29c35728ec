//! Several nodes on one database.

use super::*;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Two nodes, each with its own inventory.
async fn two() -> (tempfile::TempDir, Bench, Bench) {
    let directory = tempfile::tempdir().unwrap();
    let one = Bench::unloaded(on_disk(directory.path()).await);
    let other = Bench::unloaded(on_disk(directory.path()).await);
    for node in [&one, &other] {
        node.load(FileObjects::default()).await.unwrap();
    }
    (directory, one, other)
}

async fn soon(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Two nodes on one PostgreSQL, where there is one.
async fn two_on_postgres() -> Option<(Bench, Bench)> {
    let url = testkit::postgres::Postgres::shared()?.database();
    let open = async || Bench::unloaded(Store::open(StoreConfig::new(&url), keys()).await.unwrap());
    let (one, other) = (open().await, open().await);
    for node in [&one, &other] {
        node.load(FileObjects::default()).await.unwrap();
    }
    Some((one, other))
}

/// R43: what another node changes arrives by the poll: new objects, revoked keys.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_another_node_arrive() {
    let (_directory, one, other) = two().await;
    arrives(&one, &other).await;
}

/// R43, on the database that several nodes share in earnest.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_another_node_arrive_on_postgresql() {
    let Some((one, other)) = two_on_postgres().await else { return };
    arrives(&one, &other).await;
    sees_what_others_made(&one, &other).await;
    end_alike(&one, &other).await;
    for node in [&one, &other] {
        node.store.close().await.unwrap();
    }
}

async fn arrives(one: &Bench, other: &Bench) {
    let _watch = other.inventory.watch(Duration::from_millis(50));
    let id = one.provider("first").await;
    one.mapping("early", &id).await;
    let made = one.inventory.create_key(NewKey::new("app")).await.unwrap();
    soon("the key arrives", || other.opens(shown(&made.secret))).await;
    soon("the mapping arrives", || other.targets("early") == ["first/gpt-x"]).await;
    let rolled = one.inventory.roll_key(&made.entry.object.id, None, DEFAULT_GRACE).await.unwrap();
    soon("the new secret arrives", || other.opens(shown(&rolled.secret)) && other.opens(shown(&made.secret))).await;
    one.inventory.delete_key(&made.entry.object.id, None).await.unwrap();
    soon("the key goes", || other.key(shown(&made.secret)).is_none() && other.key(shown(&rolled.secret)).is_none()).await;
}

/// A change is checked against what all nodes have made, polled or not.
#[tokio::test]
async fn a_change_sees_what_others_have_made() {
    let (_directory, one, other) = two().await;
    sees_what_others_made(&one, &other).await;
}

async fn sees_what_others_made(one: &Bench, other: &Bench) {
    let id = one.provider("p").await;
    let clash = NewProvider { credentials: vec![api_key("sk-1")], ..NewProvider::new("p", "openai") };
    assert!(conflict(other.inventory.create_provider(clash).await).contains(&id));
    other.mapping("m", "p").await;
    let used = conflict(one.inventory.delete_provider(&id, None).await);
    assert!(used.contains("`m`"), "{used}");
    let renamed = |name: &str| ProviderChange { name: Some(name.into()), ..ProviderChange::default() };
    one.inventory.update_provider(&id, Some(1), renamed("q")).await.unwrap();
    let stale = other.inventory.update_provider(&id, Some(1), renamed("r")).await.unwrap_err();
    assert!(matches!(stale, ChangeFault::Stale { expected: 1, actual: 2, .. }), "{stale}");
    assert_eq!(other.targets("m"), ["q/gpt-x"], "it has caught up on the way");
}

/// A name that another node adds to the database, where this node's file has it, is shown and does not come before the file.
#[tokio::test]
async fn the_file_comes_before_a_later_clash() {
    let (_directory, one, other) = two().await;
    other.load(file()).await.unwrap();
    let id = one.provider("filed").await;
    one.mapping("shared", &id).await;
    let key = one.inventory.create_key(NewKey::new("app")).await.unwrap();
    other.inventory.refresh().await.unwrap();
    let view = other.inventory.view();
    assert!(view.providers[id.as_str()].problem.as_ref().unwrap().contains("stands at F:2 and in the database"));
    assert!(view.keys[key.entry.object.id.as_str()].problem.as_ref().unwrap().contains("stands at F:6"));
    assert!(!other.opens(shown(&key.secret)) && other.opens("app-9f3c1be07ad24568b1f3c9e2"));
    let targets = other.targets("shared");
    assert!(targets[0] == "filed/one" && targets[1].contains("clashes"), "{targets:?}");
}

/// A row with the secret of a key of the file never had it here: whatever becomes of the row, the file's key works on.
#[tokio::test]
async fn a_clashing_row_takes_nothing_from_the_file() {
    let (_directory, one, other) = two().await;
    other.load(file()).await.unwrap();
    let text = "app-9f3c1be07ad24568b1f3c9e2";
    let same = NewKey { secret: Some(secret(text)), ..NewKey::new("same") };
    let id = one.inventory.create_key(same).await.unwrap().entry.object.id.clone();
    other.inventory.refresh().await.unwrap();
    assert!(other.inventory.view().keys[id.as_str()].problem.is_some());
    one.inventory.update_key(&id, None, KeyChange { enabled: Some(false), ..KeyChange::default() }).await.unwrap();
    other.inventory.refresh().await.unwrap();
    assert!(other.opens(text), "the row was changed");
    one.inventory.delete_key(&id, None).await.unwrap();
    other.inventory.refresh().await.unwrap();
    assert_eq!(other.key(text).map(|key| key.id.clone()).as_deref(), Some("file:app"), "the row was removed");
}

/// A second connection to the database of a node, for what no node does.
async fn beside(directory: &tempfile::TempDir) -> sea_orm::DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}", directory.path().join("c.db").display())).await.unwrap()
}

/// Makes what is written unreadable from here, as a replica that lags would, while `change` is made; then it has caught up.
async fn unread<T>(directory: &tempfile::TempDir, node: &Bench, change: impl Future<Output = Result<T, ChangeFault>>) -> T {
    use sea_orm::ConnectionTrait;
    let database = beside(directory).await;
    let hold = "CREATE TRIGGER hold AFTER UPDATE ON change_counter BEGIN UPDATE change_counter SET value = OLD.value; END";
    database.execute_unprepared(hold).await.unwrap();
    let made = change.await.unwrap();
    database.execute_unprepared("DROP TRIGGER hold").await.unwrap();
    assert!(node.inventory.refresh().await.is_err(), "what is older undoes nothing");
    let here = super::model::picture(node);
    database.execute_unprepared("UPDATE change_counter SET value = value + 1").await.unwrap();
    node.inventory.refresh().await.unwrap();
    let fresh = Bench::unloaded(node.store.clone());
    fresh.load(FileObjects::default()).await.unwrap();
    assert_eq!(timeless(&super::model::picture(node)), timeless(&super::model::picture(&fresh)));
    assert_eq!(timeless(&here), timeless(&super::model::picture(&fresh)), "it was in force as it was written");
    made
}

/// Without the moments that the database has set itself.
fn timeless(picture: &str) -> String {
    picture.lines().filter(|line| !line.contains("created_at") && !line.contains("updated_at")).collect::<Vec<_>>().join("\n")
}

/// A change that is committed is made, whether or not it can be read again: its secret is shown, and it is in force.
#[tokio::test]
async fn a_change_that_cannot_be_read_again_is_made() {
    let (directory, node, _other) = two().await;
    let made = unread(&directory, &node, node.inventory.create_key(NewKey::new("app"))).await;
    let id = made.entry.object.id.clone();
    assert!(node.opens(shown(&made.secret)));
    let rolled = unread(&directory, &node, node.inventory.roll_key(&id, Some(1), DEFAULT_GRACE)).await;
    assert!(node.opens(shown(&rolled.secret)) && node.opens(shown(&made.secret)));
    let renamed = KeyChange { name: Some("other".into()), ..KeyChange::default() };
    assert_eq!(unread(&directory, &node, node.inventory.update_key(&id, Some(2), renamed)).await.object.name, "other");

    let new = NewProvider { credentials: vec![api_key("sk-1")], ..NewProvider::new("p", "openai") };
    let provider = unread(&directory, &node, node.inventory.create_provider(new)).await.object.id.clone();
    let change = ProviderChange { name: Some("q".into()), ..ProviderChange::default() };
    unread(&directory, &node, node.inventory.update_provider(&provider, Some(1), change)).await;
    let mapping = unread(&directory, &node, node.inventory.create_mapping(NewMapping::new("m", "q", "x"))).await.object.id.clone();
    let import = vec![NewMapping::new("n", "q", "x"), NewMapping::new("o", "q", "x")];
    let imported = unread(&directory, &node, node.inventory.import_mappings(import, false)).await;
    assert_eq!((imported.len(), node.targets("o")), (2, vec!["q/x".to_owned()]));
    let change = MappingChange { priority: Some(7), ..MappingChange::default() };
    unread(&directory, &node, node.inventory.update_mapping(&mapping, Some(1), change)).await;

    unread(&directory, &node, node.inventory.delete_key(&id, None)).await;
    assert!(node.key(shown(&made.secret)).is_none() && node.key(shown(&rolled.secret)).is_none());
    for id in [&*mapping, &*imported[0].object.id, &*imported[1].object.id] {
        unread(&directory, &node, node.inventory.delete_mapping(id, None)).await;
    }
    unread(&directory, &node, node.inventory.delete_provider(&provider, None)).await;
    assert!(node.ring.is_empty() && node.inventory.view().providers.is_empty());
}

/// R52: a key that was removed from the file is refused soon, also while a change waits for the database.
#[tokio::test]
async fn a_file_does_not_wait_for_a_change() {
    use sea_orm::TransactionTrait;
    let (directory, node, _other) = two().await;
    node.load(file()).await.unwrap();
    let database = beside(&directory).await;
    let options = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..sea_orm::TransactionOptions::default()
    };
    let locked = database.begin_with_options(options).await.unwrap();
    let inventory = Arc::clone(&node.inventory);
    let change = tokio::spawn(async move { inventory.create_key(NewKey::new("late")).await });
    sleep(Duration::from_millis(200)).await;
    node.load(FileObjects::default()).await.unwrap();
    assert!(!change.is_finished(), "the change still waits");
    assert!(!node.opens("app-9f3c1be07ad24568b1f3c9e2") && node.inventory.view().keys.is_empty());
    locked.rollback().await.unwrap();
    let late = change.await.unwrap().unwrap();
    assert!(node.opens(shown(&late.secret)));
}

/// R43: a database that answers with an older state than before (a replica that lags) brings nothing back that was revoked.
#[tokio::test]
async fn an_older_state_undoes_nothing() {
    use sea_orm::ConnectionTrait;
    let (directory, one, _other) = two().await;
    let made = one.inventory.create_key(NewKey::new("app")).await.unwrap();
    one.inventory.delete_key(&made.entry.object.id, None).await.unwrap();
    let url = format!("sqlite://{}", directory.path().join("c.db").display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    database.execute_unprepared("UPDATE change_counter SET value = 1").await.unwrap();
    let failed = one.inventory.refresh().await.unwrap_err();
    assert!(failed.is_transient() && failed.to_string().contains("older state"), "{failed}");
    assert!(matches!(one.inventory.create_key(NewKey::new("b")).await.unwrap_err(), ChangeFault::Storage(_)));
    assert!(one.key(shown(&made.secret)).is_none());
    // A backup that was restored stays older; it is taken over in the end.
    for _ in 0..20 {
        let _ = one.inventory.refresh().await;
    }
    one.inventory.refresh().await.unwrap();
    one.inventory.create_key(NewKey::new("b")).await.unwrap();
}

/// While the database is away everything stays in force, and the status says since when.
#[tokio::test]
async fn the_last_state_outlives_the_database() {
    let bench = Bench::new().await;
    let id = bench.provider("p").await;
    bench.mapping("m", &id).await;
    let made = bench.inventory.create_key(NewKey::new("app")).await.unwrap();
    bench.store.close().await.unwrap();
    assert!(bench.inventory.refresh().await.is_err());
    assert!(bench.opens(shown(&made.secret)) && bench.targets("m") == ["p/gpt-x"]);
    let view::DatabaseState::Lost { since, .. } = bench.inventory.status().database else { panic!("not lost") };
    assert!(bench.inventory.refresh().await.is_err());
    assert!(matches!(bench.inventory.status().database, view::DatabaseState::Lost { since: again, .. } if again == since));
}

/// A change whose call was dropped half way is found by the next look, not lost.
#[tokio::test]
async fn a_dropped_change_is_settled_by_the_next() {
    // On disk: a dropped call may cost its connection, and a database in memory goes with its last one.
    let (_directory, bench, _other) = two().await;
    for microseconds in (0..4_000).step_by(200) {
        let name = format!("k{microseconds}");
        let dropped = tokio::time::timeout(Duration::from_micros(microseconds), bench.inventory.create_key(NewKey::new(name)));
        drop(dropped.await);
    }
    // The database may still be at work for a call that was dropped; what it does then moves the counter.
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut counts = (0, usize::MAX);
    while counts.0 != counts.1 {
        assert!(Instant::now() < deadline, "listed and stored: {counts:?}");
        bench.inventory.refresh().await.unwrap();
        counts = (bench.inventory.view().keys.len(), bench.store.virtual_keys().all().await.unwrap().len());
        assert_eq!(bench.ring.len(), counts.0);
    }
}

/// Nodes that change the same things at the same time end alike: of two equal names one is refused, and nothing is missed in between.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_change_at_once_end_alike() {
    let (_directory, one, other) = two().await;
    end_alike(&one, &other).await;
}

async fn end_alike(one: &Bench, other: &Bench) {
    let provider = one.provider("common").await;
    let _watches = [one, other].map(|node| node.inventory.watch(Duration::from_millis(20)));
    let change = async |node: &Bench| {
        let mut made = 0;
        for round in 0..25u32 {
            let key = node.inventory.create_key(NewKey::new(format!("k{round}"))).await;
            let mapping = node.inventory.create_mapping(NewMapping::new(format!("m{round}"), &*provider, "x")).await;
            assert!(key.as_ref().err().is_none_or(|fault| matches!(fault, ChangeFault::Conflict(_))), "{key:?}");
            assert!(mapping.as_ref().err().is_none_or(|fault| matches!(fault, ChangeFault::Conflict(_))), "{mapping:?}");
            made += usize::from(key.is_ok()) + usize::from(mapping.is_ok());
            if let Ok(key) = key {
                let suspended = KeyChange { enabled: Some(false), ..KeyChange::default() };
                node.inventory.update_key(&key.entry.object.id, Some(1), suspended).await.unwrap();
            }
        }
        made
    };
    let (here, there) = tokio::join!(change(one), change(other));
    assert_eq!(here + there, 50, "each name once: {here} here, {there} there");
    for node in [one, other] {
        node.inventory.refresh().await.unwrap();
    }
    assert_eq!(super::model::picture(one), super::model::picture(other));
}
