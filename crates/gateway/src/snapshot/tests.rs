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

/// What one server was found to refuse is not held against it for ever.
#[test]
fn a_refusal_of_stream_options_is_forgotten() {
    let provider = crate::testing::provider("one", "openai");
    assert!(!provider.refuses_stream_options());
    provider.note_refused_stream_options();
    assert!(provider.refuses_stream_options());
    assert!(!provider.refuses_stream_options_at(|| unix_micros() / 1_000_000 + REFUSAL_LASTS + 1));
}
