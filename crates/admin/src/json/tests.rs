use super::{parse, shown};

fn fault(text: &[u8]) -> (String, String) {
    let error = parse(text).unwrap_err();
    (error.field, error.problem)
}

#[test]
fn a_mistake_is_told_with_the_path_of_its_value() {
    assert_eq!(fault(br#"{"credentials":{"api_key":"\ud800"}}"#).0, "credentials.api_key");
    assert_eq!(fault(br#"{"mappings":[{"name":"a"},{"name":1e999}]}"#).0, "mappings[1].name");
    assert_eq!(fault(b"{\"a\":\"\xff\"}").0, "a");
    assert_eq!(fault(b"{").0, "body");
    assert_eq!(fault(b"").0, "body");
    assert_eq!(fault(b"{} {}").0, "body");
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let (field, problem) = fault(br#"{"a":{"b":1,"b":2}}"#);
    assert_eq!(field, "a.b");
    assert!(problem.contains("twice"), "{problem}");
}

/// R56: nesting costs no stack.
#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(fault(deep.as_bytes()).1.contains("recursion"));
}

#[test]
fn sound_values_come_through_in_their_order() {
    let text = r#"{"z":[1,-2,3.5,null,true],"a":{"é":"\u0000"}}"#;
    assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
}

#[test]
fn a_name_made_up_by_the_caller_is_shown_short_and_clean() {
    assert_eq!(shown("a\u{0}\nb"), "a\u{fffd}\u{fffd}b");
    assert_eq!(shown(&"x".repeat(1_000_000)).len(), 67);
}
