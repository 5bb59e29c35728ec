//! Every body with each field missing, of a wrong type, too long, hostile; made from the schemas of the document.

use super::bench::{Bench, request};
use crate::openapi::{document, shapes};
use crate::route::{Body, Route};
use crate::table::ROUTES;
use bytes::Bytes;
use serde_json::{Map, Value, json};

fn resolve(schema: &Value) -> &Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
    name.and_then(|name| shapes().get(name)).unwrap_or(schema)
}

/// A value that the schema takes.
fn sound(schema: &Value) -> Value {
    let schema = resolve(schema);
    if let Some(example) = schema.get("example") {
        return example.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|all| all.first()) {
        return first.clone();
    }
    if let Some(all) = schema.get("oneOf").and_then(Value::as_array) {
        return all.iter().find(|each| each["type"] != "null").map_or(Value::Null, sound);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some("string") if schema["format"] == "date-time" => json!("2030-01-01T00:00:00Z"),
        Some("string") => {
            let least = schema["minLength"].as_u64().unwrap_or(0).max(1);
            json!("x".repeat(usize::try_from(least).unwrap()))
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!((0..schema["minItems"].as_u64().unwrap_or(0)).map(|_| sound(&schema["items"])).collect::<Vec<_>>()),
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let member = |name: &Value| (name.as_str().unwrap().to_owned(), sound(&schema["properties"][name.as_str().unwrap()]));
            Value::Object(required.iter().map(member).collect())
        }
        _ => json!("x"),
    }
}

fn bodies() -> impl Iterator<Item = (&'static Route, &'static Value)> {
    ROUTES.iter().filter_map(|route| Some((route, shapes().get(&(route.body.shape()?.name)())?)))
}

/// Whatever is sent: no mistake of ours, a whole problem where it is refused, and the field named.
async fn judge(bench: &Bench, route: &Route, body: &str, field: Option<&str>) {
    let path = route.path.replace("{id}", "0199-no-such-id");
    let answer = bench.send(route.method.as_str(), &path, body).await;
    let about = format!("{} {path} {}: {} {}", route.method, body.chars().take(300).collect::<String>(), answer.status, answer.text);
    assert!(answer.status < 500, "{about}");
    if answer.status >= 400 {
        answer.is_problem();
    }
    if let Some(field) = field {
        assert_eq!(answer.status, 400, "{about}");
        assert!(answer.fields().iter().any(|named| named.starts_with(field)), "{field}: {about}");
    }
}

/// Values of every type, so that for each field some are wrong.
fn of_every_type() -> Vec<Value> {
    vec![json!("text"), json!(7), json!(1.5), json!(true), json!([]), json!([[[1]]]), json!({}), json!({ "a": { "b": [] } }), Value::Null]
}

