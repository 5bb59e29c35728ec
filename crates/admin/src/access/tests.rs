use super::Door;
use gateway::keys::{KeyHash, KeyHasher};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Plain;

impl KeyHasher for Plain {
    fn hash(&self, key: &str) -> KeyHash {
        Sha256::digest(key.as_bytes()).into()
    }
}

const MASTER: &str = "the master key of these tests";
const TOKEN: &str = "the token of this machine";

fn door(master: Option<&str>, token: Option<&str>) -> Door {
    Door::new(Arc::new(Plain), master.map(|key| Plain.hash(key)), token.map(|key| Plain.hash(key)))
}

fn with(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_bytes(value.as_bytes()).unwrap());
    headers
}

fn status(door: &Door, headers: &HeaderMap, now: Instant) -> u16 {
    door.open(headers, Some("192.0.2.7".parse::<IpAddr>().unwrap()), now).map_or_else(|problem| problem.status.as_u16(), |_| 200)
}

#[test]
fn the_master_key_and_the_token_open_and_nothing_else_does() {
    let (door, now) = (door(Some(MASTER), Some(TOKEN)), Instant::now());
    assert_eq!(status(&door, &with(&format!("Bearer {MASTER}")), now), 200);
    assert_eq!(status(&door, &with(&format!("bearer {TOKEN}")), now), 200);
    assert_eq!(status(&door, &HeaderMap::new(), now), 401);
    for wrong in ["Bearer", "Bearer ", MASTER, "Basic dXNlcjpwYXNz"] {
        assert_eq!(status(&door, &with(wrong), now), 401, "{wrong}");
    }
}

/// R60: what is not configured is not "anything goes".
#[test]
fn without_a_master_key_nothing_opens() {
    let door = door(None, None);
    for given in ["", "Bearer ", "Bearer x", "Bearer null"] {
        assert_eq!(status(&door, &with(given), Instant::now()), 401);
    }
}

/// R62.
#[test]
fn two_keys_are_refused_even_if_one_is_right() {
    let mut headers = with(&format!("Bearer {MASTER}"));
    headers.append("authorization", HeaderValue::from_static("Bearer other"));
    assert_eq!(status(&door(Some(MASTER), None), &headers, Instant::now()), 401);
}

/// R63: after five wrong keys even the right one waits, and the machine's own token does not.
#[test]
fn five_wrong_keys_lock_out() {
    let (door, now) = (door(Some(MASTER), Some(TOKEN)), Instant::now());
    let wrong = with("Bearer condt_wrong");
    for _ in 0..5 {
        assert_eq!(status(&door, &wrong, now), 401);
    }
    let right = with(&format!("Bearer {MASTER}"));
    assert_eq!(status(&door, &wrong, now), 429);
    assert_eq!(status(&door, &right, now), 429);
    assert_eq!(status(&door, &with(&format!("Bearer {TOKEN}")), now), 200);
    let elsewhere = door.open(&right, Some("198.51.100.1".parse().unwrap()), now);
    assert!(elsewhere.is_ok());
    assert_eq!(status(&door, &right, now + Duration::from_secs(2)), 200);
}

/// R63: the words do not tell an unknown key from a malformed one.
#[test]
fn wrong_keys_read_alike() {
    let door = door(Some(MASTER), None);
    let says = |value: &str| door.open(&with(value), None, Instant::now()).unwrap_err().detail;
    let unknown = says("Bearer condt_00000000000000000000000000000000000000000000000000");
    assert_eq!(says("Bearer \u{e9}"), unknown);
    assert_eq!(says("Basic x"), unknown);
    assert_eq!(says("Bearer "), unknown);
}
