use super::read;
use crate::route::Shape;
use crate::shape::Shapes;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "read as JSON")]
struct Query {
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    flag: Option<bool>,
    #[schema(max_length = 5)]
    name: Option<String>,
}

fn asked(query: &str) -> Result<Value, Vec<String>> {
    let mut schema = serde_json::to_value((Shape::of::<Query>().schema)()).unwrap();
    schema["additionalProperties"] = json!(false);
    let shapes = Shapes::of(&json!({ "components": { "schemas": { "Query": schema } } }));
    read(Some(&Shape::of::<Query>()), Some(query), &shapes).map_err(|problem| problem.errors.into_iter().map(|error| error.field).collect())
}

#[test]
fn values_take_the_type_of_their_field() {
    assert_eq!(asked("limit=7&flag=true&name=a%2Fb"), Ok(json!({ "limit": 7, "flag": true, "name": "a/b" })));
    assert_eq!(asked("name=7&"), Ok(json!({ "name": "7" })));
    assert_eq!(asked(""), Ok(json!({})));
}

#[test]
fn what_is_wrong_is_named() {
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=abc", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("flag=yes", "flag"),
        ("name=toolong", "name"),
        ("name=%00", "name"),
        ("nmae=x", "nmae"),
        ("limit=1&limit=2", "limit"),
        ("name=%ff", "name"),
    ] {
        assert_eq!(asked(query), Err(vec![field.to_owned()]), "{query}");
    }
}

#[test]
fn a_route_without_a_query_takes_none() {
    let shapes = Shapes::of(&json!({}));
    assert!(read(None, Some("x=1"), &shapes).is_err());
    assert_eq!(read(None, None, &shapes).unwrap(), json!({}));
}
