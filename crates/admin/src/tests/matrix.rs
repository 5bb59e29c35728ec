//! Every route against every kind of caller and every spelling of its path, made from the table itself.

use super::bench::{Answer, Bench, MASTER, TOKEN};
use crate::access::Access;
use crate::table::ROUTES;
use bytes::Bytes;
use http::Request;
use inventory::KeyChange;

/// Who asks, and whether he may.
async fn callers(bench: &Bench) -> Vec<(&'static str, Option<String>, bool)> {
    let (active, _) = bench.key("active").await;
    let (suspended, id) = bench.key("suspended").await;
    bench.inventory.update_key(&id, None, KeyChange { enabled: Some(false), ..KeyChange::default() }).await.unwrap();
    let mut short = inventory::NewKey::new("expired");
    short.expires_at = Some(store::now_us() + 200_000);
    let expired = bench.inventory.create_key(short).await.unwrap();
    let expired = secrecy::ExposeSecret::expose_secret(&expired.secret).to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    let bearer = |key: &str| Some(format!("Bearer {key}"));
    vec![
        ("nobody", None, false),
        ("a virtual key", bearer(&active), false),
        ("a suspended key", bearer(&suspended), false),
        ("an expired key", bearer(&expired), false),
        ("a wrong key", bearer("condm_wrong-wrong-wrong-wrong"), false),
        ("nearly the master key", bearer(MASTER.get(..MASTER.len() - 1).unwrap()), false),
        ("the master key in another scheme", Some(format!("Basic {MASTER}")), false),
        ("the master key without a scheme", Some(MASTER.to_owned()), false),
        ("an empty key", Some("Bearer ".to_owned()), false),
        ("the master key", bearer(MASTER), true),
        ("the admin token", bearer(TOKEN), true),
    ]
}

async fn ask(bench: &Bench, method: &str, path: &str, key: Option<&String>, extra: Option<(&str, &str)>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(key) = key {
        request = request.header("authorization", key);
    }
    if let Some((name, value)) = extra {
        request = request.header(name, value);
    }
    bench.ask(request.body(Bytes::new()).unwrap()).await
}

fn concrete(path: &str) -> String {
    path.replace("{id}", "0199-no-such-id")
}

/// R59: route by caller. Without the key there is 401 whatever is asked; with it the route itself answers.
#[tokio::test]
async fn every_route_lets_in_exactly_its_callers() {
    let bench = Bench::new().await;
    let callers = callers(&bench).await;
    for route in ROUTES {
        let path = concrete(route.path);
        for (who, key, may) in &callers {
            let answer = ask(&bench, route.method.as_str(), &path, key.as_ref(), None).await;
            let name = format!("{} {path} by {who}: {} {}", route.method, answer.status, answer.text);
            match route.access {
                Access::Public if !path.starts_with("/docs/") => assert_eq!(answer.status, 200, "{name}"),
                _ if *may => assert!(![401, 403, 429].contains(&answer.status) && answer.status < 500, "{name}"),
                _ => {
                    assert_eq!(answer.status, 401, "{name}");
                    answer.is_problem();
                    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{name}");
                }
            }
        }
    }
}

/// R59: a path that two parsers could read differently reaches no handler without the key.
#[tokio::test]
async fn no_spelling_of_a_path_opens_it() {
    let bench = Bench::new().await;
    let (key, _) = bench.key("app").await;
    let wrong = Some(format!("Bearer {key}"));
    for route in ROUTES.iter().filter(|route| route.access == Access::Master) {
        let path = concrete(route.path);
        let rest = path.trim_start_matches('/');
        let spellings = [
            format!("//{rest}"),
            format!("{path}/"),
            format!("{path};x=1"),
            format!("{path}%20"),
            format!("{path}%00"),
            format!("{path}?x=/openapi.json"),
            format!("/docs/..%2f{rest}"),
            format!("/docs/../{rest}"),
            format!("/openapi.json/../{rest}"),
            format!("/openapi.json;/{rest}"),
            format!("/openapi.json%2f..%2f{rest}"),
            format!("/.//{rest}"),
            path.to_ascii_uppercase(),
            path.replacen("/admin", "/%61dmin", 1),
            path.replacen("/v1/", "/v1//", 1),
            path.replacen("/v1/", "/v1/./", 1),
            path.replacen("/v1/", "/v1/%2e%2e/v1/", 1),
            format!("http://elsewhere.example{path}"),
        ];
        for spelling in &spellings {
            for caller in [None, wrong.as_ref()] {
                let answer = ask(&bench, route.method.as_str(), spelling, caller, Some(("host", "openapi.json"))).await;
                assert_eq!(answer.status, 401, "{} {spelling}: {}", route.method, answer.text);
                answer.is_problem();
            }
        }
    }
}

