//! Fields that are taken and fields that survive.

use super::*;
use crate::Raw;

#[test]
fn fields_are_taken_once_and_the_rest_keeps_order_and_spelling() {
    let mut fields = Fields::parse(r#"{"z":1e2,"model":"m","t":null,"a":{"x":[1, 2]}}"#).unwrap();
    assert_eq!(fields.take_as::<String>("model").unwrap().as_deref(), Some("m"));
    assert_eq!(fields.take_as::<String>("model").unwrap(), None);
    assert_eq!(fields.peek("z").unwrap().text(), "1e2");
    assert_eq!(fields.names().collect::<Vec<_>>(), ["z", "t", "a"]);
    let rest = fields.rest();
    let shown: Vec<_> = rest.iter().map(|(name, raw)| (name.as_str(), raw.text())).collect();
    assert_eq!(shown, [("z", "1e2"), ("t", "null"), ("a", r#"{"x":[1, 2]}"#)]);
}

#[test]
fn null_reads_as_absent_where_a_type_is_asked_for_and_as_a_value_where_not() {
    let mut fields = Fields::parse(r#"{"a":null,"b":null,"c":null,"d":null}"#).unwrap();
    assert_eq!(fields.take_as::<u64>("a").unwrap(), None);
    assert!(fields.take("b").unwrap().is_null());
    assert!(fields.take_fields("c").unwrap().is_none());
    assert!(fields.take_items("d").unwrap().is_none());
    assert!(fields.is_empty());
}

#[test]
fn errors_name_the_field_and_not_a_place_inside_it() {
    let mut fields = Fields::parse(r#"{"n":"x","list":[{"role":5}],"map":[]}"#).unwrap();
    let error = fields.take_as::<u64>("n").unwrap_err();
    assert_eq!(error.to_string(), "n: invalid type: string \"x\", expected u64");
    assert_eq!(fields.require::<u64>("missing").unwrap_err().to_string(), "missing: is missing");
    let item = fields.take_items("list").unwrap().unwrap()[0];
    let error = item.fields().unwrap().require::<String>("role").unwrap_err().within("[0]").within("list");
    assert_eq!(error.field, "list[0].role");
    assert_eq!(fields.take_fields("map").unwrap_err().to_string(), "map: the JSON is not an object (at byte 0)");
    assert!(Fields::parse(r#"{"a":1,"\u0061":2}"#).is_err());
}

#[test]
fn text_is_borrowed_where_it_has_no_escape() {
    let text = r#"{"plain":"abc","escaped":"a\nb"}"#.to_owned();
    let mut fields = Fields::parse(&text).unwrap();
    assert_eq!(fields.take_as::<&str>("plain").unwrap(), Some("abc"));
    assert_eq!(fields.take_ref("escaped").unwrap().as_str().unwrap(), "a\nb");
}

#[test]
fn a_writer_puts_members_in_the_order_of_the_calls() {
    let extras = vec![("x".to_owned(), Raw::parse("1.50").unwrap()), ("y".to_owned(), Raw::parse("[ ]").unwrap())];
    let out = ObjectWriter::build(|w| {
        w.member("model", "a\"b").optional("none", &None::<u64>).optional("n", &Some(1)).raw("r", &extras[0].1);
        w.object("o", |o| {
            o.member("flag", &true).array("l", |a| {
                a.item(&1).item("two").object(|_| {}).json("null");
            });
        });
        w.array("empty", |a| assert!(a.is_empty())).extend(&extras);
    });
    let expected = r#"{"model":"a\"b","n":1,"r":1.50,"o":{"flag":true,"l":[1,"two",{},null]},"empty":[],"x":1.50,"y":[ ]}"#;
    assert_eq!(String::from_utf8(out.unwrap()).unwrap(), expected);
    let mut bytes = b"data: ".to_vec();
    ObjectWriter::new(&mut bytes).finish().unwrap();
    assert_eq!(bytes, b"data: {}");
}

#[test]
fn a_member_that_fails_is_left_out_and_the_error_returned() {
    let broken = std::collections::BTreeMap::from([(vec![1], 2)]);
    let mut bytes = Vec::new();
    let mut writer = ObjectWriter::new(&mut bytes);
    writer.object("in", |o| {
        o.member("bad", &broken).member("good", &1);
    });
    writer.member("bad", &broken).member("after", &2);
    assert!(writer.finish().is_err());
    assert_eq!(String::from_utf8(bytes).unwrap(), r#"{"in":{"good":1},"after":2}"#);
}

#[test]
fn what_is_read_and_written_back_is_the_same() {
    let text = r#"{"a":1.0,"b":{"c":[1,2,{"d":"\u00e9"}]},"e":"\/"}"#;
    let rest = Fields::parse(text).unwrap().rest();
    let out = ObjectWriter::build(|w| {
        w.extend(&rest);
    })
    .unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), text);
}
