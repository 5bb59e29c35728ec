use super::*;
use crate::testing::{intent as an_intent, outcome as an_outcome};
use proptest::prelude::*;

fn two() -> (Vec<u8>, usize) {
    let mut bytes = intent(&an_intent(7)).unwrap();
    let first = bytes.len();
    bytes.extend(outcome(7, &an_outcome(22)).unwrap());
    (bytes, first)
}

fn all(bytes: &[u8]) -> Vec<Found<'_>> {
    let (mut found, mut rest) = (Vec::new(), bytes);
    loop {
        let (one, after) = next(rest);
        if one == Found::End {
            return found;
        }
        assert!(after.len() < rest.len(), "progress");
        found.push(one);
        rest = after;
    }
}

#[test]
fn records_are_read_as_written() {
    let (bytes, _) = two();
    let [Found::Record(first), Found::Record(second)] = all(&bytes)[..] else { panic!() };
    assert_eq!((first.kind, first.attempt_id, second.kind, second.attempt_id), (Kind::Intent, 7, Kind::Outcome, 7));
    assert_eq!(serde_json::from_slice::<Intent>(first.body).unwrap(), an_intent(7));
    assert_eq!(serde_json::from_slice::<Outcome>(second.body).unwrap(), an_outcome(22));
}

#[test]
fn a_cut_at_every_byte_leaves_the_whole_records_before_it() {
    let (bytes, first) = two();
    for cut in 0..bytes.len() {
        let found = all(&bytes[..cut]);
        let whole = found.iter().filter(|found| matches!(found, Found::Record(_))).count();
        assert_eq!(whole, usize::from(cut >= first), "{cut}");
        let torn = cut - whole * first;
        assert_eq!(found.last() == Some(&Found::Torn(torn)), torn > 0, "{cut}");
    }
}

#[test]
fn any_changed_byte_costs_one_record_and_no_other() {
    let (mut bytes, first) = two();
    let third = intent(&an_intent(8)).unwrap();
    bytes.extend(&third);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 0x55;
        let whole = all(&changed).iter().filter(|found| matches!(found, Found::Record(_))).count();
        assert_eq!(whole, 2, "{position} of {first}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400), marks in proptest::collection::vec(0usize..400, 0..6)) {
        let mut bytes = bytes;
        for mark in marks {
            if let Some(slot) = bytes.get_mut(mark..mark + 4) {
                slot.copy_from_slice(&[MARK[0], MARK[1], 1, VERSION]);
            }
        }
        let covered: usize = all(&bytes).iter().map(|found| match found {
            Found::Damage(length) | Found::Torn(length) => *length,
            Found::Record(record) => HEADER + ID + record.body.len(),
            Found::End => 0,
        }).sum();
        prop_assert_eq!(covered, bytes.len());
    }
}
