use super::*;

#[test]
fn ordinary_names_pass() {
    let longest = "é".repeat(MAX_NAME);
    for name in ["gpt-4o", "openai/gpt-oss-120b", "llama3:8b", "anthropic.claude-v2:1", "m", "my model", "модель", longest.as_str()] {
        assert_eq!(check_virtual_model(name), Ok(()), "{name}");
        assert_eq!(check_provider_model(name), Ok(()), "{name}");
    }
}

#[test]
fn each_fault_is_told_apart() {
    let long = "x".repeat(MAX_NAME + 1);
    for (name, fault) in [
        ("", NameFault::Empty),
        ("  ", NameFault::Empty),
        (" a", NameFault::OuterSpace),
        ("a ", NameFault::OuterSpace),
        ("a\nb", NameFault::ControlCharacter),
        ("a\u{0}", NameFault::ControlCharacter),
        ("a\r", NameFault::ControlCharacter),
        ("a\u{85}", NameFault::ControlCharacter),
        (long.as_str(), NameFault::TooLong),
        ("a*b", NameFault::InnerStar),
        ("**", NameFault::InnerStar),
    ] {
        assert_eq!(check_virtual_model(name), Err(fault), "{name:?}");
        assert!(fault.to_string().contains(": "), "says a remedy");
    }
}

#[test]
fn a_star_ends_a_virtual_model_and_stands_anywhere_in_a_provider_model() {
    for name in ["*", "openai/*"] {
        assert_eq!(check_virtual_model(name), Ok(()));
        assert!(is_wildcard(name));
    }
    for name in ["*", "models/*", "*-latest", "ft:*:acme"] {
        assert_eq!(check_provider_model(name), Ok(()));
        assert_eq!(check_pair("openai/*", name), Ok(()));
        assert_eq!(check_pair("openai/gpt", name), Err(NameFault::StarAlone));
    }
    assert_eq!(check_provider_model("a*b*"), Err(NameFault::SeveralStars));
    assert_eq!(check_pair("openai/*", "gpt-4o"), Ok(()), "every name goes to the one model");
    assert!(!is_wildcard("gpt-4o"));
}

#[test]
fn the_rest_takes_the_place_of_the_star() {
    assert_eq!(substitute("*", "gpt-4o"), "gpt-4o");
    assert_eq!(substitute("ft:*:acme", "gpt-4o"), "ft:gpt-4o:acme");
    assert_eq!(substitute("gpt-4o", "anything"), "gpt-4o");
    assert_eq!(substitute("a-*", "*"), "a-*", "a star of the rest is text");
}

/// R55: what a caller makes up goes to a provider, into headers and into the record.
#[test]
fn a_made_up_name_is_held_to_the_rules_of_names() {
    assert!(may_match("openai/gpt-4o"));
    for name in ["openai/a\u{0}", "openai/a\r\nx: y", "openai/ ", "openai/*", ""] {
        assert!(!may_match(name), "{name:?}");
    }
    assert!(!may_match(&format!("openai/{}", "x".repeat(MAX_NAME))));
}
