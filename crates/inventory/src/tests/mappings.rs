//! Changes of mappings, and what they become.

use super::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

fn members(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn refused(bench: &Bench, change: impl FnOnce(&mut NewMapping)) -> impl Future<Output = Vec<String>> {
    let mut new = NewMapping::new("m", "p", "gpt-x");
    change(&mut new);
    async move { invalid(bench.inventory.create_mapping(new).await) }
}

#[tokio::test]
async fn a_mapping_carries_what_its_owner_set() {
    let bench = Bench::new().await;
    bench.provider("p").await;
    let new = NewMapping {
        strict: true,
        priority: 3,
        parameters: members(json!({"temperature": 0.2, "metadata": {"a": [1]}})),
        timeouts: object::TimeoutOverrides {
            idle: Some(Duration::from_secs(7)),
            connect: Some(Duration::from_secs(1)),
            ..Default::default()
        },
        ..NewMapping::new("m", "p", "gpt-x")
    };
    let made = bench.inventory.create_mapping(new).await.unwrap();
    assert_eq!((made.object.provider.as_str(), made.object.weight), ("p", 1));
    let snapshot = bench.snapshot.load();
    let mapping = &snapshot.groups["m"].mappings[0];
    assert_eq!((mapping.strict, mapping.priority, mapping.timeouts.idle.as_secs()), (true, 3, 7));
    assert_eq!(mapping.parameters, [("temperature".to_owned(), "0.2".to_owned()), ("metadata".to_owned(), r#"{"a":[1]}"#.to_owned())]);
    // The type's own where the mapping sets none; the time to connect is the provider's, as this mapping calls it.
    assert_eq!(mapping.timeouts.total, Duration::from_secs(600));
    assert_eq!(mapping.provider.spec.egress.connect_timeout, Duration::from_secs(1));
    let view = bench.inventory.view();
    assert_eq!(view.prepared(&made.object.provider_id).unwrap().spec.egress.connect_timeout, Duration::from_secs(5));

    let less = MappingChange { parameters: Some(Map::new()), strict: Some(false), ..MappingChange::default() };
    let after = bench.inventory.update_mapping(&made.object.id, Some(1), less).await.unwrap();
    assert_eq!((after.object.strict, after.object.parameters.len(), after.object.priority), (false, 0, 3));
    let stale = bench.inventory.delete_mapping(&made.object.id, Some(1)).await.unwrap_err();
    assert!(matches!(stale, ChangeFault::Stale { .. }));
    bench.inventory.delete_mapping(&made.object.id, Some(2)).await.unwrap();
    assert!(bench.targets("m").is_empty());
}

#[tokio::test]
async fn wildcards_find_their_rest_and_the_longest_beginning() {
    let bench = Bench::new().await;
    bench.provider("p").await;
    for (virtual_model, provider_model) in [("openai/*", "*"), ("openai/gpt-4*", "gpt-4*"), ("openai/gpt-4o", "exact"), ("*", "any")] {
        bench.inventory.create_mapping(NewMapping::new(virtual_model, "p", provider_model)).await.unwrap();
    }
    let snapshot = bench.snapshot.load();
    let found = |model: &'static str| snapshot.group(model).map(|(group, rest)| (group.mappings[0].provider_model.as_str(), rest));
    assert_eq!(found("openai/gpt-4o"), Some(("exact", None)));
    assert_eq!(found("openai/gpt-4.1"), Some(("gpt-4*", Some(".1"))));
    assert_eq!(found("openai/o3"), Some(("*", Some("o3"))));
    assert_eq!(found("x"), Some(("any", Some("x"))));
}

#[tokio::test]
async fn wrong_values_are_told_by_field() {
    let bench = Bench::new().await;
    bench.provider("p").await;
    let one =
        |faults: Vec<String>, expected: &str| assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:?} for {expected}");
    one(refused(&bench, |new| new.virtual_model = "a*b".into()).await, "virtual_model has a `*` that is not at the end: ");
    one(refused(&bench, |new| new.provider_model = "*".into()).await, "provider_model has a `*` although the virtual model has none: ");
    one(refused(&bench, |new| new.provider_model = " ".into()).await, "provider_model is empty: ");
    one(refused(&bench, |new| new.provider = "nobody".into()).await, "provider is no provider's id or name: ");
    one(refused(&bench, |new| new.priority = -1).await, "priority is -1, which is out of range: ");
    for weight in [0, 2, 1_000_001] {
        one(refused(&bench, |new| new.weight = weight).await, &format!("weight is {weight}, and weights of mappings are not built yet: "));
    }
    one(refused(&bench, |new| new.options = members(json!({"payload": 1}))).await, "options.payload is not an option of type 'openai'");
    for name in ["model", "messages", "stream", "routing", "models", "provider"] {
        one(refused(&bench, |new| new.parameters = members(json!({name: 1}))).await, &format!("parameters.{name} cannot be a default"));
    }
    one(refused(&bench, |new| new.parameters = members(json!({"x": "y".repeat(70_000)}))).await, "parameters has 70");
    assert!(bench.store.mappings().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_mapping_is_unique_across_both_sources() {
    let bench = Bench::new().await;
    bench.load(file()).await.unwrap();
    let taken = conflict(bench.inventory.create_mapping(NewMapping::new("shared", "filed", "one")).await);
    assert_eq!(taken, "`shared` is mapped to `one` of `filed` already, in the configuration file, at F:4: change that mapping instead");
    let id = bench.mapping("shared", "file:filed").await;
    let again = MappingChange { provider_model: Some("one".into()), ..MappingChange::default() };
    assert!(conflict(bench.inventory.update_mapping(&id, None, again).await).contains("at F:4"));
    assert!(matches!(
        bench.inventory.update_mapping("file:shared/filed/one", None, MappingChange::default()).await.unwrap_err(),
        ChangeFault::ReadOnly { place } if place == "F:4"
    ));
    assert_eq!(bench.targets("shared"), ["filed/one", "filed/gpt-x"]);
}

/// A custom endpoint may take `provider` and `models` itself; Conduit's own `routing` nobody does.
#[tokio::test]
async fn routing_members_are_defaults_only_of_who_takes_them() {
    let bench = Bench::new().await;
    let custom = NewProvider { base_url: Some("https://router.example/v1".into()), ..NewProvider::new("router", "custom") };
    bench.inventory.create_provider(custom).await.unwrap();
    let with = |name: &str| NewMapping { parameters: members(json!({name: {}})), ..NewMapping::new(name, "router", "x") };
    for name in ["provider", "models"] {
        bench.inventory.create_mapping(with(name)).await.unwrap();
    }
    assert!(invalid(bench.inventory.create_mapping(with("routing")).await)[0].starts_with("parameters.routing cannot be a default"));
}

/// All or nothing, every fault at once.
#[tokio::test]
async fn an_import_is_whole_or_nothing() {
    let bench = Bench::new().await;
    bench.provider("p").await;
    let rows = |names: &[&str]| names.iter().map(|name| NewMapping::new(*name, "p", "gpt-x")).collect::<Vec<_>>();
    let mut bad = rows(&["a", "b", "a"]);
    bad.push(NewMapping::new("c", "nobody", "x"));
    let faults = invalid(bench.inventory.import_mappings(bad, false).await);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("mappings[2].virtual_model is mapped alike by mappings[0]"), "{faults:?}");
    assert!(faults[1].starts_with("mappings[3].provider is no provider's id or name"), "{faults:?}");
    assert_eq!(bench.inventory.import_mappings(rows(&["a", "b"]), true).await.unwrap().len(), 2);
    assert!(bench.inventory.view().mappings.is_empty(), "a dry run makes nothing");
    let made = bench.inventory.import_mappings(rows(&["a", "b"]), false).await.unwrap();
    assert_eq!(made.iter().map(|entry| entry.object.virtual_model.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(conflict(bench.inventory.import_mappings(rows(&["c", "b"]), false).await).contains("`b` is mapped"));
    assert_eq!((bench.targets("a").len(), bench.targets("c").len()), (1, 0));
}
