//! R66: the root secret is rotated while the gateway runs; nothing is lost, and nobody notices.

use crate::gateway::{Gateway, chat};
use crate::process::{Folder, conduit};
use crate::says;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[test]
fn the_root_secret_is_rotated_under_load() {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    let key = gateway.told("virtual key");
    let at = |words: &[&str]| conduit(&[words, &["--data-dir", &data][..]].concat(), &[("UP_KEY", "sk-canary-7Xq2mV9s")]);
    for number in 0..20 {
        let name = format!("p{number}");
        let words = ["provider", "add", &name, "--type", "openai", "--secret", "api_key=env:UP_KEY"];
        assert_eq!(at(&words).code, Some(0));
    }
    let before = std::fs::read_to_string(folder.path("data/root-secret")).unwrap();
    let (ended, asked, failed) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let rotated = std::thread::scope(|scope| {
        let (address, key, ended, asked, failed) = (&gateway.address, &key, &ended, &asked, &failed);
        scope.spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                asked.fetch_add(1, Ordering::Relaxed);
                if chat(address, key).0 != 200 {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let rotated = at(&["rotate-root", "--json"]);
        ended.store(true, Ordering::Relaxed);
        rotated
    });
    let (asked, failed) = (asked.into_inner(), failed.into_inner());
    assert_eq!((rotated.code, failed), (Some(0), 0), "{rotated:?}");
    let report: Value = serde_json::from_str(&rotated.out).unwrap();
    let seen = format!("{failed} of {asked}; {} sealed anew, {} left under the old one", report["rewrapped"], report["left_under_old"]);
    testkit::figure::seen("R66", "rotation of the root secret under load: requests that failed; values", "0; all, and 0 left", seen);
    assert!(report["rewrapped"].as_u64().unwrap() >= 20, "{report}");
    assert_eq!((&report["old_retired"], &report["undecryptable"]), (&Value::Bool(true), &serde_json::json!([])));
    let after = std::fs::read_to_string(folder.path("data/root-secret")).unwrap();
    assert!(before != after && !Path::new(&folder.path("data/root-secret.old")).exists());
    // The running gateway reads what was sealed anew, and so does the next start, with the new secret alone; keys stay good.
    assert!(at(&["provider", "list"]).out.contains("...mV9s"));
    assert_eq!(gateway.stop().code, Some(0));
    let again = Gateway::start(&["--data-dir", &data], &[], "http://");
    assert_eq!(again.chat(&key).0, 200);
    let listed = at(&["provider", "list"]);
    assert!(listed.out.contains("...mV9s") && !listed.out.contains("cannot be read"), "{listed:?}");
    drop(again);
    // The old one opens nothing any more.
    std::fs::write(folder.path("data/root-secret"), before).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &data];
    says(&conduit(&serve, &[]), 1, "", "the root secret is not the one");
}

/// A run that was interrupted after the secrets were put in place is taken up by the next.
#[test]
fn an_interrupted_rotation_is_taken_up() {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    let key = gateway.told("virtual key");
    assert_eq!(gateway.stop().code, Some(0));
    let (current, old) = (folder.path("data/root-secret"), folder.path("data/root-secret.old"));
    std::fs::rename(&current, &old).unwrap();
    std::fs::copy(&old, &current).unwrap();
    std::fs::write(&current, "Jq3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e-new").unwrap();
    // A gateway in between works with both.
    let between = Gateway::start(&["--data-dir", &data], &[], "http://");
    assert_eq!(between.chat(&key).0, 200);
    assert_eq!(between.stop().code, Some(0));
    says(&conduit(&["rotate-root", "--data-dir", &data], &[]), 0, "the old one was removed", "");
    assert_eq!(std::fs::read_to_string(&current).unwrap(), "Jq3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e-new", "no third secret was made");
    let again = Gateway::start(&["--data-dir", &data], &[], "http://");
    assert_eq!(again.chat(&key).0, 200);
}

