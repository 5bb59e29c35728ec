//! The resources: made, listed, changed on a version, removed; objects of the file are shown and not changed.

use super::bench::{Answer, Bench, MASTER, TOKEN, request};
use bytes::Bytes;
use inventory::FileObjects;
use inventory::file::FileKey;
use inventory::object::{CredentialObject, FieldState, MappingObject, ProviderObject};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Keys, RootSecret, Store, StoreConfig};

const PROVIDERS: &str = "/admin/v1/provider-credentials";
const MAPPINGS: &str = "/admin/v1/model-mappings";
const KEYS: &str = "/admin/v1/virtual-keys";

fn openai(name: &str) -> Value {
    json!({ "name": name, "type": "openai", "credentials": { "api_key": "sk-test-0123456789abcdef3Yu5", "organization": "org-1" } })
}

async fn on_version(bench: &Bench, method: &str, path: &str, version: &str, body: &str) -> Answer {
    let request = request(method, path).header("content-type", "application/json").header("if-match", version);
    bench.ask(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_provider_is_made_shown_changed_and_removed() {
    let bench = Bench::new().await;
    let answer = bench.post(PROVIDERS, openai("main")).await;
    let made = answer.is(201);
    let path = format!("{PROVIDERS}/{}", made["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(path.as_str()));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!((&made["source"], &made["version"], &made["problem"]), (&json!("database"), &json!(1), &Value::Null));
    let credential = &made["credentials"][0];
    assert_eq!(credential["api_key"], json!({ "set": true, "tail": "3Yu5" }));
    assert_eq!(credential["organization"], "org-1");
    assert_eq!(bench.get(&path).await.is(200), made);
    assert_eq!(bench.get(PROVIDERS).await.is(200)["data"], json!([made]));

    let changed =
        bench.send("PATCH", &path, json!({ "name": "renamed", "timeouts": { "total": "30s" }, "max_in_flight": 7 })).await.is(200);
    assert_eq!((&changed["name"], &changed["timeouts"], &changed["version"]), (&json!("renamed"), &json!({ "total": "30s" }), &json!(2)));
    assert_eq!(changed["credentials"], made["credentials"]);
    let back = bench.send("PATCH", &path, json!({ "timeouts": { "total": null }, "max_in_flight": null })).await.is(200);
    assert_eq!((&back["timeouts"], &back["max_in_flight"]), (&json!({}), &Value::Null));

    bench.send("DELETE", &path, "").await.is(204);
    assert_eq!(bench.get(&path).await.is(404)["code"], "not_found");
    assert_eq!(bench.send("DELETE", &path, "").await.is(404)["code"], "not_found");
}

/// A change that was made on what is no longer so does not undo somebody else's.
#[tokio::test]
async fn a_change_on_a_stale_version_is_refused() {
    let bench = Bench::new().await;
    let id = bench.post(PROVIDERS, openai("main")).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("{PROVIDERS}/{id}");
    on_version(&bench, "PATCH", &path, "\"1\"", r#"{"enabled":false}"#).await.is(200);
    let stale = on_version(&bench, "PATCH", &path, "\"1\"", r#"{"enabled":true}"#).await;
    assert_eq!(stale.is(412)["code"], "stale");
    stale.is_problem();
    on_version(&bench, "DELETE", &path, "\"1\"", "").await.is(412);
    assert_eq!(bench.get(&path).await.is(200)["enabled"], false);
    for wrong in ["x", "", "\"1\", \"2\"", "W/\"2\"", "\"-\"", "99999999999999999999"] {
        assert_eq!(on_version(&bench, "PATCH", &path, wrong, "{}").await.fields(), ["if-match"], "{wrong}");
    }
    let two = request("PATCH", &path).header("content-type", "application/json").header("if-match", "\"2\"").header("if-match", "\"3\"");
    assert_eq!(bench.ask(two.body(Bytes::from("{}")).unwrap()).await.fields(), ["if-match"]);
    on_version(&bench, "PATCH", &path, "*", r#"{"enabled":true}"#).await.is(200);
    on_version(&bench, "DELETE", &path, "3", "").await.is(204);
}

#[tokio::test]
async fn several_credentials_are_told_apart_by_name() {
    let bench = Bench::new().await;
    let body = json!({ "name": "two", "type": "openai", "credentials": [
        { "name": "a", "api_key": "sk-first-0123456789abcdefAAAA", "weight": 3 },
        { "name": "b", "api_key": "sk-second-0123456789abcdefBBBB" },
    ] });
    let made = bench.post(PROVIDERS, body).await.is(201);
    assert_eq!(made["credentials"][0]["weight"], 3);
    assert_eq!(made["credentials"][1]["weight"], 1);
    let path = format!("{PROVIDERS}/{}", made["id"].as_str().unwrap());
    let ambiguous = bench.send("PATCH", &path, json!({ "credentials": { "api_key": "sk-third-0123456789abcdefCCCC" } })).await;
    assert_eq!(ambiguous.fields(), ["credentials"]);
    let twice = json!({ "credentials": [{ "name": "b", "weight": 0 }, { "name": "b", "api_key": "sk-third-0123456789abcdefCCCC" }] });
    assert_eq!(bench.send("PATCH", &path, twice).await.fields(), ["credentials[1].name"]);
    let changed =
        bench.send("PATCH", &path, json!({ "credentials": [{ "name": "b", "weight": 0 }], "remove_credentials": ["a"] })).await.is(200);
    assert_eq!(changed["credentials"], json!([{ "name": "b", "weight": 0, "api_key": { "set": true, "tail": "BBBB" } }]));
    let rotated = bench.send("PATCH", &path, json!({ "credentials": { "api_key": "sk-third-0123456789abcdefCCCC" } })).await.is(200);
    assert_eq!(rotated["credentials"][0]["api_key"]["tail"], "CCCC");
}

/// Forms send null for what was left empty.
#[tokio::test]
async fn empty_custom_options_are_nothing_for_another_type() {
    let bench = Bench::new().await;
    let mut body = openai("main");
    body["preset"] = Value::Null;
    let id = bench.post(PROVIDERS, body).await.is(201)["id"].as_str().unwrap().to_owned();
    let changed =
        bench.send("PATCH", &format!("{PROVIDERS}/{id}"), json!({ "preset": null, "headers": null, "enabled": false })).await.is(200);
    assert_eq!((&changed["enabled"], changed.get("custom")), (&json!(false), None));
    let refused = bench.send("PATCH", &format!("{PROVIDERS}/{id}"), json!({ "preset": "vllm" })).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
}

/// R72: a new host gets no secret that was meant for another one.
#[tokio::test]
async fn another_host_needs_the_secret_again() {
    let bench = Bench::new().await;
    let id = bench.post(PROVIDERS, openai("main")).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("{PROVIDERS}/{id}");
    let refused = bench.send("PATCH", &path, json!({ "base_url": "https://elsewhere.example/v1" })).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(!refused.fields().is_empty());
    let body = json!({ "base_url": "https://elsewhere.example/v1", "credentials": { "api_key": "sk-again-0123456789abcdefDDDD" } });
    assert_eq!(bench.send("PATCH", &path, body).await.is(200)["base_url"], "https://elsewhere.example/v1");
}

#[tokio::test]
async fn wrong_providers_are_refused_by_field() {
    let bench = Bench::new().await;
    let cases = [
        (json!({ "name": "x", "type": "openia" }), "type"),
        (json!({ "name": " x", "type": "simulated" }), "name"),
        (json!({ "name": "x", "type": "openai" }), "credentials"),
        (json!({ "name": "x", "type": "openai", "credentials": { "api_key": "env:OPENAI_API_KEY" } }), "credentials.api_key"),
        (json!({ "name": "x", "type": "openai", "credentials": { "api_key": "sk-0123456789abcdef", "regoin": "x" } }), "credentials"),
        (
            json!({ "name": "x", "type": "openai", "base_url": "http://10.0.0.1/v1", "credentials": { "api_key": "sk-0123456789abcdef" } }),
            "base_url",
        ),
        (
            json!({ "name": "x", "type": "openai", "base_url": "not a url", "credentials": { "api_key": "sk-0123456789abcdef" } }),
            "base_url",
        ),
        (json!({ "name": "x", "type": "simulated", "timeouts": { "total": "5 parsecs" } }), "timeouts.total"),
        (json!({ "name": "x", "type": "simulated", "timeouts": { "total": "99999h" } }), "timeouts.total"),
        (json!({ "name": "x", "type": "custom", "base_url": "https://x.example/v1", "auth_header": "content-length" }), "auth_header"),
        (json!({ "name": "x", "type": "custom", "base_url": "https://x.example/v1", "quirks": ["developer_as_sistem"] }), "quirks"),
        (
            json!({ "name": "x", "type": "custom", "base_url": "https://x.example/v1", "headers": { "x-team": "env:TEAM" } }),
            "headers.x-team",
        ),
        (json!({ "name": "x", "type": "custom", "base_url": "https://x.example/v1", "query": { "sig": "${SIG}" } }), "query.sig"),
        (json!({ "name": "x", "type": "simulated", "preset": "vllm" }), "preset"),
    ];
    for (body, field) in cases {
        let answer = bench.post(PROVIDERS, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert!(answer.fields().iter().any(|named| named.starts_with(field)), "{field}: {}", answer.text);
    }
    assert_eq!(bench.get(PROVIDERS).await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn a_custom_endpoint_keeps_its_options_and_shows_no_value_of_its_headers() {
    let bench = Bench::new().await;
    let body = json!({ "name": "vllm", "type": "custom", "base_url": "https://models.example/v1", "preset": "vllm",
        "headers": { "x-team": "the-secret-team-42" }, "query": { "sig": "the-secret-sig-4242" }, "paths": { "chat": "/chat" } });
    let made = bench.post(PROVIDERS, body).await;
    assert!(!made.text.contains("the-secret"), "{}", made.text);
    let made = made.is(201);
    assert_eq!(made["custom"]["headers"]["x-team"], json!({ "set": true, "tail": "m-42" }));
    assert_eq!(made["custom"]["preset"], "vllm");
    let path = format!("{PROVIDERS}/{}", made["id"].as_str().unwrap());
    let changed = bench.send("PATCH", &path, json!({ "paths": null, "headers": { "x-team": null, "x-new": "another-secret-77" } })).await;
    let changed = changed.is(200);
    assert_eq!(changed["custom"].get("paths"), None);
    assert_eq!(changed["custom"]["headers"]["x-team"]["set"], true);
    assert_eq!(changed["custom"]["headers"]["x-new"]["set"], true);
    assert_eq!(changed["custom"]["query"]["sig"]["set"], true);
}

/// A header that was sealed under a root secret that is not known here is stored all the same, and says why it is not used.
#[tokio::test]
async fn a_header_that_cannot_be_opened_is_told() {
    let root = |name: &str| RootSecret::parse(&format!("a root secret of the {name} gateway of this test, 42")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("c.db").display());
    let open = async |keys: Keys| Store::open(StoreConfig::new(&*url), Arc::new(keys)).await.unwrap();
    let bench = Bench::on(open(Keys::derive(&root("old"))).await, FileObjects::default()).await;
    let body =
        json!({ "name": "vllm", "type": "custom", "base_url": "https://models.example/v1", "headers": { "x-team": "the-secret-team-42" } });
    let path = format!("{PROVIDERS}/{}", bench.post(PROVIDERS, body).await.is(201)["id"].as_str().unwrap());
    let newer = Bench::on(open(Keys::derive_with_old(&root("new"), &[root("old")])).await, FileObjects::default()).await;
    newer.send("PATCH", &path, json!({ "headers": { "x-team": "another-secret-77" } })).await.is(200);
    bench.inventory.refresh().await.unwrap();
    let shown = bench.get(&path).await.is(200);
    let header = &shown["custom"]["headers"]["x-team"];
    assert_eq!(header["set"], true);
    assert!(header["unreadable"].as_str().is_some_and(|reason| !reason.is_empty()), "{shown}");
    assert!(shown["problem"].as_str().unwrap().contains("headers.x-team"), "{shown}");
}

#[tokio::test]
async fn a_mapping_is_made_changed_and_removed() {
    let bench = Bench::new().await;
    bench.post(PROVIDERS, json!({ "name": "sim", "type": "simulated" })).await.is(201);
    let body = json!({ "virtual_model": "my-chat", "provider": "sim", "provider_model": "sim-chat", "parameters": { "temperature": 0.5 }, "strict": true });
    let made = bench.post(MAPPINGS, body.clone()).await.is(201);
    assert_eq!((&made["provider"], &made["strict"], &made["parameters"]), (&json!("sim"), &json!(true), &json!({ "temperature": 0.5 })));
    let clash = bench.post(MAPPINGS, body).await;
    assert_eq!(clash.is(409)["code"], "conflict");
    let path = format!("{MAPPINGS}/{}", made["id"].as_str().unwrap());
    let changed = bench.send("PATCH", &path, json!({ "priority": 2, "parameters": {} })).await.is(200);
    assert_eq!((&changed["priority"], &changed["parameters"], &changed["strict"]), (&json!(2), &json!({}), &json!(true)));
    let missing = bench.send("PATCH", &path, json!({ "provider": "nobody" })).await;
    assert_eq!(missing.fields(), ["provider"]);
    let used = bench.send("DELETE", &format!("{PROVIDERS}/{}", made["provider_id"].as_str().unwrap()), "").await;
    assert!(used.is(409)["detail"].as_str().unwrap().contains("my-chat"), "{}", used.text);
    bench.send("DELETE", &path, "").await.is(204);
}

#[tokio::test]
async fn an_import_makes_all_or_nothing() {
    let bench = Bench::new().await;
    bench.post(PROVIDERS, json!({ "name": "sim", "type": "simulated" })).await.is(201);
    let entry = |name: &str, provider: &str| json!({ "virtual_model": name, "provider": provider, "provider_model": "sim-chat" });
    let import = format!("{MAPPINGS}/import");
    let bad = bench.post(&import, json!({ "mappings": [entry("a", "sim"), entry("b", "nobody")] })).await;
    assert_eq!(bad.fields(), ["mappings[1].provider"]);
    assert_eq!(bench.get(MAPPINGS).await.is(200)["data"], json!([]));
    let dry = bench.post(&import, json!({ "mappings": [entry("a", "sim"), entry("b", "sim")], "dry_run": true })).await.is(200);
    assert_eq!((&dry["count"], &dry["data"], &dry["dry_run"]), (&json!(2), &json!([]), &json!(true)));
    assert_eq!(bench.get(MAPPINGS).await.is(200)["data"], json!([]));
    let done = bench.post(&import, json!({ "mappings": [entry("a", "sim"), entry("b", "sim")] })).await.is(200);
    assert_eq!(done["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_is_made_rolled_suspended_and_revoked() {
    let bench = Bench::new().await;
    let body = json!({ "name": "ci", "models": ["my-*"], "operations": ["chat"], "limits": { "concurrency": 3 }, "expires_in": "720h" });
    let made = bench.post(KEYS, body).await.is(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("condt_"));
    assert_eq!(made["key"]["tail"], json!(secret.get(secret.len() - 4..).unwrap()));
    assert_eq!((&made["state"], &made["limits"]["concurrency"], &made["operations"]), (&json!("active"), &json!(3), &json!(["chat"])));
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    let shown = bench.get(&path).await;
    assert!(!shown.text.contains(&secret));
    assert_eq!(shown.is(200).get("secret"), None);

    let rolled = bench.send("POST", &format!("{path}/roll"), json!({ "grace": "1h" })).await.is(200);
    assert_ne!(rolled["secret"], json!(secret));
    assert!(rolled["previous"]["until"].as_str().is_some());
    let again = bench.send("POST", &format!("{path}/roll"), "").await;
    assert_eq!(again.is(409)["code"], "conflict", "the grace that was promised is kept");
    assert_eq!(bench.send("POST", &format!("{path}/roll"), json!({ "grace": "0s" })).await.is(200)["previous"], Value::Null);

    let suspended =
        bench.send("PATCH", &path, json!({ "enabled": false, "models": null, "limits": { "concurrency": null } })).await.is(200);
    assert_eq!(
        (&suspended["state"], &suspended["models"], &suspended["limits"]["concurrency"]),
        (&json!("suspended"), &Value::Null, &Value::Null)
    );
    assert_eq!(bench.send("PATCH", &path, json!({ "enabled": true })).await.is(200)["state"], "active");
    bench.send("DELETE", &path, "").await.is(204);
    bench.get(&path).await.is(404);
}

#[tokio::test]
async fn wrong_keys_are_refused_by_field() {
    let bench = Bench::new().await;
    bench.post(KEYS, json!({ "name": "taken" })).await.is(201);
    for (body, field) in [
        (json!({ "name": "x", "expires_at": "2001-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "name": "x", "expires_at": "soon" }), "expires_at"),
        (json!({ "name": "x", "expires_in": "0s" }), "expires_in"),
        (json!({ "name": "x", "expires_in": "5m", "expires_at": "2030-01-01T00:00:00Z" }), "expires_in"),
        (json!({ "name": "x", "operations": ["chta"] }), "operations[0]"),
        (json!({ "name": "x", "key": "short" }), "key"),
        (json!({ "name": "x", "key": MASTER }), "key"),
        (json!({ "name": "x", "key": TOKEN }), "key"),
        (json!({ "name": "x", "models": ["a*b"] }), "models"),
    ] {
        let answer = bench.post(KEYS, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert!(answer.fields().iter().any(|named| named.starts_with(field)), "{field}: {}", answer.text);
    }
    assert_eq!(bench.post(KEYS, json!({ "name": "taken" })).await.is(409)["code"], "conflict");
    let far = bench.post(KEYS, json!({ "name": "x", "expires_at": "9999-12-31T23:59:59Z" })).await;
    assert_eq!(far.is(400)["errors"][0]["problem"], "is out of range");
    let no_time = bench.post(KEYS, json!({ "name": "x", "expires_at": "9999-12-31" })).await;
    assert_eq!(no_time.is(400)["errors"][0]["problem"], "is no time");
}

#[tokio::test]
async fn lists_come_in_pages_that_meet_without_a_gap() {
    let bench = Bench::new().await;
    for number in 0..7 {
        bench.post(KEYS, json!({ "name": format!("key-{number}") })).await.is(201);
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = bench.get(&format!("{KEYS}?limit=3{after}")).await.is(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 3);
        names.extend(data.iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    // Keys of one millisecond have no order among themselves.
    names.sort();
    assert_eq!(names, (0..7).map(|number| format!("key-{number}")).collect::<Vec<_>>());
    assert_eq!(bench.get(&format!("{KEYS}?name=key-3")).await.is(200)["data"].as_array().unwrap().len(), 1);
    for list in [KEYS, PROVIDERS, MAPPINGS, "/admin/v1/requests"] {
        assert_eq!(bench.get(&format!("{list}?after=zzz")).await.fields(), ["after"], "{list}");
    }
    // Where a page ended at an object that is gone, the next one begins after it.
    let gone = bench.get(&format!("{KEYS}?after=00000000-0000-7000-8000-000000000000")).await.is(200);
    assert_eq!(gone["data"].as_array().unwrap().len(), 7);
}

/// What a file with one object of each kind becomes.
fn file() -> FileObjects {
    let mut provider = ProviderObject::of_file("conduit.yaml:3", "main", "openai");
    let secret = FieldState::Secret(SecretString::from("sk-file-0123456789abcdefFFFF"));
    provider.credentials.push(CredentialObject::new("default", [("api_key".to_owned(), secret)]));
    FileObjects {
        providers: vec![provider],
        mappings: vec![MappingObject::of_file("conduit.yaml:9", "org/my:chat", "main", "gpt-4o")],
        keys: vec![FileKey::new("conduit.yaml:14", "of-file", SecretString::from("a-key-of-the-file-0123456789"))],
        ..FileObjects::default()
    }
}

#[tokio::test]
async fn objects_of_the_file_are_shown_and_not_changed() {
    let bench = Bench::with(file()).await;
    for (list, id, place) in [
        (PROVIDERS, "file:main", "conduit.yaml:3"),
        (MAPPINGS, "file:org%2Fmy:chat%2Fmain%2Fgpt-4o", "conduit.yaml:9"),
        (KEYS, "file:of-file", "conduit.yaml:14"),
    ] {
        let path = format!("{list}/{id}");
        let shown = bench.get(&path).await;
        assert!(!shown.text.contains("sk-file") && !shown.text.contains("a-key-of-the-file"), "{}", shown.text);
        let shown = shown.is(200);
        assert_eq!((&shown["source"], &shown["place"], &shown["version"]), (&json!("file"), &json!(place), &Value::Null));
        assert_eq!(bench.get(list).await.is(200)["data"], json!([shown]));
        for (method, body) in [("PATCH", "{}"), ("DELETE", "")] {
            let refused = bench.send(method, &path, body).await;
            let problem = refused.is(409);
            assert_eq!(problem["code"], "read_only", "{method} {path}");
            assert!(problem["detail"].as_str().unwrap().contains(place), "{}", refused.text);
        }
    }
    assert_eq!(bench.send("POST", &format!("{KEYS}/file:of-file/roll"), "{}").await.is(409)["code"], "read_only");
    assert_eq!(bench.post(PROVIDERS, openai("main")).await.is(409)["code"], "conflict");
}

#[tokio::test]
async fn the_state_of_conduit_is_told_without_a_secret() {
    let bench = Bench::with(file()).await;
    bench.inventory.report_bad_file(vec![inventory::Problem { place: "conduit.yaml:7".into(), message: "models: is not a list".into() }]);
    bench.inventory.set_restart_needed(vec!["server.listen".into()]);
    let answer = bench.get("/admin/v1/system").await;
    let system = answer.is(200);
    assert_eq!(system["version"], "0.0.0-test");
    assert_eq!(system["database"]["state"], "in_step");
    assert_eq!(system["bad_config"]["problems"][0]["place"], "conduit.yaml:7");
    assert_eq!(system["restart_needed"], json!(["server.listen"]));
    assert_eq!(system["providers"]["file"], 1);
    assert_eq!(system["root_keys"].as_array().unwrap().len(), 1);
    assert!(!answer.text.contains("sk-file"));
}

#[tokio::test]
async fn the_forms_of_the_types_are_listed() {
    let bench = Bench::new().await;
    let answer = bench.get("/admin/v1/provider-types").await;
    let list: crate::resources::types::TypeList = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(list.data.len(), providers::ALL.len());
    assert_eq!(serde_json::to_value(&list).unwrap(), answer.json());
    let openai = list.data.iter().find(|each| each.kind == "openai").unwrap();
    assert!(openai.fields.iter().any(|field| field.name == "api_key" && field.secret && field.required));
}

/// The dry run calls nobody and shows no secret.
#[tokio::test]
async fn a_request_is_explained() {
    let bench = Bench::new().await;
    bench.post(PROVIDERS, openai("main")).await.is(201);
    bench.post(MAPPINGS, json!({ "virtual_model": "my-chat", "provider": "main", "provider_model": "gpt-4o" })).await.is(201);
    let answer =
        bench.post("/admin/v1/explain", json!({ "model": "my-chat", "body": { "messages": [{ "role": "user", "content": "Hi" }] } })).await;
    let said = answer.is(200);
    assert_eq!(said["candidates"][0]["chosen"], true);
    assert_eq!(said["upstream_request"]["body"]["model"], "gpt-4o");
    assert!(!answer.text.contains("sk-test"), "{}", answer.text);
    assert!(bench.provider.asked.lock().is_empty());
    assert_eq!(bench.post("/admin/v1/explain", json!({ "model": "nothing" })).await.is(404)["code"], "not_found");
    let wrong = bench.post("/admin/v1/explain", json!({ "model": "my-chat", "body": { "messages": 7 } })).await;
    assert_eq!(wrong.fields(), ["body.messages"]);
    assert_eq!(bench.post("/admin/v1/explain", json!({ "model": "my-chat", "key": "nobody" })).await.fields(), ["key"]);
}

/// R38: a database that does not answer is 503, and nothing is half made.
#[tokio::test]
async fn without_a_database_there_is_503_and_never_401() {
    let bench = Bench::new().await;
    bench.post(KEYS, json!({ "name": "before" })).await.is(201);
    bench.store.close().await.unwrap();
    for answer in [
        bench.post(KEYS, json!({ "name": "after" })).await,
        bench.post(PROVIDERS, openai("after")).await,
        bench.get("/admin/v1/requests").await,
        bench.get("/admin/v1/usage").await,
    ] {
        assert_eq!(answer.is(503)["code"], "storage_unavailable");
        answer.is_problem();
        assert!(answer.header("retry-after").is_some());
    }
    assert_eq!(bench.get(KEYS).await.is(200)["data"].as_array().unwrap().len(), 1);
    assert_eq!(bench.get("/admin/v1/system").await.is(200)["database"]["state"], "lost");
}

#[tokio::test]
async fn a_provider_is_tested_and_lists_its_models() {
    let bench = Bench::new().await;
    let id = bench.post(PROVIDERS, openai("main")).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("{PROVIDERS}/{id}");
    let answer = bench.send("POST", &format!("{path}/test"), "").await;
    let report: crate::resources::provider_calls::TestReportView = serde_json::from_str(&answer.text).unwrap();
    assert!(report.ok && report.reachable == Some(true) && report.key_valid == Some(true), "{}", answer.text);
    assert_eq!(serde_json::to_value(&report).unwrap(), answer.is(200));
    assert_eq!(bench.get(&format!("{path}/models")).await.is(200)["data"][0]["id"], "gpt-4o");
    let draft = bench.post(&format!("{PROVIDERS}/test"), openai("other")).await.is(200);
    assert_eq!(draft["ok"], true);
    assert_eq!(bench.get(PROVIDERS).await.is(200)["data"].as_array().unwrap().len(), 1);
    *bench.provider.answer.lock() = (401, r#"{"error":{"message":"Incorrect API key provided: sk-test-0123456789abcdef3Yu5"}}"#.to_owned());
    let refused = bench.send("POST", &format!("{path}/test"), "").await;
    assert_eq!((&refused.is(200)["ok"], &refused.json()["key_valid"]), (&json!(false), &json!(false)));
    let models = bench.get(&format!("{path}/models")).await;
    assert_eq!(models.is(502)["code"], "provider_auth_failed");
    assert!(!refused.text.contains("sk-test") && !models.text.contains("sk-test"), "{} {}", refused.text, models.text);
}

/// The new secret takes the old one's place only where the provider takes it.
#[tokio::test]
async fn a_secret_is_exchanged_after_a_test() {
    let bench = Bench::new().await;
    let id = bench.post(PROVIDERS, openai("main")).await.is(201)["id"].as_str().unwrap().to_owned();
    let path = format!("{PROVIDERS}/{id}/rotate");
    let tail = async || bench.get(&format!("{PROVIDERS}/{id}")).await.is(200)["credentials"][0]["api_key"]["tail"].clone();
    let fresh = json!({ "fields": { "api_key": "sk-fresh-0123456789abcdefNNNN" } });
    *bench.provider.answer.lock() = (401, r#"{"error":{"message":"no"}}"#.to_owned());
    assert_eq!(bench.post(&path, fresh.clone()).await.fields(), ["fields"]);
    *bench.provider.answer.lock() = (503, "{}".to_owned());
    assert_eq!(bench.post(&path, fresh.clone()).await.is(502)["code"], "test_failed");
    assert_eq!(tail().await, "3Yu5");
    let mut unseen = fresh.clone();
    unseen["skip_test"] = json!(true);
    assert_eq!(bench.post(&path, unseen).await.is(200)["test"], Value::Null);
    *bench.provider.answer.lock() = (200, r#"{"object":"list","data":[{"id":"gpt-4o"}]}"#.to_owned());
    let rotated = bench.post(&path, fresh).await.is(200);
    assert_eq!((&rotated["test"]["ok"], tail().await), (&json!(true), json!("NNNN")));
    let last = bench.provider.asked.lock().last().unwrap().1.clone();
    assert_eq!(last["authorization"], "Bearer sk-fresh-0123456789abcdefNNNN");
    assert_eq!(
        bench.post(&path, json!({ "fields": { "api_key": "sk-x-0123456789abcdef" }, "credential": "other" })).await.fields(),
        ["credential"]
    );
    assert_eq!(bench.post(&path, json!({ "fields": {} })).await.fields(), ["fields"]);
}
