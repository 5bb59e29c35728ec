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
        ("*", NameFault::Wildcard),
        ("openai/*", NameFault::Wildcard),
    ] {
        assert_eq!(check_virtual_model(name), Err(fault), "{name:?}");
        assert!(fault.to_string().contains(": "), "says a remedy");
    }
}
