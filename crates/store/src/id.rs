//! Ids and times as the rows hold them.

use crate::StoreError;
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970: how every time is stored.
pub fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or(0)
}

/// A UUID version 7: 48 bits of milliseconds, then randomness, so that ids sort by age.
pub fn new_uuid() -> Result<u128, StoreError> {
    let mut random = [0u8; 16];
    crate::seal::fill_random(&mut random)?;
    let milliseconds = u128::from(now_us().unsigned_abs() / 1000) & 0xffff_ffff_ffff;
    let tail = u128::from_be_bytes(random) & 0x0fff_3fff_ffff_ffff_ffff;
    Ok((milliseconds << 80) | tail | (0x7 << 76) | (0b10 << 62))
}

/// The id of a new row: a UUID version 7 in its usual spelling.
pub fn new_id() -> Result<String, StoreError> {
    Ok(uuid_text(new_uuid()?))
}

pub(crate) fn uuid_text(uuid: u128) -> String {
    let hex = format!("{uuid:032x}");
    let mut text = String::with_capacity(36);
    for (position, digit) in hex.chars().enumerate() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_sort_by_age() {
        let first = new_id().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = new_id().unwrap();
        assert!(first < second, "{first} {second}");
        assert_eq!(first.len(), 36);
        assert_eq!(&first[14..15], "7");
        assert!("89ab".contains(&first[19..20]), "{first}");
        let age = now_us() / 1000 - i64::from_str_radix(&first.replace('-', "")[..12], 16).unwrap();
        assert!((0..5_000).contains(&age), "{age}");
    }
}
