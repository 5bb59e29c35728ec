//! The OpenAPI 3.1 document, made from the table of routes and the types that they take and give.

mod gateway_routes;

use crate::access::Access;
use crate::problem::{FieldError, ProblemBody};
use crate::resources::provider_view::FieldView;
use crate::route::{Body, Content, Route, Shape};
use crate::shape::Shapes;
use crate::table;
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const DESCRIPTION: &str = "The LLM gateway. Callers of the data plane show a virtual key; the admin API below `/admin/v1` takes the master key. \
    Errors of the admin API are problems of RFC 9457 that name the field and the remedy; errors of the data plane are written in the dialect \
    of the route. Lists are paged: `next` of one page is `after` of the next.";

/// The document, made once.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut schemas = Map::new();
        for (name, schema) in schemas_of(&answer_and_body_shapes()) {
            schemas.insert(name, schema);
        }
        schemas.extend(gateway_routes::schemas());
        schemas.sort_keys();
        let mut paths = gateway_routes::paths();
        for route in table::ROUTES {
            let item = paths.entry(route.path.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Some(item) = item.as_object_mut() {
                item.insert(route.method.as_str().to_ascii_lowercase(), operation(route));
            }
        }
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Conduit",
                "version": env!("CARGO_PKG_VERSION"),
                "description": DESCRIPTION,
                "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "tags": tags(),
            "paths": paths,
            "components": { "schemas": schemas, "securitySchemes": {
                "masterKey": { "type": "http", "scheme": "bearer", "description": "The master key, or on the same machine the token of the file `admin-token`." },
                "virtualKey": { "type": "http", "scheme": "bearer", "description": "A virtual key. `x-api-key`, `api-key`, `x-goog-api-key` and `?key=` carry it too." },
            } },
        })
    })
}

/// The schemas that bodies and queries are checked against: those of the document, and those of the queries.
pub(crate) fn shapes() -> &'static Shapes {
    static SHAPES: OnceLock<Shapes> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut all = answer_and_body_shapes();
        all.extend(table::ROUTES.iter().filter_map(|route| route.query));
        Shapes::of(&json!({ "components": { "schemas": schemas_of(&all) } }))
    })
}

fn answer_and_body_shapes() -> Vec<Shape> {
    // A map that is flattened into an object does not name its values to utoipa.
    let mut shapes = vec![Shape::of::<ProblemBody>(), Shape::of::<FieldError>(), Shape::of::<FieldView>()];
    for route in table::ROUTES {
        shapes.extend(route.body.shape());
        if let Content::Json(shape) = route.answer.content {
            shapes.push(shape);
        }
    }
    shapes
}

/// The named schemas with all that they refer to.
fn schemas_of(shapes: &[Shape]) -> BTreeMap<String, Value> {
    let mut named = Vec::new();
    for shape in shapes {
        named.push(((shape.name)().into_owned(), (shape.schema)()));
        (shape.inner)(&mut named);
    }
    named.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect()
}

fn tags() -> Value {
    json!([
        { "name": "inference", "description": "The data plane." },
        { "name": "operations", "description": "Health and metrics." },
        { "name": "documentation", "description": "This document." },
        { "name": "provider types", "description": "What can be configured." },
        { "name": "provider credentials", "description": "Configured providers with their credentials." },
        { "name": "model mappings", "description": "Which virtual model is served by which provider and model." },
        { "name": "virtual keys", "description": "The keys of callers." },
        { "name": "usage", "description": "What was asked and used." },
        { "name": "system", "description": "Conduit itself." },
    ])
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.tag],
        "summary": route.summary,
    });
    let members = [
        ("description", (!route.description.is_empty()).then(|| Value::from(route.description))),
        ("parameters", Some(Value::Array(parameters(route))).filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))),
        ("requestBody", body(route)),
        ("responses", Some(responses(route))),
        ("security", Some(security(route))),
    ];
    for (name, value) in members {
        if let (Some(value), Some(operation)) = (value, operation.as_object_mut()) {
            operation.insert(name.to_owned(), value);
        }
    }
    operation
}

