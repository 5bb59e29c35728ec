use super::*;

fn wildcards(beginnings: &[&str]) -> Snapshot {
    let wildcards = beginnings.iter().map(|beginning| Wildcard { beginning: (*beginning).to_owned(), group: Group::default() }).collect();
    Snapshot { wildcards, ..Snapshot::default() }
}

#[test]
fn an_exact_name_beats_the_longest_beginning() {
    let mut snapshot = wildcards(&["openai/gpt-", "openai/", ""]);
    snapshot.groups.insert("openai/gpt-4o".to_owned(), Group { created: 7, ..Group::default() });
    let rest = |model| snapshot.group(model).map(|(group, rest)| (group.created, rest));
    assert_eq!(rest("openai/gpt-4o"), Some((7, None)));
    assert_eq!(rest("openai/gpt-4o-mini"), Some((0, Some("4o-mini"))));
    assert_eq!(rest("openai/o3"), Some((0, Some("o3"))));
    assert_eq!(rest("else"), Some((0, Some("else"))));
    assert!(wildcards(&["openai/"]).group("groq/x").is_none());
}
