use super::*;

/// A record and a metric stay small, whatever a caller makes up.
#[test]
fn losses_of_one_request_have_a_bound() {
    let losses = |count: usize| (0..count).map(|number| Loss::dropped(format!("messages[{number}].name"), "x")).collect::<Vec<_>>();
    let few = Lost::of(&losses(MOST_LOSSES));
    assert_eq!((few.paths.len(), few.paths[99].as_str(), few.fields), (100, "messages[99].name", vec!["messages"]));
    let mut many = losses(100_000);
    many.push(Loss::dropped("seed", "x"));
    let many = Lost::of(&many);
    assert_eq!((many.paths.len(), many.paths[100].as_str()), (101, "...and 99901 more"));
    assert_eq!(many.fields, ["messages", "seed"], "the metrics know those beyond too");
}