fn security(route: &Route) -> Value {
    match route.access {
        Access::Public => json!([]),
        Access::Master => json!([{ "masterKey": [] }]),
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters = Vec::new();
    if route.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1, "maxLength": 600 },
            "description": "Percent-encoded: ids of objects of the file hold slashes.",
        }));
    }
    let query = route.query.and_then(|shape| serde_json::to_value((shape.schema)()).ok());
    for (name, field) in query.as_ref().and_then(|query| query.get("properties")).and_then(Value::as_object).into_iter().flatten() {
        parameters.push(query_parameter(name, field));
    }
    if route.versioned {
        parameters.push(json!({
            "name": "If-Match", "in": "header", "required": false, "schema": { "type": "string", "pattern": "^(\"[0-9]{1,18}\"|\\*)$", "example": "\"3\"" },
            "description": "The version that the change is made on. Without it, or with `*`, whatever version there is.",
        }));
    }
    if route.method == Method::POST && route.access == Access::Master {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" },
            "description": "Asking again with the same key and body within a day gives the first answer again.",
        }));
    }
    parameters
}

/// A member of a query is there or not; it is never null.
fn query_parameter(name: &str, field: &Value) -> Value {
    let mut schema = field.clone();
    let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
    if let Some(kind) = schema.get_mut("type") {
        let only = kind.as_array().and_then(|types| types.iter().find(|kind| *kind != "null").cloned());
        *kind = only.unwrap_or_else(|| kind.clone());
    }
    let alternatives = schema.get("oneOf").and_then(Value::as_array);
    if let Some(inner) = alternatives.and_then(|all| all.iter().find(|schema| schema.get("$ref").is_some())) {
        schema = inner.clone();
    }
    let described = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
    json!({ "name": name, "in": "query", "required": false, "description": description.or(described).unwrap_or_else(|| json!("")), "schema": schema })
}

fn reference(shape: &Shape) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", (shape.name)()) })
}

fn body(route: &Route) -> Option<Value> {
    let shape = route.body.shape()?;
    let required = matches!(route.body, Body::Required(_));
    Some(json!({ "required": required, "content": { "application/json": { "schema": reference(shape) } } }))
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    responses.insert(route.answer.status.to_string(), answer(route));
    for status in statuses(route) {
        let headers = match status {
            401 => json!({ "WWW-Authenticate": { "schema": { "type": "string" } } }),
            429 | 503 => json!({ "Retry-After": { "schema": { "type": "integer", "minimum": 0 } } }),
            _ => json!({}),
        };
        let content = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
        responses.insert(status.to_string(), json!({ "description": meaning(status), "headers": headers, "content": content }));
    }
    Value::Object(responses)
}

fn answer(route: &Route) -> Value {
    let mut answer = json!({ "description": route.answer.description });
    let content = match route.answer.content {
        Content::None => None,
        Content::Json(shape) => Some(json!({ "application/json": { "schema": reference(&shape) } })),
        Content::FreeJson => Some(json!({ "application/json": { "schema": { "type": "object" } } })),
        Content::Html => Some(json!({ "text/html": { "schema": { "type": "string" } } })),
    };
    if let (Some(content), Some(answer)) = (content, answer.as_object_mut()) {
        answer.insert("content".to_owned(), content);
    }
    answer
}

/// The problems of every administered route, those that follow from what it takes, and its own.
fn statuses(route: &Route) -> Vec<u16> {
    if route.access == Access::Public {
        return route.problems.to_vec();
    }
    let mut statuses = vec![400, 401, 413, 429, 503];
    if route.path.contains("{id}") {
        statuses.push(404);
    }
    if route.versioned {
        statuses.push(412);
    }
    if route.body.shape().is_some() {
        statuses.push(415);
    }
    if route.method == Method::POST {
        statuses.extend([409, 422]);
    }
    statuses.extend(route.problems);
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is not valid: `errors` names the fields.",
        401 => "The master key is needed.",
        404 => "There is no such object.",
        409 => "The change contradicts what is configured, the object stands in the file, or the same Idempotency-Key is under way.",
        412 => "The object was changed since it was read.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        422 => "The Idempotency-Key belongs to another request.",
        429 => "Too many wrong keys from this address.",
        502 => "The provider did not answer as it should.",
        503 => "The database does not answer, or Conduit is starting.",
        504 => "The provider was too slow.",
        _ => "A problem.",
    }
}

#[cfg(test)]
mod tests;
