//! After any sequence of changes, good and bad, what is in force equals what a fresh start would make of the same rows.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    AddProvider(u8, bool),
    ChangeProvider(u8, u8, bool),
    DropProvider(u8),
    AddMapping(u8, u8, u8),
    ChangeMapping(u8, u8, i32),
    DropMapping(u8),
    AddKey(u8, bool),
    ChangeKey(u8, u8, bool),
    RollKey(u8, bool),
    DropKey(u8),
    Reload(bool),
    Stale(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let small = || 0..4u8;
    prop_oneof![
        (small(), any::<bool>()).prop_map(|(name, sound)| Step::AddProvider(name, sound)),
        (small(), small(), any::<bool>()).prop_map(|(at, name, on)| Step::ChangeProvider(at, name, on)),
        small().prop_map(Step::DropProvider),
        (small(), small(), small()).prop_map(|(model, provider, target)| Step::AddMapping(model, provider, target)),
        (small(), small(), -1..5i32).prop_map(|(at, provider, priority)| Step::ChangeMapping(at, provider, priority)),
        small().prop_map(Step::DropMapping),
        (small(), any::<bool>()).prop_map(|(name, sound)| Step::AddKey(name, sound)),
        (small(), small(), any::<bool>()).prop_map(|(at, name, on)| Step::ChangeKey(at, name, on)),
        (small(), any::<bool>()).prop_map(|(at, grace)| Step::RollKey(at, grace)),
        small().prop_map(Step::DropKey),
        any::<bool>().prop_map(Step::Reload),
        small().prop_map(Step::Stale),
    ]
}

fn name(number: u8) -> String {
    format!("n{number}")
}

/// The id of the nth object, of either source.
fn nth<T>(listing: &Listing<T>, at: u8) -> String {
    listing.keys().nth(usize::from(at)).map_or_else(|| "nothing".to_owned(), ToString::to_string)
}

/// Makes the step; whether it is refused is the inventory's matter.
async fn make(bench: &Bench, step: Step) {
    let (inventory, view) = (&bench.inventory, bench.inventory.view());
    match step {
        Step::AddProvider(number, sound) => {
            let credentials = if sound { vec![api_key("sk-1")] } else { Vec::new() };
            drop(inventory.create_provider(NewProvider { credentials, ..NewProvider::new(name(number), "openai") }).await);
        }
        Step::ChangeProvider(at, number, on) => {
            let change = ProviderChange { name: Some(name(number)), enabled: Some(on), ..ProviderChange::default() };
            drop(inventory.update_provider(&nth(&view.providers, at), None, change).await);
        }
        Step::DropProvider(at) => drop(inventory.delete_provider(&nth(&view.providers, at), None).await),
        Step::AddMapping(model, provider, target) => {
            drop(inventory.create_mapping(NewMapping::new(name(model), nth(&view.providers, provider), name(target))).await);
        }
        Step::ChangeMapping(at, provider, priority) => {
            let change =
                MappingChange { provider: Some(nth(&view.providers, provider)), priority: Some(priority), ..MappingChange::default() };
            drop(inventory.update_mapping(&nth(&view.mappings, at), None, change).await);
        }
        Step::DropMapping(at) => drop(inventory.delete_mapping(&nth(&view.mappings, at), None).await),
        Step::AddKey(number, sound) => {
            let models = if sound { vec!["a*".to_owned()] } else { vec!["a*b".to_owned()] };
            drop(inventory.create_key(NewKey { models: Some(models), ..NewKey::new(name(number)) }).await);
        }
        Step::ChangeKey(at, number, on) => {
            let change = KeyChange { name: Some(name(number)), enabled: Some(on), ..KeyChange::default() };
            drop(inventory.update_key(&nth(&view.keys, at), None, change).await);
        }
        Step::RollKey(at, grace) => {
            let grace = if grace { DEFAULT_GRACE } else { std::time::Duration::ZERO };
            drop(inventory.roll_key(&nth(&view.keys, at), None, grace).await);
        }
        Step::DropKey(at) => drop(inventory.delete_key(&nth(&view.keys, at), None).await),
        Step::Reload(with) => drop(bench.load(if with { named_file() } else { FileObjects::default() }).await),
        Step::Stale(at) => {
            let stale = inventory.update_key(&nth(&view.keys, at), Some(9_999), KeyChange::default()).await;
            assert!(stale.is_err());
        }
    }
}

