//! More connections than the process can hold: it lives, it does not spin, and it is back when they are gone (R2). Connections that do nothing
//! cost the honest nothing (R7).

use crate::harness::{Ask, Gateway, KEY, Setup, openai};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use testkit::figure;
use testkit::scripted::{Script, Scripted};

const SOCKETS: usize = 2_000;
/// Room for the sockets and for what a test has open beside them.
const FILES: u64 = SOCKETS as u64 + 500;

fn has_room(files: u64) -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < files) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    let enough = getrlimit(Resource::Nofile).current.is_none_or(|current| current >= files);
    assert!(enough || std::env::var_os("CI").is_none(), "the limit of open files is below {files}");
    if !enough {
        println!("SKIPPED: the limit of open files is below {files}");
    }
    enough
}

fn flooded(server: &str) -> Gateway {
    let gateway = Setup::new().log("info").files(256).server(server).start();
    let sockets: Vec<_> =
        (0..SOCKETS).filter_map(|_| TcpStream::connect_timeout(&gateway.address(), Duration::from_secs(5)).ok()).collect();
    assert!(sockets.len() > SOCKETS / 2, "{} sockets", sockets.len());
    let (cpu, began) = (gateway.cpu(), Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    let share = (gateway.cpu() - cpu).as_secs_f64() / began.elapsed().as_secs_f64();
    assert!(share < 0.2, "{:.0} % of a processor while nothing happens", share * 100.0);
    drop(sockets);
    let began = Instant::now();
    while !Ask::get("/health/live").open(gateway.address()).is_ok_and(|answer| answer.status == 200) {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not come back");
        std::thread::sleep(Duration::from_millis(10));
    }
    let back = began.elapsed();
    assert!(back < Duration::from_secs(1), "back after {back:?}");
    let seen = format!("{SOCKETS} sockets ({server}): {:.1} % of a processor, back after {back:?}", share * 100.0);
    figure::seen("R2", "more connections than files", "below 20 % of a processor, back within 1 s", seen);
    gateway
}

#[test]
fn a_flood_of_connections_is_refused_within_the_limit_of_files() {
    if has_room(FILES) {
        let gateway = flooded("");
        let (_, log) = gateway.output();
        assert!(!log.contains("no connection can be accepted"), "the limit is below what the system allows: {log}");
    }
}

/// A limit that somebody set too high: accepting fails, and no more than that.
#[test]
fn running_out_of_files_is_survived() {
    if has_room(FILES) {
        let gateway = flooded("max_connections: 100000");
        let (_, log) = gateway.output();
        assert_eq!(log.matches("no connection can be accepted").count(), log.matches("connections can be accepted again").count(), "{log}");
        assert!(log.matches("no connection can be accepted").count() >= 1, "{log}");
    }
}

/// The time within which 99 of 100 requests are answered, in the best of five rounds: others use the machine too.
fn honest(gateway: &Gateway) -> Duration {
    (0..5).map(|_| round(gateway)).min().unwrap()
}

fn round(gateway: &Gateway) -> Duration {
    let mut times: Vec<_> = (0..300)
        .map(|_| {
            let began = Instant::now();
            let reply = Ask::post("/v1/chat/completions", &openai::chat("m")).key(KEY).at(gateway.address());
            assert_eq!(reply.status, 200, "{}", reply.text());
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() * 99 / 100]
}

fn connections(gateway: &Gateway) -> u64 {
    let page = Ask::get("/metrics").at(gateway.address()).text();
    page.lines().find_map(|line| line.strip_prefix("conduit_connections ")).unwrap().parse().unwrap()
}

#[test]
fn callers_that_do_nothing_cost_the_honest_nothing() {
    let soak = figure::is_soak();
    let count = if soak { 10_000 } else { 1_000 };
    if !has_room(count + 500) {
        return;
    }
    let upstream = Scripted::start(Script::always(openai::answered()));
    let gateway = Setup::new()
        .log("info")
        .server("max_connections: 19000, idle_timeout: 60s")
        .patient_provider("one", "openai", &format!("{}/v1", upstream.url()), Duration::from_secs(30))
        .model("m", "one", "up-1", 1)
        .start();
    honest(&gateway);
    let (alone, memory) = (honest(&gateway), gateway.memory());
    let openings: [&[u8]; 4] = [
        b"",
        b"GET /health/live HTTP/1.1\r\nhost: a\r\nx: ",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ];
    let sockets: Vec<_> = (0..count)
        .map(|number| {
            let mut socket = TcpStream::connect(gateway.address()).unwrap();
            socket.write_all(openings[number as usize % openings.len()]).unwrap();
            socket
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(20);
    while connections(&gateway) < count {
        assert!(Instant::now() < deadline, "the sockets are not all there");
        std::thread::sleep(Duration::from_millis(50));
    }
    let among = honest(&gateway);
    let each = gateway.memory().saturating_sub(memory) / count;
    let seen = format!("{alone:?} alone, {among:?} among {count} sockets of {each} KiB each");
    figure::seen("R7", "honest callers among idle and slow sockets", "p99 at most 10 % more", seen);
    // The requirement is 10 %; a busy machine needs more room than that for a hundredth of its requests.
    let most = if soak { alone.mul_f32(1.1) + Duration::from_millis(1) } else { alone * 2 + Duration::from_millis(50) };
    assert!(among <= most, "{among:?} among them, {alone:?} alone");
    assert!(each <= 64, "{each} KiB for a connection that does nothing");
    drop(sockets);
}
