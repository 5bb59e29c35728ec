//! Records on disk: `mark (2) | kind (1) | version (1) | length (4) | CRC-32 (4) | attempt id (16) | JSON body`, little endian.
//!
//! Length counts what follows the checksum; the checksum covers kind, version, length and all that follows. The mark cannot occur in the
//! JSON, which is UTF-8, so that a reader finds the next record after a damaged one.

use gateway::ports::{Intent, Outcome};
use serde::Serialize;

const MARK: [u8; 2] = [0xC0, 0xFE];
const VERSION: u8 = 1;
const HEADER: usize = 12;
const ID: usize = 16;
/// Longer ones are not written by us: a length beyond it is damage.
const MAX_LENGTH: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Intent = 1,
    Outcome = 2,
}

/// A record that was found whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub kind: Kind,
    pub attempt_id: u128,
    pub body: &'a [u8],
}

/// What stands at some place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    Record(Record<'a>),
    /// So many bytes are no record, and a record follows.
    Damage(usize),
    /// So many bytes at the end are no record: a write that was cut short.
    Torn(usize),
    End,
}

pub(super) fn intent(intent: &Intent) -> Result<Vec<u8>, serde_json::Error> {
    encode(Kind::Intent, intent.attempt_id, intent)
}

pub(super) fn outcome(attempt_id: u128, outcome: &Outcome) -> Result<Vec<u8>, serde_json::Error> {
    encode(Kind::Outcome, attempt_id, outcome)
}

fn encode(kind: Kind, attempt_id: u128, body: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut record = Vec::with_capacity(512);
    record.extend_from_slice(&MARK);
    record.extend_from_slice(&[kind as u8, VERSION]);
    record.extend_from_slice(&[0; 8]);
    record.extend_from_slice(&attempt_id.to_le_bytes());
    serde_json::to_writer(&mut record, body)?;
    let length = u32::try_from(record.len() - HEADER).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(slot) = record.get_mut(4..8) {
        slot.copy_from_slice(&length);
    }
    let checksum = checksum(&record).to_le_bytes();
    if let Some(slot) = record.get_mut(8..HEADER) {
        slot.copy_from_slice(&checksum);
    }
    Ok(record)
}

/// Over a whole record, its checksum field left out.
fn checksum(record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(record.get(2..8).unwrap_or_default());
    hasher.update(record.get(HEADER..).unwrap_or_default());
    hasher.finalize()
}

/// Looks at the beginning of `bytes`; gives what is there and what comes after it.
pub(super) fn next(bytes: &[u8]) -> (Found<'_>, &[u8]) {
    if bytes.is_empty() {
        return (Found::End, bytes);
    }
    if let Some((record, rest)) = record(bytes) {
        return (Found::Record(record), rest);
    }
    let mut skipped = 1;
    while let Some(rest) = bytes.get(skipped..).filter(|rest| !rest.is_empty()) {
        if record(rest).is_some() {
            return (Found::Damage(skipped), rest);
        }
        // To the next byte that can begin a record.
        skipped += 1 + rest.iter().skip(1).position(|byte| *byte == MARK[0]).unwrap_or(rest.len());
    }
    (Found::Torn(bytes.len()), &[])
}

fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (header, _) = bytes.split_first_chunk::<HEADER>()?;
    let [mark_0, mark_1, kind, version, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
    if [mark_0, mark_1] != MARK || version != VERSION || !(ID..=MAX_LENGTH).contains(&length) {
        return None;
    }
    let kind = match kind {
        1 => Kind::Intent,
        2 => Kind::Outcome,
        _ => return None,
    };
    let (whole, rest) = bytes.split_at_checked(HEADER + length)?;
    if checksum(whole) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return None;
    }
    let (attempt_id, body) = whole.get(HEADER..)?.split_first_chunk::<ID>()?;
    Some((Record { kind, attempt_id: u128::from_le_bytes(*attempt_id), body }, rest))
}

#[cfg(test)]
mod tests;
