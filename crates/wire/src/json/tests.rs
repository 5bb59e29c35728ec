//! What the scan accepts is compared with serde_json; what an edit does is compared with the same edit on a parsed map.

use super::*;
use crate::Raw;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn scanned(body: &str) -> Object<'_> {
    scan(body.as_bytes(), &Limits::default()).unwrap()
}

fn refused(body: &[u8]) -> ScanErrorKind {
    scan(body, &Limits::default()).unwrap_err().kind
}

#[test]
fn members_keep_order_kind_and_place() {
    let body = r#" {"model" : "gpt" ,"n":1e2,"on":true,"off":false,"none":null,"list":[1, {"a":2}],"map":{"x":"}"}} "#;
    let object = scanned(body);
    let kinds: Vec<_> = object.members().iter().map(|m| (m.key.as_ref(), m.kind)).collect();
    let expected = [
        ("model", Kind::String),
        ("n", Kind::Number),
        ("on", Kind::Bool),
        ("off", Kind::Bool),
        ("none", Kind::Null),
        ("list", Kind::Array),
        ("map", Kind::Object),
    ];
    assert_eq!(kinds, expected);
    for member in object.members() {
        assert_eq!(&body[member.value_span.clone()], member.value);
        assert_eq!(&body[member.key_span.clone()], format!("\"{}\"", member.key));
    }
    assert_eq!(object.get("n").unwrap().value, "1e2");
    assert_eq!(object.get("on").unwrap().as_bool(), Some(true));
    assert_eq!(object.get("missing"), None);
}

#[test]
fn strings_are_unescaped_on_demand() {
    let object = scanned(r#"{"plain":"é","esc":"a\n\u00e9\ud83d\ude00","half":"\ud83d","n":1,"e":[ ],"f":[0]}"#);
    assert_eq!(object.get("plain").unwrap().as_str().unwrap(), "é");
    assert_eq!(object.get("esc").unwrap().as_str().unwrap(), "a\né😀");
    assert_eq!(object.get("half").unwrap().as_str(), None);
    assert_eq!(object.get("n").unwrap().as_str(), None);
    assert!(object.get("e").unwrap().is_empty_array());
    assert!(!object.get("f").unwrap().is_empty_array());
}

#[test]
fn a_name_may_come_only_once_in_any_spelling() {
    assert_eq!(refused(br#"{"model":1,"model":2}"#), ScanErrorKind::DuplicateKey("model".into()));
    assert_eq!(refused(br#"{"model":1,"mod\u0065l":2}"#), ScanErrorKind::DuplicateKey("model".into()));
    assert_eq!(refused(br#"{"mod\u0065l":1,"m\u006fdel":2}"#), ScanErrorKind::DuplicateKey("model".into()));
    // Inside a value the same name twice is the provider's business.
    scanned(r#"{"a":{"b":1,"b":2}}"#);
}

#[test]
fn a_duplicate_is_found_among_many_names_too() {
    for count in [31, 32, 33, 500] {
        let members: Vec<_> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
        assert_eq!(scanned(&format!("{{{}}}", members.join(","))).members().len(), count);
        let twice = format!("{{{},\"\\u006b{}\":0}}", members.join(","), count - 1);
        assert_eq!(refused(twice.as_bytes()), ScanErrorKind::DuplicateKey(format!("k{}", count - 1)));
    }
}

#[test]
fn depth_and_member_count_are_bounded() {
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    scanned(&nested(128));
    assert_eq!(refused(nested(129).as_bytes()), ScanErrorKind::TooDeep(128));
    // No setting makes the scan recurse without a bound.
    let unlimited = Limits { max_depth: usize::MAX, max_members: usize::MAX };
    let deep = nested(Limits::HARD_DEPTH + 1);
    assert_eq!(scan(deep.as_bytes(), &unlimited).unwrap_err().kind, ScanErrorKind::TooDeep(Limits::HARD_DEPTH));
    scan(nested(Limits::HARD_DEPTH).as_bytes(), &unlimited).unwrap();
    // Siblings do not add up.
    scanned(&format!("{{\"a\":[{}1]}}", "[[]],".repeat(1000)));
    let few = Limits { max_members: 2, ..Limits::default() };
    assert_eq!(scan(br#"{"a":1,"b":2,"c":3}"#, &few).unwrap_err().kind, ScanErrorKind::TooManyMembers(2));
}

#[test]
fn what_is_no_object_is_named() {
    assert_eq!(refused(b"[1]"), ScanErrorKind::NotAnObject);
    assert_eq!(refused(b"\"x\""), ScanErrorKind::NotAnObject);
    assert_eq!(refused(b"{} {}"), ScanErrorKind::TrailingBytes);
    assert_eq!(refused(b"{}\0"), ScanErrorKind::TrailingBytes);
    assert_eq!(refused(b"{\"a\":\"\xff\"}"), ScanErrorKind::NotUtf8);
    assert_eq!(refused(b"\xef\xbb\xbf{}"), ScanErrorKind::Syntax("it begins with a byte order mark"));
    assert_eq!(refused(b" \n"), ScanErrorKind::Syntax("it is empty"));
}

#[test]
fn errors_say_where() {
    let error = scan(br#"{"a":01}"#, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "the JSON is broken: a number begins with a zero (at byte 6)");
    let long = format!("{{\"{0}\":1,\"{0}\":2}}", "é".repeat(5000));
    assert!(scan(long.as_bytes(), &Limits::default()).unwrap_err().to_string().len() < 300);
}

#[test]
fn control_characters_are_found_in_long_strings() {
    for at in [0, 15, 16, 17, 40, 5000] {
        for control in ['\0', '\n', '\u{1f}'] {
            let body = format!("{{\"a\":\"{}{control}{}\"}}", "x".repeat(at), "y".repeat(30));
            let error = scan(body.as_bytes(), &Limits::default()).unwrap_err();
            assert_eq!(error.at, 6 + at, "{body:?}");
        }
    }
}

/// Texts for which scan and serde_json are compared: everything that the grammar allows, and near misses.
const TEXTS: &[&str] = &[
    "1",
    "-0",
    "0.5",
    "1e5",
    "1E+5",
    "1e-5",
    "-",
    "01",
    "1.",
    ".5",
    "1e",
    "+1",
    "0x1",
    "NaN",
    "true",
    "tru",
    "nul",
    "nulll",
    "\"",
    "\"a",
    "\"\\",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\u1234\"",
    "\"\\ud800\"",
    "\"\t\"",
    "[",
    "]",
    "[]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[[],{}]",
    "{",
    "}",
    "{}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{1:2}",
    "{}}",
    "[] []",
    " [ 1 , 2 ] ",
    "/**/1",
    "'a'",
    "\u{feff}1",
    "\u{a0}1",
    "",
];

fn accepted_by_both(text: &str) -> bool {
    let ours = check(text.as_bytes(), &Limits::default());
    let theirs = serde_json::from_str::<Box<serde_json::value::RawValue>>(text);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}: {ours:?}, serde_json: {theirs:?}");
    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
        assert_eq!(ours, theirs.get());
        return true;
    }
    false
}

#[test]
fn the_scan_accepts_what_serde_json_accepts() {
    let accepted = TEXTS.iter().filter(|text| accepted_by_both(text)).count();
    assert_eq!(accepted, 13);
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 4.0)),
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect()))
        ]
    })
}

#[derive(Clone, Debug)]
enum Edit {
    Set(String, Value),
    Rename(String, String),
    Remove(String),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c\"".to_owned()), Just("dé".to_owned()), Just("e\n".to_owned())]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (name(), json()).prop_map(|(key, value)| Edit::Set(key, value)),
        (name(), name()).prop_map(|(from, to)| Edit::Rename(from, to)),
        name().prop_map(Edit::Remove),
    ]
}

