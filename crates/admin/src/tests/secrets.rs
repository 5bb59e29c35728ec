//! R64: what is secret is in no answer but the one that makes it.

use super::bench::{Bench, MASTER, TOKEN};
use crate::table::ROUTES;
use serde_json::json;

const CANARY: &str = "sk-canary-7f3a9c1e5b2d8f4a6c0e-QQQQ";

/// As it stands, and in the spellings that hide it.
fn spellings(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![secret.to_owned(), secret.replace('-', "%2D"), hex]
}

#[tokio::test]
async fn no_answer_holds_a_stored_secret() {
    let bench = Bench::new().await;
    let providers = "/admin/v1/provider-credentials";
    let provider = bench.post(providers, json!({ "name": "main", "type": "openai", "credentials": { "api_key": CANARY } })).await.is(201);
    let mapping = json!({ "virtual_model": "m", "provider": "main", "provider_model": "gpt-4o" });
    let mapping = bench.post("/admin/v1/model-mappings", mapping).await.is(201);
    let (key, key_id) = bench.key("app").await;
    let secrets: Vec<String> = [CANARY, MASTER, TOKEN, key.as_str()].iter().flat_map(|secret| spellings(secret)).collect();
    let ids = [provider["id"].as_str().unwrap(), mapping["id"].as_str().unwrap(), key_id.as_str(), "missing"];
    for route in ROUTES {
        for id in ids {
            let path = route.path.replace("{id}", id);
            // Bodies that hold the secret in wrong places: a refusal must not repeat it.
            let bodies = [
                json!({}),
                json!({ "name": { "api_key": CANARY }, "credentials": CANARY, "model": "m", "key": key, "api_key": CANARY }),
                json!({ "credentials": { "api_key": [CANARY, 7] }, "type": CANARY, "virtual_model": [CANARY] }),
                json!({ "name": "main", "type": "openai", "credentials": { "api_key": CANARY, "regoin": CANARY } }),
                json!({ "model": "m", "body": { "messages": [{ "role": "user", "content": "Hi" }] } }),
            ];
            for body in bodies {
                let text = if route.body.shape().is_some() { body.to_string() } else { String::new() };
                if route.method == http::Method::DELETE || route.id == "rollKey" {
                    continue;
                }
                let answer = bench.send(route.method.as_str(), &path, text).await;
                for secret in &secrets {
                    let echoed = secret == CANARY && answer.text.contains(&format!("`{CANARY}`"));
                    assert!(!answer.text.contains(secret) && !echoed, "{} {path}: {}", route.method, answer.text);
                    assert!(!format!("{:?}", answer.headers).contains(secret), "{} {path}", route.method);
                }
            }
        }
    }
}
