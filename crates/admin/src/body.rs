//! Reads a request body: JSON, of the shape that the route's schema says.

use crate::json;
use crate::problem::{Kind, Problem};
use crate::route::{Body, Route};
use crate::shape::Shapes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Map, Value};

pub(crate) fn read(route: &Route, headers: &HeaderMap, bytes: &[u8], shapes: &Shapes) -> Result<Value, Problem> {
    let shape = match route.body {
        Body::None if bytes.is_empty() => return Ok(Value::Null),
        Body::None => return Err(Problem::field("body", "this route takes none", "send no body")),
        Body::Optional(_) if bytes.is_empty() => return Ok(Value::Object(Map::new())),
        Body::Optional(shape) | Body::Required(shape) => shape,
    };
    if !is_json(headers) {
        return Err(Problem::new(Kind::NotJson, "the body must be JSON: send `content-type: application/json`"));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::field("content-encoding", "compressed request bodies are not taken", "send the body as it is"));
    }
    let value = json::parse(bytes).map_err(|error| Problem::invalid(vec![error]))?;
    let name = (shape.name)();
    let schema = shapes.get(&name).ok_or_else(|| Problem::internal(&format!("the schema {name} is not in the document")))?;
    match shapes.check(schema, &value) {
        errors if errors.is_empty() => Ok(value),
        errors => Err(Problem::invalid(errors)),
    }
}

/// `application/json`, with parameters or without.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}