/// The same edit on a parsed map.
fn edit_map(map: &mut Map<String, Value>, edit: &Edit) {
    match edit {
        Edit::Set(key, value) => {
            map.insert(key.clone(), value.clone());
        }
        Edit::Remove(key) => {
            map.shift_remove(key);
        }
        Edit::Rename(from, to) => {
            if map.contains_key(from) && !map.contains_key(to) {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (if key == *from { to.clone() } else { key }, value)).collect();
            }
        }
    }
}

proptest! {
    #[test]
    fn every_value_is_accepted_and_every_mutilation_judged_alike(value in json(), pretty in any::<bool>(), cut in any::<prop::sample::Index>(), byte in any::<char>()) {
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        prop_assert!(accepted_by_both(&text));
        let at = cut.index(text.len());
        if text.is_char_boundary(at) {
            accepted_by_both(&text[..at]);
            accepted_by_both(&format!("{}{byte}{}", &text[..at], &text[at..]));
        }
    }

    #[test]
    fn any_text_is_judged_like_serde_json(text in r#"[\[\]{}",:0-9eE.+\-a-z\\ u\n]{0,12}"#) {
        accepted_by_both(&text);
    }

    /// An edited body is what the same edits make of a parsed map, in the same order, and never has a name twice.
    #[test]
    fn edits_do_what_they_do_to_a_map(
        members in prop::collection::vec((name(), json()), 0..5), spaced in any::<bool>(), edits in prop::collection::vec(edit(), 0..6)
    ) {
        let mut map: Map<String, Value> = members.into_iter().collect();
        let body = if spaced { serde_json::to_string_pretty(&map).unwrap() } else { serde_json::to_string(&map).unwrap() };
        let object = scan(body.as_bytes(), &Limits::default()).unwrap();
        let mut list = Edits::new(&object);
        for edit in &edits {
            match edit {
                Edit::Set(key, value) => { list.set(key, value.to_string()); }
                Edit::Rename(from, to) => { list.rename(from, to); }
                Edit::Remove(key) => { list.remove(key); }
            }
            edit_map(&mut map, edit);
        }
        let out = list.apply();
        let ours: Map<String, Value> = serde_json::from_slice(&out).unwrap();
        scan(&out, &Limits::default()).unwrap();
        prop_assert_eq!(serde_json::to_string(&ours).unwrap(), serde_json::to_string(&map).unwrap());
        prop_assert!(!list.is_empty() || out == body.as_bytes());
    }
}

