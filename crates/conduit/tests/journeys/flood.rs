//! More connections than the process can hold: it lives, it does not spin, and it is back when they are gone. R2.

use crate::harness::{Ask, Gateway, Setup};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SOCKETS: usize = 2_000;
/// Room for the sockets and for what a test has open beside them.
const FILES: u64 = SOCKETS as u64 + 500;

fn has_room() -> bool {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    let enough = getrlimit(Resource::Nofile).current.is_none_or(|current| current >= FILES);
    assert!(enough || std::env::var_os("CI").is_none(), "the limit of open files is below {FILES}");
    if !enough {
        println!("SKIPPED: the limit of open files is below {FILES}");
    }
    enough
}

fn flooded(server: &str) -> Gateway {
    let gateway = Setup::new().log("info").files(256).server(server).start();
    let (cpu, began) = (gateway.cpu(), Instant::now());
    let sockets: Vec<_> =
        (0..SOCKETS).filter_map(|_| TcpStream::connect_timeout(&gateway.address(), Duration::from_secs(5)).ok()).collect();
    let flooding = gateway.cpu() - cpu;
    assert!(sockets.len() > SOCKETS / 2, "{} sockets", sockets.len());
    let opened = began.elapsed();
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
    println!(
        "FIGURE: {SOCKETS} sockets in {opened:?} ({flooding:?} of processor time), then {:.1} % of a processor, back after {back:?} ({server})",
        share * 100.0
    );
    gateway
}

#[test]
fn a_flood_of_connections_is_refused_within_the_limit_of_files() {
    if has_room() {
        let gateway = flooded("");
        let (_, log) = gateway.output();
        assert!(!log.contains("no connection can be accepted"), "the limit is below what the system allows: {log}");
    }
}

/// A limit that somebody set too high: accepting fails, and no more than that.
#[test]
fn running_out_of_files_is_survived() {
    if has_room() {
        let gateway = flooded("max_connections: 100000");
        let (_, log) = gateway.output();
        assert_eq!(log.matches("no connection can be accepted").count(), log.matches("connections can be accepted again").count(), "{log}");
        assert!(log.matches("no connection can be accepted").count() >= 1, "{log}");
    }
}