/// Headers that proxies and frameworks believe in change nothing.
#[tokio::test]
async fn no_header_opens_a_route() {
    let bench = Bench::new().await;
    for extra in [
        ("x-original-url", "/openapi.json"),
        ("x-rewrite-url", "/docs"),
        ("x-http-method-override", "GET"),
        ("x-forwarded-for", "127.0.0.1"),
        ("cookie", "conduit_session=x"),
        ("x-api-key", MASTER),
        ("api-key", MASTER),
        ("host", "127.0.0.1"),
    ] {
        let answer = ask(&bench, "GET", "/admin/v1/system", None, Some(extra)).await;
        assert_eq!(answer.status, 401, "{extra:?}");
    }
    let answer = ask(&bench, "GET", &format!("/admin/v1/system?key={MASTER}"), None, None).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn what_is_not_there_is_told_only_to_who_may_know() {
    let bench = Bench::new().await;
    for path in ["/admin/v1/nothing", "/admin/v1/", "/admin/v1", "/admin/v2/system", "/docs/nothing", "/docs/swagger-ui.css.map"] {
        assert_eq!(ask(&bench, "GET", path, None, None).await.status, 401, "{path}");
        let answer = bench.get(path).await;
        assert_eq!(answer.is(404)["code"], "no_such_route", "{path}");
        answer.is_problem();
    }
    for name in [
        "routing",
        "drill",
        "provider-health",
        "provider-health/x/check",
        "notification-channels",
        "prices",
        "cache/clear",
        "audit",
        "session",
        "backup",
        "key-groups",
    ] {
        let path = format!("/admin/v1/{name}");
        assert_eq!(ask(&bench, "POST", &path, None, None).await.status, 401, "{path}");
        let answer = bench.post(&path, serde_json::json!({})).await;
        assert_eq!(answer.is(404)["code"], "not_built", "{path}");
        answer.is_problem();
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_that_there_are() {
    let bench = Bench::new().await;
    for route in ROUTES.iter().filter(|route| route.access == Access::Master) {
        for method in ["PUT", "OPTIONS", "TRACE"] {
            let answer = ask(&bench, method, &concrete(route.path), Some(&format!("Bearer {MASTER}")), None).await;
            assert_eq!(answer.status, 405, "{method} {}", route.path);
            answer.is_problem();
            assert!(answer.header("allow").is_some_and(|allow| allow.contains(route.method.as_str())), "{:?}", answer.header("allow"));
        }
    }
}

/// R76: nobody keeps an answer, and no other site may read one.
#[tokio::test]
async fn answers_are_kept_by_nobody_and_read_by_no_other_site() {
    let bench = Bench::new().await;
    for path in ["/admin/v1/system", "/admin/v1/virtual-keys", "/admin/v1/nothing"] {
        let answer = ask(&bench, "GET", path, Some(&format!("Bearer {MASTER}")), Some(("origin", "https://elsewhere.example"))).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{path}");
    }
}

/// R80: the page of the document needs nothing but this program.
#[tokio::test]
async fn the_documentation_names_no_other_host() {
    let bench = Bench::new().await;
    let page = ask(&bench, "GET", "/docs", None, None).await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"),
        "{policy}"
    );
    assert!(!page.text.contains("//"), "{}", page.text);
    for part in page.text.split('"').filter(|part| part.starts_with("/docs/")) {
        let file = ask(&bench, "GET", part, None, None).await;
        assert_eq!(file.status, 200, "{part}");
        assert!(!file.text.is_empty(), "{part}");
        assert!(file.header("content-type").is_some());
    }
    assert_eq!(ask(&bench, "GET", "/openapi.json", None, None).await.json()["openapi"], "3.1.0");
}

/// R63.
#[tokio::test]
async fn whoever_guesses_is_slowed_down() {
    let bench = Bench::new().await;
    let place = gateway::Peer("203.0.113.5".parse().unwrap());
    let guess = |key: &str| {
        let mut request =
            Request::builder().uri("/admin/v1/system").header("authorization", format!("Bearer {key}")).body(Bytes::new()).unwrap();
        request.extensions_mut().insert(place);
        gateway::ports::Admin::handle(&*bench.api, request)
    };
    for _ in 0..5 {
        assert_eq!(guess("condm_guess").await.status(), 401);
    }
    let locked = guess(MASTER).await;
    assert_eq!(locked.status(), 429);
    assert!(locked.headers().contains_key("retry-after"));
    assert_eq!(bench.get("/admin/v1/system").await.status, 200);
}