fn edited(body: &str, change: impl FnOnce(&mut Edits<'_, '_>)) -> String {
    let object = scanned(body);
    let mut edits = Edits::new(&object);
    change(&mut edits);
    String::from_utf8(edits.apply()).unwrap()
}

/// R11: what policy does not change stays as it came, byte for byte.
#[test]
fn edits_leave_every_other_byte_alone() {
    let body = "\r\n{ \"mod\\u0065l\" :\t\"x\" , \"seed\":12345678901234567890123,\"t\":1e2 ,\"s\":\"\\u00e9\\/\" }\n";
    assert_eq!(edited(body, |_| {}), body);
    assert_eq!(
        edited(body, |e| {
            e.set("model", json_string("y\"z"));
        }),
        body.replace("\"x\"", "\"y\\\"z\"")
    );
    assert_eq!(edited(body, |e| assert!(e.rename("seed", "random_seed"))), body.replace("\"seed\"", "\"random_seed\""));
    assert_eq!(
        edited(body, |e| {
            e.set("new", "[1]");
        }),
        body.replace("\\/\" }", "\\/\",\"new\":[1] }")
    );
    assert_eq!(
        edited("{ }", |e| {
            e.set("a", "1").set("b", "2");
        }),
        "{\"a\":1,\"b\":2 }"
    );
}

#[test]
fn a_member_is_removed_from_every_position() {
    let body = r#"{ "a":1, "b":2, "c":3 }"#;
    let without = |names: &[&str]| edited(body, |e| names.iter().for_each(|name| assert!(e.remove(name))));
    assert_eq!(without(&["a"]), r#"{ "b":2, "c":3 }"#);
    assert_eq!(without(&["b"]), r#"{ "a":1, "c":3 }"#);
    assert_eq!(without(&["c"]), r#"{ "a":1, "b":2 }"#);
    assert_eq!(without(&["a", "b"]), r#"{ "c":3 }"#);
    assert_eq!(without(&["b", "c"]), r#"{ "a":1 }"#);
    assert_eq!(without(&["a", "b", "c"]), "{  }");
    assert_eq!(edited(body, |e| assert!(!e.remove("d"))), body);
    assert_eq!(
        edited(r#"{"a":1}"#, |e| {
            e.remove("a");
            e.set("a", "2");
        }),
        r#"{"a":2}"#
    );
}

#[test]
fn a_rename_never_makes_a_duplicate() {
    let body = r#"{"max_tokens":1,"max_completion_tokens":2}"#;
    assert_eq!(edited(body, |e| assert!(!e.rename("max_tokens", "max_completion_tokens"))), body);
    assert_eq!(edited(r#"{"a":1}"#, |e| assert!(e.rename("a", "b") && !e.rename("a", "c") && e.rename("b", "c"))), r#"{"c":1}"#);
}

#[test]
fn a_nested_object_is_spliced_in_two_steps() {
    let body = r#"{"stream":true, "stream_options": { "include_obfuscation" : false }}"#;
    let object = scanned(body);
    let options = object.get("stream_options").unwrap();
    let inner = edited(options.value, |e| {
        e.set("include_usage", "true");
    });
    let out = edited(body, |e| {
        e.set("stream_options", inner);
    });
    assert_eq!(out, r#"{"stream":true, "stream_options": { "include_obfuscation" : false,"include_usage":true }}"#);
}

#[test]
fn arrays_are_cut_into_items() {
    let texts =
        |body: &str| items(body.as_bytes(), &Limits::default()).unwrap().iter().map(|item| item.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(" [ 1 , {\"a\":[2,3]} ,\"x,y\" ] "), ["1", "{\"a\":[2,3]}", "\"x,y\""]);
    assert!(texts("[]").is_empty());
    assert_eq!(items(b"{}", &Limits::default()).unwrap_err().kind, ScanErrorKind::NotAnArray);
    assert_eq!(items(b"[1] 2", &Limits::default()).unwrap_err().kind, ScanErrorKind::TrailingBytes);
}

#[test]
fn a_string_is_quoted_so_that_it_reads_back() {
    for text in ["", "plain", "\"\\\u{0}\u{1f}\n", "é😀\u{2028}"] {
        assert_eq!(Raw::parse(&json_string(text)).unwrap().by_ref().as_str().unwrap(), text);
    }
}
