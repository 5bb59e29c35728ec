use super::*;

#[test]
fn a_chosen_key_has_twenty_printable_characters_or_more() {
    assert_eq!(check_chosen(&"k".repeat(19)), Err(KeyFault::TooShort));
    assert_eq!(check_chosen(&"k".repeat(20)), Ok(()));
    assert_eq!(check_chosen(&"k".repeat(512)), Ok(()));
    assert_eq!(check_chosen(&"k".repeat(513)), Err(KeyFault::TooLong));
    for bad in ["twenty characters long ", "twenty-characters-lon\n", "twenty-characters-loné", "twenty\u{0}characters-long"] {
        assert_eq!(check_chosen(bad), Err(KeyFault::Characters), "{bad:?}");
    }
}

#[test]
fn patterns_match_exactly_or_by_beginning() {
    let allowed = |patterns: &[&str], model: &str| allows(Some(patterns), model);
    assert!(allowed(&["my-*"], "my-gpt4") && allowed(&["my-*"], "my-"));
    assert!(!allowed(&["my-*"], "My-gpt4") && !allowed(&["my-*"], "my"));
    assert!(allowed(&["a", "b"], "b") && !allowed(&["a", "b"], "ab"));
    assert!(allowed(&["*"], "anything"));
    assert!(!allowed(&[""], "x"), "an empty pattern opens nothing");
}

/// Nothing fails open: only a key without a list may use everything.
#[test]
fn an_empty_list_opens_nothing() {
    assert!(allows::<&str>(None, "anything"));
    assert!(!allows::<&str>(Some(&[]), "anything") && !allows::<&str>(Some(&[]), ""));
}

#[test]
fn patterns_with_inner_stars_are_refused() {
    for good in ["a", "a*", "*", "openai/*", "a b"] {
        assert_eq!(check_pattern(good), Ok(()), "{good}");
    }
    for (bad, fault) in [
        ("", PatternFault::Empty),
        (" ", PatternFault::Empty),
        ("a\n", PatternFault::ControlCharacter),
        ("a*b", PatternFault::InnerStar),
        ("**", PatternFault::InnerStar),
    ] {
        assert_eq!(check_pattern(bad), Err(fault), "{bad:?}");
    }
}

#[test]
fn a_key_ends_at_its_moment() {
    assert!(!is_expired(None, i64::MAX));
    assert!(!is_expired(Some(100), 99));
    assert!(is_expired(Some(100), 100));
    assert!(is_expired(Some(i64::MIN), 0));
}
