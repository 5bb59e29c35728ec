use super::{FORGET, LONGEST_WAIT, Lockout, MOST_PLACES};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

fn failures(lockout: &Lockout, place: IpAddr, count: usize, now: Instant) {
    for _ in 0..count {
        lockout.failed(place, now);
    }
}

/// R63.
#[test]
fn the_fifth_wrong_key_locks_out_and_each_further_one_for_longer() {
    let (lockout, now) = (Lockout::default(), Instant::now());
    failures(&lockout, HERE, 4, now);
    assert_eq!(lockout.wait(HERE, now), None);
    failures(&lockout, HERE, 1, now);
    assert_eq!(lockout.wait(HERE, now), Some(Duration::from_secs(1)));
    assert_eq!(lockout.wait(HERE, now + Duration::from_secs(1)), None);
    failures(&lockout, HERE, 1, now);
    assert_eq!(lockout.wait(HERE, now), Some(Duration::from_secs(2)));
    failures(&lockout, HERE, 1_000, now);
    assert_eq!(lockout.wait(HERE, now), Some(LONGEST_WAIT));
}

#[test]
fn another_place_and_a_right_key_are_not_held_up() {
    let (lockout, now) = (Lockout::default(), Instant::now());
    failures(&lockout, HERE, 9, now);
    assert_eq!(lockout.wait(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), now), None);
    lockout.passed(HERE);
    assert_eq!(lockout.wait(HERE, now), None);
    failures(&lockout, HERE, 4, now);
    assert_eq!(lockout.wait(HERE, now), None);
}

#[test]
fn a_quiet_place_begins_anew() {
    let (lockout, now) = (Lockout::default(), Instant::now());
    failures(&lockout, HERE, 4, now);
    let later = now + FORGET + Duration::from_secs(1);
    failures(&lockout, HERE, 1, later);
    assert_eq!(lockout.wait(HERE, later), None);
}

/// R57: a map that strangers fill has a cap.
#[test]
fn the_memory_is_bounded_and_keeps_who_tried_last() {
    let (lockout, now) = (Lockout::default(), Instant::now());
    for number in 0..u32::try_from(MOST_PLACES * 2).unwrap() {
        failures(&lockout, IpAddr::V4(Ipv4Addr::from(number)), 5, now + Duration::from_millis(number.into()));
    }
    assert!(lockout.places.lock().len() <= MOST_PLACES);
    let last = IpAddr::V4(Ipv4Addr::from(u32::try_from(MOST_PLACES * 2 - 1).unwrap()));
    assert!(lockout.wait(last, now).is_some());
}

#[test]
fn neighbours_of_one_ipv6_network_are_one_place() {
    let (lockout, now) = (Lockout::default(), Instant::now());
    failures(&lockout, "2001:db8::1".parse().unwrap(), 5, now);
    assert!(lockout.wait("2001:db8::ffff:1".parse().unwrap(), now).is_some());
    assert!(lockout.wait("2001:db8:0:1::1".parse().unwrap(), now).is_none());
    failures(&lockout, "::ffff:192.0.2.9".parse().unwrap(), 5, now);
    assert!(lockout.wait("192.0.2.9".parse().unwrap(), now).is_some());
}
