//! Floods of HTTP/2 frames: what each costs is bounded, and honest callers are answered beside it. R54.

mod attacks;

use crate::harness::{Ask, Gateway, KEY, Setup, openai};
use attacks::{Attack, attacks};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use testkit::figure;
use testkit::scripted::{Script, Scripted};

/// R54: what the process may grow by, in KiB.
const GROWTH: u64 = 50 << 10;
/// Connections that attack at once.
const ATTACKERS: usize = 2;

/// What the honest callers saw, and the process' size meanwhile.
struct Watched {
    times: Vec<Duration>,
    largest: u64,
}

impl Watched {
    fn percentile(&self, share: f64) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[((times.len() - 1) as f64 * share) as usize]
    }
}

/// One honest request after the other, until it is over; every one of them must be served.
fn honest(gateway: &Gateway, over: &AtomicBool, name: &str) -> Watched {
    let mut watched = Watched { times: Vec::new(), largest: 0 };
    while !over.load(Ordering::SeqCst) || watched.times.len() < 5 {
        let began = Instant::now();
        let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address());
        assert_eq!(reply.status, 200, "{name}: an honest request: {}", reply.text());
        watched.times.push(began.elapsed());
        watched.largest = watched.largest.max(gateway.memory());
        std::thread::sleep(Duration::from_millis(10));
    }
    watched
}

fn under_attack(gateway: &Gateway, attack: &Attack, lasting: Duration) -> (Watched, u64, u64) {
    let over = AtomicBool::new(false);
    let (rounds, refusals) = (AtomicU64::new(0), AtomicU64::new(0));
    let address: SocketAddr = gateway.address();
    let watched = std::thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            scope.spawn(|| {
                let until = Instant::now() + lasting;
                while Instant::now() < until {
                    let refused = (attack.run)(address, until);
                    rounds.fetch_add(1, Ordering::SeqCst);
                    refusals.fetch_add(u64::from(refused), Ordering::SeqCst);
                }
                over.store(true, Ordering::SeqCst);
            });
        }
        honest(gateway, &over, attack.name)
    });
    (watched, rounds.into_inner(), refusals.into_inner())
}

#[test]
fn floods_of_frames_are_bounded_and_honest_callers_are_answered() {
    let soak = figure::is_soak();
    let lasting = Duration::from_secs(if soak { 60 } else { 2 });
    let mut events = openai::events(1);
    let word = "w".repeat(64 << 10);
    let content = events[1].replace("word0 ", &word);
    events.splice(1..2, std::iter::repeat_n(content, 80));
    let upstream = Scripted::start(Script::choose(move |_, request| match request.text().contains("\"stream\":true") {
        true => testkit::scripted::Turn::sse(&events),
        false => openai::answered(),
    }));
    let gateway = Setup::new()
        .log("info")
        .patient_provider("one", "openai", &format!("{}/v1", upstream.url()), Duration::from_secs(30))
        .model("m", "one", "up-1", 1)
        .start();
    let calm = {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| honest(&gateway, &over, "calm"));
            std::thread::sleep(Duration::from_secs(1));
            over.store(true, Ordering::SeqCst);
            watcher.join().unwrap()
        })
    };
    let before = gateway.memory();
    for attack in attacks() {
        let (watched, rounds, refusals) = under_attack(&gateway, &attack, lasting);
        let growth = watched.largest.saturating_sub(before);
        let seen = format!(
            "{rounds} connections, {refusals} ended by the gateway, {} MiB, honest p99 {:?} (calm {:?}), {} of them",
            growth >> 10,
            watched.percentile(0.99),
            calm.percentile(0.99),
            watched.times.len()
        );
        figure::seen("R54", attack.name, "memory grows by less than 50 MiB, honest callers are served", seen);
        assert!(growth < GROWTH, "{}: the process grew by {growth} KiB", attack.name);
        assert!(watched.percentile(0.5) < Duration::from_secs(1), "{}: honest callers waited", attack.name);
        if attack.is_refused {
            assert!(refusals > 0, "{}: {rounds} connections, none was ended", attack.name);
        }
    }
    // Nothing is left of it all but the memory that the allocator keeps.
    let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address());
    assert_eq!(reply.status, 200);
    let (_, log) = gateway.output();
    assert!(!log.contains("panicked"), "{log}");
}
