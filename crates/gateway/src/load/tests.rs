use super::*;
use std::time::Instant;

fn load() -> Load {
    Load::new(Arc::new(Metrics::default()))
}

fn key(concurrency: Option<u32>) -> VirtualKey {
    VirtualKey { id: "k".into(), concurrency, ..VirtualKey::default() }
}

fn settings(max_in_flight: usize, queue_size: usize, queue_wait: Duration) -> Settings {
    Settings { max_in_flight, queue_size, queue_wait, ..Settings::default() }
}

fn line(load: &Load, name: &str) -> String {
    let text = load.metrics.text();
    text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{text}")).to_owned()
}

/// R1: the excess is refused fast, with the time to come again, and takes nothing.
#[tokio::test]
async fn the_excess_waits_shortly_and_is_refused() {
    let (load, settings) = (load(), settings(2, 1, Duration::from_millis(20)));
    let rooms = [load.enter(&key(None), &settings).await.unwrap(), load.enter(&key(None), &settings).await.unwrap()];
    let began = Instant::now();
    let (first, second) = (key(None), key(None));
    let (waited, refused) = tokio::join!(load.enter(&first, &settings), async {
        tokio::task::yield_now().await;
        load.enter(&second, &settings).await
    });
    for fault in [waited.unwrap_err(), refused.unwrap_err()] {
        assert_eq!((fault.kind, fault.status(), fault.retry_after), (FaultKind::Overloaded, 503, Some(COME_AGAIN)));
    }
    assert!(began.elapsed() >= Duration::from_millis(20), "the first one waited");
    assert_eq!(line(&load, "conduit_in_flight_requests"), "conduit_in_flight_requests 2");
    assert_eq!(line(&load, "conduit_queued_requests"), "conduit_queued_requests 0");
    assert!(load.metrics.text().contains("conduit_shed_total{reason=\"queue_full\"} 1"));
    assert!(load.metrics.text().contains("conduit_shed_total{reason=\"queue_timeout\"} 1"));
    drop(rooms);
    assert_eq!(line(&load, "conduit_in_flight_requests"), "conduit_in_flight_requests 0");
    load.enter(&key(None), &settings).await.unwrap();
}

#[tokio::test]
async fn who_came_first_gets_the_place() {
    let load = Arc::new(load());
    let settings = settings(1, 10, Duration::from_secs(30));
    let room = load.enter(&key(None), &settings).await.unwrap();
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..5 {
        let (load, settings, order) = (Arc::clone(&load), settings.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let _room = load.enter(&key(None), &settings).await.unwrap();
            order.lock().push(number);
        }));
        tokio::task::yield_now().await;
    }
    drop(room);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock(), [0, 1, 2, 3, 4]);
}

/// The configuration may make the house larger and smaller while it is full.
#[tokio::test]
async fn the_number_of_places_follows_the_settings() {
    let load = load();
    let enter = async |most| load.enter(&key(None), &settings(most, 0, Duration::ZERO)).await;
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(enter(4).await.unwrap());
    }
    assert!(enter(2).await.is_err());
    rooms.truncate(2);
    assert!(enter(2).await.is_err(), "two are there and two are allowed");
    rooms.truncate(1);
    rooms.push(enter(2).await.unwrap());
    rooms.push(enter(3).await.unwrap());
    assert!(enter(3).await.is_err());
    // Smaller and larger again while all places are taken: what was to be taken away stays.
    assert!(enter(1).await.is_err());
    assert!(enter(3).await.is_err());
    rooms.pop();
    rooms.push(enter(3).await.unwrap());
    assert!(enter(3).await.is_err());
}

/// R33: a key's concurrency is a count of what is under way; a refusal takes nothing of it.
#[tokio::test]
async fn a_key_has_its_own_limit() {
    let (load, settings) = (load(), settings(100, 0, Duration::ZERO));
    let limited = key(Some(2));
    let first = load.enter(&limited, &settings).await.unwrap();
    let _second = load.enter(&limited, &settings).await.unwrap();
    for _ in 0..3 {
        let fault = load.enter(&limited, &settings).await.unwrap_err();
        assert_eq!((fault.kind, fault.status(), fault.retry_after), (FaultKind::RateLimited, 429, Some(COME_AGAIN)));
    }
    let other = VirtualKey { id: "other".into(), concurrency: Some(1), ..VirtualKey::default() };
    let _other = load.enter(&other, &settings).await.unwrap();
    drop(first);
    let _third = load.enter(&limited, &settings).await.unwrap();
    assert!(load.enter(&key(Some(0)), &settings).await.is_err(), "0 is a limit");
}

