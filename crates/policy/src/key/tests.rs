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
    let none: [&str; 0] = [];
    assert!(allows(&none, "anything"));
    assert!(allows(&["my-*"], "my-gpt4") && allows(&["my-*"], "my-"));
    assert!(!allows(&["my-*"], "My-gpt4") && !allows(&["my-*"], "my"));
    assert!(allows(&["a", "b"], "b") && !allows(&["a", "b"], "ab"));
    assert!(allows(&["*"], "anything"));
    assert!(!allows(&[""], "x"), "an empty pattern opens nothing");
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