/// Of several at once one goes on; the others change nothing, and no secret is lost.
#[test]
fn of_rotations_at_once_one_goes_on() {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    let key = gateway.told("virtual key");
    assert_eq!(gateway.stop().code, Some(0));
    let before = std::fs::read_to_string(folder.path("data/root-secret")).unwrap();
    // As a rotation that is under way holds it.
    let lock = std::fs::File::create(folder.path("data/rotation.lock")).unwrap();
    lock.lock().unwrap();
    let rotate = || conduit(&["rotate-root", "--data-dir", &data], &[]);
    says(&rotate(), 1, "", "another rotation of this data directory's root secret is under way");
    assert_eq!(std::fs::read_to_string(folder.path("data/root-secret")).unwrap(), before);
    drop(lock);
    let ended: Vec<_> = std::thread::scope(|scope| {
        let several: Vec<_> = (0..4).map(|_| scope.spawn(rotate)).collect();
        several.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(ended.iter().any(|one| one.code == Some(0)), "{ended:?}");
    assert!(ended.iter().all(|one| one.code == Some(0) || one.err.contains("another rotation")), "{ended:?}");
    let again = Gateway::start(&["--data-dir", &data], &[], "http://");
    assert_eq!(again.chat(&key).0, 200);
}

/// A directory without a root secret is left as it was: a first start in it is still one.
#[test]
fn where_nothing_is_to_be_rotated_nothing_is_made() {
    let folder = Folder::new();
    let data = folder.path("data");
    std::fs::create_dir(&data).unwrap();
    says(&conduit(&["rotate-root", "--data-dir", &data], &[]), 1, "", "there is no root secret to be rotated");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

/// What opens under no secret is told, and holds up neither the end of this rotation nor the next one.
#[test]
fn a_damaged_value_does_not_hold_up_the_rotation() {
    let folder = Folder::new();
    let data = folder.path("data");
    let gateway = Gateway::start(&["--data-dir", &data], &[], "curl http");
    let at = |words: &[&str]| conduit(&[words, &["--data-dir", &data][..]].concat(), &[("UP_KEY", "sk-canary-7Xq2mV9s")]);
    let words = ["provider", "add", "p", "--type", "openai", "--secret", "api_key=env:UP_KEY"];
    assert_eq!(at(&words).code, Some(0));
    assert_eq!(gateway.stop().code, Some(0));
    damage(&format!("sqlite://{}", folder.path("data/conduit.db")));
    let (current, old) = (folder.path("data/root-secret"), folder.path("data/root-secret.old"));
    let secret = || std::fs::read_to_string(&current).unwrap();
    let first = secret();
    says(&at(&["rotate-root"]), 1, "the old one was removed", "entering them again is the only remedy");
    let second = secret();
    assert!(first != second && !Path::new(&old).exists());
    says(&at(&["rotate-root"]), 1, "the old one was removed", "entering them again is the only remedy");
    assert_ne!(second, secret(), "the next rotation is one of its own");
}

/// Changes the last byte of the one credential.
fn damage(url: &str) {
    use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = Database::connect(url).await.unwrap();
        let read = Statement::from_string(DbBackend::Sqlite, "SELECT sealed FROM credential_fields");
        let mut sealed: Vec<u8> = database.query_one_raw(read).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        let write = Statement::from_sql_and_values(DbBackend::Sqlite, "UPDATE credential_fields SET sealed = $1", [sealed.into()]);
        assert_eq!(database.execute_raw(write).await.unwrap().rows_affected(), 1);
        database.close().await.unwrap();
    });
}

/// With the secret in the environment the command changes no file and says what is to be set.
#[test]
fn a_secret_of_the_environment_is_rotated_too() {
    let folder = Folder::new();
    let data = folder.path("data");
    let master = ("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b");
    let (first, second) = ("q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e", "Zx0LrT5mYk2NwB7cJ4hD9sF6gA1eq3v8-second");
    let gateway = Gateway::start(&["--data-dir", &data], &[master, ("CONDUIT_ROOT_SECRET", first)], "http://");
    let rotate = |variables: &[(&str, &str)]| conduit(&["rotate-root", "--data-dir", &data], &[&[master], variables].concat());
    says(&rotate(&[("CONDUIT_ROOT_SECRET", first)]), 2, "", "CONDUIT_ROOT_SECRET_NEW");
    let new = [("CONDUIT_ROOT_SECRET", first), ("CONDUIT_ROOT_SECRET_NEW", second)];
    says(&rotate(&new), 1, "", "the running gateway does not know the new root secret");
    assert_eq!(gateway.stop().code, Some(0));
    says(&rotate(&new), 0, "CONDUIT_ROOT_SECRET set to the new one", "");
    let after = Gateway::start(&["--data-dir", &data], &[master, ("CONDUIT_ROOT_SECRET", second)], "http://");
    assert_eq!(after.stop().code, Some(0));
}
