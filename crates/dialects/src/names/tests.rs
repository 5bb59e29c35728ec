use super::*;

/// Steps that a hostile caller makes it take are as many as its names: a name that was tried is not tried again.
#[test]
fn a_number_is_tried_once_for_all_names_that_clean_to_the_same_text() {
    let mut names = Unique::default();
    let taken: Vec<String> = (0..50_000).map(|_| names.take("a".repeat(64), 64)).collect();
    assert_eq!(taken.get(1).unwrap().as_str(), "a".repeat(62) + "_2");
    assert_eq!(taken.last().unwrap().as_str(), "a".repeat(58) + "_50000");
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), taken.len());
    assert!(taken.iter().all(|name| name.len() == 64));
    // Other names that are cut to the same stems go on from there.
    let tried: u64 = names.next.iter().map(|((_, digits), next)| next - 10_u64.pow(digits - 1)).sum();
    for n in 0..50_000 {
        let name = format!("{}{n:06}", "a".repeat(58));
        names.take(name.clone(), 64);
        names.take(name, 64);
    }
    let all: u64 = names.next.iter().map(|((_, digits), next)| next - 10_u64.pow(digits - 1)).sum();
    assert!(all < tried + 200_000, "{all} steps after {tried}");
}

#[test]
fn a_number_that_a_caller_took_itself_is_passed_over() {
    let mut names = Unique::default();
    names.reserve(["a_2".to_owned(), "a_3".to_owned()].into_iter());
    let taken: Vec<String> = (0..3).map(|_| names.take("a".to_owned(), 64)).collect();
    assert_eq!(taken, ["a", "a_4", "a_5"]);
}

#[test]
fn the_way_back_is_that_of_the_first() {
    let mut map = NameMap::default();
    map.note("a_b", "a.b");
    map.note("a_b", "a:b");
    assert_eq!(map.own("a_b"), Some("a.b"));
    assert_eq!(map.own("c"), None);
}
