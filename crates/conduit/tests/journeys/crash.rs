//! kill -9 under load, at random moments, loses no usage row and doubles none.

use crate::harness::{Ask, Gateway, KEY, Setup, openai, rows_once};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::figure;
use testkit::scripted::{Script, Scripted};

const CALLERS: usize = 4;

#[test]
fn every_answered_request_has_its_row_exactly_once() {
    survive(Setup::new(), None);
}

/// The journey, on whichever database.
pub(crate) fn survive(setup: Setup, url: Option<String>) {
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let mut gateway = setup.provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    let answered = Arc::new(Mutex::new(Vec::new()));
    let mut random = seed();
    let moments = if figure::is_soak() { 500 } else { 50 };
    for _ in 0..moments {
        load(&mut gateway, &answered, Duration::from_millis(next(&mut random) % 120));
        gateway.spawn();
    }
    let url = url.unwrap_or_else(|| gateway.database_url());
    let answered = answered.lock().unwrap();
    assert!(answered.len() >= 100, "only {} requests were answered: no load", answered.len());
    let rows = rows_once(&url, "a row for every answered request", |rows| {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for row in rows {
            *counts.entry(&row.request_id).or_default() += 1;
        }
        assert!(counts.values().all(|count| *count == 1), "a request has two rows");
        answered.iter().all(|id| counts.contains_key(id.as_str()))
    });
    let by_id: HashMap<&str, &str> = rows.iter().map(|row| (row.request_id.as_str(), row.status.as_str())).collect();
    for id in answered.iter() {
        assert_eq!(by_id.get(id.as_str()), Some(&"succeeded"), "{id}");
    }
    let seen = format!("{moments} times: {} answered requests, each with one row", answered.len());
    figure::seen(
        "R41, R42",
        &format!("kill -9 at random moments, {}", url.split(':').next().unwrap_or_default()),
        "nothing lost or doubled",
        seen,
    );
}

/// Callers ask without a pause until the process is killed under them.
fn load(gateway: &mut Gateway, answered: &Arc<Mutex<Vec<String>>>, after: Duration) {
    let stop = Arc::new(AtomicBool::new(false));
    let address = gateway.address();
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(answered));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if let Some(id) = one_request(address, number) {
                        answered.lock().unwrap().push(id);
                    }
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(20) + after);
    gateway.kill();
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().unwrap();
    }
}

/// The id of a request that was answered to its last byte.
fn one_request(address: SocketAddr, number: usize) -> Option<String> {
    let stream = number % 2 == 1;
    let body = if stream { openai::chat_stream("m") } else { openai::chat("m") };
    let answer = Ask::post("/v1/chat/completions", &body).key(KEY).open(address).ok()?;
    let id = answer.header("x-request-id")?.to_owned();
    let reply = answer.whole().ok()?;
    let complete = reply.status == 200 && (!stream || reply.text().ends_with("data: [DONE]\n\n"));
    complete.then_some(id)
}

fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = std::env::var("CONDUIT_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(now.as_nanos() as u64);
    println!("CONDUIT_TEST_SEED={seed}");
    seed | 1
}

/// xorshift.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
