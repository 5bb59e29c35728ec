use super::*;
use crate::testing::{mapping, provider, spec, surface};

#[test]
fn the_rest_of_a_wildcard_takes_the_place_of_the_star() {
    let openai = provider("one", "openai");
    let model = |provider_model: &str, rest| Target::new(&Arc::new(mapping("a/*", &openai, provider_model, 1)), rest).model().to_owned();
    assert_eq!(model("*", Some("gpt-4o")), "gpt-4o");
    assert_eq!(model("ft:*:x", Some("gpt-4o")), "ft:gpt-4o:x");
    assert_eq!(model("gpt-4o", Some("anything")), "gpt-4o");
    assert_eq!(model("gpt-4o", None), "gpt-4o");
}

fn order(credentials: &[(&str, u32)]) -> Vec<String> {
    let provider = Provider::prepare(spec("p", surface("openai"), credentials)).unwrap();
    let mut tried = Tried::default();
    let mut order = Vec::new();
    while let Some(next) = tried.next(&provider) {
        order.push(next.map_or_else(|| "none".to_owned(), |credential| credential.name.clone()));
    }
    order
}

#[test]
fn each_credential_is_tried_once_and_weight_0_last() {
    assert_eq!(order(&[("a", 1)]), ["a"]);
    assert_eq!(order(&[("a", 0)]), ["a"]);
    assert_eq!(order(&[]), ["none"], "a provider that needs none is asked once");
    let mut firsts = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let order = order(&[("a", 0), ("b", 1), ("c", 1)]);
        assert_eq!((order.len(), order[2].as_str()), (3, "a"));
        firsts.insert(order[0].clone());
    }
    assert_eq!(firsts.len(), 2, "by weight, not always the same");
}