/// A file whose names clash with those of the steps.
fn named_file() -> FileObjects {
    FileObjects {
        providers: vec![file_provider("n0", 1)],
        mappings: vec![MappingObject::of_file("F:2", "n1", "n0", "n1")],
        keys: vec![FileKey::new("F:3", "n0", secret("app-9f3c1be07ad24568b1f3c9e2"))],
        ..FileObjects::default()
    }
}

/// Everything that a request or a reader could see.
pub(super) fn picture(bench: &Bench) -> String {
    let view = bench.inventory.view();
    let snapshot = bench.snapshot.load();
    let models: BTreeMap<_, _> =
        snapshot.groups.iter().map(|(name, group)| (name, group.mappings.iter().map(told).collect::<Vec<_>>())).collect();
    let keys: BTreeMap<_, _> =
        view.keys.values().flat_map(|entry| hashes(&entry.object)).map(|hash| (hash, bench.ring.find(&hash))).collect();
    let prepared: BTreeMap<_, _> = view.providers.keys().map(|id| (id, view.prepared(id).map(|one| format!("{:?}", one.spec)))).collect();
    format!("{:#?}\n{:#?}\n{:#?}\n{models:#?}\n{keys:#?}\n{}\n{prepared:#?}", view.providers, view.mappings, view.keys, bench.ring.len())
}

fn told(mapping: &Arc<Mapping>) -> String {
    let spec = &mapping.provider.spec;
    format!("{} {} {} {} {:?} {:?}", mapping.id, spec.name, mapping.provider_model, mapping.priority, mapping.timeouts, spec.unusable)
}

fn hashes(key: &object::KeyObject) -> Vec<[u8; 32]> {
    std::iter::once(key.hash.0).chain(key.previous.as_ref().map(|old| old.hash.0)).collect()
}

#[test]
fn any_sequence_of_changes_equals_a_fresh_start() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() });
    let made = std::cell::Cell::new(0i64);
    let outcome = runner.run(&proptest::collection::vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            let bench = Bench::new().await;
            let mut file = FileObjects::default();
            for step in steps {
                let reload = if let Step::Reload(with) = step { Some(with) } else { None };
                make(&bench, step).await;
                if let (Some(with), None) = (reload, bench.inventory.status().bad_file) {
                    file = if with { named_file() } else { FileObjects::default() };
                }
            }
            let fresh = Bench::unloaded(bench.store.clone());
            fresh.load(file).await.unwrap();
            made.set(made.get() + bench.store.changes().await.unwrap());
            assert_eq!(picture(&bench), picture(&fresh));
        });
        Ok(())
    });
    outcome.unwrap();
    assert!(made.get() > 50, "the steps change something: {}", made.get());
}

/// The picture is one that can differ: each kind of change is seen in it.
#[tokio::test]
async fn the_picture_shows_every_change() {
    let bench = Bench::new().await;
    let steps = [
        Step::AddProvider(0, true),
        Step::ChangeProvider(0, 1, true),
        Step::AddMapping(2, 0, 2),
        Step::ChangeMapping(0, 0, 3),
        Step::AddKey(1, true),
        Step::ChangeKey(0, 2, false),
        Step::RollKey(0, true),
        Step::Reload(true),
        Step::DropKey(0),
        Step::DropMapping(0),
        Step::DropProvider(0),
    ];
    let mut before = picture(&bench);
    for step in steps {
        make(&bench, step.clone()).await;
        let after = picture(&bench);
        assert_ne!(before, after, "{step:?}");
        before = after;
    }
}
