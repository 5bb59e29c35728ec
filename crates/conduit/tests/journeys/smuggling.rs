//! A request whose framing two servers could read differently is refused, or is read in the one way in which it is passed on: whatever comes
//! in, the provider sees sound requests alone, and no caller gets another's answer. R53.

mod corpus;

use crate::harness::{Ask, Gateway, KEY, one, openai};
use corpus::{Attack, Becomes, attacks};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use testkit::figure;
use testkit::scripted::{Request, Script, Scripted, Turn};

/// Long enough for an answer on a busy machine; a connection that stays open without one is waited for so long.
const PATIENCE: Duration = Duration::from_millis(600);

/// A chat request that says who sent it.
fn body(marker: &str) -> String {
    json!({"model": "m", "messages": [{"role": "user", "content": marker}]}).to_string()
}

/// The provider answers every request with the marker that was in it.
fn echo(_number: usize, request: &Request) -> Turn {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let marker = asked["messages"][0]["content"].as_str().unwrap_or("nothing");
    Turn::json(200, openai::reply().replace("Hi there", &format!("echo:{marker}:")))
}

/// What came back on the attacker's connection.
struct Outcome {
    statuses: Vec<u16>,
    text: String,
    closed: bool,
}

fn send(gateway: &Gateway, bytes: &[u8]) -> Outcome {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A refusal may close while the rest is still being sent.
    let _ = stream.write_all(bytes);
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    let closed = loop {
        match stream.read(&mut piece) {
            Ok(0) => break true,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) => break !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        }
    };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let statuses = text.match_indices("HTTP/1.1 ").filter_map(|(at, found)| text[at + found.len()..].get(..3)?.parse().ok()).collect();
    Outcome { statuses, text, closed }
}

/// Every request on the provider's connections, from their very bytes: a request line, headers, a body of the length that is said, nothing else.
fn markers(upstream: &Scripted) -> Vec<String> {
    let mut markers = Vec::new();
    for connection in 0..upstream.connections() {
        let bytes = upstream.received(connection);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let end = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head") + 4;
            let head = std::str::from_utf8(&rest[..end]).expect("a head in ASCII");
            assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
            let lengths: Vec<usize> = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map(|(_, value)| value.parse().expect("a length"))
                .collect();
            assert_eq!(lengths.len(), 1, "{head}");
            for hop in ["transfer-encoding", "upgrade", "connection", "te", "trailer", "expect", "http2-settings", "content_length", "x"] {
                assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with(&format!("{hop}:"))), "{hop} went on: {head}");
            }
            let body = &rest[end..end + lengths[0]];
            let body: Value = serde_json::from_slice(body).expect("a body of the length that is said");
            assert_eq!(body["model"], "up-1");
            markers.push(body["messages"][0]["content"].as_str().expect("a marker").to_owned());
            rest = &rest[end + lengths[0]..];
        }
    }
    markers
}

/// A caller who does nothing wrong, beside the attacker and on a connection of its own.
fn honest_caller_gets_its_own_answer(gateway: &Gateway, attack: &Attack) {
    let marker = format!("honest-{}", attack.name);
    let reply = Ask::post_bytes("/v1/chat/completions", body(&marker).as_bytes()).key(KEY).at(gateway.address());
    assert_eq!(reply.status, 200, "{}: {}", attack.name, reply.text());
    assert!(reply.text().contains(&format!("echo:{marker}:")), "{}: another's answer: {}", attack.name, reply.text());
}

/// How often the provider saw the attack's own request, the one behind it, and others.
#[derive(Debug, PartialEq)]
struct Seen {
    own: usize,
    next: usize,
    all: usize,
}

impl Seen {
    fn of(attack: &Attack, markers: &[String]) -> Self {
        let next = format!("next-{}", attack.name);
        let count = |wanted: &str| markers.iter().filter(|marker| *marker == wanted).count();
        Self { own: count(attack.name), next: count(&next), all: markers.len() }
    }
}

fn judge(attack: &Attack, outcome: &Outcome, before: usize, seen: &Seen) -> Result<(), String> {
    let wrong = |what: &str| {
        let Outcome { statuses, text, closed } = outcome;
        Err(format!(
            "{}: {what}: statuses {statuses:?}, closed {closed}, the provider had {before} requests, then {seen:?}\n{text}",
            attack.name
        ))
    };
    if seen.all != before + seen.own + seen.next {
        return wrong("the provider saw somebody else's request");
    }
    let answers = outcome.text.matches(&format!("echo:{}:", attack.name)).count();
    let unseen = (seen.own, seen.next) == (0, 0);
    let served = (seen.own, seen.next, answers) == (1, 0, 1);
    let failed = outcome.statuses.iter().all(|status| *status >= 400);
    let becomes = match attack.becomes {
        Becomes::RefusedOrServed if served => Becomes::Served,
        Becomes::RefusedOrServed => Becomes::Refused,
        other => other,
    };
    match becomes {
        Becomes::Refused | Becomes::Declined if !unseen => wrong("the provider saw it"),
        Becomes::Refused | Becomes::Declined if !failed => wrong("it was served"),
        Becomes::Refused if !outcome.closed => wrong("the connection stayed open"),
        Becomes::Served | Becomes::ServedThenClosed if !served => wrong("it was not served once"),
        Becomes::Served if outcome.statuses != [200] => wrong("more came than one answer"),
        Becomes::ServedThenClosed if !outcome.closed => wrong("the connection stayed open"),
        Becomes::ServedTwice if (seen.own, seen.next) != (1, 1) || outcome.statuses != [200, 200] => wrong("both were not served"),
        _ => Ok(()),
    }
}

#[test]
fn no_attack_on_the_framing_reaches_a_provider_or_another_caller() {
    let (upstream, gateway) = one(Script::choose(echo));
    let mut wrong = Vec::new();
    let mut before = 0;
    for attack in attacks(KEY) {
        let outcome = send(&gateway, &attack.bytes);
        wrong.extend(judge(&attack, &outcome, before, &Seen::of(&attack, &markers(&upstream))).err());
        honest_caller_gets_its_own_answer(&gateway, &attack);
        before = markers(&upstream).len();
    }
    figure::seen("R53", "the smuggling corpus", "0 desync", format!("{} attacks, {} not met", attacks(KEY).len(), wrong.len()));
    assert!(wrong.is_empty(), "{} attacks were not met:\n{}", wrong.len(), wrong.join("\n"));
}
