//! What the admin API changes holds for the next request, nothing it says gives a secret away, and a guesser is slowed down.

use crate::harness::{Ask, Gateway, KEY, MASTER_KEY, Reply, Setup, openai};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use testkit::scripted::{Script, Scripted};

const SECRET: &str = "sk-administered-canary-5Tg8Wq";

fn start(upstream: &Scripted) -> Gateway {
    Setup::new().provider("of-file", "openai", &format!("{}/v1", upstream.url())).model("m", "of-file", "up-1", 1).start()
}

fn upstream() -> Scripted {
    Scripted::start(Script::choose(|_, request| openai::obliging(request)))
}

fn admin(gateway: &Gateway, method: &'static str, path: &str, body: &Value) -> Reply {
    let ask = if body.is_null() { Ask::get(path) } else { Ask::post(path, body) };
    ask.by(method).key(MASTER_KEY).at(gateway.address())
}

fn made(gateway: &Gateway, path: &str, body: &Value) -> Value {
    let reply = admin(gateway, "POST", path, body);
    assert!(reply.status < 300, "{path}: {}", reply.text());
    reply.json()
}

fn chat(gateway: &Gateway, key: &str, model: &str) -> u16 {
    Ask::post("/v1/chat/completions", &openai::chat(model)).key(key).at(gateway.address()).status
}

#[test]
fn a_change_holds_for_the_next_request() {
    let upstream = upstream();
    let gateway = start(&upstream);
    let provider = json!({ "name": "added", "type": "openai", "base_url": format!("{}/v1", upstream.url()), "allow_private_network": true,
        "credentials": { "api_key": SECRET } });
    let provider = made(&gateway, "/admin/v1/provider-credentials", &provider);
    assert_eq!(provider["credentials"][0]["api_key"]["set"], true, "{provider}");
    assert_eq!(chat(&gateway, KEY, "new"), 404);
    let mapping =
        made(&gateway, "/admin/v1/model-mappings", &json!({ "virtual_model": "new", "provider": "added", "provider_model": "up-2" }));
    assert_eq!(chat(&gateway, KEY, "new"), 200);
    assert!(upstream.requests().iter().any(|request| format!("{:?}", request.headers).contains(SECRET)), "the credential is used");

    let key = made(&gateway, "/admin/v1/virtual-keys", &json!({ "name": "app", "models": ["new"] }));
    let secret = key["secret"].as_str().unwrap().to_owned();
    let path = format!("/admin/v1/virtual-keys/{}", key["id"].as_str().unwrap());
    assert_eq!((chat(&gateway, &secret, "new"), chat(&gateway, &secret, "m")), (200, 403));
    admin(&gateway, "PATCH", &path, &json!({ "models": ["m"] }));
    assert_eq!((chat(&gateway, &secret, "new"), chat(&gateway, &secret, "m")), (403, 200));
    admin(&gateway, "PATCH", &path, &json!({ "enabled": false }));
    assert_eq!(chat(&gateway, &secret, "m"), 401);
    admin(&gateway, "PATCH", &path, &json!({ "enabled": true }));
    assert_eq!(chat(&gateway, &secret, "m"), 200);
    let rolled = made(&gateway, &format!("{path}/roll"), &json!({ "grace": "1h" }))["secret"].as_str().unwrap().to_owned();
    assert_eq!((chat(&gateway, &secret, "m"), chat(&gateway, &rolled, "m")), (200, 200));
    let last = made(&gateway, &format!("{path}/roll"), &json!({ "grace": "0s" }))["secret"].as_str().unwrap().to_owned();
    assert_eq!((chat(&gateway, &rolled, "m"), chat(&gateway, &last, "m")), (401, 200));
    assert_eq!(admin(&gateway, "DELETE", &path, &Value::Null).status, 204);
    assert_eq!(chat(&gateway, &last, "m"), 401);

    assert_eq!(
        admin(&gateway, "DELETE", &format!("/admin/v1/model-mappings/{}", mapping["id"].as_str().unwrap()), &Value::Null).status,
        204
    );
    assert_eq!(chat(&gateway, KEY, "new"), 404);
    assert_eq!(
        admin(&gateway, "DELETE", &format!("/admin/v1/provider-credentials/{}", provider["id"].as_str().unwrap()), &Value::Null).status,
        204
    );
}

/// The rows of requests reach the list, one a request, under the id that the caller saw.
#[test]
fn a_request_is_found_in_the_list() {
    let upstream = upstream();
    let gateway = start(&upstream);
    let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).header("x-request-id", "journey-4711").at(gateway.address());
    assert_eq!(reply.status, 200);
    let begun = Instant::now();
    let found = loop {
        let list = admin(&gateway, "GET", "/admin/v1/requests?request_id=journey-4711", &Value::Null).json();
        match list["data"].as_array().unwrap().first() {
            Some(row) => break row.clone(),
            None if begun.elapsed() > Duration::from_secs(20) => panic!("no row came: {list}"),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert_eq!(
        (&found["model"], &found["provider"], &found["status"], &found["attempts"]),
        (&json!("m"), &json!("of-file"), &json!(200), &json!(1))
    );
    assert!(found["key"].is_string() && found["usage"].is_object(), "{found}");
    let one = admin(&gateway, "GET", "/admin/v1/requests/journey-4711", &Value::Null).json();
    assert_eq!((&one["id"], one["tried"].as_array().unwrap().len()), (&found["id"], 1));
    let usage = admin(&gateway, "GET", "/admin/v1/usage?by=model", &Value::Null).json();
    assert_eq!((&usage["data"][0]["group"], &usage["data"][0]["requests"]), (&json!("m"), &json!(1)));
}

/// R63: even the right key waits after five wrong ones; this machine's own token does not.
#[test]
fn who_guesses_the_master_key_is_slowed_down() {
    let upstream = upstream();
    let gateway = start(&upstream);
    let ask = |key: &str| Ask::get("/admin/v1/system").key(key).at(gateway.address());
    for _ in 0..5 {
        assert_eq!(ask("condm_guessed-guessed-guessed").status, 401);
    }
    let locked = ask(MASTER_KEY);
    assert_eq!(locked.status, 429);
    assert!(locked.header("retry-after").is_some());
    assert_eq!(locked.header("content-type"), Some("application/problem+json"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(gateway.data_dir().join("admin-token")).unwrap()).unwrap();
    assert_eq!(ask(file["token"].as_str().unwrap()).status, 200);
    // Inference is not touched by it.
    assert_eq!(chat(&gateway, KEY, "m"), 200);
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(ask(MASTER_KEY).status, 200);
}

/// What never reaches the admin API is refused in its form all the same.
#[test]
fn a_body_beyond_the_limit_is_a_problem() {
    let upstream = upstream();
    let gateway = start(&upstream);
    let reply = Ask::post_bytes("/admin/v1/virtual-keys", &vec![b'x'; 5 << 20]).key(MASTER_KEY).at(gateway.address());
    assert_eq!((reply.status, reply.header("content-type")), (413, Some("application/problem+json")), "{}", reply.text());
    assert_eq!(reply.json()["status"], 413);
}
