use super::*;

#[test]
fn counts_edits_and_swaps() {
    for (a, b, expected) in [
        ("", "", 0),
        ("a", "", 1),
        ("", "ab", 2),
        ("api_key", "api_key", 0),
        ("apikey", "api_key", 1),
        ("prioirty", "priority", 1),
        ("kitten", "sitting", 3),
    ] {
        assert_eq!(distance(a, b), expected, "{a} {b}");
    }
}

#[test]
fn suggests_only_what_is_near() {
    assert_eq!(closest("listne", ["listen", "max_body"]), Some("listen"));
    assert_eq!(closest("Opnai", ["openai", "anthropic"]), Some("openai"));
    assert_eq!(closest("colour", ["listen", "max_body"]), None);
    assert_eq!(hint("listne", ["listen"]), ": did you mean `listen`?");
    assert_eq!(hint("zzz", ["listen"]), "");
}
