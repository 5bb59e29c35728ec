//! R39: a database that is not there yet, or goes away, ends nothing.

use crate::gateway::Gateway;
use crate::process::{Folder, Running, conduit};
use crate::says;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use testkit::postgres::Postgres;

const VARIABLES: [(&str, &str); 2] =
    [("CONDUIT_MASTER_KEY", "9f3c1be07ad24568b1f3c9e2d7405a6b"), ("CONDUIT_ROOT_SECRET", "q3v8Zx0LrT5mYk2NwB7cJ4hD9sF6gA1e")];

const KEY: &str = "app-9f3c1be07ad24568b1f3c9e2";

fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Status and whole answer; 0 where nobody answers.
fn get(address: &str, path: &str) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(address) else { return (0, String::new()) };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    (answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
}

fn until(address: &str, path: &str, status: u16, patience: Duration) -> Duration {
    let begun = Instant::now();
    while get(address, path).0 != status {
        assert!(begun.elapsed() < patience, "{path} is not {status}: {:?}", get(address, path));
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

#[test]
fn a_database_that_starts_late_is_waited_for() {
    let Some(server) = Postgres::shared() else { return };
    let real = server.database();
    let folder = Folder::new();
    // The server is reached by a socket in a directory: one that appears late is a server that starts late.
    let (before, sockets) = real.split_once("host=").unwrap();
    let late = folder.path("late");
    let url = format!("{before}host={late}");
    let address = free();
    let mut variables = VARIABLES.to_vec();
    variables.push(("DATABASE_URL", &url));
    let process = Running::start(&["serve", "--listen", &address, "--data-dir", &folder.path("data")], &variables);
    until(&address, "/health/live", 200, Duration::from_secs(20));
    let (status, answer) = get(&address, "/health/ready");
    assert!(status == 503 && answer.contains("starting"), "{answer}");
    assert_eq!(get(&address, "/v1/models").0, 503, "not served yet, and no 401 (R38)");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(get(&address, "/health/live").0, 200);
    std::os::unix::fs::symlink(sockets, &late).unwrap();
    let took = until(&address, "/health/ready", 200, Duration::from_secs(20));
    testkit::figure::seen("R39", "ready after a database that starts late", "under 5 s", format!("{took:.1?}"));
    assert!(took < Duration::from_secs(5), "ready {took:?} after the database");
    process.signal("TERM");
    let finished = process.finish(Duration::from_secs(30));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.err.matches("is not there yet").count(), 1, "logged once: {}", finished.err);
}

/// A file whose model is served without the database, and its key.
fn configuration(folder: &Folder) -> String {
    let content = format!(
        "providers: [ {{ name: sim, type: simulated }} ]\nmodels: [ {{ name: demo-chat, provider: sim, provider_model: sim-chat }} ]\nkeys: [ {{ name: app, key: {KEY} }} ]\n"
    );
    folder.file("conduit.yaml", &content)
}

/// Not ready while the database is away, and ready again when it is back; requests do not notice either. The time until it is ready again.
fn readiness_follows(gateway: &Gateway, mut away: impl FnMut(), mut back: impl FnMut()) -> Duration {
    assert_eq!(get(&gateway.address, "/health/ready").0, 200);
    away();
    until(&gateway.address, "/health/ready", 503, Duration::from_secs(30));
    let (_, answer) = get(&gateway.address, "/health/ready");
    assert!(answer.contains("database"), "{answer}");
    assert_eq!(get(&gateway.address, "/health/live").0, 200);
    for _ in 0..20 {
        let (status, answer) = gateway.chat(KEY);
        assert_eq!(status, 200, "{answer}");
    }
    back();
    let took = until(&gateway.address, "/health/ready", 200, Duration::from_secs(30));
    assert_eq!(gateway.chat(KEY).0, 200);
    took
}

/// The server is stopped and started again while Conduit serves; what was used meanwhile waited in the journal, and an orderly end brings it in.
#[test]
fn a_database_that_goes_away_makes_conduit_unready_and_stops_no_request() {
    let Some(server) = Postgres::start() else { return };
    let (folder, url) = (Folder::new(), server.database());
    let (config, data) = (configuration(&folder), folder.path("data"));
    let mut variables = VARIABLES.to_vec();
    variables.push(("DATABASE_URL", &url));
    let gateway = Gateway::start(&["--config", &config, "--data-dir", &data], &variables, "http://");
    let server = std::cell::RefCell::new(server);
    let took = readiness_follows(&gateway, || server.borrow_mut().stop(), || server.borrow_mut().resume());
    testkit::figure::seen("R39", "ready again after a database that went away while serving", "under 5 s", format!("{took:.1?}"));
    assert!(took < Duration::from_secs(10), "ready {took:?} after the database");
    let finished = gateway.stop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.err.contains("usage rows are still in the journal"), "{}", finished.err);
}

/// A file that is moved away stays open: it answers, and is the wrong one all the same.
#[test]
fn a_database_file_that_is_moved_away_makes_conduit_unready() {
    let folder = Folder::new();
    let (config, data) = (configuration(&folder), folder.path("data"));
    let (here, elsewhere) = (folder.path("database"), folder.path("elsewhere"));
    std::fs::create_dir(&here).unwrap();
    let url = format!("sqlite://{here}/conduit.db");
    let mut variables = VARIABLES.to_vec();
    variables.push(("DATABASE_URL", &url));
    let gateway = Gateway::start(&["--config", &config, "--data-dir", &data], &variables, "http://");
    let (away, back) = (|| std::fs::rename(&here, &elsewhere).unwrap(), || std::fs::rename(&elsewhere, &here).unwrap());
    readiness_follows(&gateway, away, back);
    let finished = gateway.stop();
    assert!(finished.code == Some(0) && finished.err.contains("was moved, removed or replaced"), "{finished:?}");
}

/// While it waits, it stops when asked to.
#[test]
fn a_wait_for_the_database_ends_with_a_signal() {
    let folder = Folder::new();
    let address = free();
    let url = format!("postgres://nobody@{}/conduit", free());
    let mut variables = VARIABLES.to_vec();
    variables.push(("DATABASE_URL", &url));
    let process = Running::start(&["serve", "--listen", &address, "--data-dir", &folder.path("data")], &variables);
    until(&address, "/health/live", 200, Duration::from_secs(20));
    process.signal("TERM");
    let finished = process.finish(Duration::from_secs(10));
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

/// What waiting does not mend ends the start.
#[test]
fn what_stays_wrong_ends_the_start() {
    let folder = Folder::new();
    let data = folder.path("data");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", &data];
    let mut process = Running::start(&serve, &VARIABLES);
    process.until("http://");
    process.signal("TERM");
    assert_eq!(process.finish(Duration::from_secs(20)).code, Some(0));
    let other = [VARIABLES[0], ("CONDUIT_ROOT_SECRET", "another-root-7cJ4hD9sF6gA1eq3v8Zx0LrT5m")];
    says(&conduit(&serve, &other), 1, "", "the root secret is not the one that this database was made with");
}
