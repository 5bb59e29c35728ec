//! Hot reload (R52): a changed file is in force without a restart, a bad one changes nothing, and no request notices either.

use crate::gateway::{Gateway, chat};
use crate::process::Folder;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const VARIABLES: [(&str, &str); 2] = [("CONDUIT_MASTER_KEY", MASTER), ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e")];
const MASTER: &str = "9f3c1be07ad24568b1f3c9e2d7405a6b";
const KEY: &str = "app-9f3c1be07ad24568b1f3c9e2";

/// A configuration whose models are `demo-chat` and the ones given.
fn yaml(models: &[String]) -> String {
    let mut text = format!(
        "providers: [ {{ name: sim, type: simulated }} ]\nkeys: [ {{ name: app, key: {KEY} }} ]\nmodels:\n  - {{ name: demo-chat, provider: sim, provider_model: sim-chat }}\n"
    );
    for model in models {
        text += &format!("  - {{ name: {model}, provider: sim, provider_model: sim-chat }}\n");
    }
    text
}

fn start(folder: &Folder, content: &str) -> (String, Gateway) {
    let file = folder.file("conduit.yaml", content);
    let gateway = Gateway::start(&["--config", &file, "--data-dir", &folder.path("data")], &VARIABLES, "http://");
    (file, gateway)
}

fn models(gateway: &Gateway) -> String {
    gateway.request("GET", "/v1/models", KEY, "").1
}

fn system(gateway: &Gateway) -> serde_json::Value {
    let (status, answer) = gateway.request("GET", "/admin/v1/system", MASTER, "");
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

fn soon(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Puts the content in the file's place in one step, as `mv` and Kubernetes do.
fn replace(folder: &Folder, file: &str, content: &str) {
    let next = folder.file("next.tmp", content);
    std::fs::rename(next, file).unwrap();
}

#[test]
fn a_changed_file_is_in_force_and_a_bad_one_is_reported() {
    let folder = Folder::new();
    let (file, gateway) = start(&folder, &yaml(&[]));
    replace(&folder, &file, &yaml(&["second".to_owned()]));
    soon("the second model is served", || models(&gateway).contains("second"));
    // Written in place as well.
    std::fs::write(&file, yaml(&["third".to_owned()])).unwrap();
    soon("the third model is served", || models(&gateway).contains("third") && !models(&gateway).contains("second"));

    let duplicate = format!("{}keys: []\n", yaml(&[]));
    for (bad, expected) in [
        ("providers: [", "not valid YAML"),
        ("", "is empty"),
        (duplicate.as_str(), "twice"),
        ("models: [ { name: x, provider: nobody, provider_model: y } ]\n", "there is no provider `nobody`"),
        ("keys: [ { name: app, key: env:NOWHERE } ]\n", "NOWHERE is not set"),
    ] {
        replace(&folder, &file, bad);
        soon(&format!("{expected} is reported"), || system(&gateway)["bad_config"].to_string().contains(expected));
        assert!(models(&gateway).contains("third"), "the last good one stays: {bad}");
        assert_eq!(gateway.chat(KEY).0, 200);
    }
    // Larger than any configuration: refused before it is read.
    let big = folder.path("big.tmp");
    std::fs::File::create(&big).unwrap().set_len(65 << 20).unwrap();
    std::fs::rename(&big, &file).unwrap();
    soon("the size is reported", || system(&gateway)["bad_config"].to_string().contains("larger than 64 MiB"));
    assert_eq!(gateway.chat(KEY).0, 200);
    let metrics = gateway.request("GET", "/metrics", "", "").1;
    let rejected = metrics.lines().find(|line| line.starts_with("conduit_config_reloads") && line.contains("rejected"));
    assert!(rejected.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    replace(&folder, &file, &yaml(&["fourth".to_owned()]));
    soon("the fourth model is served", || models(&gateway).contains("fourth"));
    assert_eq!(system(&gateway)["bad_config"], serde_json::Value::Null);
}

/// A request keeps what it began with, although its model, its provider and its key are gone when it ends.
#[test]
fn a_request_under_way_keeps_what_it_began_with() {
    let folder = Folder::new();
    let content = yaml(&[]).replace("provider_model: sim-chat", "provider_model: \"sim-chat;delay=3s\"");
    let (file, gateway) = start(&folder, &content);
    std::thread::scope(|scope| {
        let address = &gateway.address;
        let slow = scope.spawn(move || chat(address, KEY));
        std::thread::sleep(Duration::from_millis(500));
        replace(&folder, &file, "keys: [ { name: other, key: other-9f3c1be07ad24568b1f3 } ]\n");
        soon("the key is gone", || gateway.request("GET", "/v1/models", KEY, "").0 == 401);
        assert!(!slow.is_finished(), "the request was still under way");
        let (status, answer) = slow.join().unwrap();
        assert!(status == 200 && answer.contains("\"choices\""), "{answer}");
    });
}

#[test]
fn fields_that_need_a_restart_are_named_and_the_rest_holds() {
    let folder = Folder::new();
    let (file, gateway) = start(&folder, &yaml(&[]));
    replace(&folder, &file, &format!("{}storage: {{ url: \"sqlite://{}\" }}\n", yaml(&["more".to_owned()]), folder.path("other.db")));
    soon("the model is served", || models(&gateway).contains("more"));
    soon("the field is named", || system(&gateway)["restart_needed"] == serde_json::json!(["storage.url"]));
    replace(&folder, &file, &yaml(&["more".to_owned()]));
    soon("nothing waits", || system(&gateway)["restart_needed"] == serde_json::json!([]));
}

/// SIGHUP resolves references to secrets anew, although the file is the same.
#[test]
fn a_hangup_resolves_secrets_anew() {
    let folder = Folder::new();
    let secret = folder.file("key", "first-key-9f3c1be07ad24568b1f3");
    let content = yaml(&[]).replace(KEY, &format!("\"file:{secret}\""));
    let (_, gateway) = start(&folder, &content);
    assert_eq!(gateway.chat("first-key-9f3c1be07ad24568b1f3").0, 200);
    std::fs::write(&secret, "other-key-9f3c1be07ad24568b1f3").unwrap();
    gateway.process.signal("HUP");
    soon("the other key is taken", || gateway.chat("other-key-9f3c1be07ad24568b1f3").0 == 200);
    assert_eq!(gateway.chat("first-key-9f3c1be07ad24568b1f3").0, 401);
}

fn resident(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The least that was used over some reloads: what the load of the moment adds comes and goes.
fn least(resident: &[u64]) -> u64 {
    resident.iter().copied().min().unwrap_or_default()
}

/// R52: reloads under load fail no request and leave no memory behind; 1,000 of them in the soak.
#[test]
fn reloads_under_load_fail_no_request() {
    let reloads: usize = if testkit::figure::is_soak() { 1_000 } else { 12 };
    let folder = Folder::new();
    let many = |version: usize| (0..200).map(|number| format!("m-{version}-{number}")).collect::<Vec<_>>();
    let (file, gateway) = start(&folder, &yaml(&many(0)));
    let (ended, asked, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let mut used = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (address, ended, asked, failed) = (&gateway.address, &ended, &asked, &failed);
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    asked.fetch_add(1, Ordering::Relaxed);
                    if chat(address, KEY).0 != 200 {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for version in 1..=reloads {
            replace(&folder, &file, &yaml(&many(version)));
            let wanted = format!("m-{version}-199");
            soon(&wanted, || models(&gateway).contains(&wanted));
            used.push(resident(&gateway));
        }
        ended.store(true, Ordering::Relaxed);
    });
    let (asked, failed) = (asked.into_inner(), failed.into_inner());
    // The last tenth against the tenth after the first quarter, when everything that is kept once is there.
    let (quarter, tenth) = (reloads / 4, (reloads / 10).max(1));
    let (early, late) = (least(&used[quarter..quarter + tenth]), least(&used[reloads - tenth..]));
    let grown = late.saturating_sub(early);
    let promise = format!("{reloads} reloads under load: requests that failed; memory that grew after the first quarter");
    testkit::figure::seen("R52", &promise, "0; under 1 MiB", format!("{failed} of {asked}; {grown} KiB of {early} KiB"));
    assert_eq!(failed, 0, "of {asked} requests");
    assert!(asked > reloads, "{asked} requests");
    // In a short run memory goes up and down with the load by some MiB, and little of it is what the reloads left behind.
    let most = if testkit::figure::is_soak() { 1_024 } else { 16 * 1_024 };
    assert!(grown < most, "{early} KiB, then {late} KiB");
}
