use super::*;

#[test]
fn leaves_keep_order_number_spelling_and_empty_containers() {
    let found = leaves(r#"{"a":[1e2,{"b":"\u0041"}],"c":{},"d":[],"e":123456789012345678901234,"f":null}"#);
    let found: Vec<(&str, &str)> = found.iter().map(|leaf| (leaf.path.as_str(), leaf.value.as_str())).collect();
    let expected = [("a[0]", "1e2"), ("a[1].b", "\"A\""), ("c", "{}"), ("d", "[]"), ("e", "123456789012345678901234"), ("f", "null")];
    assert_eq!(found, expected);
}

#[test]
fn a_pattern_covers_its_place_and_what_is_under_it_alone() {
    assert!(matches("choices[*].message", "choices[12].message.content"));
    assert!(matches("choices[*].message", "choices[0].message"));
    assert!(!matches("choices[*].message", "choices[0].messages"));
    assert!(!matches("choices[1].message", "choices[0].message"));
    assert!(!matches("a[*].b", "a.b"));
}

#[test]
fn what_is_missing_is_named_unless_allowed_or_declared_lost() {
    let allowed = [Allowance { pattern: "b", value: Some("null"), reason: "a null says nothing" }];
    let gone = |written: &str, lost: &[String]| missing(r#"{"a":1,"b":null,"c":"x"}"#, written, &allowed, lost);
    assert!(gone(r#"{"c":"x","a":1}"#, &[]).is_empty());
    assert_eq!(gone(r#"{"a":1}"#, &[]), [Leaf { path: "c".into(), value: "\"x\"".into() }]);
    assert!(gone(r#"{"a":1}"#, &["c".into()]).is_empty());
    assert_eq!(gone(r#"{"a":2,"c":"x"}"#, &[]).len(), 1, "another value is not the same leaf");
}

#[test]
fn stream_accounts_join_text_by_index_and_collect_the_rest() {
    let joined = ["choices[*].delta.content"];
    let one = stream_account(
        &[
            r#"{"id":"x","choices":[{"index":1,"delta":{"content":"ab"}}]}"#,
            r#"{"id":"x","choices":[{"index":1,"delta":{"content":"c"}}]}"#,
        ],
        &joined,
    );
    let other = stream_account(&[r#"{"id":"x","choices":[{"index":1,"delta":{"content":"abc"}}]}"#], &joined);
    assert_eq!(one, other);
    assert!(one.contains_key("choices[1].delta.content"), "{one:?}");
}

#[test]
fn the_recorded_folder_loads_whole() {
    if shared_dir().is_none() {
        return;
    }
    let openai = records("openai");
    assert!(openai.len() > 300, "{} records", openai.len());
    assert!(openai.iter().any(|record| record.is_error() && record.asked() == "chat"));
    assert!(openai.iter().filter(|record| record.operation == "chat").all(|record| record.response.text().is_some()));
}
