//! The routes that the gateway itself serves: their bodies belong to the dialects, so their schemas say only what Conduit itself checks.

// tidy: table (the routes of the data plane, as JSON)

use serde_json::{Map, Value, json};

/// Schemas of the data plane.
pub(super) fn schemas() -> Map<String, Value> {
    let model = json!({ "type": "string", "description": "A virtual model.", "example": "demo-chat" });
    let messages = json!({ "type": "array", "minItems": 1, "items": { "type": "object" } });
    let all = json!({
        "ChatRequest": { "type": "object", "required": ["model", "messages"], "additionalProperties": true, "properties": {
            "model": model, "messages": messages, "stream": { "type": "boolean", "default": false },
        } },
        "CompletionRequest": { "type": "object", "required": ["model", "prompt"], "additionalProperties": true, "properties": {
            "model": model, "prompt": { "oneOf": [{ "type": "string" }, { "type": "array" }] }, "stream": { "type": "boolean", "default": false },
        } },
        "EmbeddingsRequest": { "type": "object", "required": ["model", "input"], "additionalProperties": true, "properties": {
            "model": model, "input": { "oneOf": [{ "type": "string" }, { "type": "array" }] },
        } },
        "MessagesRequest": { "type": "object", "required": ["model", "messages", "max_tokens"], "additionalProperties": true, "properties": {
            "model": model, "messages": messages, "max_tokens": { "type": "integer", "minimum": 1 }, "stream": { "type": "boolean", "default": false },
        } },
        "CountTokensRequest": { "type": "object", "required": ["model", "messages"], "additionalProperties": true, "properties": {
            "model": model, "messages": messages,
        } },
        "OpenAiError": { "type": "object", "required": ["error"], "properties": { "error": { "type": "object", "required": ["message", "type"], "properties": {
            "message": { "type": "string" }, "type": { "type": "string" }, "param": { "type": ["string", "null"] }, "code": { "type": ["string", "null"] },
        } } } },
        "AnthropicError": { "type": "object", "required": ["type", "error"], "properties": {
            "type": { "type": "string", "enum": ["error"] }, "request_id": { "type": "string" },
            "error": { "type": "object", "required": ["type", "message"], "properties": { "type": { "type": "string" }, "message": { "type": "string" } } },
        } },
        "Model": { "type": "object", "required": ["id", "object"], "properties": {
            "id": { "type": "string" }, "object": { "type": "string" }, "created": { "type": "integer" }, "owned_by": { "type": "string" },
        } },
        "ModelList": { "type": "object", "required": ["object", "data"], "properties": {
            "object": { "type": "string" }, "data": { "type": "array", "items": { "$ref": "#/components/schemas/Model" } },
        } },
    });
    all.as_object().cloned().unwrap_or_default()
}

/// Paths of the data plane and of operations.
pub(super) fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    let inference = [
        ("/v1/chat/completions", "chatCompletions", "Answer a conversation, in OpenAI's dialect", "ChatRequest", "OpenAiError"),
        ("/v1/completions", "completions", "Continue a text, in OpenAI's dialect", "CompletionRequest", "OpenAiError"),
        ("/v1/embeddings", "embeddings", "Turn texts into vectors, in OpenAI's dialect", "EmbeddingsRequest", "OpenAiError"),
        ("/v1/messages", "messages", "Answer a conversation, in Anthropic's dialect", "MessagesRequest", "AnthropicError"),
        (
            "/v1/messages/count_tokens",
            "countTokens",
            "Count the tokens of a conversation, in Anthropic's dialect",
            "CountTokensRequest",
            "AnthropicError",
        ),
    ];
    for (path, id, summary, body, error) in inference {
        let streams = !matches!(id, "embeddings" | "countTokens");
        paths.insert(path.to_owned(), json!({ "post": call(id, summary, body, error, streams) }));
    }
    paths.insert("/v1/models".into(), json!({ "get": read("listModels", "The virtual models that the key may use", "ModelList", false) }));
    paths.insert("/v1/models/{id}".into(), json!({ "get": read("getModel", "One virtual model", "Model", true) }));
    paths.insert("/health/live".into(), json!({ "get": health("live", "Whether the process lives", false) }));
    paths.insert("/health/ready".into(), json!({ "get": health("ready", "Whether requests are served", true) }));
    paths.insert("/metrics".into(), json!({ "get": {
        "operationId": "metrics", "tags": ["operations"], "summary": "Metrics in the OpenMetrics text format", "security": [],
        "responses": { "200": { "description": "The metrics.", "content": { "application/openmetrics-text": { "schema": { "type": "string" } } } } },
    } }));
    paths
}

fn call(id: &str, summary: &str, body: &str, error: &str, streams: bool) -> Value {
    let mut content = json!({ "application/json": { "schema": { "type": "object" } } });
    if let (true, Some(content)) = (streams, content.as_object_mut()) {
        content.insert("text/event-stream".into(), json!({ "schema": { "type": "string" } }));
    }
    json!({
        "operationId": id, "tags": ["inference"], "summary": summary, "security": [{ "virtualKey": [] }],
        "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{body}") } } } },
        "responses": with_errors(json!({ "200": { "description": "The answer, in the dialect of the route.", "content": content } }), error,
            &[400, 401, 403, 404, 409, 413, 422, 429, 502, 503, 504]),
    })
}

fn read(id: &str, summary: &str, schema: &str, one: bool) -> Value {
    let mut operation = json!({
        "operationId": id, "tags": ["inference"], "summary": summary, "security": [{ "virtualKey": [] }],
        "responses": with_errors(json!({ "200": { "description": "What the key may use.", "content": {
            "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } } } }), "OpenAiError", &[400, 401, 404, 503]),
    });
    if let (true, Some(operation)) = (one, operation.as_object_mut()) {
        operation.insert(
            "parameters".into(),
            json!([{
                "name": "id", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 },
                "description": "May hold slashes and colons.",
            }]),
        );
    }
    operation
}

fn health(id: &str, summary: &str, may_be_unready: bool) -> Value {
    let mut responses = json!({ "200": { "description": "Yes.", "content": { "application/json": { "schema": { "type": "object" } } } } });
    if let (true, Some(responses)) = (may_be_unready, responses.as_object_mut()) {
        responses.insert(
            "503".into(),
            json!({ "description": "No: the body says why.", "content": { "application/json": { "schema": { "type": "object" } } } }),
        );
    }
    json!({ "operationId": id, "tags": ["operations"], "summary": summary, "security": [], "responses": responses })
}

fn with_errors(mut responses: Value, error: &str, statuses: &[u16]) -> Value {
    for status in statuses {
        if let Some(responses) = responses.as_object_mut() {
            responses.insert(
                status.to_string(),
                json!({ "description": "See contract.md for the cases.", "content": {
                "application/json": { "schema": { "$ref": format!("#/components/schemas/{error}") } } } }),
            );
        }
    }
    responses
}