/// R4: the default leaves room for the others; R33: a request that found no place gives its key's slot back.
#[tokio::test]
async fn a_full_provider_leaves_room_and_a_refusal_leaves_the_slot() {
    assert_eq!(settings(1_024, 0, Duration::ZERO).share_of_one_provider(), 768);
    assert_eq!(settings(1, 0, Duration::ZERO).share_of_one_provider(), 1);
    let (load, settings) = (load(), settings(1, 0, Duration::ZERO));
    let room = load.enter(&key(None), &settings).await.unwrap();
    let limited = key(Some(1));
    assert_eq!(load.enter(&limited, &settings).await.unwrap_err().kind, FaultKind::Overloaded);
    drop(room);
    load.enter(&limited, &settings).await.unwrap();
}

#[test]
fn names_without_requests_are_forgotten() {
    let slots = Slots::default();
    let take = |name: String| slots.take(&name, &UnderWay::default(), 1);
    let held: Vec<_> = (0..10).map(|number| take(format!("held-{number}")).unwrap()).collect();
    for number in 0..MANY_NAMES {
        drop(take(format!("key-{number}")));
    }
    assert!(slots.names() <= 4_096 + 1, "{}", slots.names());
    assert!((0..10).all(|number| take(format!("held-{number}")).is_none()), "those under way are still known");
    drop(held);
}

const MANY_NAMES: usize = 10_000;

/// R33: what takes the place of a key or a provider under its id, after a change or a reload, goes on with its count.
#[test]
fn the_successor_of_an_object_goes_on_with_its_count() {
    let slots = Slots::default();
    let (before, after) = (UnderWay::default(), UnderWay::default());
    let held = slots.take("one", &before, 1).unwrap();
    assert!(slots.take("one", &after, 1).is_none());
    assert!(slots.take("other", &UnderWay::default(), 1).is_some());
    drop(held);
    let _held = slots.take("one", &after, 1).unwrap();
    assert!(slots.take("one", &before.clone(), 1).is_none());
}

/// Many that are in use stay known, and are not looked through for each new one.
#[test]
fn many_objects_in_use_keep_their_counters() {
    let slots = Slots::default();
    let objects: Vec<_> = (0..MANY_NAMES).map(|_| UnderWay::default()).collect();
    for (number, object) in objects.iter().enumerate() {
        drop(slots.take(&format!("key-{number}"), object, 1));
    }
    assert_eq!(slots.names(), MANY_NAMES);
    let _held = slots.take("key-0", &objects[0], 1).unwrap();
    assert!(slots.take("key-0", &UnderWay::default(), 1).is_none());
}

/// Bodies of all requests together have a bound; the small ones, which the places bound, are not counted.
#[test]
fn bodies_together_have_a_bound() {
    let (load, settings) = (load(), Settings { body_budget: 1_000_000, ..Settings::default() });
    let mut first = load.weigh(&settings);
    first.grows_to(400_000).unwrap();
    first.grows_to(700_000).unwrap();
    let mut second = load.weigh(&settings);
    second.grows_to(60_000).unwrap();
    assert_eq!(second.allows(300_001), Err(TooHeavy));
    second.grows_to(300_000).unwrap();
    assert_eq!(second.grows_to(300_001), Err(TooHeavy));
    let third = load.weigh(&settings);
    assert_eq!((third.allows(60_000), third.allows(70_000)), (Ok(()), Err(TooHeavy)));
    drop((first, second));
    load.weigh(&settings).grows_to(1_000_000).unwrap();
    let fault = load.too_heavy(TooHeavy);
    assert_eq!((fault.status(), fault.retry_after), (503, Some(COME_AGAIN)));
}