/// As the gateway refuses it, which sees the body first.
#[tokio::test]
async fn a_compressed_body_is_refused() {
    let bench = Bench::new().await;
    let packed = request("POST", "/admin/v1/virtual-keys").header("content-type", "application/json").header("content-encoding", "gzip");
    let answer = bench.ask(packed.body(Bytes::from(r#"{"name":"ci"}"#)).unwrap()).await;
    assert_eq!((answer.status, answer.fields()), (400, vec!["content-encoding".to_owned()]));
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let bench = Bench::new().await;
    for (route, schema) in bodies() {
        let whole = sound(schema);
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut body = whole.as_object().unwrap().clone();
            body.shift_remove(name);
            judge(&bench, route, &Value::Object(body).to_string(), Some(name)).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_type_is_named() {
    let bench = Bench::new().await;
    for (route, schema) in bodies() {
        let whole = sound(schema);
        for (name, field) in schema["properties"].as_object().unwrap() {
            for value in of_every_type() {
                let wrong = !shapes().check(field, &value).is_empty();
                let mut body = whole.as_object().unwrap().clone();
                body.insert(name.clone(), value);
                judge(&bench, route, &Value::Object(body).to_string(), wrong.then_some(name.as_str())).await;
            }
        }
    }
}

/// The texts of JSON, so that what a JSON value cannot hold can be sent too.
fn hostile_texts() -> Vec<(String, bool)> {
    vec![
        (format!("\"{}\"", "x".repeat(3 << 20)), true),
        (r#""a\u0000b""#.to_owned(), true),
        (r#""\ud800""#.to_owned(), true),
        (r#""\u001b[31m""#.to_owned(), true),
        (r#""' OR 1=1; DROP TABLE usage; --""#.to_owned(), false),
        (r#""../../etc/passwd""#.to_owned(), false),
        (r#""\r\nx-injected: 1""#.to_owned(), false),
        (r#""\u202e\u200b""#.to_owned(), false),
        ("\"\"".to_owned(), false),
        ("1e999".to_owned(), true),
        ("-1e999".to_owned(), true),
        ("123456789012345678901234567890".to_owned(), false),
        ("-9223372036854775809".to_owned(), false),
        ("-1".to_owned(), false),
        (format!("{}1{}", "[".repeat(200), "]".repeat(200)), true),
        (format!("{}1{}", r#"{"a":"#.repeat(120), "}".repeat(120)), false),
        (format!("[{}]", vec!["1"; 100_000].join(",")), false),
        (format!("{{{}}}", (0..20_000).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(",")), false),
    ]
}

#[tokio::test]
async fn a_hostile_value_is_refused_or_harmless() {
    let bench = Bench::new().await;
    for (route, schema) in bodies() {
        let whole = sound(schema);
        for name in schema["properties"].as_object().unwrap().keys() {
            for (text, refused) in hostile_texts() {
                let mut body = whole.as_object().unwrap().clone();
                body.insert(name.clone(), Value::Null);
                let marked = Value::Object(body).to_string();
                let hole = format!("{}:null", json!(name));
                let (before, after) = marked.split_once(&hole).unwrap();
                // What stands in the body of a dry run belongs to its dialect.
                let named = (refused && !(route.id == "explain" && name == "body")).then_some(name.as_str());
                judge(&bench, route, &format!("{before}{}:{text}{after}", json!(name)), named).await;
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let bench = Bench::new().await;
    for (route, schema) in bodies() {
        let mut body = sound(schema).as_object().unwrap().clone();
        body.insert("surprise".to_owned(), json!(1));
        judge(&bench, route, &Value::Object(body).to_string(), Some("surprise")).await;
        let known = schema["properties"].as_object().unwrap().keys().next().unwrap();
        let mut body: Map<String, Value> = sound(schema).as_object().unwrap().clone();
        body.insert(format!("{known}x"), json!(1));
        judge(&bench, route, &Value::Object(body).to_string(), Some(&format!("{known}x"))).await;
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let bench = Bench::new().await;
    for (route, _) in bodies() {
        for text in ["", "null", "[]", "7", "\"x\"", "{", "{}}", "{\"a\":1,\"a\":2}", "\u{feff}{}", "NaN", "{'a':1}", "/* */{}"] {
            let body = if text.is_empty() && matches!(route.body, Body::Optional(_)) { None } else { Some("") };
            judge(&bench, route, text, body).await;
        }
        let raw = |bytes: &'static [u8], media: Option<&str>| {
            let mut request = request(route.method.as_str(), &route.path.replace("{id}", "x"));
            if let Some(media) = media {
                request = request.header("content-type", media);
            }
            request.body(Bytes::from_static(bytes)).unwrap()
        };
        assert_eq!(bench.ask(raw(b"{\"a\":\"\xff\xfe\"}", Some("application/json"))).await.is(400)["code"], "invalid_request");
        for media in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")] {
            assert_eq!(bench.ask(raw(b"{}", media)).await.is(415)["code"], "not_json", "{media:?}");
        }
        assert_ne!(bench.ask(raw(b"{}", Some("Application/JSON; charset=utf-8"))).await.status, 415);
    }
}

/// R56.
#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let bench = Bench::new().await;
    let body = format!("{{\"name\":\"{}\"}}", "x".repeat(crate::gate::LARGEST_BODY));
    assert_eq!(bench.send("POST", "/admin/v1/virtual-keys", body).await.is(413)["code"], "request_too_large");
}

#[tokio::test]
async fn a_route_without_a_body_takes_none() {
    let bench = Bench::new().await;
    let answer = bench.send("GET", "/admin/v1/system", "{}").await;
    assert_eq!(answer.fields(), ["body"]);
    assert_eq!(bench.send("DELETE", "/admin/v1/virtual-keys/x", "{}").await.status, 400);
}

/// Queries the same way.
#[tokio::test]
async fn a_wrong_query_is_named() {
    let bench = Bench::new().await;
    for route in ROUTES {
        let Some(schema) = route.query.and_then(|shape| shapes().get(&(shape.name)())) else { continue };
        for name in schema["properties"].as_object().unwrap().keys() {
            let long = "x".repeat(3_000);
            for value in ["", "%00", "%ff", "-1", "0", "1001", "99999999999999999999", "x%27%20OR%201=1", "null", "[]", long.as_str()] {
                let answer = bench.get(&format!("{}?{name}={value}", route.path)).await;
                assert!(answer.status == 200 || answer.status == 400, "{name}={value}: {} {}", answer.status, answer.text);
                if answer.status == 400 {
                    answer.is_problem();
                    assert_eq!(answer.fields(), [name.as_str()], "{value}");
                }
            }
        }
        assert_eq!(bench.get(&format!("{}?surprise=1", route.path)).await.fields(), ["surprise"]);
    }
}

/// The document and the types read the same: what the schema takes the type takes too.
#[tokio::test]
async fn what_the_schema_takes_is_read() {
    let bench = Bench::new().await;
    for (route, schema) in bodies() {
        let path = route.path.replace("{id}", "0199-no-such-id");
        let answer = bench.send(route.method.as_str(), &path, sound(schema)).await;
        let fields = answer.json()["errors"].as_array().map(|_| answer.fields()).unwrap_or_default();
        assert!(!fields.contains(&"body".to_owned()), "{} {path}: {}", route.method, answer.text);
    }
    assert!(document()["paths"].as_object().unwrap().len() > 15);
}
