//! A provider is tested over real sockets, and each thing that is wrong is told as what it is. Nothing that costs is ever asked.

use crate::harness::{Ask, Gateway, MASTER_KEY, Setup};
use serde_json::{Value, json};
use testkit::scripted::{Script, Scripted, Turn};

const LIST: &str = r#"{"object":"list","data":[{"id":"gpt-4o","object":"model"}]}"#;

/// What the test of a provider that is not saved says.
fn tested(gateway: &Gateway, kind: &str, base_url: &str, more: Value) -> Value {
    let mut body = json!({"name": "draft", "type": kind, "base_url": base_url, "allow_private_network": true, "credentials": {"api_key": "sk-wrong-canary-0000"}});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let reply = Ask::post("/admin/v1/provider-credentials/test", &body).key(MASTER_KEY).at(gateway.address());
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!reply.text().contains("canary-0000"), "{}", reply.text());
    reply.json()
}

/// The steps that failed, with what helps.
fn failed(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let failed = report["steps"].as_array().unwrap().iter().filter(|step| step["ok"] == false);
    failed.map(|step| (text(&step["name"]), text(&step["remedy"]))).collect()
}

fn gateway() -> Gateway {
    Setup::new().provider("unused", "openai", "http://127.0.0.1:9").model("m", "unused", "gpt-4o", 1).start()
}

#[test]
fn each_fault_of_the_way_there_is_told_as_what_it_is() {
    let gateway = gateway();
    let upstream = Scripted::start(Script::always(Turn::json(200, LIST)));
    let good = tested(&gateway, "openai", &format!("{}/v1", upstream.url()), json!({}));
    assert_eq!(
        (&good["ok"], &good["reachable"], &good["key_valid"], &good["models"]),
        (&json!(true), &json!(true), &json!(true), &json!(1)),
        "{good}"
    );

    let only = |report: &Value, step: &str, remedy: &str| {
        let failed = failed(report);
        assert!(failed.len() == 1 && failed[0].0 == step && failed[0].1.starts_with(remedy), "{step}: {report}");
        assert_eq!((&report["reachable"], &report["key_valid"]), (&json!(false), &Value::Null), "{report}");
    };
    let plain = Scripted::start(Script::on_connect(Turn::new().send("HTTP/1.1 400 Bad Request\r\n\r\n").close()));
    let secure = |upstream: &Scripted| format!("{}/v1", upstream.url().replace("http://", "https://"));
    only(&tested(&gateway, "openai", &secure(&plain), json!({})), "tls", "write base_url with http://");
    let waiting = json!({"timeouts": {"connect": "300ms"}});
    only(&tested(&gateway, "openai", &secure(&upstream), waiting), "tls", "check that the port speaks TLS");
    only(&tested(&gateway, "openai", "http://127.0.0.1:1/v1", json!({})), "connect", "start the server");
    only(&tested(&gateway, "openai", "http://no-such-host.invalid/v1", json!({})), "dns", "check the spelling");
    let mute = Scripted::start(Script::always(Turn::new().close()));
    only(&tested(&gateway, "openai", &format!("{}/v1", mute.url()), json!({})), "answer", "try https://");
    let other = Scripted::start(Script::on_connect(Turn::new().send("SSH-2.0-OpenSSH_9.9\r\n").close()));
    only(&tested(&gateway, "openai", &format!("{}/v1", other.url()), json!({})), "answer", "try https://");
}

/// R71: a redirect is not followed, and no second host sees a secret.
#[test]
fn what_the_provider_answers_is_told_as_what_it_is() {
    let gateway = gateway();
    let second = Scripted::start(Script::always(Turn::json(200, LIST)));
    let to = format!("{}/v1/models", second.url());
    let redirecting = Scripted::start(Script::choose(move |_, _| Turn::answer_with(307, &[("location", to.as_str())], "")));
    let report = tested(&gateway, "openai", &format!("{}/v1", redirecting.url()), json!({}));
    assert_eq!((failed(&report).len(), &report["reachable"], second.connections()), (1, &json!(true), 0), "{report}");

    let rejecting = Scripted::start(Script::always(Turn::json(
        401,
        r#"{"error":{"message":"Incorrect API key provided: sk-wrong-canary-0000","code":"invalid_api_key"}}"#,
    )));
    let report = tested(&gateway, "openai", &format!("{}/v1", rejecting.url()), json!({}));
    assert_eq!((&report["reachable"], &report["key_valid"]), (&json!(true), &json!(false)), "{report}");

    let loading =
        Scripted::start(Script::always(Turn::json(503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#)));
    let report = tested(&gateway, "custom", &loading.url(), json!({"preset": "llamacpp"}));
    assert!(failed(&report).iter().any(|(step, remedy)| step == "probe" && remedy.starts_with("wait until")), "{report}");
    let asked: Vec<_> = loading.requests().into_iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    assert_eq!(asked, ["GET /health", "GET /v1/models"], "and no chat");
}

#[test]
fn models_of_a_provider_are_listed_with_what_is_known_of_them() {
    let upstream = Scripted::start(Script::always(Turn::json(200, LIST)));
    let gateway = Setup::new().provider("own", "openai", &format!("{}/v1", upstream.url())).model("m", "own", "gpt-4o", 1).start();
    let reply = Ask::get("/admin/v1/provider-credentials/file:own/models").key(MASTER_KEY).at(gateway.address());
    let listed = reply.json();
    assert_eq!(
        (reply.status, &listed["data"][0]["id"], &listed["data"][0]["context"]),
        (200, &json!("gpt-4o"), &json!(128_000)),
        "{listed}"
    );
    let tested = Ask::post_bytes("/admin/v1/provider-credentials/file:own/test", b"").key(MASTER_KEY).at(gateway.address());
    assert_eq!((tested.status, &tested.json()["ok"]), (200, &json!(true)), "{}", tested.text());
}
